package hub

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func TestWhatSeveralWantIsReadOnce(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		few, many, details := w.status("a", bos.Want{Groups: 3}), w.status("a", bos.Want{Groups: 7}), w.status("a", bos.Want{Details: true})
		w.pass(time.Second)
		for _, f := range []*follower[*bos.Status]{few, many, details} {
			f.take()
		}
		w.store.taken("sessions")
		want := func(want bos.Want) {
			t.Helper()
			w.write("a")
			w.pass(time.Second)
			want.Status, want.Epoch = true, true
			if reads := w.store.taken("sessions"); len(reads) != 1 || reads[0].want[0] != want {
				t.Errorf("read %+v, want %+v once", reads, want)
			}
		}
		want(bos.Want{Groups: 7, Details: true})
		many.stop()
		want(bos.Want{Groups: 3, Details: true})
		details.stop()
		want(bos.Want{Groups: 3})
		if n := len(few.take()); n != 3 {
			t.Errorf("%d updates of three changes", n)
		}
	})
}

// A read that has begun does not bring what somebody has come to want since.
func TestNobodyIsShownLessThanWanted(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		few := w.status("a", bos.Want{Groups: 3})
		w.pass(time.Second)
		few.take()
		w.store.block()
		w.write("a")
		release := w.store.next()
		many := w.status("a", bos.Want{Groups: 7})
		w.store.unblock()
		release()
		w.pass(tick)
		few.last("who was there before")
		updates := many.take()
		for _, s := range updates {
			if s.Value.GroupCount < 7 {
				t.Errorf("shown with %d groups", s.Value.GroupCount)
			}
		}
		if len(updates) == 0 || updates[0].Again {
			t.Errorf("who wants more is shown %+v", updates)
		}
	})
}

// A new watch may want more than what is known when everything becomes stale.
func TestNobodyIsShownLessThanWantedWhenStale(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		few := w.status("a", bos.Want{Groups: 3})
		w.pass(time.Second)
		few.take()
		w.store.fail(errDown)
		many := w.status("a", bos.Want{Groups: 7})
		w.pass(5 * interval)
		if s := few.last("who was there before"); !s.Stale {
			t.Errorf("shown: %+v", s.Metadata)
		}
		many.none("that is not enough")
		w.store.fail(nil)
		w.pass(longestRetry + interval)
		if s := many.last("when it is back"); s.Stale || s.Value.GroupCount < 7 {
			t.Errorf("shown: %+v, %d groups", s.Metadata, s.Value.GroupCount)
		}
	})
}

// The watch that a read is due for may be closed when it begins.
func TestWhoLeavesBeforeAReadLeavesTheOthersInPeace(t *testing.T) {
	simulate(t, func(w *world) {
		w.store.place(key("a"), "x1", false)
		components := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		status := w.status("a", bos.Want{})
		w.pass(time.Second)
		components.take()
		status.take()
		w.write("a") // at once
		w.pass(tick / gathering)
		revision := w.store.place(key("a"), "x2", false)
		w.notify("a", revision, false) // a tick later
		status.stop()
		w.pass(time.Second)
		if s := components.last("the change"); s.Revision != revision {
			t.Errorf("shown: %+v", s.Metadata)
		}
		again := w.status("a", bos.Want{})
		w.pass(time.Second)
		again.one("who comes back")
	})
}

// As above, but a read has begun: more sessions are due than one round takes. One leaves
// that is being read, and the one that waits for the next.
func TestWhoLeavesDuringAReadLeavesTheOthersInPeace(t *testing.T) {
	simulate(t, func(w *world) {
		all := map[string]*follower[*bos.Status]{}
		for i := range maxRound + 1 {
			name := string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/26/26))
			w.write(name)
			all[name] = w.status(name, bos.Want{})
		}
		w.pass(time.Second)
		w.store.block()
		for name := range all {
			w.write(name)
		}
		var left *follower[*bos.Status]
		for left == nil {
			release := w.store.next()
			reads := w.store.taken("sessions")
			under := map[string]bool{}
			for _, name := range reads[len(reads)-1].names {
				under[name] = true
			}
			if len(under) == maxRound {
				for name, f := range all {
					if !under[name] {
						left = f
						delete(all, name)
					}
				}
				left.stop()
				read := reads[len(reads)-1].names[0]
				all[read].stop()
				delete(all, read)
				w.store.unblock()
			}
			release()
		}
		w.pass(time.Second)
		for name, f := range all {
			f.last(name)
		}
	})
}
