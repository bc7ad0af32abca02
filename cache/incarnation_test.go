package cache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

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
		stored := s.read(name("a"))
		if stored == nil || !stored.Deleted || !stored.Status.FromSnapshot || stored.Status.Tally.Managed != 2 {
			s.Fatalf("deleted at its source it is %+v", stored)
		}
		second := s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS, StartTime: "2026-11-22T10:00:00"})
		if n := s.store.db.Client.LLen(s.ctx, s.store.db.Keys.Log("/a")).Val(); n != 0 {
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

// Retention.

func TestFrozenSessionsGoAfterTheirRetention(t *testing.T) {
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

func TestChangeLogIsCapped(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		for i := range 3 * logLength {
			s.put(failing("x1", "a", fmt.Sprint(i)))
		}
		s.applied(1)(s.store.DeleteComponents(s.ctx, []string{"x1"}))
		entries := s.store.db.Client.LRange(s.ctx, s.store.db.Keys.Log("/a"), 0, -1).Val()
		if len(entries) < logLength || len(entries) > 2*logLength {
			s.Errorf("the change log has %d entries", len(entries))
		}
		last, before := entries[len(entries)-1], entries[len(entries)-2]
		if revision := fmt.Sprint(s.status("a").Revision); last != revision+"  x1" || !strings.HasSuffix(before, " x1 ") {
			s.Errorf("at revision %s the last entries are %q and %q", revision, before, last)
		}
	})
}

// Several replicas remove what has expired at the same time: what one has removed is
// not counted by another whose attempt came too late.
func TestExpiredSessionsAreCountedOnce(t *testing.T) {
	conform(t, func(s *suite) {
		const sessions, replicas = 20, 4
		for i := range sessions {
			s.create(fmt.Sprint("s", i))
			s.state(fmt.Sprint("s", i), bos.StateComplete)
		}
		counts := make(chan int, replicas)
		for range replicas {
			go func() {
				n, err := s.store.Expire(s.ctx, time.Now().Add(DefaultRetention+time.Minute))
				if err != nil {
					s.Error(err)
				}
				counts <- n
			}()
		}
		total := 0
		for range replicas {
			total += <-counts
		}
		if total != sessions {
			s.Errorf("%d replicas counted %d of %d expired sessions", replicas, total, sessions)
		}
	})
}
