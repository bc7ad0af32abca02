package bos_test

import (
	"testing"

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
