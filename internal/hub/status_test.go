package hub

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// atLeastATickBetween checks that no two reads begin less than a tick from each other.
func atLeastATickBetween(w *world, reads []reading) {
	w.Helper()
	for i := 1; i < len(reads); i++ {
		if d := reads[i].at.Sub(reads[i-1].at); d < tick {
			w.Errorf("two reads within %v", d)
		}
	}
}

func TestAThousandNoticesInASecondAreTwelveUpdates(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(10 * time.Second) // idle: the first change is to be shown at once
		first := f.one("the first state")
		w.store.taken("sessions")
		start := time.Now()
		var last int64
		for range 1000 {
			last = w.write("a")
			w.pass(time.Millisecond)
		}
		w.pass(tick)
		reads, updates := w.store.taken("sessions"), f.take()
		if len(reads) > 11 || len(updates)+1 > 12 {
			t.Errorf("%d reads, %d updates after the first", len(reads), len(updates))
		}
		atLeastATickBetween(w, reads)
		if d := updates[0].at.Sub(start); d > tick/gathering {
			t.Errorf("the leading edge came after %v", d)
		}
		before := first
		for _, s := range updates {
			if s.Revision <= before.Revision || s.Again || !s.Whole || s.Value.Revision != s.Revision {
				t.Errorf("after %d comes %+v", before.Revision, s.Metadata)
			}
			before = s
		}
		if before.Revision != last {
			t.Errorf("the last update is of revision %d, want %d", before.Revision, last)
		}
	})
}

func TestAChangeAfterIdleIsShownAtOnce(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		for range 5 {
			w.pass(3 * time.Second)
			f.take()
			revision := w.write("a")
			w.pass(tick / gathering)
			if s := f.one("the change"); s.Revision != revision {
				t.Errorf("shown: %+v", s.Metadata)
			}
		}
	})
}

// The fake store fails the test if it is read twice at a time.
func TestOneReadAtATimeHoweverSlow(t *testing.T) {
	simulate(t, func(w *world) {
		w.store.delay(130 * time.Millisecond)
		all := map[string]*follower[*bos.Status]{}
		for _, name := range []string{"a", "b", "c"} {
			w.write(name)
			all[name] = w.status(name, bos.Want{})
			follow(w, w.hub.WatchComponents(key(name), false, 0))
		}
		follow(w, w.hub.WatchSessions(bos.SessionFilter{}, bos.Want{Status: true}))
		last := map[string]int64{}
		for i := range 300 {
			name := string(rune('a' + i%3))
			last[name] = w.write(name)
			w.pass(7 * time.Millisecond)
		}
		w.pass(3 * time.Second)
		for name, f := range all {
			if s := f.last(name); s.Revision != last[name] {
				t.Errorf("%s is shown at %d, want %d", name, s.Revision, last[name])
			}
		}
	})
}

func TestSessionsThatAreDueAreReadTogether(t *testing.T) {
	simulate(t, func(w *world) {
		for _, name := range []string{"a", "b", "c"} {
			w.write(name)
			w.status(name, bos.Want{})
		}
		w.pass(time.Second)
		w.store.taken("sessions")
		w.store.block()
		w.write("a")
		release := w.store.next() // so that the others come too late for its read
		w.write("b")
		w.write("c")
		w.store.unblock()
		release()
		w.pass(time.Second)
		if reads := w.store.taken("sessions"); len(reads) != 2 || len(reads[1].names) != 2 {
			t.Errorf("reads: %+v", reads)
		}
	})
}

func TestWhoJoinsDuringAReadGetsAStateThatIsReadAfterwards(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		first := w.status("a", bos.Want{})
		w.pass(time.Second)
		first.take()
		w.store.taken("sessions")

		w.store.block()
		w.write("a")
		release := w.store.next() // it has begun
		var late []*follower[*bos.Status]
		for range 50 {
			late = append(late, w.status("a", bos.Want{}))
		}
		revision := w.store.write(key("a")) // its notice is still on the way
		w.store.unblock()
		release()
		w.pass(tick)
		if n := len(w.store.taken("sessions")); n != 2 {
			t.Errorf("%d reads, want the one under way and one for all who joined", n)
		}
		for _, f := range late {
			if s := f.last("who joined"); s.Read < f.need || s.Revision != revision {
				t.Errorf("needs read %d, is shown %+v", f.need, s.Metadata)
			}
		}
	})
}

func TestJoinersShareReads(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		for range 1000 { // within a second
			f := w.status("a", bos.Want{})
			w.pass(time.Millisecond)
			defer func() {
				if s := f.last("who joined"); s.Read < f.need {
					t.Errorf("needs read %d, is shown read %d", f.need, s.Read)
				}
			}()
		}
		w.pass(tick)
		if n := len(w.store.taken("sessions")); n > 10*joinSpread+2 {
			t.Errorf("%d reads in a second", n)
		}
	})
}

func TestWhatHasNotChangedIsShownAsThat(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		first := w.status("a", bos.Want{})
		w.pass(time.Second)
		if s := first.one("the first state"); s.Again {
			t.Error("the first state is shown as one that has been before")
		}
		second := w.status("a", bos.Want{})
		w.pass(time.Second)
		first.none("for who has seen it")
		if s := second.one("for who has not"); s.Again || !s.Whole {
			t.Errorf("for who has not: %+v", s.Metadata)
		}
		for range 2 { // as the group's next members do
			need := first.watch.Fresh()
			w.pass(time.Second)
			if s := first.one("for who has seen it and needs a later read"); !s.Again || !s.Whole || s.Read < need {
				t.Errorf("for who has seen it and needs read %d: %+v", need, s.Metadata)
			}
		}
		second.none("for the other")
	})
}

func TestTimeAloneShowsNothing(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		c := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		l := follow(w, w.hub.WatchSessions(bos.SessionFilter{}, bos.Want{Status: true}))
		w.pass(time.Second)
		f.take()
		c.take()
		w.store.taken("sessions")
		w.store.taken("changes")
		w.pass(time.Hour)
		f.none("of a status")
		c.none("of components")
		l.none("of a list")
		if n := len(w.store.taken("sessions")) + len(w.store.taken("changes")); n != 0 {
			t.Errorf("%d reads of what has not changed", n)
		}
	})
}

func TestTheLastStateIsMarked(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		if s := f.one("the first state"); s.Last {
			t.Errorf("the first state is shown as %+v", s.Metadata)
		}
		w.write("a", complete)
		w.pass(tick / gathering)
		if s := f.one("the end"); !s.Last || s.Value.State() != bos.StateComplete {
			t.Errorf("the end is shown as %+v", s.Metadata)
		}
	})
}

// TestAnEndThatCameBeforeIsReported has a watch end before its owner asks to be woken.
func TestAnEndThatCameBeforeIsReported(t *testing.T) {
	simulate(t, func(w *world) {
		watch := w.hub.WatchStatus(key("none"), bos.Want{})
		defer watch.Close()
		watch.Fresh()
		w.pass(time.Second)
		woken := woken(watch)
		w.pass(0)
		select {
		case <-woken:
		default:
			t.Fatal("its owner is not woken")
		}
		if _, err := taken(watch); bos.CodeOf(err) != bos.NotFound {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestWatchesEndWithTheirSession(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		c := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		none := w.status("none", bos.Want{})
		of := follow(w, w.hub.WatchComponents(key("none"), false, 0))
		w.pass(time.Second)
		if f.ended() != nil || c.ended() != nil {
			t.Fatalf("ended: %v, %v", f.ended(), c.ended())
		}
		w.notify("a", w.store.remove(key("a")), true)
		w.pass(time.Second)
		for what, err := range map[string]error{
			"a status": f.ended(), "components": c.ended(), "a status of none": none.ended(), "components of none": of.ended(),
		} {
			if bos.CodeOf(err) != bos.NotFound {
				t.Errorf("%s: ended with %v", what, err)
			}
		}
	})
}

// A read that began before a session was made says nothing to those who join afterwards.
func TestASessionThatIsMadeDuringAReadIsThereForWhoJoins(t *testing.T) {
	for what, early := range map[string]func(w *world) func() error{
		"a status": func(w *world) func() error { return w.status("a", bos.Want{}).ended },
		"components": func(w *world) func() error {
			return follow(w, w.hub.WatchComponents(key("a"), false, 0)).ended
		},
	} {
		t.Run(what, func(t *testing.T) {
			simulate(t, func(w *world) {
				var f *follower[*bos.Status]
				var c *follower[*live.ComponentsUpdate]
				w.store.set(func() {
					w.store.afterEpoch = func() { // it was not found by then, and that is not shown yet
						w.write("a")
						f = w.status("a", bos.Want{Groups: 3})
						c = follow(w, w.hub.WatchComponents(key("a"), false, 0))
					}
				})
				ended := early(w)
				w.pass(time.Second)
				if bos.CodeOf(ended()) != bos.NotFound {
					t.Errorf("who was there before: %v", ended())
				}
				if s := f.last("a status"); s.Value.Session.Name != "a" || f.ended() != nil {
					t.Errorf("a status: %+v, ended with %v", s, f.ended())
				}
				if c.last("components"); c.ended() != nil {
					t.Errorf("components ended with %v", c.ended())
				}
			})
		})
	}
}

// Those who share a watch with one who was there before ask it for something fresh.
func TestASessionThatIsMadeDuringAReadIsThereForWhoAsksAgain(t *testing.T) {
	t.Run("a status", func(t *testing.T) {
		simulate(t, func(w *world) {
			isThereAfterMiss(w, func() *follower[*bos.Status] { return w.status("a", bos.Want{}) })
		})
	})
	t.Run("components", func(t *testing.T) {
		simulate(t, func(w *world) {
			isThereAfterMiss(w, func() *follower[*live.ComponentsUpdate] {
				return follow(w, w.hub.WatchComponents(key("a"), false, 0))
			})
		})
	})
}

// isThereAfterMiss checks that what follows session a does not end by a read that has missed it, when it is asked again meanwhile.
func isThereAfterMiss[T any](w *world, begin func() *follower[T]) {
	w.Helper()
	var f *follower[T]
	begun := make(chan struct{})
	w.store.set(func() {
		w.store.afterEpoch = func() {
			<-begun
			w.write("a")
			f.watch.Fresh()
		}
	})
	f = begin()
	close(begun)
	w.pass(time.Second)
	if f.last("it is there"); f.ended() != nil {
		w.Errorf("ended with %v", f.ended())
	}
}

func TestASessionThatNobodyWatchesIsForgotten(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		one, two := w.status("a", bos.Want{}), w.status("a", bos.Want{})
		three := follow(w, w.hub.WatchComponents(key("a"), false, 0))
		for _, stop := range []func(){one.stop, two.stop, three.stop} {
			if n := w.hub.Health().Watched; n != 1 {
				t.Fatalf("%d sessions are watched", n)
			}
			stop()
		}
		if n := w.hub.Health().Watched; n != 0 {
			t.Errorf("%d sessions are watched, and nobody does", n)
		}
		w.pass(time.Second)
		w.store.taken("sessions")
		w.store.taken("changes")
		w.write("a")
		w.pass(time.Minute)
		if n := len(w.store.taken("sessions")) + len(w.store.taken("changes")); n != 0 {
			t.Errorf("%d reads for nobody", n)
		}
		again := w.status("a", bos.Want{})
		w.pass(time.Second)
		again.one("who comes later")
	})
}

// What has not been taken is replaced by what comes next; that there was something
// new is not forgotten with it.
func TestAChangeThatWasNotTakenIsStillNew(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		watch := w.hub.WatchStatus(key("a"), bos.Want{})
		defer watch.Close()
		watch.Fresh()
		w.pass(time.Second)
		if s, err := taken(watch); err != nil || s.Again {
			t.Errorf("the first state: %+v, %v", s.Metadata, err)
		}
		revision := w.write("a")
		w.pass(time.Second)
		need := watch.Fresh() // and what is read for it is the same once more
		w.pass(time.Second)
		if s, err := taken(watch); err != nil || s.Again || s.Revision != revision || s.Read < need {
			t.Errorf("the change: %+v, %v", s.Metadata, err)
		}
	})
}

// Of a session that was deleted before it was complete nothing follows: those who watch
// it are given the reason, and so are those who come later.
func TestDeletedBeforeItWasComplete(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f, components := w.status("a", bos.Want{}), w.components("a", 0)
		w.pass(time.Second)
		f.one("the first state")
		w.write("a", deleted)
		w.pass(time.Second)
		late := w.status("a", bos.Want{})
		w.pass(time.Second)
		const want = `session "a" was deleted at BOS while running`
		for who, err := range map[string]error{"a watcher": f.ended(), "one who came later": late.ended(), "one of its components": components.ended()} {
			if bos.CodeOf(err) != bos.NotFound || err.Error() != want {
				t.Errorf("%s ends with %v", who, err)
			}
		}
	})
}
