package rest

import "github.com/bosgraph/bosgraph/bos"

// component is BOS's record of a component. Parts that it has not got are left out.
type component struct {
	ActualState  *actualState    `json:"actual_state,omitempty"`
	DesiredState *desiredState   `json:"desired_state,omitempty"`
	Enabled      bool            `json:"enabled"`
	Error        string          `json:"error"`
	EventStats   *eventStats     `json:"event_stats,omitempty"`
	ID           string          `json:"id"`
	LastAction   *lastAction     `json:"last_action,omitempty"`
	RetryPolicy  *int            `json:"retry_policy,omitempty"`
	Session      string          `json:"session"`
	StagedState  *stagedState    `json:"staged_state,omitempty"`
	Status       componentStatus `json:"status"`
}

type bootArtifacts struct {
	Initrd           string `json:"initrd"`
	Kernel           string `json:"kernel"`
	KernelParameters string `json:"kernel_parameters"`
}

type actualState struct {
	BootArtifacts bootArtifacts `json:"boot_artifacts"`
	BSSToken      string        `json:"bss_token"`
	LastUpdated   bos.Time      `json:"last_updated,omitempty"`
}

type desiredState struct {
	BootArtifacts bootArtifacts `json:"boot_artifacts"`
	BSSToken      string        `json:"bss_token"`
	Configuration string        `json:"configuration"`
	LastUpdated   bos.Time      `json:"last_updated,omitempty"`
}

type stagedState struct {
	BootArtifacts bootArtifacts `json:"boot_artifacts"`
	Configuration string        `json:"configuration"`
	LastUpdated   bos.Time      `json:"last_updated,omitempty"`
	Session       string        `json:"session"`
}

type lastAction struct {
	Action      string   `json:"action"`
	Failed      bool     `json:"failed"`
	LastUpdated bos.Time `json:"last_updated,omitempty"`
}

type eventStats struct {
	PowerOffForcefulAttempts int `json:"power_off_forceful_attempts"`
	PowerOffGracefulAttempts int `json:"power_off_graceful_attempts"`
	PowerOnAttempts          int `json:"power_on_attempts"`
}

type componentStatus struct {
	Phase          bos.Phase           `json:"phase"`
	Status         bos.ComponentStatus `json:"status"` // computed
	StatusOverride string              `json:"status_override"`
}

func componentOf(c *bos.Component) component {
	record := component{
		Enabled: c.Enabled, Error: c.Error, ID: c.ID, RetryPolicy: c.RetryPolicy, Session: c.Session,
		Status: componentStatus{c.Phase, c.Status(), c.Override},
	}
	if s := c.ActualState; s != nil {
		record.ActualState = &actualState{artifactsOf(s.BootArtifacts), s.BSSToken, s.LastUpdated}
	}
	if s := c.DesiredState; s != nil {
		record.DesiredState = &desiredState{artifactsOf(s.BootArtifacts), s.BSSToken, s.Configuration, s.LastUpdated}
	}
	if s := c.StagedState; s != nil {
		record.StagedState = &stagedState{artifactsOf(s.BootArtifacts), s.Configuration, s.LastUpdated, s.Session}
	}
	if l := c.LastAction; l != nil {
		record.LastAction = &lastAction{l.Action, l.Failed, l.LastUpdated}
	}
	if e := c.EventStats; e != nil {
		record.EventStats = &eventStats{e.PowerOffForcefulAttempts, e.PowerOffGracefulAttempts, e.PowerOnAttempts}
	}
	return record
}

func artifactsOf(b bos.BootArtifacts) bootArtifacts {
	return bootArtifacts{b.Initrd, b.Kernel, b.KernelParameters}
}
