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

// followed is a session that has come to its end, and what was estimated on the way.
type followed struct {
	kind      string // tenant, template and operation
	progress  bos.Progress
	compared  bool // there was an earlier session to estimate by
	estimates []estimated
}

// estimated is an estimate at a moment; zero ends for none.
type estimated struct {
	at   time.Time
	idle float64 // the share of components that were not active any more
	end  bos.EndEstimate
}

func (f followed) start() time.Time    { return f.progress[0].Time }
func (f followed) end() time.Time      { return f.progress[len(f.progress)-1].Time }
func (f followed) took() time.Duration { return f.end().Sub(f.start()) }

// part is how much of the session's time had passed at a moment.
func (f followed) part(at time.Time) float64 { return float64(at.Sub(f.start())) / float64(f.took()) }

// followEstimates follows the sessions of a system for so long, and returns those that were seen from their
// start to their end.
func followEstimates(t *testing.T, seed uint64, components int, length, step time.Duration) []followed {
	t.Helper()
	f, w := newFake(t), newWorld(seed, components)
	begin := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	open, over, before := map[bos.SessionKey]*followed{}, map[bos.SessionKey]bool{}, map[string]bos.Progress{}
	var all []followed
	for now := time.Duration(0); now < length; now += step {
		at := begin.Add(now)
		for _, c := range w.advance(now, at) {
			if err := c.call(context.Background(), f, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range f.created {
			s := f.sessions[key]
			if s == nil || s.Stage || s.State == bos.StatePending || over[key] || open[key] == nil && s.State == bos.StateComplete {
				continue
			}
			kind := s.Tenant + s.TemplateName + " " + string(s.Operation)
			tally := f.seen[key].final
			if s.State != bos.StateComplete {
				tally, _ = bos.Summarize(key, slices.Collect(maps.Values(f.components)), func(id string) bool { return f.owned[key.Tenant][id] })
			}
			if open[key] == nil {
				open[key] = &followed{kind: kind, compared: before[kind] != nil}
			}
			one := open[key]
			progress := one.progress.Until(at, tally)
			if n := len(one.progress); n == 0 || one.progress[n-1].Tally != tally {
				one.progress = progress
			}
			if s.State == bos.StateComplete {
				one.progress = progress
				all, before[kind], over[key] = append(all, *one), progress, true
				delete(open, key)
				continue
			}
			st := &bos.Status{Session: s, Tally: tally, AsOf: at, Progress: progress.Thin(bos.MaxProgress), Earlier: before[kind]}
			said := estimated{at: at, idle: 1 - float64(tally.Active)/float64(max(tally.Managed, 1))}
			if e := st.EstimatedEnd(); e != nil {
				said.end = *e
			}
			one.estimates = append(one.estimates, said)
		}
	}
	return all
}

// TestEstimatedEndsAreNearTheRealOnes follows sessions of several hours in the life of a system, and compares
// when they were said to end with when they did: the first boots by their pace, later
// ones by those before.
func TestEstimatedEndsAreNearTheRealOnes(t *testing.T) {
	all := followEstimates(t, 3, 400, 3*time.Hour, 10*time.Second)
	for _, f := range all {
		if f.kind != "all-off shutdown" { // of all, few take long, and those very long
			checkEstimates(t, f)
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d sessions have ended", len(all))
	}
}

// checkEstimates wants what was estimated in the middle of a session to be off by no more than some
// part of the time that it took.
func checkEstimates(t *testing.T, f followed) {
	t.Helper()
	managed := f.progress[0].Tally.Managed
	from, off := 0.6, 0.3 // by its pace
	switch {
	case managed < 50: // few components have no even pace, and one of them decides
		off = 1
	case f.compared:
		from, off = 0.1, 0.4
	}
	asked, silent := 0, 0
	for _, one := range f.estimates {
		part := f.part(one.at)
		if part < from || part > 0.85 {
			continue
		}
		if asked++; one.end.Likely.IsZero() {
			silent++
		} else if err := float64(one.end.Likely.Sub(f.end())) / float64(f.took()); math.Abs(err) > off {
			t.Errorf("%s of %d components: after %.2f of %v it was said to end %.2f of that off", f.kind, managed, part, f.took(), err)
		}
	}
	if silent > asked/2 || managed >= 50 && silent > asked/3 {
		t.Errorf("%s of %d components: of %d times %d had no end", f.kind, managed, asked, silent)
	}
}

// TestEndsLieInTheRangesShown counts the sessions of several systems whose end lies in every range that was shown from a
// fifth of their progress on: nine of ten.
func TestEndsLieInTheRangesShown(t *testing.T) {
	inside, all, wide := 0, 0, []float64{}
	for seed := range uint64(4) {
		for _, f := range followEstimates(t, seed+11, 200, 3*time.Hour, 20*time.Second) {
			shown, missed := 0, 0
			for _, one := range f.estimates {
				if one.idle < 0.2 || one.end.Likely.IsZero() {
					continue
				}
				shown++
				e := one.end
				if f.end().Before(e.Earliest) || f.end().After(e.Latest) {
					missed++
				}
				if e.Earliest.Before(one.at) || e.Likely.Before(e.Earliest) || e.Latest.Before(e.Likely) || e.Remaining == 0 {
					t.Fatalf("at %v the end is estimated as %+v", one.at, e)
				}
				wide = append(wide, float64(e.Latest.Sub(e.Earliest))/float64(f.took()))
			}
			if shown == 0 {
				continue
			}
			if all++; missed == 0 {
				inside++
			}
		}
	}
	slices.Sort(wide)
	t.Logf("%d of %d ends lie in all ranges, which are %.2f of the time that a session takes (median)", inside, all, wide[len(wide)/2])
	if all < 50 || inside*10 < all*9 {
		t.Errorf("%d of %d ends lie in all ranges that were shown", inside, all)
	}
	// A range in which everything lies says nothing.
	if median := wide[len(wide)/2]; median > 0.9 {
		t.Errorf("half of the ranges are longer than %.2f of the time that the session takes", median)
	}
}
