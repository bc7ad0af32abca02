package hub

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// alarm is when the reader looks again.
func (w *world) alarm() time.Time {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return w.hub.asleep
}

func TestTheReaderIsNotWokenForNothing(t *testing.T) {
	simulate(t, func(w *world) {
		names := []string{"a", "b", "c"}
		for _, name := range names {
			w.write(name)
			w.status(name, bos.Want{})
		}
		w.pass(time.Second)
		for _, name := range names {
			w.write(name) // which is read, so that the next change is due a tick later
		}
		w.pass(tick / 2)
		w.write("a") // before, it slept for longer
		due := w.alarm()
		if due.IsZero() || time.Until(due) > tick {
			t.Fatalf("what is due is read in %v", time.Until(due))
		}
		w.pass(tick / 4)
		for name, change := range map[string]func(){
			"the same session changes again":        func() { w.write("a") },
			"others change that are due later":      func() { w.write("b"); w.write("c") },
			"a session changes that nobody watches": func() { w.write("d") },
		} {
			if change(); !w.alarm().Equal(due) {
				t.Errorf("it looks in %v instead of %v when %s", time.Until(w.alarm()), time.Until(due), name)
			}
		}
		watch := w.hub.WatchStatus(key("a"), bos.Want{})
		watch.Fresh()
		w.pass(time.Second)
		due = w.alarm()
		if _, err := taken(watch); err != nil || !w.alarm().Equal(due) {
			t.Errorf("it is woken when a state is taken: %v", err)
		}
	})
}

// TestMoreThanARoundIsReadWithoutAPause has more due than a round takes.
func TestMoreThanARoundIsReadWithoutAPause(t *testing.T) {
	simulate(t, func(w *world) {
		const sessions = 2*maxRound + 100
		followers := map[string]*follower[*bos.Status]{}
		for i := range sessions {
			name := fmt.Sprint("s", i)
			w.write(name)
			followers[name] = w.status(name, bos.Want{})
		}
		w.pass(time.Second)
		w.store.taken("sessions")
		for name, f := range followers {
			f.take()
			w.write(name)
		}
		w.pass(tick / gathering)
		for _, r := range w.store.taken("sessions") {
			if len(r.names) > maxRound {
				t.Errorf("%d sessions are read at once", len(r.names))
			}
		}
		for name, f := range followers {
			f.one(name)
		}
	})
}

func TestComponentsOfSeveralSessionsAreReadTogether(t *testing.T) {
	simulate(t, func(w *world) {
		followers := map[string]*follower[*live.ComponentsUpdate]{}
		for i := range 20 {
			name := fmt.Sprint("s", i)
			w.place(name, name+"x0", false)
			followers[name] = w.components(name, 0)
		}
		second := w.components("s0", 0) // of one session, so that both name the same
		w.pass(time.Second)
		for name := range followers {
			w.place(name, name+"x1", false)
		}
		for _, f := range followers {
			f.take()
		}
		second.take()
		w.store.taken("components")
		w.pass(time.Second)
		if reads := w.store.taken("components"); len(reads) != 1 || len(reads[0].names) != len(followers) {
			t.Errorf("reads: %+v", reads)
		}
		for name, f := range followers {
			if s := f.one(name); !slices.Equal(ids(s.Value), []string{name + "x1"}) {
				t.Errorf("%s: %v", name, ids(s.Value))
			}
		}
		if s := second.one("another watch of one of them"); !slices.Equal(ids(s.Value), []string{"s0x1"}) {
			t.Errorf("another watch: %v", ids(s.Value))
		}
	})
}

// TestWhoJoinsDoesNotWaitForAllPagesOfTheList has a session joined while the first page of
// a long list is read.
func TestWhoJoinsDoesNotWaitForAllPagesOfTheList(t *testing.T) {
	simulate(t, func(w *world) {
		for i := range 3*bos.MaxPage - 1 {
			w.store.write(key(fmt.Sprint("s", i)))
		}
		w.store.block()
		list := w.list(bos.SessionFilter{}, bos.Want{})
		release := w.store.next()
		f := w.status("s7", bos.Want{})
		w.pass(tick)
		f.none("while the page is read")
		release()
		release = w.store.next() // of the session
		w.store.unblock()
		if pages := len(w.store.taken("list")); pages != 1 {
			t.Errorf("%d pages are read before", pages)
		}
		release()
		w.pass(time.Second)
		f.last("who joined")
		if pages := len(w.store.taken("list")); pages != 2 {
			t.Errorf("%d pages are read afterwards", pages)
		}
		w.record("s8", complete)
		wantUpdates(list, "a change", "+s8 complete")
	})
}

// TestWhatIsDueIsReadInOrder has more join than are read at once, each another session, while
// the reader is busy: those who have come first do not wait for those who come later.
func TestWhatIsDueIsReadInOrder(t *testing.T) {
	simulate(t, func(w *world) {
		w.store.block()
		w.write("first")
		w.status("first", bos.Want{})
		release := w.store.next()
		var names []string
		for i := range 3 * maxRound {
			names = append(names, fmt.Sprint("s", i))
			w.write(names[i])
			w.status(names[i], bos.Want{})
			w.pass(time.Microsecond)
		}
		w.store.unblock()
		release()
		w.pass(time.Second)
		w.store.mu.Lock()
		reads := slices.Clone(w.store.reads)
		w.store.mu.Unlock()
		for i, part := range slices.Collect(slices.Chunk(names, maxRound)) {
			if i+1 >= len(reads) {
				t.Fatalf("%d rounds", len(reads))
			}
			slices.Sort(part)
			if got := slices.Sorted(slices.Values(reads[i+1].names)); !slices.Equal(got, part) {
				t.Errorf("round %d reads %d sessions from %s on, want %d from %s on", i, len(got), got[0], len(part), part[0])
			}
		}
	})
}
