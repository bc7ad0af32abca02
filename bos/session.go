package bos

import (
	"strings"
	"time"
)

// Session is BOS's record of one operation on many components.
type Session struct {
	Incarnation string // distinguishes two sessions of one name
	SessionKey
	Operation       Operation
	TemplateName    string
	Stage           bool // its components are staged, not booted
	IncludeDisabled bool
	Source          Source
	State           State
	StartTime       Time
	EndTime         Time    // empty until it ends
	Deleted         bool    // at its source; kept as history
	Removal         Removal // why it is history, if it is
	Version         string  // changes with the record; carried by what was decided on it

	// Parts that are read only when asked for; nil otherwise.
	Details *SessionDetails
	Status  *Status
}

// SessionDetails are the parts of a session that can be long.
type SessionDetails struct {
	Limit             string
	Error             string // why set-up failed, if it did
	InitialComponents string // comma-separated ids
	Shape             Shape  // how the record was received; read together with InitialComponents
}

// Operation is what a session does to its components.
type Operation string

// The operations of BOS.
const (
	OperationBoot     Operation = "boot"
	OperationReboot   Operation = "reboot"
	OperationShutdown Operation = "shutdown"
)

// State is how far a session is: pending until the desired state of all its
// components is set, running until no component is active, then complete.
type State string

// The states of a session, in the order they are passed through.
const (
	StatePending  State = "pending"
	StateRunning  State = "running"
	StateComplete State = "complete"
)

func (s State) rank() int {
	return map[State]int{StatePending: 1, StateRunning: 2, StateComplete: 3}[s]
}

// Removal says why a session is history.
type Removal string

// The reasons.
const (
	RemovalDeleted  Removal = "1" // it was deleted at its source
	RemovalReopened Removal = "2" // it was complete, and its source set it back
	RemovalResaved  Removal = "3" // it was complete, and its source saved another status of it
)

// Unfinished says whether the session was deleted before it was complete: nothing is
// known of an end.
func (s *Session) Unfinished() bool { return s.Deleted && s.State != StateComplete }

// Over says whether the session changes no more: it is complete, or was deleted.
func (s *Session) Over() bool { return s.Deleted || s.State == StateComplete }

// WithFailures says whether its set-up failed, or components have failed: of a session that is over,
// at its end. Details and Status must have been read.
func (s *Session) WithFailures() bool {
	return s.Details.Error != "" || s.Status.Result().Failures()
}

// Note says in a few words what is special about how the session ended; empty for
// nothing.
func (s *Session) Note() string {
	switch {
	case s.Unfinished():
		return "deleted at BOS while " + string(s.State)
	case s.Removal == RemovalReopened:
		return "BOS set it back from complete: this is how it had ended before"
	case s.Removal == RemovalResaved:
		return "BOS saved another status later: this is the one before"
	}
	return ""
}

// Source is where a session's records come from.
type Source string

// The sources. What comes from BOS is completed, changed and deleted by BOS alone.
const (
	SourceProducer Source = "producer"
	SourceBOS      Source = "bos"
)

// NewSession describes a session to be created.
type NewSession struct {
	SessionKey
	Operation       Operation
	TemplateName    string
	Limit           string
	Stage           bool
	IncludeDisabled bool
	StartTime       Time // empty for now
	Source          Source
}

// Create checks n and makes the pending session of it.
func (n NewSession) Create(incarnation string, now time.Time) (*Session, error) {
	start := n.StartTime
	if start == "" {
		start = TimeOf(now)
	}
	if err := first(checkName("name", n.Name), checkTenant(n.Tenant), checkText("templateName", n.TemplateName, MaxName),
		checkText("limit", n.Limit, MaxText), checkTime("startTime", start)); err != nil {
		return nil, err
	}
	return &Session{
		Incarnation: incarnation, SessionKey: n.SessionKey, Operation: n.Operation, TemplateName: n.TemplateName,
		Stage: n.Stage, IncludeDisabled: n.IncludeDisabled, Source: n.Source, State: StatePending, StartTime: start,
		Details: &SessionDetails{Limit: n.Limit},
	}, nil
}

// SessionUpdate is a change of a session: nil parts stay as they are.
type SessionUpdate struct {
	State             *State
	EndTime           *Time
	Error             *string
	InitialComponents *string
}

// Update returns s with the update applied. A session only goes forward, and a
// complete one is final; an update that changes nothing is always allowed.
// s.Details must have been read.
func (s *Session) Update(u SessionUpdate) (*Session, error) {
	next, details := *s, *s.Details
	next.Details = &details
	set(&next.State, u.State)
	set(&next.EndTime, u.EndTime)
	set(&details.Error, u.Error)
	set(&details.InitialComponents, u.InitialComponents)
	if !s.changed(&next) {
		return s, nil
	}
	if s.State == StateComplete {
		return nil, Errorf(Conflict, "session %q is complete and can't be changed any more", s.Name)
	}
	if next.State.rank() < s.State.rank() {
		return nil, Errorf(Conflict, "session %q is %s and can't go back to %s", s.Name, s.State, next.State).At("status")
	}
	if err := first(checkText("error", details.Error, MaxText), checkText("initialComponents", details.InitialComponents, MaxComponentList),
		checkTime("endTime", next.EndTime)); err != nil {
		return nil, err
	}
	if took, err := Elapsed(next.StartTime, next.EndTime, time.Time{}); next.EndTime != "" && (err != nil || took < 0) {
		return nil, Errorf(BadUserInput, "the end (%s) lies before the start (%s)", next.EndTime, next.StartTime).At("endTime")
	}
	return &next, nil
}

func (s *Session) changed(next *Session) bool {
	return next.State != s.State || next.EndTime != s.EndTime || *next.Details != *s.Details
}

// SelfCompleting says whether bosgraph itself completes the session once no
// component of it is active. What BOS runs, BOS completes.
func (s *Session) SelfCompleting() bool {
	return s.State == StateRunning && s.Source == SourceProducer && !s.Deleted
}

// Want says which optional parts of a session a read is to bring; what is not
// wanted costs nothing. All of the record and of the usual counters is read but for what it is to be
// without.
type Want struct {
	Details    bool // limit and error
	Initial    bool // the initial components, which can be very long
	Status     bool
	Groups     int // so many error groups
	GroupCount bool
	Epoch      bool
	Progress   bool  // how it went
	Estimate   bool  // what its end is estimated by, besides the progress
	Statuses   bool  // the counters of the single statuses
	Cabinets   bool  // the counters of each cabinet
	PhaseTimes bool  // how long components were in each phase
	Without    Parts // may be left out, whatever else is wanted
}

// Covers says whether a read of w brings all that other asks for.
func (w Want) Covers(other Want) bool { return w.With(other) == w }

// With is what brings both.
func (w Want) With(other Want) Want {
	return Want{
		Details: w.Details || other.Details, Initial: w.Initial || other.Initial, Status: w.Status || other.Status,
		Groups: max(w.Groups, other.Groups), GroupCount: w.GroupCount || other.GroupCount, Epoch: w.Epoch || other.Epoch,
		Progress: w.Progress || other.Progress, Estimate: w.Estimate || other.Estimate,
		Statuses: w.Statuses || other.Statuses, Cabinets: w.Cabinets || other.Cabinets, PhaseTimes: w.PhaseTimes || other.PhaseTimes,
		Without: w.Without & other.Without,
	}
}

// SessionRead asks for one session: the newest of that name, or the incarnation
// if one is given.
type SessionRead struct {
	SessionKey
	Incarnation string
	Want
	GroupsFrom int // leave out so many of the largest error groups: to read on where a read has ended
}

// String writes the key as tenant/name; a name has no slash.
func (k SessionKey) String() string { return k.Tenant + "/" + k.Name }

// Check checks that there can be a session of that name and tenant.
func (k SessionKey) Check() error {
	if err := first(checkName("name", k.Name), checkTenant(k.Tenant)); err != nil {
		return err
	}
	return nil
}

// DeletedWhile says that a session was deleted before it was complete.
func (s *Session) DeletedWhile() *Error {
	return Errorf(NotFound, "session %q was deleted at BOS while %s", s.Name, s.State)
}

// NoSession says that there is no session of that name and tenant.
func NoSession(k SessionKey) *Error {
	if k.Tenant != "" {
		return Errorf(NotFound, "tenant %q has no session %q", k.Tenant, k.Name)
	}
	return Errorf(NotFound, "there is no session %q without a tenant", k.Name)
}

// ParseSessionKey reads what [SessionKey.String] wrote.
func ParseSessionKey(s string) SessionKey {
	tenant, name, _ := strings.Cut(s, "/")
	return SessionKey{tenant, name}
}
