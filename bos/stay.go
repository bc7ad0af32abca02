package bos

import (
	"slices"
	"time"
	"unicode/utf8"
)

// Stay is a component's time in the session that manages it, by name: a change of the tenants that own
// the component does not end it. The zero value is that of a component that no session manages, or
// whose record is from before stays were kept.
type Stay struct {
	Joined int64                  // the second, in Unix time; 0 for unknown
	Spent  [len(StayPhases)]int64 // seconds in each phase, but for those since it came to its present one
	Failed bool                   // it has had the status failed there
}

// StayPhases are the phases that a stay is divided into, PhaseOther being all that BOS does not have.
// Their places are stored: a new one goes to the end.
var StayPhases = [...]Phase{PhasePoweringOn, PhasePoweringOff, PhaseConfiguring, PhaseNone, PhaseOther}

// MaxStays is how many sessions of a component are known at most.
const MaxStays = 50

// NextStay is the stay once c, with its stay, has become next at a moment. Either may be nil: there was no
// such component, or there is none any more.
func (c *Component) NextStay(next *Component, now time.Time) Stay {
	if next == nil || next.Session == "" {
		return Stay{}
	}
	fails := next.Status() == StatusFailed
	if c == nil || c.Session != next.Session {
		return Stay{Joined: now.Unix(), Failed: fails}
	}
	s := c.Stay
	moves, fails := c.Phase.Kind() != next.Phase.Kind(), fails && !s.Failed
	if moves || fails {
		s = c.knownStay(now)
	}
	if moves {
		s = s.spend(c.Phase, now)
	}
	s.Failed = s.Failed || fails
	return s
}

// knownStay is c's stay. For a record from before stays were kept it begins when c came to its status: it has
// been in its session since then at least.
func (c *Component) knownStay(now time.Time) Stay {
	s := c.Stay
	if s.Joined == 0 {
		s.Joined = now.Unix()
		if !c.StatusSince.IsZero() {
			s.Joined = c.StatusSince.Unix()
		}
	}
	return s
}

// spend adds the time until now that is in no phase yet.
func (s Stay) spend(p Phase, now time.Time) Stay {
	until := s.Joined
	for _, seconds := range s.Spent {
		until += seconds
	}
	// Not below 0: clocks of two replicas may differ.
	s.Spent[slices.Index(StayPhases[:], p.Kind())] += max(now.Unix()-until, 0)
	return s
}

// ComponentOutcome is how a component's time in a session has ended for it.
type ComponentOutcome string

// The outcomes.
const (
	StayActive     ComponentOutcome = "active"     // it is there, neither successful nor failed yet
	StaySuccessful ComponentOutcome = "successful" // it was done: disabled, with status stable
	StayFailed     ComponentOutcome = "failed"     // it had status failed
	StayTakenOver  ComponentOutcome = "taken_over" // another session took it before that
	StayRemoved    ComponentOutcome = "removed"    // it left for no other session, or was deleted, before that
)

// Outcome is that of a component that is in its session.
//
// BOS: an enabled component keeps its session from completing, also one with the status stable, which BOS has not
// begun with.
func (c *Component) Outcome() ComponentOutcome {
	switch s := c.Status(); {
	case s == StatusFailed:
		return StayFailed
	case s == StatusStable && !c.Enabled:
		return StaySuccessful
	}
	return StayActive
}

// ComponentSession is a component's time in one session.
type ComponentSession struct {
	SessionKey
	Joined  time.Time // in whole seconds
	Left    time.Time // zero while it is there
	Outcome ComponentOutcome
	Error   string // its last one there, at most [ShortText] bytes
	Phases  []PhaseTime
	Session *Session // nil once it is removed
}

// ComponentView asks for what is known of a component's sessions: of all, or of those of a tenant.
type ComponentView struct {
	ID     string
	Tenant *string // nil for those of every tenant and of none
}

// PhaseTime is how long a component was in a phase.
type PhaseTime struct {
	Phase   Phase
	Seconds float64
}

// Leave describes the time of c in its session at the moment when it becomes next, or is deleted (nil).
func (c *Component) Leave(next *Component, now time.Time) ComponentSession {
	s := c.InSession(now)
	s.Left = time.Unix(now.Unix(), 0).UTC()
	switch {
	case s.Outcome != StayActive:
	case next != nil && next.Session != "":
		s.Outcome = StayTakenOver
	default:
		s.Outcome = StayRemoved
	}
	return s
}

// InSession describes the time of c in its session so far.
func (c *Component) InSession(now time.Time) ComponentSession {
	stay := c.knownStay(now).spend(c.Phase, now)
	return ComponentSession{
		SessionKey: SessionKey{Name: c.Session}, Joined: time.Unix(stay.Joined, 0).UTC(), Outcome: c.Outcome(),
		Error: Shortened(c.Error), Phases: stay.Phases(),
	}
}

// Phases are those in which any time was spent.
func (s Stay) Phases() []PhaseTime {
	times := []PhaseTime{}
	for i, seconds := range s.Spent {
		if seconds > 0 {
			times = append(times, PhaseTime{StayPhases[i], float64(seconds)})
		}
	}
	return times
}

// Shortened is the beginning of a text that is too long to be stored with each of a component's sessions and failures: at most [ShortText] bytes.
func Shortened(text string) string {
	n := min(len(text), ShortText)
	for n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
