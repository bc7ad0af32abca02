package bos

import (
	"slices"
	"strings"
	"time"
)

// MaxPage is the largest page, and how many ids one read of records asks for at most.
const MaxPage = 1000

// Page asks for a part of an ordered list. It and [List] are here because the store makes
// lists for the resolvers, REST, the hub and the BOS sync, none of which may import it.
type Page struct {
	First int    // 1 to MaxPage
	After string // position of the last item before the page; empty for the start
}

// List is a part of an ordered list.
type List[T any] struct {
	Items     []T
	Positions []string // of each item, for cursors
	More      bool     // there are items after these
	Cut       bool     // there are fewer than asked for: all would have been too many bytes
	Total     *int     // nil where it was not asked for, or counting would walk everything
}

// SessionFilter narrows a list of sessions; nil parts do not.
type SessionFilter struct {
	Name          *string
	Status        *State
	Tenant        *string // "" for those without a tenant
	Operation     *Operation
	TemplateName  *string
	StartedAfter  *Time // later than that
	StartedBefore *Time // earlier than that
	EndedAfter    *Time // later than that; sessions without an end do not pass
	EndedBefore   *Time // earlier than that; likewise
	WithFailures  *bool // see [Session.WithFailures]
}

// Match says whether s passes, which has been read with what [SessionFilter.Needs]. One that was deleted
// before it was complete is not in any state any more.
func (f SessionFilter) Match(s *Session) bool {
	return (f.Status == nil || !s.Unfinished()) && f.MatchKey(s.SessionKey) && equal(f.Status, s.State) && equal(f.Operation, s.Operation) && equal(f.TemplateName, s.TemplateName) && f.matchStart(s) && f.matchEnd(s) &&
		(f.WithFailures == nil || *f.WithFailures == s.WithFailures())
}

// MatchKey says whether a session with this name and tenant can pass.
func (f SessionFilter) MatchKey(k SessionKey) bool {
	return equal(f.Name, k.Name) && equal(f.Tenant, k.Tenant)
}

// matchStart compares to the last digit. A start that can't be read lies before all others, as in lists.
func (f SessionFilter) matchStart(s *Session) bool {
	return f.StartedAfter == nil && f.StartedBefore == nil || // most filters: no time to parse for every session
		inside(s.StartTime.moment(), f.StartedAfter, f.StartedBefore)
}

func (f SessionFilter) matchEnd(s *Session) bool {
	if f.EndedAfter == nil && f.EndedBefore == nil {
		return true
	}
	end, err := s.EndTime.UTC()
	return err == nil && inside(end, f.EndedAfter, f.EndedBefore)
}

// inside says whether a moment is later than one bound and earlier than the other; nil for none.
func inside(at time.Time, after, before *Time) bool {
	return (after == nil || at.After(after.moment())) && (before == nil || at.Before(before.moment()))
}

// Needs is what Match looks at: all of the record, and this.
func (f SessionFilter) Needs() Want {
	failures := f.WithFailures != nil
	return Want{Status: failures, Details: failures}
}

// ByTimeOnly says whether nothing but the start decides, in whose order sessions are kept.
func (f SessionFilter) ByTimeOnly() bool {
	f.StartedAfter, f.StartedBefore = nil, nil
	return f == SessionFilter{}
}

// ComponentFilter narrows a list of components; nil parts do not.
type ComponentFilter struct {
	IDs           []string
	Session       *string // as the component has it, whatever its tenants
	StagedSession *string
	Phase         *Phase           // PhaseOther: any that BOS does not have
	Status        *ComponentStatus // StatusOther: any that BOS does not have
	Enabled       *bool
	Error         *string // the whole text
	HasError      *bool
	IDPrefix      *string // what the id begins with
	Owner         *string // a tenant that owns them; not for lists of a session's members
}

// The kinds of phase and status that BOS does not have.
const (
	PhaseOther  Phase           = "other"
	StatusOther ComponentStatus = "other"
)

// Kind is the phase itself, or PhaseOther for one that BOS does not have.
func (p Phase) Kind() Phase {
	switch p {
	case PhaseNone, PhasePoweringOn, PhasePoweringOff, PhaseConfiguring:
		return p
	}
	return PhaseOther
}

// Kind is the status itself, or StatusOther for one that BOS does not have.
func (s ComponentStatus) Kind() ComponentStatus {
	if slices.Contains(AllStatuses, s) {
		return s
	}
	return StatusOther
}

// AllStatuses are BOS's in the order in which a boot goes through them, and StatusOther.
var AllStatuses = []ComponentStatus{
	StatusOnHold, StatusPowerOffPending, StatusPowerOffGracefullyCalled, StatusPowerOffForcefullyCalled, StatusPowerOnPending,
	StatusPowerOnCalled, StatusConfiguring, StatusStable, StatusFailed, StatusOther,
}

// Match says whether c passes.
func (f ComponentFilter) Match(c *Component) bool {
	return (f.IDs == nil || slices.Contains(f.IDs, c.ID)) && equal(f.Session, c.Session) &&
		equal(f.StagedSession, c.StagedSession()) && equal(f.Phase, c.Phase.Kind()) &&
		equal(f.Status, c.Status().Kind()) && equal(f.Enabled, c.Enabled) && equal(f.Error, c.Error) &&
		equal(f.HasError, c.Error != "") && strings.HasPrefix(c.ID, value(f.IDPrefix))
}

// Empty says whether every component passes.
func (f ComponentFilter) Empty() bool {
	return f.IDs == nil && f.Session == nil && f.StagedSession == nil && f.Phase == nil && f.Status == nil &&
		f.Enabled == nil && f.Error == nil && f.HasError == nil && value(f.IDPrefix) == "" && f.Owner == nil
}

// Check checks what a user asked for.
func (f ComponentFilter) Check() error {
	if len(f.IDs) > MaxBatch {
		return Errorf(BadUserInput, "%d ids are too many: ask for at most %d", len(f.IDs), MaxBatch).At("filter", "ids")
	}
	for _, id := range f.IDs {
		if err := CheckComponentID(id); err != nil {
			return Errorf(BadUserInput, "%w", err).At("filter", "ids")
		}
	}
	if err := within("filter", checkSessionName("session", value(f.Session)),
		checkSessionName("stagedSession", value(f.StagedSession)), checkText("idPrefix", value(f.IDPrefix), MaxName)); err != nil {
		return err
	}
	return nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// MembersOf asks for the components of a session, or of one of its error groups.
type MembersOf struct {
	Session *Session
	Group   Digest // empty for all components
	Failed  bool   // only those that have failed
	Frozen  bool   // the group, or those that had failed, when the session was frozen
	End     bool   // as they were then, with [Component.AtEnd]; with Frozen
	Owned   bool   // only those that the session's tenant owns now; how many there are in all is still the session's own, but of ids that are asked for
}

func equal[T comparable](want *T, have T) bool { return want == nil || *want == have }
