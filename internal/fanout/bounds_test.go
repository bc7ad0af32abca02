package fanout

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
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

// slowStore takes time for each list of components.
type slowStore struct {
	graph.Store
	takes time.Duration
}

func (s *slowStore) ListComponents(ctx context.Context, _ *bos.MembersOf, _ bos.ComponentFilter, _ bos.Page,
	_, _ bool) (*bos.List[*bos.Component], error) {
	select {
	case <-time.After(s.takes):
		return &bos.List[*bos.Component]{}, nil
	case <-ctx.Done():
		return nil, bos.Errorf(bos.Unavailable, "Redis does not answer")
	}
}

// TestAnUpdateThatTakesTooLongEndsItsSubscription shows that the time of one operation bounds each result.
func TestAnUpdateThatTakesTooLongEndsItsSubscription(t *testing.T) {
	simulate(t, func(w *world) {
		store := &slowStore{takes: 29 * time.Second}
		w.exec = executor.New(graph.NewSchema(&graph.Resolver{Live: w.live, Store: store}))
		w.exec.Use(graph.Plans{})
		w.exec.SetErrorPresenter(graph.PresentError(slog.New(slog.DiscardHandler)))
		w.fanout.o.Executor, w.fanout.o.Timeout = w.exec, 30*time.Second
		s := w.join(`subscription { sessionStatusUpdated(name: "s") { revision errorSummary { components(first: 1) { nodes { id } } } } }`)
		update := func(revision int64) {
			of := only(w, &w.live.statuses)
			of.show(live.Update[*bos.Status]{
				Value: &bos.Status{Session: &bos.Session{SessionKey: bos.SessionKey{Name: "s"}, State: bos.StateRunning}, Revision: revision,
					Errors: []bos.ErrorGroup{{Message: "broken", Digest: bos.DigestOf("broken"), Count: 1}}},
				Metadata: live.Metadata{Read: of.fresh.Load(), Revision: revision, Whole: true},
			})
		}
		update(1)
		w.pass(store.takes)
		s.want("within the time", `next {"data":{"sessionStatusUpdated":{"revision":1,"errorSummary":[{"components":{"nodes":[]}}]}}}`)
		store.takes = time.Hour
		update(2)
		w.pass(30 * time.Second)
		s.want("beyond it", `error [{"message":"an update of this subscription took longer than 30s (--operation-timeout) and was stopped: `+
			`select less, or try again later","extensions":{"code":"UNAVAILABLE"}}]`)
		if n := w.fanout.Executions(); n != 0 {
			t.Errorf("%d executions are left", n)
		}
	})
}
