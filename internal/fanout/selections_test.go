package fanout

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/live"
)

// selection is one of thousands of different ones of a status.
func selection(i int) string {
	return fmt.Sprintf(`subscription Watch { sessionStatusUpdated(name: "s") {
		v%d: revision epoch stale managedComponentsCount percentSuccessful percentFailed percentStaged
		phases { percentComplete percentPoweringOn percentPoweringOff percentConfiguring }
		timing { startTime endTime duration } } }`, i)
}

// discard is a sink that takes what there is.
type discard struct{ member *Member }

func (d *discard) Offer(*[]byte) {
	for d.member != nil {
		if _, ok := d.member.Next(); !ok {
			return
		}
	}
}

// BenchmarkDifferentSelections is what it costs that subscribers of one session select
// different things: to join, in memory, and for each update.
func BenchmarkDifferentSelections(b *testing.B) {
	l := &fakeHub{}
	exec := executor.New(graph.NewSchema(&graph.Resolver{Live: l}))
	exec.Use(graph.Plans{})
	exec.SetErrorPresenter(graph.PresentError(slog.New(slog.DiscardHandler)))
	exec.SetRecoverFunc(graph.Recover)
	exec.SetQueryCache(lru.New[*ast.QueryDocument](100))
	const groups = 2000
	var joining, updating time.Duration
	var heap, stacks, rounds int64
	for b.Loop() {
		rounds++
		l.statuses = nil
		f := New(Options{Executor: exec, Fresh: time.Minute})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		begin := time.Now()
		for i := range groups {
			op, errs := exec.CreateOperationContext(graphql.StartOperationTrace(b.Context()), &graphql.RawParams{Query: selection(i)})
			if errs != nil {
				b.Fatal(errs)
			}
			d := &discard{}
			m, err := f.Join(op, auth.Access{}, "192.0.2.1", d)
			if err != nil {
				b.Fatal(err)
			}
			d.member = m
		}
		update := func(revision int64) {
			for _, w := range watches(l, groups) {
				session := &bos.Session{SessionKey: bos.SessionKey{Name: "s"}, State: bos.StateRunning, StartTime: "2026-01-01T00:00:00"}
				timing := bos.Timing{StartTime: session.StartTime, Duration: time.Minute}
				w.show(live.Update[*bos.Status]{Value: &bos.Status{Session: session, Timing: timing, Revision: revision, Epoch: "e"},
					Metadata: live.Metadata{Read: 1 << 40, Revision: revision, Epoch: "e", Whole: true}})
			}
		}
		update(1)
		joining += time.Since(begin)
		waitFor(f, 1)
		runtime.GC()
		runtime.ReadMemStats(&after)
		heap += int64(after.HeapAlloc) - int64(before.HeapAlloc)
		stacks += int64(after.StackInuse) - int64(before.StackInuse)
		begin = time.Now()
		update(2)
		waitFor(f, 2)
		updating += time.Since(begin)
		f.Stop()
	}
	b.ReportMetric(float64(joining.Microseconds())/float64(rounds*groups), "µs/join")
	b.ReportMetric(float64(heap)/float64(rounds*groups), "heap-B/group")
	b.ReportMetric(float64(stacks)/float64(rounds*groups), "stack-B/group")
	b.ReportMetric(float64(updating.Microseconds())/float64(rounds*groups), "µs/update")
}

// watches are those of all groups, once all executions have begun.
func watches(l *fakeHub, n int) []*watch[*bos.Status] {
	for {
		l.mu.Lock()
		all := l.statuses
		l.mu.Unlock()
		if len(all) == n {
			return all
		}
		runtime.Gosched()
	}
}

// waitFor waits until all groups have published so many results.
func waitFor(f *Fanout, seq uint64) {
	f.mu.Lock()
	groups := make([]*group, 0, len(f.groups))
	for _, g := range f.groups {
		groups = append(groups, g)
	}
	f.mu.Unlock()
	for _, g := range groups {
		for g.log.Load().seq < seq {
			runtime.Gosched()
		}
	}
}
