package cache

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// Invariant 8: completion freezes once.

func TestASessionCompletesAndFreezesOnce(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("empty")
		s.state("empty", bos.StateRunning)
		if st := s.status("empty"); st.State() != bos.StateComplete || !st.FromSnapshot || st.Timing.EndTime == "" {
			s.Errorf("running with no component active: %+v", st)
		}

		s.put(component("x1", "a"), failing("x2", "a", "broken"))
		s.create("a")
		s.patch(done("x1"))
		s.state("a", bos.StateRunning)
		if st := s.status("a"); st.State() != bos.StateRunning || st.FromSnapshot {
			s.Errorf("with one active component: %+v", st)
		}
		before := s.status("a").Revision
		s.patch(bos.ComponentPatch{ID: "x2", Enabled: new(false), Status: &bos.StatusPatch{StatusOverride: new("failed")}})
		frozen := s.read(name("a"))
		st := frozen.Status
		if st.State() != bos.StateComplete || !st.FromSnapshot || st.Revision != before+1 ||
			st.Tally.Managed != 2 || st.Tally.Successful != 1 || st.Tally.Failed != 1 || st.Errors[0].List() != "x2" {
			s.Errorf("the write that ended the last component left %+v", st)
		}
		if n, err := s.store.db.Client.ZScore(s.ctx, s.store.db.Keys.Frozen(), schema.FrozenEntry(frozen)).Result(); err != nil ||
			bos.TimeOf(time.Unix(int64(n), 0)) != frozen.EndTime {
			s.Errorf("frozen at %v (%v), ended %s", n, err, frozen.EndTime)
		}

		// What happens later does not touch it.
		s.patch(bos.ComponentPatch{ID: "x2", Error: new("another"), Session: new("b")})
		after := s.status("a")
		if after.Revision != st.Revision || after.Tally != st.Tally || after.Timing != st.Timing || after.Errors[0].Message != "broken" {
			s.Errorf("a frozen status %+v became %+v", st, after)
		}
		s.must(s.store.MarkDeleted(s.ctx, name("a"))) // freezes what is not frozen yet
		if last := s.status("a"); last.Revision != st.Revision || last.Tally != st.Tally {
			s.Errorf("deleted at its source, a frozen status %+v became %+v", st, last)
		}
		page := bos.Page{First: 10}
		group := &bos.MembersOf{Session: frozen, Group: st.Errors[0].Digest, Frozen: true}
		s.equal(s.ids(s.store.ListComponents(s.ctx, group, bos.ComponentFilter{}, page, false, true)), []string{"x2"}, "of the frozen group")
	})
}

func TestWhatBOSRunsBOSCompletes(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS})
		running := bos.StateRunning
		_, err := s.store.UpdateSession(s.ctx, name("a"), bos.SessionUpdate{State: &running})
		s.code(err, bos.Conflict)
		_, err = s.store.DeleteSession(s.ctx, name("a"))
		s.code(err, bos.Conflict)
		s.patch(done("x1"))
		if st := s.status("a"); st.State() != bos.StatePending || st.FromSnapshot {
			s.Errorf("bosgraph changed a session of BOS: %+v", st)
		}
	})
}

func TestTwoCompleteAtOnce(t *testing.T) {
	conform(t, func(s *suite) {
		other := s.open(nil)
		for i := range 20 {
			session, x := fmt.Sprintf("a%d", i), fmt.Sprintf("x%d", i)
			s.put(component(x, session))
			s.create(session)
			s.state(session, bos.StateRunning)
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := s.store.PatchComponents(s.ctx, []bos.ComponentPatch{done(x)})
				if err != nil {
					s.Error(err)
				}
			})
			wg.Go(func() {
				complete := bos.StateComplete
				if _, err := other.UpdateSession(s.ctx, name(session), bos.SessionUpdate{State: &complete}); err != nil {
					s.Error(err)
				}
			})
			wg.Wait()
			first := s.status(session)
			s.patch(bos.ComponentPatch{ID: x, Error: new("later")})
			if second := s.status(session); second.State() != bos.StateComplete || second.Revision != first.Revision || second.Timing != first.Timing {
				s.Fatalf("a status that is complete changed from %+v to %+v", first, second)
			}
		}
		if n := s.store.db.Client.ZCard(s.ctx, s.store.db.Keys.Frozen()).Val(); n != 20 {
			s.Errorf("%d snapshots of 20 sessions", n)
		}
	})
}

func TestASessionOnlyGoesForward(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		_, err := s.store.CreateSession(s.ctx, bos.NewSession{SessionKey: name("a"), Source: bos.SourceProducer})
		s.code(err, bos.Conflict)
		update := func(u bos.SessionUpdate) error {
			_, err := s.store.UpdateSession(s.ctx, name("a"), u)
			return err
		}
		s.code(update(bos.SessionUpdate{State: new(bos.StateComplete), EndTime: new(bos.Time("2020-01-01T00:00:00"))}), bos.BadUserInput)
		s.must(update(bos.SessionUpdate{Error: new("no such template"), State: new(bos.StateComplete)}))
		before := s.dump()
		s.code(update(bos.SessionUpdate{State: new(bos.StateRunning)}), bos.Conflict)
		s.code(update(bos.SessionUpdate{Error: new("other")}), bos.Conflict)
		s.must(update(bos.SessionUpdate{State: new(bos.StateComplete)})) // said again
		if after := s.dump(); !maps.Equal(before, after) {
			s.Errorf("updates of a complete session changed %v into %v", before, after)
		}
		if found := s.read(name("a")); found.Details.Error != "no such template" || !found.Status.FromSnapshot || found.Status.Tally.Managed != 0 {
			s.Errorf("a session whose set-up failed is %+v", found)
		}
		_, err = s.store.DeleteSession(s.ctx, name("unknown"))
		s.code(err, bos.NotFound)
		_, err = s.store.UpdateSession(s.ctx, bos.SessionKey{Tenant: "blue", Name: "a"}, bos.SessionUpdate{})
		s.code(err, bos.NotFound)
	})
}
