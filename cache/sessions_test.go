package cache

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func name(s string) bos.SessionKey { return bos.SessionKey{Name: s} }

// Invariant 4: who counts.

func TestTakeOver(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("old")
		s.create("new")
		s.put(component("x1", "old"), failing("x2", "old", "broken"), component("x3", "old"))
		s.state("old", bos.StateRunning)
		s.patch(bos.ComponentPatch{ID: "x2", Session: new("new")}, bos.ComponentPatch{ID: "x3", Session: new("new")})
		was, is := s.status("old"), s.status("new")
		if was.Tally.Managed != 1 || was.GroupCount != 0 || is.Tally.Managed != 2 || is.GroupCount != 1 {
			s.Errorf("the older session has %+v, the newer %+v", was.Tally, is.Tally)
		}
		s.patch(bos.ComponentPatch{ID: "x1", Session: new("new")})
		if was := s.status("old"); was.State() != bos.StateComplete || was.Tally.Managed != 0 {
			s.Errorf("with its last component taken over, the older session is %s with %+v", was.State(), was.Tally)
		}
	})
}

func TestContributionsNeedNoSession(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		if found := s.read(name("a")); found != nil {
			s.Fatalf("a component made the session %+v", found)
		}
		first := s.create("a")
		if got := s.status("a").Tally.Managed; got != 1 {
			s.Fatalf("a created session counts %d, want the component that was there", got)
		}
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		if found := s.read(name("a")); found != nil {
			s.Fatalf("a deleted session is still %+v", found)
		}
		if again := s.create("a"); again.Incarnation == first.Incarnation || s.status("a").Tally.Managed != 1 {
			s.Errorf("created again it is %+v", again)
		}
	})
}

func TestTenantsSessionCountsWhatTheTenantOwns(t *testing.T) {
	conform(t, func(s *suite) {
		blue, green := bos.SessionKey{Tenant: "blue", Name: "a"}, bos.SessionKey{Tenant: "green", Name: "a"}
		s.createAs(bos.NewSession{SessionKey: blue})
		s.create("a")
		s.put(component("x1", "a"), failing("x2", "a", "broken"), component("x3", "a"))
		managed := func(want ...int) {
			s.Helper()
			for i, key := range []bos.SessionKey{name("a"), blue} {
				if got := s.read(key).Status; got.Tally.Managed != want[i] {
					s.Errorf("session %s manages %d, want %d", key, got.Tally.Managed, want[i])
				}
			}
		}
		managed(3, 0)
		owned, err := s.store.PutTenant(s.ctx, "blue", []string{"x2", "x1", "x9", "x1"})
		s.must(err)
		if owned != 3 {
			s.Errorf("blue owns %d, want 3", owned)
		}
		managed(3, 2)
		s.put(component("x9", "a")) // owned before it existed
		managed(4, 3)
		_, err = s.store.PutTenant(s.ctx, "green", []string{"x1"}) // owned by two
		s.must(err)
		s.createAs(bos.NewSession{SessionKey: green})
		if got := s.read(green).Status.Tally.Managed; got != 1 {
			s.Errorf("green's session manages %d, want 1", got)
		}
		_, err = s.store.PutTenant(s.ctx, "blue", []string{"x3"})
		s.must(err)
		managed(4, 1)
		if st := s.read(blue).Status; st.GroupCount != 0 {
			s.Errorf("blue's session has %d error groups of components it lost", st.GroupCount)
		}
		page := bos.Page{First: 10}
		s.equal(s.ids(s.store.ListComponents(s.ctx, &bos.MembersOf{Session: s.read(blue)}, bos.ComponentFilter{}, page, false, false)),
			[]string{"x3"}, "components of blue's session")
	})
}

func TestDeletedComponentsCountNoMore(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x2"})
		s.must(err)
		staged := component("x1", "")
		staged.StagedState = &bos.StagedStatePatch{Session: new("a")}
		s.put(staged, failing("x2", "a", strings.Repeat("e", 1000)), component("x3", "a"))
		s.state("a", bos.StateRunning)
		s.applied(2)(s.store.DeleteComponents(s.ctx, []string{"x1", "x2"}))
		if st := s.status("a"); st.Tally != (bos.Tally{Managed: 1, PoweringOn: 1, Active: 1}) || st.GroupCount != 0 {
			s.Errorf("after two were deleted: %+v, %d groups", st.Tally, st.GroupCount)
		}
		r, err := s.store.DeleteComponents(s.ctx, []string{"x1", "x3"})
		s.must(err)
		if r.Applied != 1 || len(r.Refused) != 1 || r.Refused[0].Err.Code != bos.NotFound {
			s.Errorf("deleting one that is gone and the last: %+v", r)
		}
		if st := s.status("a"); st.State() != bos.StateComplete || st.Tally.Managed != 0 {
			s.Errorf("without components the running session is %s with %+v", st.State(), st.Tally)
		}
	})
}

// Invariant 7: incarnations.

func TestCreatedAgainInTheSameSecond(t *testing.T) {
	conform(t, func(s *suite) {
		start := bos.Time("2026-11-22T09:00:00")
		s.put(component("x1", "a"))
		first := s.createAs(bos.NewSession{SessionKey: name("a"), StartTime: start})
		s.state("a", bos.StateRunning)
		s.patch(done("x1"))
		if !s.status("a").FromSnapshot {
			s.Fatal("the first session is not frozen")
		}
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		second := s.createAs(bos.NewSession{SessionKey: name("a"), StartTime: start})
		if first.ID() == second.ID() {
			s.Error("two incarnations have one id")
		}
		if st := s.status("a"); st.FromSnapshot || st.State() != bos.StatePending {
			s.Errorf("the new session shows the old one's snapshot: %+v", st)
		}
		if found := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: first.Incarnation, Want: everything}); found != nil {
			s.Errorf("the deleted incarnation is still there: %+v", found)
		}
	})
}

func TestSnapshotOutlivesItsSession(t *testing.T) {
	conform(t, func(s *suite) {
		message := strings.Repeat("a long error ", 100)
		s.put(failing("x1", "a", message), component("x2", "a"))
		first := s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS, StartTime: "2026-11-22T09:00:00"})
		s.patch(bos.ComponentPatch{ID: "x2", Enabled: new(false)})
		s.must(s.store.MarkDeleted(s.ctx, name("a")))
		kept := s.read(name("a"))
		if kept == nil || !kept.Deleted || !kept.Status.FromSnapshot || kept.Status.Tally.Managed != 2 {
			s.Fatalf("deleted at its source it is %+v", kept)
		}
		second := s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS, StartTime: "2026-11-22T10:00:00"})
		if n := s.store.client.XLen(s.ctx, s.store.keys.log("/a")).Val(); n != 0 {
			s.Errorf("the new session's change log has %d entries of the old one", n)
		}
		s.applied(2)(s.store.DeleteComponents(s.ctx, []string{"x1", "x2"}))

		old := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: first.Incarnation, Want: everything})
		if old == nil || !old.Deleted || old.Status.Tally.Managed != 2 || old.Status.GroupCount != 1 ||
			old.Status.Errors[0].Message != message || old.Status.Errors[0].First[0] != "x1" {
			s.Fatalf("the history is %+v", old)
		}
		if now := s.read(name("a")); now.Incarnation != second.Incarnation || now.Deleted || now.Status.FromSnapshot {
			s.Errorf("the name now leads to %+v", now)
		}
		for start, want := range map[bos.Time]string{
			"2026-11-22T09:00:00Z": first.Incarnation, "2026-11-22T10:00:00": second.Incarnation, "2026-11-22T11:00:00": "",
		} {
			got, err := s.store.SessionStarted(s.ctx, name("a"), start)
			s.must(err)
			if got != want {
				s.Errorf("started at %s: %q, want %q", start, got, want)
			}
		}
		list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, bos.Page{First: 10}, bos.Want{}, true)
		s.must(err)
		if len(list.Items) != 2 || list.Items[0].Incarnation != second.Incarnation || list.Items[1].Incarnation != first.Incarnation {
			s.Errorf("listed %v", list.Items)
		}
	})
}

// Invariant 8: completion freezes once.

func TestCompletion(t *testing.T) {
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
		if n, err := s.store.client.ZScore(s.ctx, s.store.keys.frozen(), frozenEntry(frozen)).Result(); err != nil ||
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
		if n := s.store.client.ZCard(s.ctx, s.store.keys.frozen()).Val(); n != 20 {
			s.Errorf("%d snapshots of 20 sessions", n)
		}
	})
}

func TestSessionRules(t *testing.T) {
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

// Invariant 14: long error texts, all different.

func TestLongErrors(t *testing.T) {
	conform(t, func(s *suite) {
		text := func(i int) string { return strings.Repeat("ü", bos.MaxText-4) + fmt.Sprintf("%04d", i) }
		s.create("a")
		var batch []bos.ComponentPatch
		for i := range 20 {
			batch = append(batch, failing(fmt.Sprintf("x%02d", i), "a", text(i)))
		}
		batch = append(batch, failing("x99", "a", text(7)))
		s.put(batch...)
		st := s.status("a")
		if st.GroupCount != 20 || st.Errors[0].Message != text(7) || st.Errors[0].Count != 2 || st.Errors[0].List() != "x07,x99" {
			s.Fatalf("%d groups, the first of %d: %s", st.GroupCount, st.Errors[0].Count, st.Errors[0].List())
		}
		if n := s.store.client.HLen(s.ctx, s.store.keys.texts()).Val(); n != 20 {
			s.Errorf("%d texts are kept, want each once", n)
		}
		s.equal(s.ids(s.store.ListComponents(s.ctx, nil, bos.ComponentFilter{Error: new(text(7))}, bos.Page{First: 10}, false, true)),
			[]string{"x07", "x99"}, "components of a long error")

		s.state("a", bos.StateRunning)
		for i := range batch {
			batch[i] = done(batch[i].ID)
			batch[i].Error = new("")
		}
		s.patch(batch[:19]...)
		if n := s.store.client.HLen(s.ctx, s.store.keys.texts()).Val(); n != 2 {
			s.Errorf("%d texts are kept for the two that are left", n)
		}
		s.patch(batch[20])
		s.patch(bos.ComponentPatch{ID: "x19", Enabled: new(false)}) // completes with its error
		s.patch(batch[19])
		if st := s.status("a"); !st.FromSnapshot || st.Errors[0].Message != text(19) {
			s.Errorf("the snapshot has lost the text of its error: %d groups", st.GroupCount)
		}
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		if n := s.store.client.HLen(s.ctx, s.store.keys.texts()).Val(); n != 0 {
			s.Errorf("%d texts are kept for nobody", n)
		}
	})
}

// Retention.

func TestRetention(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(failing("x1", "a", strings.Repeat("e", 500)))
		s.create("running")
		first := s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS})
		s.must(s.store.MarkDeleted(s.ctx, name("a")))
		s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS}) // archives the first
		s.create("b")
		s.state("b", bos.StateComplete)
		expire := func(at time.Time, want int) {
			s.Helper()
			n, err := s.store.Expire(s.ctx, at)
			s.must(err)
			if n != want {
				s.Errorf("%d sessions expired, want %d", n, want)
			}
		}
		expire(time.Now().Add(DefaultRetention-time.Minute), 0)
		expire(time.Now().Add(DefaultRetention+time.Minute), 2)
		expire(time.Now().Add(DefaultRetention+time.Minute), 0)
		if found := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: first.Incarnation}); found != nil {
			s.Errorf("expired, but still there: %+v", found)
		}
		list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, bos.Page{First: 10}, bos.Want{}, true)
		s.must(err)
		if len(list.Items) != 2 || *list.Total != 2 {
			s.Errorf("left are %v", list.Items)
		}
	})
}
