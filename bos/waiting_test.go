package bos_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// A component is on its last attempt once BOS has made as many as its retry policy allows: 3 without one, and
// never with -1.
func TestTheLastAttemptIsTheOneOfTheRetryPolicy(t *testing.T) {
	for _, c := range []struct {
		name     string
		policy   *int
		attempts int
		want     bos.Wait
	}{
		{"none", nil, 0, bos.WaitPowerOn}, {"none", nil, 1, bos.WaitPowerOn}, {"none", nil, 2, bos.WaitRetry}, {"none", nil, 3, bos.WaitGivingUp},
		{"1", new(1), 1, bos.WaitGivingUp}, {"5", new(5), 3, bos.WaitRetry}, {"5", new(5), 5, bos.WaitGivingUp},
		{"0", new(0), 0, bos.WaitPowerOn}, {"0", new(0), 1, bos.WaitGivingUp},
		{"-1", new(-1), 0, bos.WaitPowerOn}, {"-1", new(-1), 1, bos.WaitPowerOn}, {"-1", new(-1), 2, bos.WaitRetry}, {"-1", new(-1), 100, bos.WaitRetry},
	} {
		component := bos.Component{ID: "x1", Enabled: true, Session: "s", RetryPolicy: c.policy, EventStats: &bos.EventStats{PowerOnAttempts: c.attempts}}
		component.Phase = bos.PhasePoweringOn
		if got := component.Contribution().Wait; got != c.want {
			t.Errorf("%s: after %d attempts it waits for %q, not %q", c.name, c.attempts, got, c.want)
		}
	}
}

// Powering off is tried gracefully, then forcefully: the attempts of each count on their own.
func TestEachPhaseCountsItsOwnAttempts(t *testing.T) {
	for _, c := range []struct {
		stats bos.EventStats
		on    bos.Retries
		off   bos.Retries
	}{
		{bos.EventStats{PowerOnAttempts: 3}, bos.LastTry, bos.FirstTry},
		{bos.EventStats{PowerOffGracefulAttempts: 2}, bos.FirstTry, bos.TriedAgain},
		{bos.EventStats{PowerOffGracefulAttempts: 1, PowerOffForcefulAttempts: 3}, bos.FirstTry, bos.LastTry},
		{bos.EventStats{PowerOffGracefulAttempts: 2, PowerOffForcefulAttempts: 1}, bos.FirstTry, bos.TriedAgain},
	} {
		component := bos.Component{EventStats: &c.stats}
		if on, off := component.Retries(bos.PhasePoweringOn), component.Retries(bos.PhasePoweringOff); on != c.on || off != c.off {
			t.Errorf("%+v: powering on is %d, powering off %d", c.stats, on, off)
		}
		if n := component.Retries(bos.PhaseConfiguring); n != bos.FirstTry {
			t.Errorf("%+v: configuring is %d", c.stats, n)
		}
	}
}

func TestWhatASessionWaitsForIsGroupedByReason(t *testing.T) {
	nine, later := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	groups := bos.WaitingOf(&bos.Session{}, []bos.Waited{
		{Wait: bos.WaitApply, Count: 2, Since: nine},
		{Wait: bos.WaitPowerOn, Count: 1, Since: later},
		{Wait: bos.WaitConfiguring, Count: 0, Since: nine},
		{Wait: bos.WaitBoot, Count: 2},
		{Wait: bos.WaitBoot, Late: true, Count: 1, Since: later},
		{Wait: bos.WaitBoot, Count: 1, Since: nine},
		{Wait: bos.WaitPowerOn, Count: 1, Since: later},
	}, bos.WaitLimits{}, later)
	type group struct {
		bos.WaitingReason
		count int
		since time.Time
	}
	var got []group
	for _, g := range groups {
		got = append(got, group{g.Reason, g.Count, g.Since})
	}
	// Since when components are staged is not known, whatever a record says.
	if want := []group{{bos.WaitingPowerOn, 5, nine}, {bos.WaitingStaged, 2, time.Time{}}, {bos.WaitingPowerOnOverdue, 1, later}}; !slices.Equal(got, want) {
		t.Errorf("it waits for %v, want %v", got, want)
	}
}

func TestReasonsNameTheLimitsOfBOS(t *testing.T) {
	for _, test := range []struct {
		options   *bos.Options
		boot, off string
	}{
		{nil, "20 min", "5 min"}, {&bos.Options{}, "20 min", "5 min"},
		{&bos.Options{MaxBootWaitTime: new(7200)}, "2 h", "5 min"}, {&bos.Options{MaxPowerOffWaitTime: new(90)}, "20 min", "90 s"},
	} {
		groups := bos.WaitingOf(&bos.Session{}, []bos.Waited{{Wait: bos.WaitBoot, Late: true, Count: 2}, {Wait: bos.WaitShutdown, Late: true, Count: 1}},
			bos.WaitLimitsOf(test.options), time.Now())
		on, off := "powered on, but not booted within "+test.boot+" (max_boot_wait_time)", "not powered off within "+test.off+" (max_power_off_wait_time)"
		if !strings.HasPrefix(groups[0].Text, on) || !strings.HasPrefix(groups[1].Text, off) {
			t.Errorf("%+v: %q, %q", test.options, groups[0].Text, groups[1].Text)
		}
	}
}

// What BOS sets no time for is not listed twice, late and not.
func TestEachReasonHasItsParts(t *testing.T) {
	for _, test := range []struct {
		reason bos.WaitingReason
		want   []bos.Waited
	}{
		{bos.WaitingPowerOn, []bos.Waited{{Wait: bos.WaitPowerOn}, {Wait: bos.WaitBoot}}},
		{bos.WaitingPowerOnOverdue, []bos.Waited{{Wait: bos.WaitBoot, Late: true}}},
		{bos.WaitingPowerOff, []bos.Waited{{Wait: bos.WaitPowerOff}, {Wait: bos.WaitShutdown}, {Wait: bos.WaitForcedOff}}},
		{bos.WaitingPowerOffOverdue, []bos.Waited{{Wait: bos.WaitShutdown, Late: true}, {Wait: bos.WaitForcedOff, Late: true}}},
		{bos.WaitingOnHold, []bos.Waited{{Wait: bos.WaitOnHold}}},
	} {
		if got := test.reason.Parts(); !slices.Equal(got, test.want) {
			t.Errorf("%s is made of %+v", test.reason, got)
		}
	}
}
