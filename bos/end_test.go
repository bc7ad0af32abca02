package bos_test

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestAComponentAtTheEndHasTheStatusThatItHad goes through all of BOS's, of a component that is tried for the first time.
func TestAComponentAtTheEndHasTheStatusThatItHad(t *testing.T) {
	for want, record := range map[bos.ComponentStatus]struct {
		bos.StatusRecord
		action string
	}{
		bos.StatusOnHold:                   {bos.StatusRecord{Override: bos.OverrideOnHold}, ""},
		bos.StatusFailed:                   {bos.StatusRecord{Override: bos.OverrideFailed}, ""},
		bos.StatusStable:                   {bos.StatusRecord{}, ""},
		bos.StatusConfiguring:              {bos.StatusRecord{Phase: bos.PhaseConfiguring}, ""},
		bos.StatusPowerOnPending:           {bos.StatusRecord{Phase: bos.PhasePoweringOn}, ""},
		bos.StatusPowerOnCalled:            {bos.StatusRecord{Phase: bos.PhasePoweringOn}, "powering_on"},
		bos.StatusPowerOffPending:          {bos.StatusRecord{Phase: bos.PhasePoweringOff}, ""},
		bos.StatusPowerOffGracefullyCalled: {bos.StatusRecord{Phase: bos.PhasePoweringOff}, "powering_off_gracefully"},
		bos.StatusPowerOffForcefullyCalled: {bos.StatusRecord{Phase: bos.PhasePoweringOff}, "powering_off_forcefully"},
	} {
		c := bos.Component{ID: "x1", Enabled: true, Session: "a", StatusRecord: record.StatusRecord, LastAction: &bos.LastAction{Action: record.action}}
		if got := c.Status(); got != want {
			t.Fatalf("%+v has the status %s, want %s", c, got, want)
		}
		k := c.Contribution()
		now := bos.Component{ID: "x1", Session: "b"}
		end := now.AtEnd("a", bos.EndState{Member: true, Failed: want == bos.StatusFailed, Wait: k.Wait})
		if end.Status() != want || end.Phase != c.Phase {
			t.Errorf("%s is %s in phase %q at the end", want, end.Status(), end.Phase)
		}
	}
}

// TestAllThatIsPoweredOffIsOneReason: which way, is no other reason to wait.
func TestAllThatIsPoweredOffIsOneReason(t *testing.T) {
	limits := bos.WaitLimitsOf(nil)
	var all []bos.Waited
	for _, w := range []bos.Wait{bos.WaitShutdown, bos.WaitForcedOff} {
		if limits.Of(w) != limits.PowerOff {
			t.Errorf("%s may take %v", w, limits.Of(w))
		}
		for _, late := range []bool{true, false} {
			all = append(all, bos.Waited{Wait: w, Late: late, Count: 1})
		}
	}
	groups := bos.WaitingOf(&bos.Session{}, all, limits, time.Now())
	if len(groups) != 2 || groups[0].Reason != bos.WaitingPowerOffOverdue || groups[0].Count != 2 || groups[1].Reason != bos.WaitingPowerOff || groups[1].Count != 2 {
		t.Errorf("they wait for %+v", groups)
	}
}
