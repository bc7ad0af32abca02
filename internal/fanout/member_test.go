package fanout

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

func TestAMemberGetsUpdatesAtItsPace(t *testing.T) {
	simulate(t, func(w *world) {
		const pace = time.Second
		paced := w.join(`subscription { sessionStatusUpdated(name: "s", minInterval: 1000) { revision } }`)
		other := w.join(plain)
		for i := range 48 { // in nearly five seconds
			w.show(int64(i))
			w.pass(100 * time.Millisecond)
		}
		got := paced.take()
		if n := len(got); n != 5 || string(got[0].Payload) != `{"data":{"sessionStatusUpdated":{"revision":0}}}` {
			t.Errorf("%d messages in five seconds", n)
		}
		for i := 1; i < len(got); i++ {
			if d := got[i].at.Sub(got[i-1].at); d < pace || d > pace+200*time.Millisecond {
				t.Errorf("%v between two messages", d)
			}
		}
		if n := len(other.take()); n != 48 {
			t.Errorf("who asks for no pace gets %d messages", n)
		}
		// What came while it was not due comes by itself, and is the newest.
		w.pass(time.Minute)
		paced.want("the newest", at("47"))
		start := time.Now()
		w.show(50)
		w.show(51)
		paced.want("at once after idle", at("50"))
		w.show(52, last)
		for _, m := range paced.take() {
			if !m.at.Equal(start) {
				t.Errorf("%q waits for %v", m.Payload, m.at.Sub(start))
			}
		}
	})
}

func TestTheEndDoesNotWaitForThePace(t *testing.T) {
	simulate(t, func(w *world) {
		s := w.join(`subscription { sessionStatusUpdated(name: "s", minInterval: 3600000) { revision } }`)
		w.show(1)
		w.show(2)
		s.want("the first", at("1"))
		w.show(3, last)
		s.want("the last", at("3"), "complete ")
		w.pass(2 * time.Hour)
		s.want("after the end")
	})
}

func TestAStateThatTheMemberHasIsWithheld(t *testing.T) {
	const query = `subscription($r: Revision, $e: String) { sessionStatusUpdated(name: "s", sinceRevision: $r, sinceEpoch: $e) { revision } }`
	for _, test := range []struct {
		name      string
		variables map[string]any
		first     func(*live.Metadata)
		withheld  bool
	}{
		{"the same", map[string]any{"r": 5, "e": "e"}, func(*live.Metadata) {}, true},
		{"another revision", map[string]any{"r": 4, "e": "e"}, func(*live.Metadata) {}, false},
		{"a later revision", map[string]any{"r": 6, "e": "e"}, func(*live.Metadata) {}, false},
		{"another epoch", map[string]any{"r": 5, "e": "f"}, func(*live.Metadata) {}, false},
		{"without an epoch", map[string]any{"r": 5}, func(*live.Metadata) {}, false},
		{"without a revision", map[string]any{"e": "e"}, func(*live.Metadata) {}, false},
		{"it may be behind", map[string]any{"r": 5, "e": "e"}, stale, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			simulate(t, func(w *world) {
				s := w.join(query, test.variables)
				w.show(5, test.first)
				if test.withheld {
					s.want("the first")
				} else {
					s.want("the first", at("5"))
				}
				w.show(5, again)
				s.want("the same again")
				w.show(6)
				s.want("the next", at("6"))
				w.show(5, func(st *live.Metadata) { st.Epoch = "f" })
				s.want("that revision once more, in another epoch", at("5"))
				w.show(5)
				s.want("that very state once more: only the first is withheld", at("5"))
			})
		})
	}
}

func TestTheLastStateIsWithheldFromWhoHasIt(t *testing.T) {
	simulate(t, func(w *world) {
		has := w.join(`subscription { sessionStatusUpdated(name: "s", sinceRevision: 5, sinceEpoch: "e", minInterval: 1000) { revision } }`)
		w.show(5, last)
		has.want("the end", "complete ")
	})
}

// What is withheld is not sent, so the next state does not wait for it.
func TestWhatIsWithheldDoesNotCountForThePace(t *testing.T) {
	simulate(t, func(w *world) {
		s := w.join(`subscription { sessionStatusUpdated(name: "s", sinceRevision: 5, sinceEpoch: "e", minInterval: 1000) { revision } }`)
		w.show(5)
		w.show(6)
		s.want("the next", at("6"))
	})
}

func TestWhoIsStuckFindsTheNewestState(t *testing.T) {
	simulate(t, func(w *world) {
		slow, fast := w.join(plain), w.join(plain)
		w.show(1)
		slow.want("the first", at("1"))
		slow.stick(true)
		for i := range 100 {
			w.show(int64(i + 2))
		}
		slow.want("while it is stuck")
		if n := len(fast.take()); n != 101 {
			t.Errorf("the other gets %d messages", n)
		}
		slow.stick(false)
		slow.want("the newest", at("101"))
		slow.stick(true)
		w.show(102)
		w.show(103, last)
		slow.stick(false)
		slow.want("the end", at("103"), "complete ")
	})
}

// publish has the only watch of the list report a session.
func (w *world) publish(id string) {
	w.Helper()
	only(w, &w.live.lists).show(live.Update[*live.SessionsUpdate]{Value: &live.SessionsUpdate{DeletedID: &id}, Metadata: live.Metadata{Key: id}})
	w.pass(0)
}

func gone(id string) string { return `next {"data":{"sessionsUpdated":{"deletedId":"` + id + `"}}}` }

func TestAListMemberGetsTheNewestOfEachSessionOrLearnsThatItFellBehind(t *testing.T) {
	simulate(t, func(w *world) {
		const query = `subscription { sessionsUpdated { deletedId } }`
		first := w.join(query)
		w.publish("a")
		first.want("a change", gone("a"))
		second := w.join(query)
		second.want("what was before")
		w.publish("b")
		first.want("the next", gone("b"))
		second.want("the next", gone("b"))
		second.stick(true)
		for _, id := range []string{"a", "b", "a", "c"} {
			w.publish(id)
		}
		second.stick(false)
		second.want("the newest of each", gone("b"), gone("a"), gone("c"))

		second.stick(true)
		first.take()
		for i := range maxKeyed + 1 {
			w.publish(fmt.Sprint(i))
		}
		if n := len(first.take()); n != maxKeyed+1 {
			t.Errorf("who keeps up gets %d", n)
		}
		second.stick(false)
		got := second.take()
		if len(got) != 1 || got[0].Kind != Error {
			t.Fatalf("who has fallen behind gets %d messages, first %+v", len(got), got[:min(1, len(got))])
		}
		w.publish("last")
		second.want("after the end")
		first.want("the others continue", gone("last"))
	})
}

// happen lets the only watch of components show something.
func (w *world) happen(revision int64, change ...func(*live.Metadata)) {
	w.Helper()
	of := only(w, &w.live.components)
	s := live.Metadata{Read: of.fresh.Load(), Revision: revision, Epoch: "e"}
	for _, c := range change {
		c(&s)
	}
	value := &live.ComponentsUpdate{Revision: revision, Components: []*bos.Component{}, Resync: s.Whole}
	of.show(live.Update[*live.ComponentsUpdate]{Value: value, Metadata: s})
	w.pass(0)
}

func whole(s *live.Metadata) { s.Whole = true }

func TestAComponentsMemberGetsEveryChangeOrBeginsAgain(t *testing.T) {
	simulate(t, func(w *world) {
		update := func(revision int, resync bool) string {
			return fmt.Sprintf(`next {"data":{"componentsUpdated":{"revision":%d,"resync":%t}}}`, revision, resync)
		}
		const query = `subscription { componentsUpdated(session: "s") { revision resync } }`
		first := w.join(query)
		w.happen(1, whole)
		w.happen(2)
		first.want("from the beginning", update(1, true), update(2, false))
		second := w.join(query)
		w.happen(3, func(s *live.Metadata) { s.Read = 1 })
		second.want("before it can begin")
		w.happen(4, whole, again)
		second.want("its beginning", update(4, true))
		w.happen(5)
		first.want("every change", update(3, false), update(5, false))
		second.want("every change", update(5, false))

		second.stick(true)
		for i := range maxChanges + 1 {
			w.happen(int64(6 + i))
		}
		first.take()
		second.stick(false)
		second.want("before it can begin again")
		w.happen(100)
		second.want("before it can begin again")
		w.happen(101, whole, again)
		second.want("its new beginning", update(101, true))
		first.want("the others continue", update(100, false))
		w.happen(102, func(s *live.Metadata) { s.Last, s.Empty = true, true })
		first.want("the end", "complete ")
		second.want("the end", "complete ")
	})
}
