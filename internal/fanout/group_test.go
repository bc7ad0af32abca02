package fanout

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/live"
)

func TestTenThousandWhoComeBackAreOneExecution(t *testing.T) {
	simulate(t, func(w *world) {
		const all, literals, revision = 10_000, 300, 77
		sinks := make([]*sink, all)
		for i := range sinks {
			if i%(all/literals) == 0 {
				sinks[i] = w.join(fmt.Sprintf(`subscription { sessionStatusUpdated(name: "s", sinceRevision: %d, sinceEpoch: "e") { revision } }`, i))
			} else {
				sinks[i] = w.join(`subscription Back($r: Revision, $e: String, $i: Int) {
					sessionStatusUpdated(name: "s", minInterval: $i, sinceRevision: $r, sinceEpoch: $e) { revision } }`,
					map[string]any{"r": i, "e": "e", "i": i % 1000})
			}
		}
		if n := w.fanout.Executions(); n != 1 {
			t.Fatalf("%d executions", n)
		}
		w.show(revision)
		for i, s := range sinks {
			if i == revision {
				s.want("who has it already")
			} else {
				s.want("who has not", at("77"))
			}
			if t.Failed() {
				break // one is enough to read
			}
		}
		w.pass(time.Second)
		w.show(78, last)
		for _, s := range sinks {
			s.want("the last", at("78"), "complete ")
		}
		if n := w.results(); n != 2 {
			t.Errorf("two states are encoded %d times", n)
		}
		if n := w.fanout.Executions(); n != 0 {
			t.Errorf("%d executions afterwards", n)
		}
	})
}

func TestIdenticalSubscriptionsShareOneExecution(t *testing.T) {
	read := auth.Access{}
	write, _ := auth.Anyone().For("")
	type one struct {
		principal auth.Access
		query     string
		variables map[string]any
	}
	of := func(query string, variables ...any) one {
		o := one{principal: read, query: query, variables: map[string]any{}}
		for i := 0; i < len(variables); i += 2 {
			o.variables[variables[i].(string)] = variables[i+1]
		}
		return o
	}
	for _, test := range []struct {
		name string
		a, b one
		same bool
	}{
		{"the same text", of(plain), of(plain), true},
		{"another layout", of(plain), of("# a comment\nsubscription{sessionStatusUpdated(name:\"s\"){revision,}}"), true},
		{"another name of the operation", of(plain), of(`subscription Mine { sessionStatusUpdated(name: "s") { revision } }`), true},
		{"delivery as literals", of(plain), of(`subscription { sessionStatusUpdated(name: "s", minInterval: 7, sinceRevision: 5, sinceEpoch: "e") { revision } }`), true},
		{"delivery as variables", of(plain), of(`subscription($r: Revision, $e: String = "x", $i: Int) {
			sessionStatusUpdated(name: "s", minInterval: $i, sinceRevision: $r, sinceEpoch: $e) { revision } }`, "r", 5), true},
		{"variables that are not defined", of(plain), of(plain, "other", 5), true},
		{"the same variables", of(`subscription($n: String!) { sessionStatusUpdated(name: $n) { revision } }`, "n", "s"),
			of(`subscription($n: String!) { sessionStatusUpdated(name: $n) { revision } }`, "n", "s"), true},
		{"the same fragment", of(`subscription { sessionStatusUpdated(name: "s") { ...f } } fragment f on SessionStatus { revision }`),
			of(`subscription { sessionStatusUpdated(name: "s", minInterval: 9) { ...f } } fragment f on SessionStatus { revision }`), true},
		{"two rights", of(plain), one{principal: write, query: plain}, false},
		{"two sessions", of(plain), of(`subscription { sessionStatusUpdated(name: "t") { revision } }`), false},
		{"two sessions by variables", of(`subscription($n: String!) { sessionStatusUpdated(name: $n) { revision } }`, "n", "s"),
			of(`subscription($n: String!) { sessionStatusUpdated(name: $n) { revision } }`, "n", "t"), false},
		{"two tenants", of(plain), of(`subscription { sessionStatusUpdated(name: "s", tenant: "t") { revision } }`), false},
		{"two selections", of(plain), of(`subscription { sessionStatusUpdated(name: "s") { revision epoch } }`), false},
		{"two aliases", of(plain), of(`subscription { a: sessionStatusUpdated(name: "s") { revision } }`), false},
		{"two aliases within", of(plain), of(`subscription { sessionStatusUpdated(name: "s") { a: revision } }`), false},
		{"two fragments of one name", of(`subscription { sessionStatusUpdated(name: "s") { ...f } } fragment f on SessionStatus { revision }`),
			of(`subscription { sessionStatusUpdated(name: "s") { ...f } } fragment f on SessionStatus { epoch }`), false},
		{"a variable that is used within, too", of(`subscription($n: Int) { sessionStatusUpdated(name: "s", minInterval: $n) { errorSummary(first: $n) { count } } }`, "n", 5),
			of(`subscription($n: Int) { sessionStatusUpdated(name: "s", minInterval: $n) { errorSummary(first: $n) { count } } }`, "n", 6), false},
		{"a directive's variable", of(`subscription($b: Boolean!) { sessionStatusUpdated(name: "s") { revision epoch @skip(if: $b) } }`, "b", true),
			of(`subscription($b: Boolean!) { sessionStatusUpdated(name: "s") { revision epoch @skip(if: $b) } }`, "b", false), false},
		{"two paces of components", of(`subscription { componentsUpdated(session: "s") { revision } }`),
			of(`subscription { componentsUpdated(session: "s", minInterval: 100) { revision } }`), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			simulate(t, func(w *world) {
				w.joinAs(test.a.principal, test.a.query, test.a.variables)
				w.joinAs(test.b.principal, test.b.query, test.b.variables)
				synctest.Wait()
				want := 2
				if test.same {
					want = 1
				}
				if n := w.fanout.Executions(); n != want {
					t.Errorf("%d executions, want %d", n, want)
				}
				if n := len(w.live.statuses) + len(w.live.components); n != want {
					t.Errorf("%d watches, want %d", n, want)
				}
			})
		})
	}
}

func TestTheLastWhoLeavesEndsTheExecution(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.join(plain), w.join(plain)
		w.show(1)
		a.leave()
		a.leave() // once more does no harm
		w.pass(time.Hour)
		watch := only(w, &w.live.statuses)
		select {
		case <-watch.closed:
			t.Fatal("ended, and somebody follows")
		default:
		}
		b.leave()
		w.pass(0)
		select {
		case <-watch.closed:
		default:
			t.Error("the watch is not closed")
		}
		if n := w.fanout.Executions(); n != 0 {
			t.Errorf("%d executions for nobody", n)
		}
		w.join(plain)
		synctest.Wait()
		if n := len(w.live.statuses); n != 2 {
			t.Errorf("%d watches, want another for who comes later", n)
		}
	})
}

func TestWhoJoinsGetsAStateThatIsReadAfterwards(t *testing.T) {
	simulate(t, func(w *world) {
		first := w.join(plain)
		w.show(5, func(s *live.Metadata) { s.Read = 0 }) // from a read that began before
		first.want("what is older than the one who joined")
		w.show(5)
		first.want("the first", at("5"))
		second := w.join(plain)
		w.show(5, again, func(s *live.Metadata) { s.Read = 1 })
		second.want("what is older than the one who joined")
		w.show(6, func(s *live.Metadata) { s.Read = 1 })
		second.want("newer, but read before")
		first.want("who waits for nothing", at("6"))
		w.show(6, again)
		first.want("what it has")
		second.want("the first", at("6"))
		w.show(7)
		first.want("the next", at("7"))
		second.want("the next", at("7"))
	})
}

// A state that has not changed is encoded again only when its times have advanced.
func TestOneResultServesAllWhoJoinWithinAWhile(t *testing.T) {
	simulate(t, func(w *world) {
		first := w.join(plain)
		w.show(5)
		first.want("the first", at("5"))
		for range 9 {
			w.pass(10 * time.Millisecond)
			s := w.join(plain)
			w.show(5, again)
			s.want("who joins soon", at("5"))
		}
		if n := w.results(); n != 1 {
			t.Errorf("encoded %d times", n)
		}
		w.pass(time.Second)
		s := w.join(plain)
		w.show(5, again)
		s.want("who joins late", at("5"))
		if n := w.results(); n != 2 {
			t.Errorf("encoded %d times", n)
		}
		first.want("what it has")
	})
}

func TestAnErrorEndsItForAll(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.join(plain), w.join(plain)
		w.show(1)
		a.want("before", at("1"))
		b.stick(true)
		b.take()
		w.show(2)
		only(w, &w.live.statuses).fail(bos.Errorf(bos.NotFound, "there is no session %q", "s"))
		w.pass(0)
		const message = `error [{"message":"there is no session \"s\"","extensions":{"code":"NOT_FOUND"}}]`
		a.want("the end", at("2"), message)
		b.stick(false)
		b.want("the end for who was stuck", at("2"), message)
		if n := w.fanout.Executions(); n != 0 {
			t.Errorf("%d executions afterwards", n)
		}
		b.leave() // after the end does no harm
	})
}

// Between the read that ends a watch and the end of its group somebody may join: that read says nothing to him.
func TestWhoJoinsAGroupThatIsEndingBeginsAnother(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.join(plain)
		w.show(1)
		a.want("before", at("1"))
		ending := only(w, &w.live.statuses)
		ending.ended.Store(true) // and its execution is not awake yet
		b := w.join(plain)
		ending.fail(bos.Errorf(bos.NotFound, "there is no session %q", "s"))
		w.pass(0)
		a.want("who was there", `error [{"message":"there is no session \"s\"","extensions":{"code":"NOT_FOUND"}}]`)
		b.want("who has joined")
		w.show(2)
		b.want("what is read for him", at("2"))
	})
}

func TestWhatTheResolverRefusesIsAnError(t *testing.T) {
	simulate(t, func(w *world) {
		s := w.join(`subscription { sessionStatusUpdated(name: "") { revision } }`)
		got := s.take()
		if len(got) != 1 || got[0].Kind != Error || !strings.Contains(string(got[0].Payload), `"BAD_USER_INPUT"`) {
			t.Errorf("got %v", got)
		}
	})
}

func TestAPanicEndsItWithAnInternalError(t *testing.T) {
	internal := func(w *world, got []received) {
		w.Helper()
		if len(got) != 1 || got[0].Kind != Error || !strings.Contains(string(got[0].Payload), `"INTERNAL"`) || strings.Contains(string(got[0].Payload), "boom") {
			w.Errorf("got %+v", got)
		}
		if n := w.fanout.Executions(); n != 0 {
			w.Errorf("%d executions afterwards", n)
		}
	}
	simulate(t, func(w *world) { // of the resolver
		w.live.panics = "boom"
		a, b := w.join(plain), w.join(plain)
		internal(w, a.take())
		internal(w, b.take())
		w.live.panics = nil
		c := w.join(plain)
		w.show(1)
		c.want("who comes later", at("1"))
	})
	simulate(t, func(w *world) { // of what it follows
		a := w.join(plain)
		only(w, &w.live.statuses).fail(errPanic)
		internal(w, a.take())
	})
}

// A field that panics is null with an error, as in a query; it may be well the next time.
func TestAPanicOfAFieldIsPartOfTheResult(t *testing.T) {
	simulate(t, func(w *world) {
		s := w.join(`subscription { sessionStatusUpdated(name: "s") { status } }`)
		bad := live.Update[*bos.Status]{Value: &bos.Status{}, Metadata: live.Metadata{Read: 1, Revision: 1, Whole: true}} // without its session
		only(w, &w.live.statuses).show(bad)                                                                               // which leaves the plan, and reads again
		s.want("before it is read again")
		only(w, &w.live.statuses).show(bad)
		got := s.take()
		if len(got) != 1 || got[0].Kind != Next || !strings.Contains(string(got[0].Payload), `"INTERNAL"`) {
			t.Errorf("got %v", got)
		}
		w.show(2)
		s.want("the next", `next {"data":{"sessionStatusUpdated":{"status":"RUNNING"}}}`)
	})
}

// What a plan can't write is executed: those who have joined get every state once, and so do those
// who join afterwards.
func TestWhatAPlanCannotWriteIsExecuted(t *testing.T) {
	simulate(t, func(w *world) {
		const query = `subscription($n: String!, $m: Int) { sessionStatusUpdated(name: $n, minInterval: $m) { revision epoch } }`
		variables := map[string]any{"n": "s", "m": 0}
		s := w.join(query, variables)
		w.show(1)
		s.want("by the plan", `next {"data":{"sessionStatusUpdated":{"revision":1,"epoch":"e"}}}`)
		long := func(m *live.Metadata) { m.Epoch = strings.Repeat("e", 40_000) }
		w.show(2, long)
		s.want("before it is read again")
		for revision := int64(2); revision < 4; revision++ {
			w.show(revision, long)
			s.want("without it", fmt.Sprintf(`next {"data":{"sessionStatusUpdated":{"revision":%d,"epoch":"%s"}}}`, revision, strings.Repeat("e", 40_000)))
		}
		late := w.join(query, variables)
		w.show(4)
		for _, s := range []*sink{s, late} {
			s.want("all", `next {"data":{"sessionStatusUpdated":{"revision":4,"epoch":"e"}}}`)
			s.leave()
		}
		w.pass(0)
		for _, watch := range w.live.statuses {
			<-watch.closed
		}
	})
}

func TestStopSaysNothing(t *testing.T) {
	simulate(t, func(w *world) {
		s := w.join(plain)
		w.show(1)
		s.want("before", at("1"))
		w.fanout.Stop()
		s.want("afterwards: the client is to come back")
	})
}
