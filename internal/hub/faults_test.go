package hub

import (
	"errors"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

var errDown = errors.New("down")

func TestFailedReadsAreTriedAgainMoreAndMoreSeldom(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		f.take()
		w.store.taken("sessions")

		w.store.fail(errDown)
		down := time.Now()
		revision := w.write("a")
		w.pass(20 * time.Second)
		reads := w.store.taken("sessions")
		if n := len(reads); n < 20 || n > 30 {
			t.Errorf("%d attempts in 20 seconds", n)
		}
		for i := 1; i < len(reads); i++ {
			pause := reads[i].at.Sub(reads[i-1].at)
			if since := reads[i-1].at.Sub(reads[0].at); pause < min(since, longestRetry) || pause < firstRetry || pause > longestRetry+interval {
				t.Errorf("attempt %d comes after %v", i, pause)
			}
		}
		updates := f.take()
		if len(updates) == 0 {
			t.Fatal("nobody is shown that it may be behind")
		}
		for _, s := range updates[1:] { // for those who have joined since
			if !s.Again || !s.Stale {
				t.Errorf("shown besides: %+v", s.Metadata)
			}
		}
		s := updates[0]
		if d := s.at.Sub(down); s.Again || !s.Stale || !s.Value.Stale || !s.Value.Session.Status.Stale || s.Revision == revision || d < 3*interval || d > 4*interval {
			t.Errorf("after %v: %+v", d, s.Metadata)
		}

		w.store.fail(nil)
		w.pass(longestRetry + interval)
		if s := f.last("that it is up to date"); s.Stale || s.Value.Stale || s.Revision != revision {
			t.Errorf("after the failure: %+v", s.Metadata)
		}
	})
}

func TestAShortFailureIsNotShown(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		f.take()
		w.store.fail(errDown)
		revision := w.write("a")
		w.pass(2 * time.Second)
		f.none("while it fails")
		w.store.fail(nil)
		w.pass(2 * time.Second)
		for _, s := range f.take() {
			if s.Stale || s.Revision != revision {
				t.Errorf("shown: %+v", s.Metadata)
			}
		}
	})
}

func TestSilenceOfTheFeedIsShownAsStale(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		f.take()
		w.feed.set(silent | lossy)
		start := time.Now()
		w.pass(10 * time.Second)
		if s := f.one("silence"); !s.Stale || s.Last || s.at.Sub(start) < 2*interval || s.at.Sub(start) > 4*interval {
			t.Errorf("after %v: %+v", s.at.Sub(start), s.Metadata)
		}
		late := w.status("a", bos.Want{})
		w.pass(time.Second)
		if s := late.last("who joins meanwhile"); !s.Stale {
			t.Errorf("who joins meanwhile is shown %+v", s.Metadata)
		}
		// What a comparison finds meanwhile is shown, but nothing of it is promised to be the last.
		w.write("a", complete)
		w.pass(2 * repair)
		if s := f.last("the end, by comparison"); !s.Stale || s.Last || s.Value.State() != bos.StateComplete {
			t.Errorf("the end is shown as %+v", s.Metadata)
		}
		w.feed.set(0)
		w.pass(2 * interval)
		if s := f.last("the end"); s.Stale || !s.Last {
			t.Errorf("when it is back: %+v", s.Metadata)
		}
	})
}

func TestALostNoticeIsMadeUpFor(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		c := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		w.pass(time.Second)
		f.take()
		c.take()
		w.feed.set(lossy)
		revision := w.store.place(key("a"), "x1", false)
		w.pass(repair + tick)
		if s := f.one("of a status"); s.Revision != revision || s.Stale {
			t.Errorf("shown: %+v", s.Metadata)
		}
		if s := c.one("of components"); s.Revision != revision || len(s.Value.Components) != 1 {
			t.Errorf("shown: %+v", s)
		}
	})
}

func TestADeletionWhoseNoticeWasLostIsNoticed(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		c := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		w.pass(time.Second)
		w.feed.set(lossy)
		w.removed("a")
		w.feed.set(0)
		w.pass(repair + interval)
		if bos.CodeOf(f.ended()) != bos.NotFound || bos.CodeOf(c.ended()) != bos.NotFound {
			t.Errorf("ended with %v and %v", f.ended(), c.ended())
		}
	})
}

// TestRevisionsAreComparedOnlyIfNoticesWereLost shows that they are then compared once, and again if that fails.
func TestRevisionsAreComparedOnlyIfNoticesWereLost(t *testing.T) {
	simulate(t, func(w *world) {
		w.status("a", bos.Want{})
		for range 10 {
			w.write("a")
			w.pass(repair)
		}
		if n := len(w.store.taken("revisions")); n != 0 {
			t.Errorf("they are compared %d times, and all notices have come", n)
		}
		w.feed.set(lossy)
		w.write("a")
		w.feed.set(0)
		w.pass(3 * repair)
		if n := len(w.store.taken("revisions")); n != 1 {
			t.Errorf("they are compared %d times after a loss, want once", n)
		}
		w.feed.set(lossy)
		w.feed.set(0)
		w.store.fail(errDown)
		w.pass(2 * repair)
		w.store.fail(nil)
		w.store.taken("revisions")
		w.pass(repair)
		if n := len(w.store.taken("revisions")); n != 1 {
			t.Errorf("they are compared %d times after a comparison that failed, want once", n)
		}
	})
}

func TestAFeedThatCannotSubscribeIsNotWaitedForLong(t *testing.T) {
	simulate(t, func(w *world) {
		w.hub.Interrupted()
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(interval / 2)
		f.none("before changes are notified")
		w.pass(interval)
		f.one("all the same")
	})
}

func TestAfterAGapOfTheFeedEverythingIsReadAgain(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		f.take()
		w.hub.Interrupted()
		revision := w.store.write(key("a"))
		w.hub.Subscribed()
		w.pass(tick)
		if s := f.last("what was missed"); s.Revision != revision {
			t.Errorf("shown: %+v", s.Metadata)
		}
	})
}

func TestANewEpochIsReadFromTheStart(t *testing.T) {
	simulate(t, func(w *world) {
		for _, name := range []string{"a", "b"} {
			for range 10 {
				w.write(name)
			}
		}
		a, b := w.status("a", bos.Want{}), w.status("b", bos.Want{})
		of := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		w.pass(2 * interval)
		old := a.last("the first state")
		b.take()
		of.take()

		w.store.renew("two")
		w.feed.set(lossy)
		revision := w.write("a") // written again before anybody has looked, with a lower revision
		w.pass(2 * interval)
		if s := a.last("after it has come back"); s.Stale || s.Epoch != "two" || s.Revision != revision || s.Revision >= old.Revision {
			t.Errorf("what was written again is shown as %+v", s.Metadata)
		}
		if s := of.last("after it has come back"); !s.Value.Resync || s.Epoch != "two" {
			t.Errorf("its components are shown as %+v", s)
		}
		// The other is not there yet: its watches are shown that, and wait.
		if s := b.last("that it is missing"); !s.Stale || s.Epoch != "one" || s.Last {
			t.Errorf("what is missing is shown as %+v", s.Metadata)
		}
		w.feed.set(0)
		w.pass(time.Minute)
		b.none("while it is missing")
		late := w.status("b", bos.Want{})
		w.pass(time.Second)
		if s := late.last("who joins meanwhile"); !s.Stale || s.Epoch != "one" {
			t.Errorf("who joins meanwhile is shown %+v", s.Metadata)
		}
		revision = w.write("b")
		w.pass(tick)
		for _, f := range []*follower[*bos.Status]{b, late} {
			if s := f.last("when it is back"); s.Stale || s.Epoch != "two" || s.Revision != revision {
				t.Errorf("when it is back: %+v", s.Metadata)
			}
		}
	})
}

func TestComponentsOfASessionThatIsMissingInANewEpochComeBack(t *testing.T) {
	simulate(t, func(w *world) {
		w.store.place(key("a"), "x1", false)
		f := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		w.pass(2 * interval)
		f.take()
		w.store.renew("two")
		w.pass(time.Minute)
		f.none("while it is missing")
		w.notify("a", w.store.place(key("a"), "x2", false), false)
		w.pass(interval)
		if s := f.last("when it is back"); !s.Value.Resync || s.Epoch != "two" {
			t.Errorf("when it is back: %+v", s)
		}
	})
}

// Redis may come back with less than it had, and only later with another epoch.
func TestARevisionIsNotTakenBackWithinAnEpoch(t *testing.T) {
	simulate(t, func(w *world) {
		for range 9 {
			w.write("a")
		}
		f := w.status("a", bos.Want{})
		w.pass(2 * interval)
		f.take()
		w.store.renew("one")
		w.write("a")
		w.hub.Subscribed()
		w.pass(2 * interval)
		f.none("of what is older")
		w.store.mu.Lock()
		w.store.epoch = "two"
		w.store.mu.Unlock()
		w.pass(2 * interval)
		if s := f.last("of the new epoch"); s.Revision != 1 || s.Epoch != "two" || s.Stale {
			t.Errorf("shown: %+v", s.Metadata)
		}
	})
}

// One who joins while nothing can be read is shown what is known.
func TestWhoJoinsDuringAFailureIsShownWhatIsKnown(t *testing.T) {
	simulate(t, func(w *world) {
		revision := w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		f.take()
		w.store.fail(errDown)
		w.write("a")
		w.pass(5 * interval)
		late := w.status("a", bos.Want{})
		w.pass(longestRetry + tick)
		if s := late.last("who joins"); !s.Stale || s.Revision != revision || s.Read < late.need {
			t.Errorf("needs read %d, is shown %+v", late.need, s.Metadata)
		}
	})
}

// TestAfterAnInterruptionWhatIsDeletedEnds deletes one session while the feed is interrupted, and one when it works again: nobody waits
// for them to be written again.
func TestAfterAnInterruptionWhatIsDeletedEnds(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("meanwhile")
		w.write("after")
		meanwhile, after := w.status("meanwhile", bos.Want{}), w.status("after", bos.Want{})
		w.pass(2 * interval)
		w.hub.Interrupted()
		w.store.remove(key("meanwhile"))
		w.hub.Subscribed()
		w.pass(2 * interval)
		w.removed("after")
		w.pass(interval)
		for what, f := range map[string]*follower[*bos.Status]{"meanwhile": meanwhile, "after": after} {
			if err := f.ended(); bos.CodeOf(err) != bos.NotFound {
				t.Errorf("%s: ended with %v", what, err)
			}
		}
	})
}

// TestWhoJoinsWhileBOSIsLostIsShownThat has nothing read of a session yet when the sync from BOS reports that it is behind.
func TestWhoJoinsWhileBOSIsLostIsShownThat(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a", func(s *bos.Session) { s.Source = bos.SourceBOS })
		w.store.block()
		f := w.status("a", bos.Want{})
		release := w.store.next()
		w.hub.Silent(true, true)
		w.store.unblock()
		release()
		w.pass(interval)
		if s := f.one("the first state"); !s.Stale {
			t.Errorf("the first state: %+v", s.Metadata)
		}
	})
}
