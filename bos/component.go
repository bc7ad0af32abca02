package bos

import "time"

// Component is BOS's record of one node. Its optional parts are nil where the
// producer gave none. What BOS calls status.status is not here: see [Component.Status].
type Component struct {
	ID           string `json:"id"` // the xname
	Enabled      bool   `json:"enabled"`
	Error        string `json:"error"`
	Session      string `json:"session"` // name of the session that manages it; empty for none
	RetryPolicy  *int   `json:"retry_policy,omitempty"`
	StatusRecord `json:"status"`
	DesiredState *DesiredState `json:"desired_state,omitempty"`
	ActualState  *ActualState  `json:"actual_state,omitempty"`
	StagedState  *StagedState  `json:"staged_state,omitempty"`
	LastAction   *LastAction   `json:"last_action,omitempty"`
	EventStats   *EventStats   `json:"event_stats,omitempty"`

	// StatusSince is when the status was seen to become what it is: bosgraph's own, no
	// part of the record. Zero where it is not known.
	StatusSince time.Time `json:"-"`
	// Stay is its time in the session that manages it, bosgraph's own as well.
	Stay Stay `json:"-"`
	// EndStatus is the status that it had at the end of a session, in lists of how that ended; empty elsewhere. Status
	// returns it.
	EndStatus ComponentStatus `json:"-"`
	// Shape is how the record was received, where it has not all of BOS's fields.
	Shape Shape `json:"-"`
}

// StatusRecord is what is stored of a component's status; the rest is computed.
type StatusRecord struct {
	Phase    Phase  `json:"phase"`
	Override string `json:"status_override"` // replaces the computed status unless empty
}

// BootArtifacts name what a component boots from.
type BootArtifacts struct {
	Kernel           string `json:"kernel"`
	KernelParameters string `json:"kernel_parameters"`
	Initrd           string `json:"initrd"`
}

// DesiredState is the state that BOS brings a component to.
type DesiredState struct {
	BootArtifacts BootArtifacts `json:"boot_artifacts"`
	Configuration string        `json:"configuration"`
	BSSToken      string        `json:"bss_token"`
	LastUpdated   Time          `json:"last_updated,omitempty"`
}

// ActualState is what a component last reported of itself.
type ActualState struct {
	BootArtifacts BootArtifacts `json:"boot_artifacts"`
	BSSToken      string        `json:"bss_token"`
	LastUpdated   Time          `json:"last_updated,omitempty"`
}

// StagedState is the desired state that a component gets once staged sessions are applied.
type StagedState struct {
	BootArtifacts BootArtifacts `json:"boot_artifacts"`
	Configuration string        `json:"configuration"`
	Session       string        `json:"session"` // name of the session that staged it; empty for none
	LastUpdated   Time          `json:"last_updated,omitempty"`
}

// LastAction is the last thing BOS did to a component.
type LastAction struct {
	Action      string `json:"action"`
	Failed      bool   `json:"failed"`
	LastUpdated Time   `json:"last_updated,omitempty"`
}

// EventStats count attempts since the last success; retry policies look at them.
type EventStats struct {
	PowerOnAttempts          int `json:"power_on_attempts"`
	PowerOffGracefulAttempts int `json:"power_off_graceful_attempts"`
	PowerOffForcefulAttempts int `json:"power_off_forceful_attempts"`
}

// Phase is what BOS is doing to a component. Any string is legal.
type Phase string

// The phases of BOS.
const (
	PhaseNone        Phase = ""
	PhasePoweringOn  Phase = "powering_on"
	PhasePoweringOff Phase = "powering_off"
	PhaseConfiguring Phase = "configuring"
)

// The actions of BOS, as in LastAction.Action.
const (
	ActionPoweringOn            = "powering_on"
	ActionPoweringOffGracefully = "powering_off_gracefully"
	ActionPoweringOffForcefully = "powering_off_forcefully"
	ActionApplyStaged           = "apply_staged"
	ActionSessionSetup          = "session_setup"
	ActionNewlyDiscovered       = "newly_discovered"
	ActionActualStateCleanup    = "actual_state_cleanup"
	OverrideFailed              = string(StatusFailed)
	OverrideOnHold              = string(StatusOnHold)
)

// ComponentStatus is a component's status as BOS spells it; an override may be
// any other string.
type ComponentStatus string

// The statuses of BOS.
const (
	StatusPowerOnPending           ComponentStatus = "power_on_pending"
	StatusPowerOnCalled            ComponentStatus = "power_on_called"
	StatusPowerOffPending          ComponentStatus = "power_off_pending"
	StatusPowerOffGracefullyCalled ComponentStatus = "power_off_gracefully_called"
	StatusPowerOffForcefullyCalled ComponentStatus = "power_off_forcefully_called"
	StatusConfiguring              ComponentStatus = "configuring"
	StatusStable                   ComponentStatus = "stable"
	StatusFailed                   ComponentStatus = "failed"
	StatusOnHold                   ComponentStatus = "on_hold"
)

// Status derives the component's status.
// BOS: server/controllers/v2/components.py, _calculate_status.
func (c *Component) Status() ComponentStatus {
	if c.EndStatus != "" {
		return c.EndStatus
	}
	if c.Override != "" {
		return ComponentStatus(c.Override)
	}
	var last LastAction
	if c.LastAction != nil {
		last = *c.LastAction
	}
	switch c.Phase {
	case PhasePoweringOn:
		if last.Action == ActionPoweringOn && !last.Failed {
			return StatusPowerOnCalled
		}
		return StatusPowerOnPending
	case PhasePoweringOff:
		switch last.Action {
		case ActionPoweringOffGracefully:
			return StatusPowerOffGracefullyCalled
		case ActionPoweringOffForcefully:
			return StatusPowerOffForcefullyCalled
		}
		return StatusPowerOffPending
	case PhaseConfiguring:
		return StatusConfiguring
	}
	return StatusStable
}

// StagedSession is the name of the session that staged the component, or "".
func (c *Component) StagedSession() string {
	if c.StagedState == nil {
		return ""
	}
	return c.StagedState.Session
}
