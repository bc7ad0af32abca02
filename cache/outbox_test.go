package cache

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// noted returns the events of the outbox, oldest first.
func (s *suite) noted() []bos.Event {
	s.Helper()
	messages, err := s.store.xrange(s.ctx, s.store.db.Keys.Outbox(), "-", 1000)
	s.must(err)
	events := make([]bos.Event, len(messages))
	for i, m := range messages {
		events[i], err = entryOf(m).event()
		s.must(err)
	}
	return events
}

// said writes events as texts: kind, share, and the counts of their sessions.
func said(events []bos.Event) []string {
	texts := []string{}
	for _, e := range events {
		text := string(e.Kind)
		if e.Above > 0 {
			text += fmt.Sprint(" ", e.Above)
		}
		if e.Session != nil {
			text += fmt.Sprintf(" %s %d/%d", e.Session.Name, e.Session.Status.Tally.Failed, e.Session.Status.Tally.Managed)
		}
		texts = append(texts, text)
	}
	return texts
}

func failedIn(id string) bos.ComponentPatch {
	return bos.ComponentPatch{ID: id, Enabled: new(false), Error: new("broken"), Status: &bos.StatusPatch{StatusOverride: new("failed")}}
}

func TestTheWriteThatChangesASessionNotesItsEvents(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"), component("x2", "a"), component("x3", "a"), component("x4", "a"))
		s.create("a")
		s.store.NoteEvents(true, []int{60, 20, 60})
		s.state("a", bos.StateRunning)
		s.patch(failedIn("x1"))
		repaired := component("x1", "a")
		repaired.Error, repaired.Status.StatusOverride = new(""), new("")
		s.patch(repaired)
		s.patch(failedIn("x1")) // was noted
		s.patch(failedIn("x2"))
		s.patch(failedIn("x3"), done("x4")) // above 60, and the end
		s.patch(bos.ComponentPatch{ID: "x3", Error: new("later")})
		events := s.noted()
		s.equal(said(events), []string{
			"session.started a 0/4", "session.first_failure a 1/4", "session.failures_above 20 a 1/4",
			"session.failures_above 60 a 3/4", "session.completed a 3/4",
		}, "events")
		one := s.readAs(bos.SessionRead{SessionKey: name("a"), Want: bos.Want{Status: true, Details: true}}) // what an event has
		end := events[4]
		if end.Session.Status.Tally != one.Status.Tally || end.Session.EndTime != one.EndTime || !end.Session.Status.FromSnapshot ||
			end.Session.Status.Revision != one.Status.Revision || end.Session.TemplateName != "compute" || time.Since(end.Time) > time.Minute {
			s.Errorf("the last event has %+v, %+v, and the session is %+v", end.Session, end.Session.Status, one.Status)
		}
		ids := []string{}
		for _, e := range events {
			ids = append(ids, strings.TrimPrefix(e.ID, one.Incarnation+"."))
		}
		s.equal(ids, []string{"started", "first_failure", "failures_above.20", "failures_above.60", "completed"}, "ids")

		s.store.NoteEvents(false, nil)
		s.put(component("x5", "b"))
		s.create("b")
		s.state("b", bos.StateRunning)
		if n := len(s.noted()); n != 5 {
			s.Errorf("%d events, though no more were to be noted", n)
		}
	})
}

func TestAnEndOfWeeksAgoIsNoNews(t *testing.T) {
	conform(t, func(s *suite) {
		s.store.NoteEvents(true, nil)
		s.must(s.store.KeepSession(s.ctx, sourceSession("old", bos.StateComplete)))
		lately := sourceSession("lately", bos.StateComplete)
		lately.StartTime, lately.EndTime = bos.TimeOf(time.Now().Add(-time.Hour)), bos.TimeOf(time.Now().Add(-time.Minute))
		s.must(s.store.KeepSession(s.ctx, lately))
		s.must(s.store.KeepSession(s.ctx, sourceSession("running", bos.StateRunning)))
		s.must(s.store.KeepSession(s.ctx, sourceSession("running", bos.StateRunning)))
		s.must(s.store.KeepSession(s.ctx, sourceSession("running", bos.StateComplete)))
		s.must(s.store.KeepSession(s.ctx, sourceSession("deleted", bos.StatePending)))
		s.must(s.store.MarkDeleted(s.ctx, name("deleted")))
		events := s.noted()
		s.equal(said(events), []string{
			"session.completed lately 0/0", "session.completed running 0/0", "session.completed deleted 0/0",
		}, "events")
		if !events[2].Session.Unfinished() {
			s.Errorf("of the deleted session it says %+v", events[2].Session)
		}
	})
}

// TestASweepIsEvaluatedAsAWhole writes what BOS has in parts, of which the first have all failures.
func TestASweepIsEvaluatedAsAWhole(t *testing.T) {
	conform(t, func(s *suite) {
		s.store.NoteEvents(true, []int{10, 30})
		swept := func() { s.must(s.store.Swept(s.ctx, []bos.SessionKey{name("a"), name("quiet")})) }
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		s.must(s.store.KeepSession(s.ctx, sourceSession("quiet", bos.StateRunning)))
		broken := component("x1", "a")
		broken.Enabled, broken.Error, broken.Status.StatusOverride = new(false), new("broken"), new("failed")
		s.put(broken)
		s.put(component("x2", "a"), component("x3", "a"), component("x4", "a"))
		s.equal(said(s.noted()), []string{}, "events of a sweep that is not whole")
		if p := s.readAs(bos.SessionRead{SessionKey: name("a"), Want: bos.Want{Status: true, Progress: true}}).Status.Progress; len(p) != 1 || p[0].Tally.Managed != 4 {
			s.Errorf("before it was swept, the session went %+v", p)
		}
		swept()
		want := []string{"session.started a 1/4", "session.first_failure a 1/4", "session.failures_above 10 a 1/4", "session.started quiet 0/0"}
		s.equal(said(s.noted()), want, "events")
		revision := s.status("a").Revision
		swept()
		if now := s.status("a").Revision; now != revision {
			s.Errorf("a sweep without news has made revision %d of %d", now, revision)
		}

		// Another session takes three of the four, in two parts, and one of the three is back before the sweep is whole.
		s.put(component("x2", "b"), component("x3", "b"), component("x4", "b"))
		s.put(component("x3", "a"), component("x4", "a"))
		running := sourceSession("a", bos.StateRunning)
		running.Limit = "x1,x3,x4"
		s.must(s.store.KeepSession(s.ctx, running)) // another record is no sweep either
		s.equal(said(s.noted()), want, "events between two sweeps")
		swept()
		want = append(want, "session.failures_above 30 a 1/3")
		s.equal(said(s.noted()), want, "events")
		swept()
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateComplete)))
		swept() // it is complete
		s.equal(said(s.noted()), append(want, "session.completed a 1/3"), "events")
	})
}

func TestAStallIsNotedOnce(t *testing.T) {
	conform(t, func(s *suite) {
		s.store.NoteEvents(true, nil)
		s.put(component("x1", "a"), component("x2", "a"))
		s.create("a")
		s.state("a", bos.StateRunning)
		stall := func(once bool) { s.must(s.store.NoteStalled(s.ctx, s.read(name("a")), "nothing has changed", once)) }
		stall(true)
		stall(false)
		s.patch(done("x1"))
		stall(true)
		stall(false)
		s.patch(done("x2"))
		stall(false) // complete
		events := s.noted()
		s.equal(said(events), []string{"session.started a 0/2", "session.stalled a 0/2", "session.stalled a 0/2", "session.completed a 0/2"}, "events")
		if events[1].ID == events[2].ID || events[1].Reason != "nothing has changed" {
			s.Errorf("two stalls: %+v and %+v", events[1], events[2])
		}
	})
}

func TestALostSyncIsNotedOnceAndSoIsItsReturn(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewSenderLease(time.Minute), s.open(nil).NewSenderLease(time.Minute)
		mine := a.During(s.hold(a, ""))
		for _, reason := range []string{"", "BOS answers 503", "BOS answers 503"} {
			s.must(mine.NoteSync(s.ctx, reason))
		}
		s.must(a.Release(s.ctx))
		theirs := b.During(s.hold(b, ""))
		for _, reason := range []string{"BOS answers 503", "", ""} {
			s.must(theirs.NoteSync(s.ctx, reason))
		}
		events := s.noted()
		s.equal(said(events), []string{"sync.lost", "sync.restored"}, "events")
		if events[0].Reason != "BOS answers 503" || events[0].ID == "" || events[0].ID == events[1].ID {
			s.Errorf("got %+v", events)
		}
	})
}

func TestEventsGoThroughQueuesOfTheirTargets(t *testing.T) {
	conform(t, func(s *suite) {
		s.store.NoteEvents(true, nil)
		for _, one := range []string{"a", "b"} {
			s.create(one)
			s.state(one, bos.StateRunning) // and is complete: it has no components
		}
		lease := s.store.NewSenderLease(time.Minute)
		sender := lease.During(s.hold(lease, ""))
		match := func(e *bos.Event) []string {
			if e.Session.Name == "b" {
				return []string{"all", "some"}
			}
			return []string{"all"}
		}
		for _, want := range []int{3, 1, 0} {
			if n, err := sender.Distribute(s.ctx, 3, match); n != want || err != nil {
				s.Fatalf("distributed %d (%v), want %d", n, err, want)
			}
		}
		queued := func(target string) []bos.Delivery {
			all, err := s.store.Queued(s.ctx, target, "", 10)
			s.must(err)
			return all
		}
		events := func(all []bos.Delivery) (events []bos.Event) {
			for _, d := range all {
				events = append(events, d.Event)
			}
			return events
		}
		all := queued("all")
		s.equal(said(events(all)), []string{"session.started a 0/0", "session.completed a 0/0", "session.started b 0/0", "session.completed b 0/0"}, "queue")
		if rest, err := s.store.Queued(s.ctx, "all", all[1].Position, 1); err != nil || len(rest) != 1 || rest[0].Position != all[2].Position {
			s.Errorf("behind the second are %+v, %v", rest, err)
		}
		if len(queued("some")) != 2 || len(s.noted()) != 0 {
			s.Errorf("the other queue has %+v, the outbox %+v", queued("some"), s.noted())
		}

		s.must(s.store.Delivered(s.ctx, "all", all[0].Position))
		next := time.UnixMilli(time.Now().Add(time.Hour).UnixMilli())
		all[1].Attempts, all[1].Next, all[1].Reason = 3, next, "answered 500 to a request"
		s.must(s.store.Failed(s.ctx, "all", all[1]))
		if got := queued("all"); len(got) != 3 || got[0].Attempts != 3 || !got[0].Next.Equal(next) || got[0].Reason != all[1].Reason {
			s.Errorf("after a failure the queue has %+v", got)
		}
		s.must(sender.GiveUp(s.ctx, "all", all[1]))
		s.must(sender.GiveUp(s.ctx, "all", all[1])) // it is not there any more
		dead, err := s.store.GivenUp(s.ctx, "all", 10)
		s.must(err)
		if len(dead) != 1 || dead[0].Event.ID != all[1].Event.ID || dead[0].Attempts != 3 || dead[0].Reason != all[1].Reason {
			s.Errorf("given up: %+v", dead)
		}
		if outbox, queues, given, err := s.store.QueueLengths(s.ctx, []string{"all", "some"}); err != nil || outbox != 0 ||
			!slices.Equal(queues, []int{2, 2}) || !slices.Equal(given, []int{1, 0}) {
			s.Errorf("lengths: %d, %v, %v, %v", outbox, queues, given, err)
		}
		if n, err := s.store.Retry(s.ctx, "all"); n != 1 || err != nil {
			s.Errorf("retried %d, %v", n, err)
		}
		if got := queued("all"); len(got) != 3 || got[2].Event.ID != all[1].Event.ID || got[2].Attempts != 0 {
			s.Errorf("after the retry the queue has %+v", got)
		}

		s.must(lease.Release(s.ctx))
		another := s.open(nil).NewSenderLease(time.Minute)
		now := another.During(s.hold(another, ""))
		s.create("c")
		s.state("c", bos.StateRunning)
		if _, err := sender.Distribute(s.ctx, 3, match); !errors.Is(err, bos.ErrTenureEnded) {
			s.Errorf("one whose tenure has ended distributes: %v", err)
		}
		if err := sender.GiveUp(s.ctx, "all", all[2]); !errors.Is(err, bos.ErrTenureEnded) {
			s.Errorf("one whose tenure has ended gives up: %v", err)
		}
		s.must(s.store.NoteTarget(s.ctx, "all", "{}"))
		s.must(now.ForgetTarget(s.ctx, "all"))
		if notes, err := s.store.Targets(s.ctx); err != nil || len(notes) != 0 || len(queued("all")) != 0 {
			s.Errorf("what is left of a target: %v, %v", notes, err)
		}
	})
}

func TestAFullOutboxIsCounted(t *testing.T) {
	conform(t, func(s *suite) {
		if strings.HasSuffix(s.Name(), "/miniredis") {
			s.Skip("takes long there, and the script is the same")
		}
		fill := func(n int) {
			s.must(s.store.db.Pipelined(s.ctx, func(pipe redis.Pipeliner) {
				for range n {
					pipe.Do(s.ctx, "XADD", s.store.db.Keys.Outbox(), "*", "event", "other")
				}
			}))
		}
		for range 10 {
			fill(schema.OutboxLength / 10)
		}
		s.store.NoteEvents(true, nil)
		s.create("a")
		s.state("a", bos.StateRunning)
		if st := s.status("a"); st.State() != bos.StateComplete {
			s.Errorf("with a full outbox the session is %s", st.State())
		}
		if n, err := s.store.Unnoted(s.ctx); n != 2 || err != nil {
			s.Errorf("%d events had no room (%v), want 2", n, err)
		}
		s.must(s.store.db.Client.Del(s.ctx, s.store.db.Keys.Outbox()).Err())
	})
}
