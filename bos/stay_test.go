package bos

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestAStayAddsUpThePhasesOfASession follows a component through sessions, as its record would keep them.
func TestAStayAddsUpThePhasesOfASession(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(1_700_000_000+second, 500_000_000) }
	in := func(session string, phase Phase, override string, enabled bool) *Component {
		return &Component{ID: "x1", Session: session, Enabled: enabled, StatusRecord: StatusRecord{phase, override}}
	}
	var c *Component
	for _, step := range []struct {
		at   int64
		next *Component
		left string // what became of the session before
		is   string
	}{
		{0, in("", PhasePoweringOn, "", true), "", "0 [0 0 0 0 0] false"},
		{5, in("a", PhasePoweringOff, "", true), "", "5 [0 0 0 0 0] false"},
		{7, in("a", PhasePoweringOff, OverrideOnHold, true), "", "5 [0 0 0 0 0] false"}, // another status of the same phase
		{10, in("a", PhasePoweringOn, "", true), "", "5 [0 5 0 0 0] false"},
		{20, in("a", "dancing", "", true), "", "5 [10 5 0 0 0] false"},
		{21, in("a", "singing", "", true), "", "5 [10 5 0 0 0] false"}, // another that BOS does not have
		{30, in("a", PhasePoweringOn, "", true), "", "5 [10 5 0 0 10] false"},
		{29, in("a", PhaseConfiguring, "", true), "", "5 [10 5 0 0 10] false"}, // of a clock that is behind
		{40, in("a", PhaseNone, "", false), "", "5 [10 5 10 0 10] false"},
		{100, in("b", PhasePoweringOn, "", true), "a 5-100 successful [{powering_on 10} {powering_off 5} {configuring 10} { 60} {other 10}]", "100 [0 0 0 0 0] false"},
		{110, in("b", PhaseNone, OverrideFailed, false), "", "100 [10 0 0 0 0] true"},
		{120, in("b", PhaseNone, OverrideOnHold, false), "", "100 [10 0 0 0 0] true"},
		{130, in("b", PhaseNone, OverrideFailed, false), "", "100 [10 0 0 0 0] true"},
		{131, in("c", PhasePoweringOn, "", true), "b 100-131 failed [{powering_on 10} { 21}]", "131 [0 0 0 0 0] false"},
		{132, in("d", PhaseNone, "", true), "c 131-132 taken_over [{powering_on 1}]", "132 [0 0 0 0 0] false"},
		{133, in("", PhaseNone, "", true), "d 132-133 removed [{ 1}]", "0 [0 0 0 0 0] false"}, // BOS had not begun with it
		{134, in("e", PhaseNone, "", false), "", "134 [0 0 0 0 0] false"},
		{134, nil, "e 134-134 successful []", "0 [0 0 0 0 0] false"},
		{140, in("e", PhasePoweringOn, "", true), "", "140 [0 0 0 0 0] false"},
		{141, nil, "e 140-141 removed [{powering_on 1}]", "0 [0 0 0 0 0] false"},
	} {
		left := ""
		if c != nil && c.Session != "" && (step.next == nil || step.next.Session != c.Session) {
			s := c.Leave(step.next, at(step.at))
			left = fmt.Sprintf("%s %d-%d %s %v", s.Name, s.Joined.Unix()-1_700_000_000, s.Left.Unix()-1_700_000_000, s.Outcome, s.Phases)
		}
		if left != step.left {
			t.Errorf("at %d it left %q, want %q", step.at, left, step.left)
		}
		stay := c.NextStay(step.next, at(step.at))
		if got := fmt.Sprint(max(stay.Joined-1_700_000_000, 0), stay.Spent, stay.Failed); got != step.is {
			t.Errorf("at %d the stay is %s, want %s", step.at, got, step.is)
		}
		if c = step.next; c != nil {
			c.Stay = stay
		}
	}
}

// TestAStayFromBeforeStaysWereStoredBeginsWithItsStatus reads what a record says of it: since when it has its status, or nothing.
func TestAStayFromBeforeStaysWereStoredBeginsWithItsStatus(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, since := range []int64{0, 900} {
		old, next := &Component{Session: "a", StatusRecord: StatusRecord{Phase: PhasePoweringOn}}, &Component{Session: "a", StatusRecord: StatusRecord{Phase: PhaseConfiguring}}
		want := Stay{Joined: 1000}
		if since > 0 {
			old.StatusSince, want = time.Unix(since, 0), Stay{Joined: since, Spent: [len(StayPhases)]int64{100}}
		}
		if got := old.NextStay(old, now); got != (Stay{}) {
			t.Errorf("unchanged, its stay became %+v", got)
		}
		if got := old.NextStay(next, now); got != want {
			t.Errorf("since %d: the stay is %+v, want %+v", since, got, want)
		}
	}
}

// TestLongErrorsOfStaysAreCutBetweenCharacters has one whose 256th byte is within a character.
func TestLongErrorsOfStaysAreCutBetweenCharacters(t *testing.T) {
	c := &Component{Session: "a", Error: "x" + strings.Repeat("ü", 200)}
	if got := c.InSession(time.Unix(1, 0)).Error; got != "x"+strings.Repeat("ü", 127) {
		t.Errorf("the error is %d bytes long: %q", len(got), got)
	}
}
