package bos

// ComponentPatch is a change of a component: nil parts stay as they are. Applied
// to an empty record it is a whole one, with BOS's empty values for what it lacks.
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
// they are changed, so records may share them.
func (p *ComponentPatch) Apply(c Component) Component {
	c.ID = p.ID
	set(&c.Enabled, p.Enabled)
	set(&c.Error, p.Error)
	set(&c.Session, p.Session)
	if p.RetryPolicy != nil {
		c.RetryPolicy = p.RetryPolicy
	}
	if s := p.Status; s != nil {
		set((*string)(&c.Phase), s.Phase)
		set(&c.Override, s.StatusOverride)
	}
	if s := p.DesiredState; s != nil {
		d := own(&c.DesiredState)
		s.BootArtifacts.apply(&d.BootArtifacts)
		set(&d.Configuration, s.Configuration)
		set(&d.BSSToken, s.BssToken)
		set(&d.LastUpdated, s.LastUpdated)
	}
	if s := p.ActualState; s != nil {
		a := own(&c.ActualState)
		s.BootArtifacts.apply(&a.BootArtifacts)
		set(&a.BSSToken, s.BssToken)
		set(&a.LastUpdated, s.LastUpdated)
	}
	if s := p.StagedState; s != nil {
		g := own(&c.StagedState)
		s.BootArtifacts.apply(&g.BootArtifacts)
		set(&g.Configuration, s.Configuration)
		set(&g.Session, s.Session)
		set(&g.LastUpdated, s.LastUpdated)
	}
	if s := p.LastAction; s != nil {
		l := own(&c.LastAction)
		set(&l.Action, s.Action)
		set(&l.Failed, s.Failed)
		set(&l.LastUpdated, s.LastUpdated)
	}
	if s := p.EventStats; s != nil {
		e := own(&c.EventStats)
		set(&e.PowerOnAttempts, s.PowerOnAttempts)
		set(&e.PowerOffGracefulAttempts, s.PowerOffGracefulAttempts)
		set(&e.PowerOffForcefulAttempts, s.PowerOffForcefulAttempts)
	}
	return c
}

func (p *BootArtifactsPatch) apply(b *BootArtifacts) {
	if p != nil {
		set(&b.Kernel, p.Kernel)
		set(&b.KernelParameters, p.KernelParameters)
		set(&b.Initrd, p.Initrd)
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// own replaces *p by a copy that may be changed, or by an empty value.
func own[T any](p **T) *T {
	c := new(T)
	set(c, *p)
	*p = c
	return c
}
