package fanout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/cost"
	"github.com/bosgraph/bosgraph/internal/live"
)

// from joins from an address, and returns the error, if it is refused.
func (w *world) from(address, query string) (*sink, error) {
	w.Helper()
	op, errs := w.exec.CreateOperationContext(graphql.StartOperationTrace(w.Context()), &graphql.RawParams{Query: query})
	if errs != nil {
		w.Fatal(errs)
	}
	s := &sink{w: w}
	m, err := w.fanout.Join(op, auth.Access{}, address, s)
	if err == nil {
		s.member.Store(m)
		s.Offer(nil)
	}
	return s, err
}

func subscriptionTo(name string) string {
	return fmt.Sprintf(`subscription { sessionStatusUpdated(name: %q) { revision } }`, name)
}

func TestDistinctSubscriptionsAreBounded(t *testing.T) {
	simulate(t, func(w *world) {
		w.fanout.o.Groups, w.fanout.o.PerAddress = 3, 2
		refused := func(address, name, option string) {
			t.Helper()
			if _, err := w.from(address, subscriptionTo(name)); bos.CodeOf(err) != bos.Unavailable || !strings.Contains(err.Error(), option) {
				t.Errorf("%s for %s: %v", name, address, err)
			}
		}
		joined := func(address, name string) *sink {
			t.Helper()
			s, err := w.from(address, subscriptionTo(name))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		a, b := joined("one", "a"), joined("one", "b")
		refused("one", "c", "--max-distinct-subscriptions-per-address")
		joined("one", "a") // one more of the same counts no more
		c := joined("other", "c")
		refused("third", "d", "--max-distinct-subscriptions)")
		b.leave()
		joined("one", "d")
		c.leave()
		if _, err := w.from("one", subscriptionTo(strings.Repeat("e", 2*textWeight))); err == nil {
			t.Error("a long one counts as one")
		}
		a.leave()
		if w.fanout.weight != 2 || w.fanout.from["one"] != 2 || len(w.fanout.from) != 1 {
			t.Errorf("%d are counted, by address %v", w.fanout.weight, w.fanout.from)
		}
	})
}

// TestRetainedResultsAreBounded shows that what is kept for slow subscribers is bounded in
// bytes, for one subscription and for all.
func TestRetainedResultsAreBounded(t *testing.T) {
	l := &log{}
	payload := make([]byte, 1<<20)
	for i := range 100 {
		l = l.with(payload, live.Metadata{Key: fmt.Sprint(i)})
	}
	if n := l.changes.entries.Len(); l.bytes() > maxBytes+2<<20 || n < 2 || l.bytes() != int64(n)<<20 {
		t.Errorf("%d results of 1 MB are kept, %d bytes", n, l.bytes())
	}
	if _, fell := l.after(0); !fell {
		t.Error("a member at the start does not learn that entries are missing")
	}

	pool := cost.NewPool(1 << 20)
	g := newGroup(New(Options{Memory: pool}), key{}, auth.Access{})
	for _, step := range []struct {
		bytes int64
		ok    bool
		held  int64
	}{{1000, true, 0}, {600_000, true, 600_000}, {500_000, true, 500_000}, {2 << 20, false, 500_000}, {10, true, 0}} {
		if ok := g.keep(step.bytes); ok != step.ok || pool.Held() != step.held {
			t.Errorf("%d bytes: %v, %d are held", step.bytes, ok, pool.Held())
		}
	}
}
