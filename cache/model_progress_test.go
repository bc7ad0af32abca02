package cache

import (
	"time"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// date notes which components have come to another status or session.
func (m *model) date(before map[string]bos.Component) {
	for id, c := range m.components {
		old, known := before[id]
		if !known || old.Status() != c.Status() || c.Session != "" && c.Session != old.Session {
			m.since[id] = m.clock.Now().Truncate(time.Second)
		}
	}
	m.follow(before)
}

// sample notes how the sessions that run are now.
func (m *model) sample() {
	for _, s := range m.sessions {
		if s.State == bos.StateRunning && s.went != nil {
			s.went[bos.Point{Time: m.clock.Now(), Tally: m.count(s.SessionKey).Tally}] = true
		}
	}
}

// checkProgress wants every point to be how the session was at that moment, and the last
// to be how it is.
func (x *machine) checkProgress(rt *rapid.T, got *bos.Status, s *modelSession) {
	n := len(got.Progress)
	if (n == 0) != (s.State == bos.StatePending) || n > 0 && got.Progress[n-1].Tally != got.Tally {
		rt.Fatalf("session %s is %s with %+v and went %+v", s.SessionKey, s.State, got.Tally, got.Progress)
	}
	for i, p := range got.Progress[:max(n-1, 0)] {
		if !s.went[p] || i > 0 && p.Time.Sub(got.Progress[i-1].Time) < bos.ProgressGap {
			rt.Fatalf("session %s went %+v, of that point %d is not true: it went %v", s.SessionKey, got.Progress, i, s.went)
		}
	}
}
