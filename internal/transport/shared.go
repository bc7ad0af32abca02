package transport

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// shared lets callers with equal keys share what they do: whoever comes while a run
// is under way shares the next one with all others who do. So every outcome was made
// of what was there after the call, never of anything older, and there are no more
// than a few runs of a key at a time, however many call.
type shared[K comparable, V any] struct {
	mu   sync.Mutex
	last map[K]*run[V] // the one that began last, or is still to begin
}

// run is one run. Who joins it does so before it begins.
type run[V any] struct {
	begun    bool
	callers  int // that wait
	cancel   context.CancelFunc
	outcome  V
	panicked any
	done     chan struct{} // closed when it has ended
}

// patience is how long a run that is under way keeps the next one from beginning:
// many times what a usual query takes, and little to somebody who is to hear soon
// that Redis is away.
const patience = 100 * time.Millisecond

func newShared[K comparable, V any]() *shared[K, V] {
	return &shared[K, V]{last: map[K]*run[V]{}}
}

// do returns the outcome of a run of work that begins after the call, or the zero
// value if ctx ends before. The context of a run that is shared has the values of one
// of its callers', and ends when none of them waits any more. A panic in it is one in
// each of them.
func (s *shared[K, V]) do(ctx context.Context, key K, work func(context.Context) V) V {
	s.mu.Lock()
	r := s.last[key]
	if r == nil { // no need to wait, and so nobody to share with
		r = &run[V]{begun: true, done: make(chan struct{})}
		s.last[key] = r
		s.mu.Unlock()
		defer s.end(key, r)
		return work(ctx)
	}
	if r.begun {
		r = s.follow(ctx, key, r, work)
	}
	r.callers++
	s.mu.Unlock()
	select {
	case <-r.done:
	case <-ctx.Done():
		s.leave(r)
		return *new(V)
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.outcome
}

// follow opens the run after that one to callers. The lock is held.
func (s *shared[K, V]) follow(ctx context.Context, key K, before *run[V], work func(context.Context) V) *run[V] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &run[V]{cancel: cancel, done: make(chan struct{})}
	s.last[key] = r
	go func() {
		defer s.end(key, r)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				r.panicked = fmt.Errorf("%v\n%s", p, debug.Stack())
			}
		}()
		select {
		case <-before.done:
		case <-time.After(patience):
		}
		if s.begin(r) {
			r.outcome = work(ctx)
		}
	}()
	return r
}

// begin closes a run to those who come later. It is false if nobody waits for it.
func (s *shared[K, V]) begin(r *run[V]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.begun = true
	return r.callers > 0
}

func (s *shared[K, V]) leave(r *run[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.callers--; r.callers == 0 && r.begun { // before, others may still join
		r.cancel()
	}
}

func (s *shared[K, V]) end(key K, r *run[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last[key] == r {
		delete(s.last, key)
	}
	close(r.done)
}
