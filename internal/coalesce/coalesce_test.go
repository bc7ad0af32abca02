package coalesce

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type who struct{}

func as(ctx context.Context, name string) context.Context { return context.WithValue(ctx, who{}, name) }

// patience is that of the runs in these tests.
const patience = 100 * time.Millisecond

// runs are of one key, each until it is released.
type runs struct {
	*Runs[string, int]
	begun, running atomic.Int64
	release        chan struct{}
	cancelled      atomic.Int64
}

func newRuns() *runs {
	return &runs{Runs: &Runs[string, int]{Patience: patience}, release: make(chan struct{})}
}

// ask does the work on behalf of ctx: it returns how many runs had begun.
func (r *runs) ask(ctx context.Context) int {
	return r.Do(ctx, "key", func(ctx context.Context) int {
		n := r.begun.Add(1)
		r.running.Add(1)
		defer r.running.Add(-1)
		select {
		case <-r.release:
			return int(n)
		case <-ctx.Done():
			r.cancelled.Add(1)
			return -1
		}
	})
}

// later asks in the background.
func (r *runs) later(ctx context.Context, callers int) <-chan int {
	answers := make(chan int, callers)
	for range callers {
		go func() { answers <- r.ask(ctx) }()
	}
	synctest.Wait()
	return answers
}

func (r *runs) want(t *testing.T, answers <-chan int, callers, outcome int) {
	t.Helper()
	synctest.Wait()
	if len(answers) != callers {
		t.Fatalf("%d have been answered, want %d", len(answers), callers)
	}
	for range callers {
		if got := <-answers; got != outcome {
			t.Errorf("got the outcome of run %d, want %d", got, outcome)
		}
	}
}

// TestNobodyGetsTheOutcomeOfARunThatHadBegun shows that nobody gets the outcome of a run that had begun
// before the call, and that all who wait share the next one.
func TestNobodyGetsTheOutcomeOfARunThatHadBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRuns()
		first := r.later(t.Context(), 1)
		second := r.later(t.Context(), 100)
		if n := r.begun.Load(); n != 1 {
			t.Fatalf("%d runs have begun", n)
		}
		r.release <- struct{}{}
		r.want(t, first, 1, 1)
		third := r.later(t.Context(), 100)
		r.release <- struct{}{}
		r.want(t, second, 100, 2)
		r.release <- struct{}{}
		r.want(t, third, 100, 3)
		if len(r.last) != 0 {
			t.Error("a key is kept")
		}
	})
}

// TestASlowRunDoesNotKeepOthersWaiting shows that a slow run does not keep others waiting.
func TestASlowRunDoesNotKeepOthersWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRuns()
		slow := r.later(t.Context(), 1)
		next := r.later(t.Context(), 10)
		time.Sleep(patience) // of the bubble's time
		synctest.Wait()
		if n := r.running.Load(); n != 2 {
			t.Fatalf("%d runs are under way, want 2", n)
		}
		close(r.release)
		r.want(t, slow, 1, 1)
		r.want(t, next, 10, 2)
	})
}

// TestCallersWhoLeaveTakeNothingFromOthers shows that one who leaves takes nothing from others, and
// that what nobody waits for is ended.
func TestCallersWhoLeaveTakeNothingFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRuns()
		impatient, leave := context.WithCancel(t.Context())
		first := r.later(t.Context(), 1)
		opener := r.later(impatient, 1)
		others := r.later(t.Context(), 2)
		leave()
		r.want(t, opener, 1, 0)
		r.release <- struct{}{}
		r.want(t, first, 1, 1)
		r.release <- struct{}{}
		r.want(t, others, 2, 2)

		// All leave before it begins: others may still come.
		impatient, leave = context.WithCancel(t.Context())
		first = r.later(t.Context(), 1)
		gone := r.later(impatient, 3)
		leave()
		r.want(t, gone, 3, 0)
		after := r.later(t.Context(), 3)
		r.release <- struct{}{}
		r.want(t, first, 1, 3)
		r.release <- struct{}{}
		r.want(t, after, 3, 4)

		// All leave before it begins, and nobody comes.
		impatient, leave = context.WithCancel(t.Context())
		first = r.later(t.Context(), 1)
		gone = r.later(impatient, 3)
		leave()
		r.want(t, gone, 3, 0)
		r.release <- struct{}{}
		r.want(t, first, 1, 5)
		if n := r.begun.Load(); n != 5 || len(r.last) != 0 {
			t.Errorf("%d runs have begun, %d are kept", n, len(r.last))
		}

		// All leave while it is under way.
		impatient, leave = context.WithCancel(t.Context())
		first = r.later(t.Context(), 1)
		gone = r.later(impatient, 3)
		r.release <- struct{}{}
		r.want(t, first, 1, 6)
		leave()
		r.want(t, gone, 3, 0)
		if n := r.cancelled.Load(); n != 1 || r.running.Load() != 0 || len(r.last) != 0 {
			t.Errorf("%d runs were ended, %d are under way, %d kept", n, r.running.Load(), len(r.last))
		}
	})
}

// TestASharedRunHasTheValuesOfACallersContext shows that a shared run has the values of a caller's context.
func TestASharedRunHasTheValuesOfACallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Runs[string, string]{}
		block := make(chan struct{})
		work := func(ctx context.Context) string {
			<-block
			return ctx.Value(who{}).(string)
		}
		for range 2 {
			go func() {
				if got := s.Do(as(t.Context(), "me"), "me", work); got != "me" {
					t.Errorf("it ran as %s", got)
				}
			}()
		}
		synctest.Wait()
		close(block)
		synctest.Wait()
	})
}

// TestAPanicIsEverybodysWhoSharesTheRun shows that a panic is everybody's who shares the run, and that
// the next one is as good as any.
func TestAPanicIsEverybodysWhoSharesTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Runs[string, int]{}
		block := make(chan struct{})
		panicked := make(chan any, 3)
		for range cap(panicked) {
			go func() {
				defer func() { panicked <- recover() }()
				s.Do(t.Context(), "key", func(context.Context) int {
					<-block
					panic("oh")
				})
			}()
		}
		synctest.Wait()
		close(block)
		synctest.Wait()
		for range cap(panicked) {
			switch p := (<-panicked).(type) {
			case string:
			case error:
				if !strings.HasPrefix(p.Error(), "oh\n") {
					t.Errorf("the panic is %v", p)
				}
			default:
				t.Errorf("the panic is %v", p)
			}
		}
		if got := s.Do(t.Context(), "key", func(context.Context) int { return 1 }); got != 1 {
			t.Errorf("then it was %d", got)
		}
	})
}

// TestWhatARunAdmitsIsBounded opens another run for those who find the next one full, and
// has them follow one another.
func TestWhatARunAdmitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most, callers = 4, 10
		type batch struct{ asked []int }
		var s Runs[struct{}, *batch]
		lone, turn := s.join(struct{}{}, nil, nil)
		if turn != alone {
			t.Fatal("the first does not begin at once")
		}
		var worked [][]int
		for i := range callers {
			r, turn := s.join(struct{}{}, func(b *batch) bool {
				if len(b.asked) == most {
					return false
				}
				b.asked = append(b.asked, i)
				return true
			}, func() *batch { return &batch{asked: []int{i}} })
			if turn == opened {
				s.start(struct{}{}, r, nil, func(b *batch) *batch {
					worked = append(worked, b.asked)
					return b
				})
			}
			go func() {
				if b, ok := s.wait(t.Context(), r); !ok || !slices.Contains(b.asked, i) {
					t.Errorf("what %d asked for is not in %v", i, b)
				}
			}()
		}
		synctest.Wait()
		if n, busy := s.Waiting(struct{}{}); len(worked) != 0 || n != callers%most || !busy {
			t.Errorf("while one is under way %d have begun, %d wait for the last", len(worked), n)
		}
		s.end(struct{}{}, lone)
		synctest.Wait()
		if len(worked) != 3 || len(slices.Concat(worked...)) != callers || !slices.IsSorted(slices.Concat(worked...)) {
			t.Errorf("the runs were of %v", worked)
		}
		if _, busy := s.Waiting(struct{}{}); busy {
			t.Error("a key is kept")
		}
	})
}

// BenchmarkAlone is what a lone caller pays for being able to share.
func BenchmarkAlone(b *testing.B) {
	var s Runs[struct{}, *int]
	b.ReportAllocs()
	for b.Loop() {
		r, turn := s.join(struct{}{}, nil, nil)
		if turn != alone {
			b.Fatal("not alone")
		}
		s.end(struct{}{}, r)
	}
}

// BenchmarkShared is what a caller pays when many share runs of a microsecond.
func BenchmarkShared(b *testing.B) {
	var s Runs[struct{}, *int]
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, turn := s.join(struct{}{}, func(*int) bool { return true }, func() *int { return new(int) })
			switch turn {
			case alone:
				spin()
				s.end(struct{}{}, r)
				continue
			case opened:
				s.start(struct{}{}, r, nil, func(n *int) *int { spin(); return n })
			}
			if _, ok := s.wait(b.Context(), r); !ok {
				b.Error("no outcome")
			}
		}
	})
}

// spin keeps a processor busy for about a microsecond.
func spin() {
	for begin := time.Now(); time.Since(begin) < time.Microsecond; {
	}
}
