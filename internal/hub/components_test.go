package hub

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

func (w *world) components(name string, pace time.Duration) *follower[*live.ComponentsUpdate] {
	return follow(w, w.hub.WatchComponents(key(name), false, pace))
}

// place changes a session's components and notifies of it.
func (w *world) place(name, id string, removed bool) int64 {
	revision := w.store.place(key(name), id, removed)
	w.notify(name, revision, false)
	return revision
}

func ids(u *live.ComponentsUpdate) []string {
	found := []string{}
	for _, c := range u.Components {
		found = append(found, c.ID)
	}
	return found
}

func TestComponentsBeginWithAResyncAndGoOnWithChanges(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		f := w.components("a", 0)
		w.pass(time.Second)
		if s := f.one("the beginning"); !s.Value.Resync || !s.Whole || s.Again || s.Empty || len(s.Value.Components) != 0 || s.Revision != 1 {
			t.Errorf("the beginning: %+v", s)
		}
		w.place("a", "x1", false)
		w.pass(tick / gathering)
		if s := f.one("a change"); s.Value.Resync || s.Whole || !slices.Equal(ids(s.Value), []string{"x1"}) || s.Value.Revision != 2 {
			t.Errorf("a change: %+v", s)
		}
		w.place("a", "x3", false)
		w.place("a", "x2", false)
		w.place("a", "x3", false)
		w.place("a", "x1", true)
		w.pass(time.Second)
		s := f.one("several changes")
		if !slices.Equal(ids(s.Value), []string{"x2", "x3"}) || !slices.Equal(s.Value.Removed, []string{"x1"}) || s.Revision != 6 {
			t.Errorf("several changes: %v, %+v", ids(s.Value), s)
		}
	})
}

// Between the read of the change log and that of the components one may leave, or be deleted. One that is staged in the
// session has not left it.
func TestAComponentThatLeavesMeanwhileIsRemoved(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		w.place("a", "x9", false)
		f := w.components("a", 0)
		w.pass(time.Second)
		f.take()
		w.store.block()
		w.place("a", "x1", false)
		w.place("a", "x2", false)
		w.place("a", "x3", false)
		w.place("a", "x4", false)
		w.place("a", "x9", true)
		w.store.next()() // of the change log
		release := w.store.next()
		w.store.mu.Lock()
		w.store.components["x1"].Session = "b"
		delete(w.store.components, "x3")
		w.store.components["x4"].Session, w.store.components["x4"].StagedState = "b", &bos.StagedState{Session: "a"}
		w.store.mu.Unlock()
		w.store.unblock()
		release()
		w.pass(time.Second)
		s := f.one("the change")
		if !slices.Equal(ids(s.Value), []string{"x2", "x4"}) || !slices.Equal(s.Value.Removed, []string{"x1", "x3", "x9"}) {
			t.Errorf("%v, removed %v", ids(s.Value), s.Value.Removed)
		}
	})
}

func TestComponentsComeAtTheirPace(t *testing.T) {
	simulate(t, func(w *world) {
		const pace = 700 * time.Millisecond
		w.place("a", "x0", false)
		f := w.components("a", pace)
		w.pass(time.Second)
		f.take()
		want := map[string]bool{}
		for i := range 100 {
			id := fmt.Sprint("x", i)
			want[id] = true
			w.place("a", id, false)
			w.pass(20 * time.Millisecond)
		}
		w.pass(pace)
		updates := f.take()
		if n := len(updates); n < 3 || n > 4 {
			t.Errorf("%d updates in two seconds", n)
		}
		for i, s := range updates {
			if i > 0 && s.at.Sub(updates[i-1].at) < pace {
				t.Errorf("two updates within %v", s.at.Sub(updates[i-1].at))
			}
			for _, id := range ids(s.Value) {
				delete(want, id)
			}
		}
		if len(want) > 0 {
			t.Errorf("never shown: %v", want)
		}
	})
}

// What ends a session is a change of its record. Each of these comes within the pace, after a change that waits for it.
func TestTheEndOfComponentsDoesNotWaitForTheirPace(t *testing.T) {
	const pace = time.Hour
	// waiting follows a session with a change that is not due for nearly all of the pace.
	waiting := func(w *world) *follower[*live.ComponentsUpdate] {
		w.place("a", "x0", false)
		f := w.components("a", pace)
		w.pass(time.Second)
		f.one("the beginning")
		w.place("a", "x1", false)
		w.pass(time.Second)
		f.none("a change within the pace")
		return f
	}
	wantEnd := func(w *world, f *follower[*live.ComponentsUpdate]) {
		w.Helper()
		if s := f.one("the end"); !s.Last || s.Value.Resync || !slices.Equal(ids(s.Value), []string{"x1"}) {
			w.Errorf("the end: %+v with %v", s, ids(s.Value))
		}
	}
	for _, test := range []struct {
		name string
		ends func(w *world, f *follower[*live.ComponentsUpdate])
	}{
		{"complete", func(w *world, f *follower[*live.ComponentsUpdate]) {
			w.record("a", complete)
			w.pass(tick)
			wantEnd(w, f)
		}},
		{"complete, then deleted", func(w *world, f *follower[*live.ComponentsUpdate]) {
			w.record("a", complete)
			w.pass(tick)
			w.removed("a")
			w.pass(tick)
			wantEnd(w, f)
		}},
		{"complete, then deleted and made again", func(w *world, f *follower[*live.ComponentsUpdate]) {
			w.record("a", complete)
			w.pass(tick)
			w.removed("a")
			w.record("a", same)
			wantEnd(w, f)
		}},
		{"deleted", func(w *world, f *follower[*live.ComponentsUpdate]) {
			w.removed("a")
			w.pass(tick)
			if err := f.ended(); bos.CodeOf(err) != bos.NotFound {
				w.Errorf("ended with %v", err)
			}
		}},
		{"deleted at BOS", func(w *world, f *follower[*live.ComponentsUpdate]) {
			w.record("a", deleted)
			w.pass(tick)
			if err := f.ended(); bos.CodeOf(err) != bos.NotFound {
				w.Errorf("ended with %v", err)
			}
		}},
		{"complete without a notice", func(w *world, f *follower[*live.ComponentsUpdate]) {
			w.feed.set(lossy)
			w.record("a", complete)
			w.pass(2*repair + interval)
			wantEnd(w, f)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			simulate(t, func(w *world) { test.ends(w, waiting(w)) })
		})
	}
}

// A change of the record may be the end. Where it is not, nothing is shown before its time, and a crowd of them costs a
// read a tick.
func TestOnlyTheEndOfComponentsDoesNotWaitForTheirPace(t *testing.T) {
	simulate(t, func(w *world) {
		const pace = time.Minute
		w.place("a", "x0", false)
		f := w.components("a", pace)
		w.pass(time.Second)
		begin := f.one("the beginning")
		w.store.taken("changes")
		w.place("a", "x1", false)
		for range 100 {
			w.record("a", same)
			w.pass(tick / 10)
		}
		f.none("changes of the record")
		if n := len(w.store.taken("changes")); n < 1 || n > 11 {
			t.Errorf("%d reads in ten ticks", n)
		}
		w.pass(pace)
		if s := f.one("the change"); s.Last || !slices.Equal(ids(s.Value), []string{"x1"}) || s.at.Sub(begin.at) < pace || s.at.Sub(begin.at) > pace+tick {
			t.Errorf("after %v: %+v with %v", s.at.Sub(begin.at), s, ids(s.Value))
		}
		w.pass(2 * pace)
		f.none("nothing more")
	})
}

func TestWhoHasMissedComponentsBeginsAnew(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		f := w.components("a", 0)
		w.pass(time.Second)
		f.take()
		w.store.mu.Lock()
		w.store.missed = true
		w.store.mu.Unlock()
		revision := w.place("a", "x1", false)
		w.pass(time.Second)
		if s := f.one("the gap"); !s.Value.Resync || !s.Whole || s.Again || s.Value.Revision != revision {
			t.Errorf("the gap: %+v", s)
		}
		w.place("a", "x2", false)
		w.pass(time.Second)
		if s := f.one("the next change"); s.Value.Resync || !slices.Equal(ids(s.Value), []string{"x2"}) {
			t.Errorf("the next change: %+v", s)
		}
	})
}

func TestWhoJoinsComponentsLaterGetsABeginning(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		f := w.components("a", 0)
		w.pass(time.Second)
		f.take()
		for range 3 { // as the group's next members do
			need := f.watch.Fresh()
			w.pass(time.Second)
			s := f.one("a beginning")
			if !s.Value.Resync || !s.Whole || !s.Again || s.Read < need || s.Last {
				t.Errorf("a beginning: %+v", s)
			}
		}
	})
}

// A read that began before the session was made again says nothing to those who joined afterwards.
func TestWhoJoinsComponentsOfASessionThatIsMadeAgainStays(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		f := w.components("a", 0)
		w.pass(time.Second)
		f.take()
		w.store.block()
		w.store.place(key("a"), "x1", false)
		w.record("a", deleted)
		w.store.next()() // of the change log
		release := w.store.next()
		w.store.remove(key("a"))
		w.place("a", "x1", false)
		need := f.watch.Fresh()
		w.store.unblock()
		release()
		w.pass(time.Second)
		if s := f.last("the beginning"); s.Read < need || !s.Whole {
			t.Errorf("the beginning: %+v", s)
		}
	})
}

// Many join in the same moment: some of them while the read is under way that the
// first of them has asked for.
func TestWhoJoinsComponentsDuringAReadGetsABeginningOfTheNext(t *testing.T) {
	for _, test := range []struct {
		name  string
		first bool // the read under way is the first one
	}{{"the first read", true}, {"a later read", false}} {
		t.Run(test.name, func(t *testing.T) {
			simulate(t, func(w *world) {
				w.place("a", "x0", false)
				if test.first {
					w.store.block()
				}
				f := w.components("a", 0)
				if !test.first {
					w.pass(time.Second)
					f.take()
					w.store.block()
					f.watch.Fresh()
				}
				release := w.store.next()
				need := f.watch.Fresh()
				w.store.unblock()
				release()
				w.pass(time.Second)
				shown := f.take()
				if !slices.ContainsFunc(shown, func(s seen[*live.ComponentsUpdate]) bool { return s.Whole && s.Read >= need }) {
					t.Errorf("no beginning of read %d or later: %+v", need, shown)
				}
			})
		})
	}
}

func TestComponentsAreCompleteWithTheirSession(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		f := w.components("a", 0)
		w.pass(time.Second)
		f.take()
		w.place("a", "x1", false)
		w.write("a", complete)
		w.pass(time.Second)
		if s := f.last("the end"); !s.Last || s.Empty || !slices.Equal(ids(s.Value), []string{"x1"}) {
			t.Errorf("the end with a change: %+v", s)
		}
		// Without a change there is nothing to show but the end.
		w.place("b", "x2", false)
		g := w.components("b", 0)
		w.pass(time.Second)
		g.take()
		w.write("b", complete)
		w.pass(time.Second)
		if s := g.last("the end"); !s.Last || !s.Empty {
			t.Errorf("the end without a change: %+v", s)
		}
	})
}

// A watch that nobody takes anything from is not read: what it missed is in the
// change log.
func TestComponentsAreNotReadForWhoTakesNothing(t *testing.T) {
	simulate(t, func(w *world) {
		w.place("a", "x0", false)
		watch := w.hub.WatchComponents(key("a"), false, 0)
		watch.Fresh()
		w.pass(time.Second)
		w.store.taken("changes")
		for i := range 50 {
			w.place("a", fmt.Sprint("x", i), false)
			w.pass(tick)
		}
		if n := len(w.store.taken("changes")); n != 0 {
			t.Errorf("%d reads", n)
		}
		if s, err := taken(watch); err != nil || !s.Value.Resync {
			t.Errorf("first: %+v, %v", s, err)
		}
		w.pass(tick)
		if s, err := taken(watch); err != nil || len(s.Value.Components) != 50 {
			t.Errorf("then: %+v, %v", s, err)
		}
	})
}
