package hub

import (
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

func (w *world) list(f bos.SessionFilter, want bos.Want) *follower[*live.SessionsUpdate] {
	return follow(w, w.hub.WatchSessions(f, want))
}

// record changes a session's record, or makes it, and notifies of it.
func (w *world) record(name string, change func(*bos.Session)) *bos.Session {
	w.notify(name, w.store.write(key(name), change), true)
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return w.store.sessions[key(name)]
}

func (w *world) removed(name string) {
	w.notify(name, w.store.remove(key(name)), true)
}

func same(*bos.Session) {}

// reported writes down what has come: "+name" for what has appeared or changed, "-id".
func reported(f *follower[*live.SessionsUpdate]) []string {
	f.w.Helper()
	f.w.pass(time.Second)
	var all []string
	for _, s := range f.take() {
		if s.Whole || s.Again || s.Last || s.Empty || s.Key == "" {
			f.w.Errorf("a change that stands as %+v", s.Metadata)
		}
		switch u := s.Value; {
		case u.Session != nil && u.DeletedID == nil:
			all = append(all, "+"+u.Session.Name+" "+string(u.Session.State))
		case u.Session == nil && u.DeletedID != nil:
			all = append(all, "-"+*u.DeletedID)
		default:
			f.w.Errorf("an update with %v, %v", u.Session, u.DeletedID)
		}
	}
	if err := f.ended(); err != nil {
		f.w.Fatal(err)
	}
	return all
}

func wantUpdates(f *follower[*live.SessionsUpdate], what string, want ...string) {
	f.w.Helper()
	if got := reported(f); !slices.Equal(got, want) {
		f.w.Errorf("%s: reported %q, want %q", what, got, want)
	}
}

func TestTheListReportsWhatAppearsChangesAndIsRemoved(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("old", same)
		all := w.list(bos.SessionFilter{}, bos.Want{})
		running := bos.StateRunning
		some := w.list(bos.SessionFilter{Status: &running}, bos.Want{})
		wantUpdates(all, "at first")
		a := w.record("a", func(s *bos.Session) { s.State = bos.StatePending })
		wantUpdates(all, "appeared", "+a pending")
		wantUpdates(some, "appeared outside of the filter")
		w.record("a", func(s *bos.Session) { s.State = bos.StateRunning })
		wantUpdates(all, "changed", "+a running")
		wantUpdates(some, "came into the filter", "+a running")
		w.record("a", func(s *bos.Session) { s.TemplateName = "t" })
		wantUpdates(all, "changed", "+a running")
		wantUpdates(some, "changed", "+a running")
		w.record("a", complete)
		wantUpdates(all, "changed", "+a complete")
		wantUpdates(some, "left the filter", "-"+a.ID())
		w.removed("a")
		wantUpdates(all, "gone", "-"+a.ID())
		wantUpdates(some, "gone outside of the filter")
		w.notify("none", 99, true)
		wantUpdates(all, "never there")
	})
}

func TestTheListReportsAnotherSessionOfTheSameName(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.record("a", same)
		f := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(f, "at first")
		// Deleted and made again between two reads.
		w.store.remove(key("a"))
		again := w.record("a", same)
		wantUpdates(f, "replaced", "-"+a.ID(), "+a running")
		// BOS has deleted one: it stays as history, under another id.
		w.record("a", deleted)
		wantUpdates(f, "deleted by BOS", "+a running")
		w.store.remove(key("a"))
		w.record("a", same)
		wantUpdates(f, "archived", "+a running")
		if again.ID() == a.ID() {
			t.Error("the two have one id")
		}
	})
}

func TestTheListIsReadAgainAfterAGap(t *testing.T) {
	simulate(t, func(w *world) {
		gone := w.record("gone", same)
		w.record("changed", same)
		w.record("same", same)
		f := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(f, "at first")
		w.feed.set(lossy)
		w.removed("gone")
		w.record("changed", complete)
		w.record("new", same)
		w.hub.Subscribed()
		got := reported(f)
		slices.Sort(got)
		if want := []string{"+changed complete", "+new running", "-" + gone.ID()}; !slices.Equal(got, want) {
			t.Errorf("after a gap: reported %q, want %q", got, want)
		}
		w.record("late", same)
		w.pass(interval + repair)
		wantUpdates(f, "found by comparison", "+late running")
	})
}

func TestTheListIsReadAgainInANewEpoch(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.record("a", same), w.record("b", same)
		f := w.list(bos.SessionFilter{}, bos.Want{})
		w.pass(2 * interval)
		wantUpdates(f, "at first")
		w.store.renew("two")
		w.feed.set(lossy)
		w.record("a", func(s *bos.Session) { s.Incarnation = "another" })
		w.pass(2 * interval)
		got := reported(f)
		slices.Sort(got)
		want := []string{"+a running", "-" + a.ID(), "-" + b.ID()}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("reported %q, want %q", got, want)
		}
	})
}

// Counters change without a trace in the record of their session.
func TestAStatusOfTheListWhoseNoticeWasLostIsMadeUpFor(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("a", same)
		w.record("over", complete)
		f := w.list(bos.SessionFilter{}, bos.Want{Status: true})
		w.pass(2 * interval)
		f.take()
		w.feed.set(lossy)
		revision := w.write("a")
		w.feed.set(0)
		w.store.taken("sessions")
		w.pass(interval + repair)
		if s := f.one("what was lost"); s.Value.Session.Name != "a" || s.Value.Session.Status.Revision != revision {
			t.Errorf("shown: %+v", s.Value.Session)
		}
		if reads := w.store.taken("sessions"); len(reads) != 1 || len(reads[0].names) != 1 {
			t.Errorf("read again: %+v", reads)
		}
	})
}

// What a read that fails was to show is shown by the next.
func TestTheListLosesNothingByAFailure(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.record("a", same)
		f := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(f, "at first")
		w.store.fail(errDown)
		w.removed("a")
		w.record("b", same)
		w.pass(time.Second)
		w.store.fail(nil)
		got := reported(f)
		slices.Sort(got)
		if want := []string{"+b running", "-" + a.ID()}; !slices.Equal(got, want) {
			t.Errorf("reported %q, want %q", got, want)
		}
		// Nor does the next read after a gap, before a comparison would find it.
		w.feed.set(lossy)
		w.record("c", same)
		w.store.fail(errDown)
		w.hub.Subscribed()
		w.pass(interval / 2)
		w.store.fail(nil)
		wantUpdates(f, "after a gap", "+c running")
	})
}

// One who subscribes and then reads the list must not miss what appears after that,
// be the hub's own first read ever so late.
func TestTheListReportsWhatAppearsBeforeItsFirstRead(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("old", same)
		w.store.block()
		f := w.list(bos.SessionFilter{}, bos.Want{})
		release := w.store.next()
		w.record("a", same) // the client has read the list by now
		w.store.unblock()
		release()
		wantUpdates(f, "appeared", "+a running")
	})
}

// TestTheListReportsAChangeThatItsFirstReadHasBrought has the first watch begin, and its read be over, before the notice of what has changed since
// comes. It is shown, and only once.
func TestTheListReportsAChangeThatItsFirstReadHasBrought(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("old", same)
		revision := w.store.write(key("a"), same) // whose notice is late
		f := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(f, "before the notice")
		w.notify("a", revision, true)
		wantUpdates(f, "after the notice", "+a running")
		w.notify("a", revision, true)
		wantUpdates(f, "after another notice of the same")
		old := w.record("old", complete)
		wantUpdates(f, "after a change", "+old complete")
		w.removed("old")
		wantUpdates(f, "after its removal", "-"+old.ID())
		if n := len(w.hub.list.shown); n != 1 {
			t.Errorf("%d sessions are remembered as shown, want the one that is left", n)
		}
	})
}

// What is read for others may lack what one wants who joins meanwhile: that is read once more, for all.
func TestWhoJoinsTheListDuringAReadMissesNothing(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("a", same)
		few := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(few, "at the start")
		w.store.block()
		w.record("a", same)
		release := w.store.next()
		many := w.list(bos.SessionFilter{}, bos.Want{Status: true})
		w.record("a", complete) // its client has read the list by now
		w.store.unblock()
		release()
		wantUpdates(few, "who was there", "+a complete")
		for _, u := range many.take() {
			if u.Value.Session.Status == nil {
				t.Error("who has joined is shown less than wanted")
			}
			if u.Value.Session.State == bos.StateComplete {
				return
			}
		}
		t.Error("who has joined misses the change")
	})
}

func TestTheListFollowsStatusesOnlyIfWanted(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("a", same)
		plain := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(plain, "at first")
		w.store.taken("sessions")
		w.write("a")
		wantUpdates(plain, "a status")
		if n := len(w.store.taken("sessions")); n != 0 {
			t.Errorf("%d reads of a status that nobody wants", n)
		}

		other := "other"
		with := w.list(bos.SessionFilter{}, bos.Want{Status: true, Groups: 2})
		without := w.list(bos.SessionFilter{Name: &other}, bos.Want{Status: true})
		w.pass(time.Second)
		w.store.taken("sessions")
		revision := w.write("a")
		w.pass(tick)
		if s := with.one("a status"); s.Value.Session.Status == nil || s.Value.Session.Status.Revision != revision {
			t.Errorf("a status: %+v", s.Value.Session)
		}
		wantUpdates(without, "a status outside of the filter")
		wantUpdates(plain, "a status that is not wanted")
		if reads := w.store.taken("sessions"); len(reads) != 1 || reads[0].want[0].Groups != 2 {
			t.Errorf("reads: %+v", reads)
		}

		with.stop()
		without.stop()
		w.write("a")
		w.pass(time.Second)
		if n := len(w.store.taken("sessions")); n != 0 {
			t.Errorf("%d reads of a status that nobody wants any more", n)
		}
	})
}

func TestTheListIsReadOnceATickAndMergesWhatIsNotTaken(t *testing.T) {
	simulate(t, func(w *world) {
		w.record("a", same)
		w.record("b", same)
		f := w.list(bos.SessionFilter{}, bos.Want{Status: true})
		slow := w.hub.WatchSessions(bos.SessionFilter{}, bos.Want{Status: true})
		wantUpdates(f, "at first")
		w.store.taken("sessions")
		for range 500 {
			w.write("a")
			w.write("b")
			w.pass(2 * time.Millisecond)
		}
		w.pass(tick)
		reads := w.store.taken("sessions")
		atLeastATickBetween(w, reads)
		if n := len(f.take()); len(reads) > 12 || n > 2*12 || n < 2*9 {
			t.Errorf("%d reads, %d updates of two sessions in a second", len(reads), n)
		}
		// Who has taken nothing finds the newest of each.
		for range 2 {
			s, err := taken(slow)
			if err != nil || s.Value.Session.Status.Revision < 1000 {
				t.Errorf("%+v, %v", s.Value.Session, err)
			}
		}
		slow.Close()
		f.stop()
		w.store.taken("list")
		w.pass(time.Minute)
		if n := len(w.store.taken("list")); n != 0 {
			t.Errorf("%d reads of a list that nobody watches", n)
		}
	})
}

// TestAFilterIsReadWithWhatItLooksAt follows the sessions with failures, which their records alone do not say.
func TestAFilterIsReadWithWhatItLooksAt(t *testing.T) {
	simulate(t, func(w *world) {
		details := func(text string) func(*bos.Session) {
			return func(s *bos.Session) { s.Details = &bos.SessionDetails{Error: text} }
		}
		f := w.list(bos.SessionFilter{WithFailures: new(true)}, bos.Want{})
		wantUpdates(f, "at first")
		w.record("a", details(""))
		wantUpdates(f, "one without failures")
		w.record("b", details("no such template"))
		wantUpdates(f, "one whose set-up has failed", "+b running")
	})
}

// TestWhatChangesInTheListWithoutANoticeIsFound loses a notice without any sign of that.
func TestWhatChangesInTheListWithoutANoticeIsFound(t *testing.T) {
	simulate(t, func(w *world) {
		f := w.list(bos.SessionFilter{}, bos.Want{})
		wantUpdates(f, "at first")
		w.store.write(key("a"), same)
		w.pass(walkEvery + repair)
		wantUpdates(f, "the next time that all is read", "+a running")
		w.store.taken("list")
		w.pass(4 * walkEvery)
		if n := len(w.store.taken("list")); n < 3 || n > 4 {
			t.Errorf("all was read %d times in four times as long", n)
		}
	})
}
