package sim

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// follow advances a world for so long, and calls look after each call that it makes.
func follow(t *testing.T, f *fake, w *world, length, step time.Duration, look func(now time.Duration)) {
	t.Helper()
	begin := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for now := time.Duration(0); now < length; now += step {
		for _, c := range w.advance(now, begin.Add(now)) {
			if err := c.call(context.Background(), f, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if now > 0 {
				look(now)
			}
		}
	}
}

// TestAnUntenantedBootAlwaysRuns looks after every call of several hours, in systems of several sizes.
func TestAnUntenantedBootAlwaysRuns(t *testing.T) {
	for _, components := range []int{20, 60, 200} {
		f, w := newFake(t), newWorld(9, components)
		running := map[string]bool{} // that were seen, by name
		follow(t, f, w, 5*time.Hour, time.Second, func(now time.Duration) {
			for key, s := range f.sessions {
				if s.State == bos.StateRunning && s.Operation == bos.OperationBoot && s.Tenant == "" {
					running[key.Name] = true
					return
				}
			}
			t.Fatalf("no boot runs in a system of %d after %v: %s", components, now, f.describe())
		})
		if len(running) < 20 {
			t.Errorf("in a system of %d only %d boots ran", components, len(running))
		}
	}
}

// TestSomeNodesFailAgainAndAgain counts who failed in how many boots of a day.
func TestSomeNodesFailAgainAndAgain(t *testing.T) {
	const components = 400
	f, w := newFake(t), newWorld(9, components)
	failures := map[string]map[string]bool{} // sessions by node
	follow(t, f, w, 3*time.Hour, 10*time.Second, func(time.Duration) {
		for id, c := range f.components {
			if c.Status() != bos.StatusFailed {
				continue
			}
			if failures[id] == nil {
				failures[id] = map[string]bool{}
			}
			failures[id][c.Session] = true
		}
	})
	often, once := 0, 0
	for _, sessions := range failures {
		if len(sessions) >= 3 {
			often++
		} else {
			once++
		}
	}
	if often == 0 || often > components/50 || once < often {
		t.Errorf("%d of %d nodes failed in three boots or more, %d in fewer", often, components, once)
	}
}
