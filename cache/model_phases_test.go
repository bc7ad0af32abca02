package cache

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// time notes which components have left a phase, or their session in it, and how long they were there.
func (m *model) time(before map[string]bos.Component) {
	timed := func(c bos.Component) string { return fmt.Sprint(c.Session, " ", c.TimedPhase()) }
	now := m.clock.Now().Truncate(time.Second)
	for id, old := range before {
		c, still := m.components[id]
		if old.TimedPhase() == bos.PhaseNone || still && timed(c) == timed(old) {
			continue
		}
		for key, s := range m.sessions {
			if key.Name == old.Session && (key.Tenant == "" || m.owners[id][key.Tenant]) && s.frozen == nil {
				s.stays[old.TimedPhase()] = append(s.stays[old.TimedPhase()], int64(now.Sub(m.phaseSince[id])/time.Second))
			}
		}
	}
	for id, c := range m.components {
		if old, known := before[id]; !known || timed(c) != timed(old) {
			m.phaseSince[id] = now
		}
	}
}

// checkPhaseStays wants the longest stays to be exact, as is how many there were, and half of them, and 95 in a hundred, to be
// no longer than is said, but for a tenth.
func (x *machine) checkPhaseStays(rt *rapid.T, got *bos.Status, s *modelSession) {
	var want []bos.PhaseDuration
	for _, phase := range []bos.Phase{bos.PhasePoweringOff, bos.PhasePoweringOn, bos.PhaseConfiguring, bos.PhaseOther} {
		if stays := slices.Sorted(slices.Values(s.stays[phase])); len(stays) > 0 {
			at := func(percent int) float64 { return float64(stays[(len(stays)*percent+99)/100-1]) }
			want = append(want, bos.PhaseDuration{Phase: phase, Count: len(stays), MedianSeconds: at(50), P95Seconds: at(95), LongestSeconds: at(100)})
		}
	}
	close := func(got, exact float64) bool { return got >= 0.9*exact && got <= 1.1*exact }
	same := slices.EqualFunc(got.PhaseDurations, want, func(a, b bos.PhaseDuration) bool {
		return a.Phase == b.Phase && a.Count == b.Count && a.LongestSeconds == b.LongestSeconds &&
			close(a.MedianSeconds, b.MedianSeconds) && close(a.P95Seconds, b.P95Seconds)
	})
	if !same {
		rt.Fatalf("session %s has the durations %+v, and its components stayed %+v", s.SessionKey, got.PhaseDurations, want)
	}
}
