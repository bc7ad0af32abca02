package sim

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// reported is when a session was said to end, and when that was said; zero for never.
type reported struct{ at, end time.Time }

// TestEstimatedEndsAreNearTheRealOnes follows sessions of several days in the life of a system, and compares
// when they were said to end with when they did: the first boots by their pace, later
// ones by those before.
func TestEstimatedEndsAreNearTheRealOnes(t *testing.T) {
	const step = 2 * time.Second
	f, w := newFake(t), newWorld(3, 400)
	begin := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	going, before := map[bos.SessionKey]bos.Progress{}, map[string]bos.Progress{}
	all := map[bos.SessionKey][]reported{}
	compared := map[string]int{} // by kind of session, how many have come to their end
	for now := time.Duration(0); compared["compute-24.7 boot"] < 3; now += step {
		at := begin.Add(now)
		for _, c := range w.advance(now, at) {
			if err := c.call(context.Background(), f, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range f.created {
			s := f.sessions[key]
			if s == nil || s.Stage || s.State == bos.StatePending || all[key] == nil && s.State == bos.StateComplete {
				continue
			}
			kind := s.Tenant + s.TemplateName + " " + string(s.Operation)
			tally, _ := bos.Summarize(key, slices.Collect(maps.Values(f.components)), func(id string) bool { return f.owned[key.Tenant][id] })
			if s.State == bos.StateComplete {
				tally = f.seen[key].final
			}
			progress := going[key].Until(at, tally)
			if n := len(going[key]); n == 0 || going[key][n-1].Tally != tally {
				going[key] = progress
			}
			if s.State == bos.StateComplete {
				if s.Operation != bos.OperationShutdown || before[kind] != nil { // of all, few take long, and those very long
					checkEstimates(t, kind, before[kind] != nil, progress, all[key])
				}
				before[kind] = progress
				compared[kind]++
				delete(all, key)
				continue
			}
			st := &bos.Status{Session: s, Tally: tally, AsOf: at, Progress: progress.Thin(bos.MaxProgress), Earlier: before[kind]}
			one := reported{at: at}
			if end := st.EstimatedEndTime(); end != nil {
				one.end = *end
			}
			all[key] = append(all[key], one)
		}
		if now > 24*time.Hour {
			t.Fatalf("in a day only these have ended: %v", compared)
		}
	}
}

// checkEstimates wants what was estimated in the middle of a session to be off by no more than some
// part of the time that it took.
func checkEstimates(t *testing.T, kind string, earlier bool, progress bos.Progress, reported []reported) {
	t.Helper()
	start, end := progress[0].Time, progress[len(progress)-1].Time
	took := end.Sub(start)
	from, off := 0.6, 0.3 // by its pace
	switch {
	case earlier:
		from, off = 0.1, 0.4
	case progress[0].Tally.Managed < 50: // few components have no even pace
		off = 1
	}
	asked, silent := 0, 0
	for _, one := range reported {
		part := float64(one.at.Sub(start)) / float64(took)
		if part < from || part > 0.85 {
			continue
		}
		if asked++; one.end.IsZero() {
			silent++
		} else if err := float64(one.end.Sub(end)) / float64(took); math.Abs(err) > off {
			t.Errorf("%s of %d components: after %.2f of %v it was said to end %.2f of that off", kind, progress[0].Tally.Managed, part, took, err)
		}
	}
	if silent > asked/3 {
		t.Errorf("%s of %d components: of %d times %d had no end", kind, progress[0].Tally.Managed, asked, silent)
	}
}
