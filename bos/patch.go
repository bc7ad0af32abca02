package bos

// ComponentPatch is a change of a component: nil parts stay as they are. By itself it
// makes a record, too: see [ComponentPatch.NewComponent].
// In JSON its fields have the names of the API's inputs.
type ComponentPatch struct {
	ID           string             `json:"id"`
	Enabled      *bool              `json:"enabled"`
	Error        *string            `json:"error"`
	Session      *string            `json:"session"`
	RetryPolicy  *int               `json:"retryPolicy"`
	Status       *StatusPatch       `json:"status"`
	DesiredState *DesiredStatePatch `json:"desiredState"`
	ActualState  *ActualStatePatch  `json:"actualState"`
	StagedState  *StagedStatePatch  `json:"stagedState"`
	LastAction   *LastActionPatch   `json:"lastAction"`
	EventStats   *EventStatsPatch   `json:"eventStats"`
}

// StatusPatch changes what is stored of a status; see [StatusRecord].
type StatusPatch struct {
	Phase          *string `json:"phase"`
	StatusOverride *string `json:"statusOverride"`
}

// BootArtifactsPatch changes [BootArtifacts].
type BootArtifactsPatch struct {
	Kernel           *string `json:"kernel"`
	KernelParameters *string `json:"kernelParameters"`
	Initrd           *string `json:"initrd"`
}

// DesiredStatePatch changes a [DesiredState].
type DesiredStatePatch struct {
	BootArtifacts *BootArtifactsPatch `json:"bootArtifacts"`
	Configuration *string             `json:"configuration"`
	BssToken      *string             `json:"bssToken"`
	LastUpdated   *Time               `json:"lastUpdated"`
}

// ActualStatePatch changes an [ActualState].
type ActualStatePatch struct {
	BootArtifacts *BootArtifactsPatch `json:"bootArtifacts"`
	BssToken      *string             `json:"bssToken"`
	LastUpdated   *Time               `json:"lastUpdated"`
}

// StagedStatePatch changes a [StagedState].
type StagedStatePatch struct {
	BootArtifacts *BootArtifactsPatch `json:"bootArtifacts"`
	Configuration *string             `json:"configuration"`
	Session       *string             `json:"session"`
	LastUpdated   *Time               `json:"lastUpdated"`
}

// LastActionPatch changes a [LastAction].
type LastActionPatch struct {
	Action      *string `json:"action"`
	Failed      *bool   `json:"failed"`
	LastUpdated *Time   `json:"lastUpdated"`
}

// EventStatsPatch changes [EventStats].
type EventStatsPatch struct {
	PowerOnAttempts          *int `json:"powerOnAttempts"`
	PowerOffGracefulAttempts *int `json:"powerOffGracefulAttempts"`
	PowerOffForcefulAttempts *int `json:"powerOffForcefulAttempts"`
}

// Detailed says whether the patch touches more than the fields that decide what
// a component counts as, so that the rest of the record must be at hand.
func (p *ComponentPatch) Detailed() bool {
	return p.RetryPolicy != nil || p.DesiredState != nil || p.ActualState != nil ||
		p.StagedState != nil || p.LastAction != nil || p.EventStats != nil
}

// Apply returns c with the patch applied. c's optional parts are copied before
// they are changed, so records may share them. What is not given, and was not there,
// stays absent; see [Component.Shape].
func (p *ComponentPatch) Apply(c Component) Component {
	c.ID = p.ID
	a := applier{&c.Shape}
	give(a, FieldEnabled, &c.Enabled, p.Enabled)
	give(a, FieldError, &c.Error, p.Error)
	give(a, FieldSession, &c.Session, p.Session)
	if p.RetryPolicy != nil {
		c.RetryPolicy = p.RetryPolicy
		a.shape.given(0, "retry_policy")
	}
	if s := p.Status; s != nil {
		give(a, FieldPhase, (*string)(&c.Phase), s.Phase)
		give(a, FieldOverride, &c.Override, s.StatusOverride)
	}
	if s := p.DesiredState; s != nil {
		d := own(a, &c.DesiredState, desiredFields, "desired_state")
		a.artifacts(fieldDesiredArtifacts, "desired_state", &d.BootArtifacts, s.BootArtifacts)
		give(a, fieldDesiredConfiguration, &d.Configuration, s.Configuration, "desired_state", "configuration")
		give(a, fieldDesiredToken, &d.BSSToken, s.BssToken, "desired_state", "bss_token")
		give(a, 0, &d.LastUpdated, s.LastUpdated, "desired_state", "last_updated")
	}
	if s := p.ActualState; s != nil {
		d := own(a, &c.ActualState, actualFields, "actual_state")
		a.artifacts(fieldActualArtifacts, "actual_state", &d.BootArtifacts, s.BootArtifacts)
		give(a, fieldActualToken, &d.BSSToken, s.BssToken, "actual_state", "bss_token")
		give(a, 0, &d.LastUpdated, s.LastUpdated, "actual_state", "last_updated")
	}
	if s := p.StagedState; s != nil {
		d := own(a, &c.StagedState, stagedFields, "staged_state")
		a.artifacts(fieldStagedArtifacts, "staged_state", &d.BootArtifacts, s.BootArtifacts)
		give(a, fieldStagedConfiguration, &d.Configuration, s.Configuration, "staged_state", "configuration")
		give(a, fieldStagedSession, &d.Session, s.Session, "staged_state", "session")
		give(a, 0, &d.LastUpdated, s.LastUpdated, "staged_state", "last_updated")
	}
	if s := p.LastAction; s != nil {
		l := own(a, &c.LastAction, actionFields, "last_action")
		give(a, fieldAction, &l.Action, s.Action, "last_action", "action")
		give(a, fieldActionFailed, &l.Failed, s.Failed, "last_action", "failed")
		give(a, 0, &l.LastUpdated, s.LastUpdated, "last_action", "last_updated")
	}
	if s := p.EventStats; s != nil {
		e := own(a, &c.EventStats, statsFields, "event_stats")
		give(a, fieldPowerOn, &e.PowerOnAttempts, s.PowerOnAttempts, "event_stats", "power_on_attempts")
		give(a, fieldPowerOffGraceful, &e.PowerOffGracefulAttempts, s.PowerOffGracefulAttempts, "event_stats", "power_off_graceful_attempts")
		give(a, fieldPowerOffForceful, &e.PowerOffForcefulAttempts, s.PowerOffForcefulAttempts, "event_stats", "power_off_forceful_attempts")
	}
	return c
}

// NewComponent is the record that p alone makes. What it does not give is absent.
func (p *ComponentPatch) NewComponent() Component {
	none := Shape{Absent: FieldEnabled | FieldError | FieldSession}
	if p.Status != nil { // BOS: a record without a status is answered with an empty one
		none.Absent |= FieldPhase | FieldOverride
	}
	return p.Apply(Component{Shape: none})
}

// applier notes in a shape which fields a patch gives.
type applier struct{ shape *Shape }

// give sets a field that is given. Its path is needed only outside of [ShortFields]:
// those never have odd values.
func give[T any](a applier, f Fields, to, from *T, path ...string) {
	if from == nil {
		return
	}
	*to = *from
	if len(path) == 0 {
		a.shape.Absent &^= f
		a.shape.Null &^= f
		return
	}
	a.shape.given(f, path...)
}

func (a applier) artifacts(f Fields, state string, to *BootArtifacts, from *BootArtifactsPatch) {
	if from == nil {
		return
	}
	if a.shape.Absent&f != 0 || a.shape.Null&f != 0 {
		a.shape.Absent |= f * (artifactFields - 1)
	}
	a.shape.given(f, state, "boot_artifacts")
	give(a, f*artifactKernel, &to.Kernel, from.Kernel, state, "boot_artifacts", "kernel")
	give(a, f*artifactParameters, &to.KernelParameters, from.KernelParameters, state, "boot_artifacts", "kernel_parameters")
	give(a, f*artifactInitrd, &to.Initrd, from.Initrd, state, "boot_artifacts", "initrd")
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// own replaces *p by a copy that may be changed, or by an empty value, of whose fields
// none is there yet.
func own[T any](a applier, p **T, fields Fields, path string) *T {
	c := new(T)
	if *p != nil {
		*c = **p
	} else {
		a.shape.given(0, path)
		a.shape.Absent |= fields
	}
	*p = c
	return c
}
