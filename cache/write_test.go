package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// Invariant 1: one atomic write, once.

func TestLostAnswerIsNotAppliedTwice(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"))

		// The answer to a patch of x1 is lost, and before the client sends the
		// patch again another writer changes the same field.
		var faults redistest.Faults
		unlucky := s.open(faults.Dialer())
		s.must(unlucky.Ping(s.ctx))
		faults.LoseNextAnswer("evalsha", func() {
			s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new("powering_off")}})
		})
		before := s.status("a").Revision
		s.applied(1)(unlucky.PatchComponents(s.ctx, []bos.ComponentPatch{{ID: "x1", Status: &bos.StatusPatch{Phase: new("configuring")}}}))

		found, err := s.store.ReadComponents(s.ctx, []string{"x1"}, false)
		s.must(err)
		if found[0].Phase != bos.PhasePoweringOff {
			s.Errorf("the phase is %q: the first write came again over the second", found[0].Phase)
		}
		if after := s.status("a"); after.Revision != before+2 || after.Tally.PoweringOff != 1 {
			s.Errorf("revision went from %d to %d with %+v, want two writes", before, after.Revision, after.Tally)
		}
	})
}

func TestRefusedWriteChangesNothing(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"))
		old, err := s.store.readRecords(s.ctx, []string{"x1", "x2"}, false)
		s.must(err)
		s.patch(done("x2")) // x2 is not as it was read any more
		before := s.dump()

		next := []record{old[0], old[1]}
		next[0].component.Enabled, next[1].component.Enabled = false, false
		c := s.store.newChange()
		s.must(c.replace(old, next))
		if err := s.store.run(s.ctx, c); !errors.Is(err, errConflict) {
			s.Fatalf("the write got %v, want a conflict", err)
		}
		if after := s.dump(); !maps.Equal(before, after) {
			s.Errorf("a refused write changed %v into %v", before, after)
		}
	})
}

// Invariant 2: no lost update.

func TestTwoWritersOfOneComponent(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		const rounds = 30
		other := s.open(nil)
		var wg sync.WaitGroup
		for _, w := range []struct {
			store *Store
			patch func(text string) bos.ComponentPatch
		}{
			{s.store, func(text string) bos.ComponentPatch { return bos.ComponentPatch{ID: "x1", Error: &text} }},
			{other, func(text string) bos.ComponentPatch {
				return bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{StatusOverride: &text}}
			}},
		} {
			wg.Go(func() {
				for i := range rounds {
					if _, err := w.store.PatchComponents(s.ctx, []bos.ComponentPatch{w.patch(fmt.Sprint(i))}); err != nil {
						s.Error(err)
					}
				}
			})
		}
		wg.Wait()
		found, err := s.store.ReadComponents(s.ctx, []string{"x1"}, false)
		s.must(err)
		if last := fmt.Sprint(rounds - 1); found[0].Error != last || found[0].Override != last {
			s.Errorf("error %q and override %q, want both %q", found[0].Error, found[0].Override, last)
		}
	})
}

func TestEndlessConflictIsAConflict(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		var n int
		err := s.store.update(s.ctx, []string{"x1"}, false, func(old []record) ([]record, error) {
			n++ // another writer is always faster
			s.patch(bos.ComponentPatch{ID: "x1", Error: new(fmt.Sprint(n))})
			next := []record{old[0]}
			next[0].component.Enabled = false
			return next, nil
		})
		s.code(err, bos.Conflict)
		if n != attempts {
			s.Errorf("decided %d times, want %d", n, attempts)
		}
		if traffic := s.store.Traffic(); traffic.Conflicts != attempts || traffic.Connections == 0 {
			s.Errorf("that is counted as %+v", traffic)
		}
		found, err := s.store.ReadComponents(s.ctx, []string{"x1"}, false)
		s.must(err)
		if !found[0].Enabled {
			s.Error("the write that got CONFLICT was applied")
		}
	})
}

// Invariant 3: the script adds and takes away what it is given.

func TestUnchangedRecordChangesNothing(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		whole := component("x1", "a")
		whole.DesiredState = &bos.DesiredStatePatch{Configuration: new("compute")}
		s.put(whole, failing("x2", "a", "broken"))
		before := s.dump()
		s.put(failing("x2", "a", "broken"), whole)
		s.patch(bos.ComponentPatch{ID: "x1", Enabled: new(true)})
		if after := s.dump(); !maps.Equal(before, after) {
			s.Errorf("unchanged records changed %v into %v", before, after)
		}
	})
}

func TestWhatWasAddedIsTakenAway(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		// An older version counted the component as failed.
		key := s.store.db.Keys.Component("x1")
		c, ctx := s.store.db.Client, s.ctx
		stored := c.Get(ctx, key).Val()
		older := strings.Replace(stored, fmt.Sprintf("\x00%d\x00", bos.MarkPoweringOn|bos.MarkActive),
			fmt.Sprintf("\x00%d\x00", bos.MarkFailed|bos.MarkActive), 1)
		if older == stored {
			s.Fatalf("%q has no marks to replace", stored)
		}
		s.must(c.Set(ctx, key, older, 0).Err())
		s.miscount("/a", "p", -1)
		s.miscount("/a", "f", 1)
		s.miscount("/a", "x", 1) // it has a status of the phase that it did not count in
		s.must(c.HSet(ctx, s.store.db.Keys.Session("/a"), "/other", "m1f1a1").Err())
		s.store.recent.doubt() // as after a restart

		s.patch(bos.ComponentPatch{ID: "x1", Error: new("any change counts it again")})
		if tally := s.status("a").Tally; tally.Failed != 0 || tally.PoweringOn != 1 {
			s.Errorf("the tally is %+v, want one powering on and none failed", tally)
		}
	})
}

// Invariant 9: revisions only grow within an epoch.

func TestRevisionsAndEpochs(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		var last int64
		for i := range 5 {
			s.put(component(fmt.Sprintf("x%d", i), "a"))
			st := s.status("a")
			if st.Revision <= last {
				s.Fatalf("revision %d follows %d", st.Revision, last)
			}
			last = st.Revision
		}
		epoch := s.status("a").Epoch
		if epoch == "" || epoch != s.status("a").Epoch {
			s.Errorf("the epoch is %q and then %q", epoch, s.status("a").Epoch)
		}
		for _, key := range s.allKeys() { // Redis comes back empty
			s.must(s.store.db.Client.Del(s.ctx, key).Err())
		}
		s.create("a")
		s.put(component("x1", "a"))
		if st := s.status("a"); st.Epoch == epoch || st.Epoch == "" || st.Tally.Managed != 1 {
			s.Errorf("after Redis came back empty the epoch is %q (was %q), the tally %+v", st.Epoch, epoch, st.Tally)
		}
	})
}

// Invariant 13: one namespace, one slot, one version of the key schema.

func TestNewerSchemaIsRefused(t *testing.T) {
	conform(t, func(s *suite) {
		s.must(s.store.Ping(s.ctx))
		s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Meta(), "schema", schema.Version+1).Err())
		s.code(s.store.Ping(s.ctx), bos.Unavailable)
		_, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{component("x1", "a")})
		s.code(err, bos.Unavailable)
	})
}

// Invariant 15: bad input is refused whole or item by item.

func TestABatchThatIsTooLargeIsRefused(t *testing.T) {
	conform(t, func(s *suite) {
		many := make([]bos.ComponentPatch, bos.MaxBatch+1)
		ids := make([]string, len(many))
		for i := range many {
			many[i] = component(fmt.Sprintf("x%d", i), "a")
			ids[i] = many[i].ID
		}
		for _, call := range []func() (bos.BatchResult, error){
			func() (bos.BatchResult, error) { return s.store.PutComponents(s.ctx, many) },
			func() (bos.BatchResult, error) { return s.store.PatchComponents(s.ctx, many) },
			func() (bos.BatchResult, error) { return s.store.DeleteComponents(s.ctx, ids) },
		} {
			_, err := call()
			s.code(err, bos.BadUserInput)
		}
		if keys := s.allKeys(); len(keys) != 0 {
			s.Errorf("refused batches left %v", keys)
		}
		s.put(many[:bos.MaxBatch]...)
		if got := len(s.ids(s.store.ListComponents(s.ctx, nil, bos.ComponentFilter{}, bos.Page{First: 1000}, false, false))); got != 1000 {
			s.Errorf("a page holds %d", got)
		}
	})
}

func TestItemsAreRefusedOneByOne(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		r, err := s.store.PatchComponents(s.ctx, []bos.ComponentPatch{
			{ID: "x1", Error: new("first")}, {ID: "unknown", Error: new("e")}, {ID: "x1", Error: new("nul\x00")},
			{ID: "x,1"}, {ID: "x1", Enabled: new(false)},
		})
		s.must(err)
		var codes []string
		for _, refused := range r.Refused {
			codes = append(codes, fmt.Sprint(refused.Index, refused.Err.Code))
		}
		s.equal(codes, []string{"1NOT_FOUND", "2BAD_USER_INPUT", "3BAD_USER_INPUT"}, "refused")
		found, err := s.store.ReadComponents(s.ctx, []string{"x1"}, false)
		s.must(err)
		if r.Applied != 2 || found[0].Error != "first" || found[0].Enabled {
			s.Errorf("applied %d, left %+v", r.Applied, found[0])
		}
	})
}

func TestWithoutRedisEverythingIsUnavailable(t *testing.T) {
	p := redistest.New(t)
	s, err := Open(Options{URL: "redis://" + p.Addr(), Namespace: "away"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.PutComponents(t.Context(), []bos.ComponentPatch{component("x1", "a")}); err != nil {
		t.Fatal(err)
	}
	away := func(what string) {
		t.Helper()
		// At once, for each of them waits for as long as Redis may take to answer.
		var calls sync.WaitGroup
		var write, read error
		calls.Go(func() { _, write = s.PutComponents(t.Context(), []bos.ComponentPatch{component("x1", "b")}) })
		calls.Go(func() { _, read = s.ReadSessions(t.Context(), []bos.SessionRead{{Want: everything}}) })
		calls.Wait()
		for _, err := range []error{write, read} {
			if bos.CodeOf(err) != bos.Unavailable || errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", what, err)
			}
		}
	}
	p.Pause()
	away("paused")
	p.Resume()
	p.Kill()
	away("killed")
	p.Start()
	if _, err := s.PutComponents(t.Context(), []bos.ComponentPatch{component("x1", "a")}); err != nil {
		t.Errorf("Redis is back: %v", err)
	}
}
