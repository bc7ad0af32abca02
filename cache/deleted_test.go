package cache

import (
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// A session that BOS has deleted before it was complete keeps the state and the counts
// that it had, and gets no end.
func TestASessionDeletedWhileRunningKeepsItsState(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		s.put(failing("x1", "a", "broken"), component("x2", "a"), component("x3", "b"))
		for _, name := range []string{"a", "b"} {
			running := sourceSession(name, bos.StateRunning)
			running.StartTime = bos.TimeOf(time0.Now())
			s.must(s.store.KeepSession(s.ctx, running))
		}
		pending := sourceSession("p", bos.StatePending)
		s.must(s.store.KeepSession(s.ctx, pending))
		first := s.since("a", nil)
		s.must(s.store.MarkDeleted(s.ctx, name("a")))
		s.must(s.store.MarkDeleted(s.ctx, name("p")))
		if stored, frozen, err := s.store.CountSessions(s.ctx); stored != 3 || frozen != 2 || err != nil {
			s.Errorf("of %d sessions %d change no more: %v", stored, frozen, err)
		}
		before := pairs(s.dump())
		s.must(s.store.MarkDeleted(s.ctx, name("a"))) // once is enough
		if after := pairs(s.dump()); after != before {
			s.Error("deleted twice, it was written twice")
		}
		s.patch(done("x1"), done("x2")) // the components continue without it

		now := s.read(name("a"))
		st := now.Status
		if !now.Deleted || !now.Unfinished() || now.State != bos.StateRunning || now.EndTime != "" || now.Note() != "deleted at BOS while running" {
			s.Errorf("deleted, it is %+v", now)
		}
		if !st.FromSnapshot || st.Managed() != 2 || st.Tally.Active != 2 || st.Tally.Successful != 0 || st.GroupCount != 1 ||
			st.Errors[0].Message != "broken" || st.Timing.EndTime != "" {
			s.Errorf("its status is %+v", st)
		}
		took := st.Timing.Duration
		time0.pass(time.Hour)
		if later := s.status("a"); later.Timing.Duration != took || later.EstimatedEndTime() != nil {
			s.Errorf("its duration was %v, and is %v an hour later", took, later.Timing.Duration)
		}
		if c := s.since("a", first); !c.Unfinished || c.State != bos.StateRunning {
			s.Errorf("its changes are %+v", c)
		}
		if p := s.read(name("p")); p.State != bos.StatePending || p.Note() != "deleted at BOS while pending" {
			s.Errorf("one that did not run is %+v", p)
		}
		if found, err := s.store.Stragglers(s.ctx, now, 10, false); err != nil || len(found) != 0 {
			s.Errorf("it has stragglers %v, %v", found, err)
		}
		state := bos.StateRunning
		list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{Status: &state}, bos.Page{First: 10}, bos.Want{}, false)
		s.must(err)
		if len(list.Items) != 1 || list.Items[0].Name != "b" {
			s.Errorf("%d sessions run", len(list.Items))
		}
		if n, err := s.store.Expire(s.ctx, time.Now().Add(s.store.options.Retention+time.Hour)); err != nil || n != 2 {
			s.Errorf("expired %d, %v", n, err)
		}
		if s.read(name("a")) != nil {
			s.Error("it is still there when its retention has ended")
		}
	})
}

// The same where its name is taken at once.
func TestASessionReplacedWhileRunningBecomesHistory(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		first := s.read(name("a"))
		next := sourceSession("a", bos.StateRunning)
		next.StartTime = "2026-11-22T10:00:00"
		s.must(s.store.KeepSession(s.ctx, next))
		past := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: first.Incarnation, Want: everything})
		if past == nil || past.State != bos.StateRunning || !past.Unfinished() || past.EndTime != "" || past.Status.Managed() != 1 {
			s.Errorf("the history is %+v", past)
		}
		if now := s.read(name("a")); now.Deleted || now.State != bos.StateRunning || now.Status.FromSnapshot {
			s.Errorf("the new one is %+v", now)
		}
	})
}

// A session that BOS sets back from complete continues as another incarnation.
func TestASessionSetBackFromCompleteIsAnotherIncarnation(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		complete := sourceSession("a", bos.StateComplete)
		complete.Saved = saved(s.T, savedText, true)
		s.must(s.store.KeepSession(s.ctx, complete))
		first := s.read(name("a"))
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		now := s.read(name("a"))
		if now.Incarnation == first.Incarnation || now.State != bos.StateRunning || now.EndTime != "" || now.Status.FromSnapshot ||
			now.Status.Saved != nil || now.Status.Managed() != 1 || now.Status.Revision <= first.Status.Revision {
			s.Errorf("set back, it is %+v, %+v", now, now.Status)
		}
		past := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: first.Incarnation, Want: everything})
		if past == nil || past.State != bos.StateComplete || past.EndTime != first.EndTime || past.Status.Saved.Text != savedText ||
			past.Removal != bos.RemovalReopened || !strings.Contains(past.Note(), "set it back") {
			s.Errorf("the history is %+v", past)
		}
		if found, err := s.store.SessionStarted(s.ctx, name("a"), complete.StartTime); err != nil || found != now.Incarnation {
			s.Errorf("by its start it is %s, %v", found, err)
		}
		again := complete
		again.EndTime, again.Saved = "2026-11-22T11:00:00", nil
		s.must(s.store.KeepSession(s.ctx, again))
		if end := s.read(name("a")); end.Incarnation != now.Incarnation || end.EndTime != again.EndTime || !end.Status.FromSnapshot {
			s.Errorf("complete again, it is %+v", end)
		}
	})
}

// A status that BOS saves again replaces the one before, which stays as history; what
// was counted here, and who has missed what of the change log, stays as it was.
func TestARevisedEndKeepsTheEarlierAsHistory(t *testing.T) {
	conform(t, func(s *suite) {
		long := strings.Repeat("long ", 100)
		s.put(failing("x1", "a", long), component("x2", "a"))
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		s.patch(done("x2")) // so that there is a change log
		complete := sourceSession("a", bos.StateComplete)
		complete.Saved = saved(s.T, savedText, true)
		s.must(s.store.KeepSession(s.ctx, complete))
		first, seen := s.read(name("a")), s.since("a", nil)

		again := complete
		again.EndTime = "2026-11-22T09:45:00"
		again.Saved = saved(s.T, strings.ReplaceAll(savedText, "30000", "29999"), true)
		s.must(s.store.ReviseSession(s.ctx, again))
		now := s.read(name("a"))
		if now.Incarnation != first.Incarnation || now.Deleted || now.EndTime != again.EndTime || now.Version == first.Version ||
			now.Status.Managed() != 29999 || now.Status.Tally != first.Status.Tally || now.Status.Revision <= first.Status.Revision {
			s.Errorf("revised, it is %+v, %+v", now, now.Status)
		}
		list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{Name: new("a")}, bos.Page{First: 10}, everything, false)
		s.must(err)
		var past *bos.Session
		for _, one := range list.Items {
			if one.Deleted {
				past = one
			}
		}
		if len(list.Items) != 2 || past != list.Items[1] || past.Status.Managed() != 30000 || past.EndTime != complete.EndTime ||
			past.Removal != bos.RemovalResaved || past.Status.Revision != first.Status.Revision || past.Status.Tally != first.Status.Tally {
			s.Errorf("%d of that name, the earlier one %+v", len(list.Items), past)
		}
		if found, err := s.store.SessionStarted(s.ctx, name("a"), complete.StartTime); err != nil || found != now.Incarnation {
			s.Errorf("by its start it is %s, %v", found, err)
		}
		s.changed(s.since("a", seen), nil, nil)
		s.must(s.store.db.Client.Del(s.ctx, s.store.db.Keys.Log("/a")).Err()) // it has expired
		s.patch(done("x1"))                                                   // begins another log
		s.missed(s.since("a", seen))

		if n, err := s.store.Expire(s.ctx, time.Now().Add(s.store.options.Retention+time.Hour)); err != nil || n != 2 {
			s.Errorf("expired %d, %v", n, err)
		}
		for _, spoil := range []func(*bos.SourceSession){
			func(r *bos.SourceSession) { r.StartTime = "2026-11-22T08:00:00" },
			func(r *bos.SourceSession) { r.Saved = nil },
		} {
			s.must(s.store.KeepSession(s.ctx, complete))
			before := pairs(s.dump())
			other := again
			spoil(&other)
			s.must(s.store.ReviseSession(s.ctx, other))
			if pairs(s.dump()) != before {
				s.Errorf("revised by %+v", other)
			}
		}
	})
}
