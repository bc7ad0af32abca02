// Package coalesce lets concurrent callers share what they do: those who come while a run
// is under way join the next one. So every outcome was made of what was there after the
// call, never of anything older, which a cache or joining the run under way could not
// promise, and one who is alone starts at once, which waiting for others to come could
// not. The busier the server, the more is shared.
//
// Requests share their execution and reads share their round trip by it.
package coalesce

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Runs are the runs under way and to come, by key: at most one of a key is under way,
// and one more for each time that patience runs out. The zero value is ready. It is safe
// for concurrent use.
type Runs[K comparable, V any] struct {
	// Patience is how long a run under way keeps the next one from beginning; 0 for as
	// long as it takes.
	Patience time.Duration
	// Handed and Left follow an outcome that several callers share: it is given to so many,
	// and one of them does not take it after all. Nil for nothing. They are called under a
	// lock.
	Handed func(outcome V, among int)
	Left   func(outcome V)

	mu   sync.Mutex
	last map[K]*run[V] // the newest run of each key, until it ends
}

// run is one run. Callers join it before it begins.
type run[V any] struct {
	value    V // what callers have added to it, then its outcome
	begun    bool
	handed   bool // its outcome, to those who waited
	callers  int  // that wait
	cancel   context.CancelFunc
	panicked any
	before   <-chan struct{} // closed when the run before has ended
	done     chan struct{}   // closed when it has ended; nil while nobody needs to know
}

// turn is what a caller of join does next.
type turn int

const (
	alone  turn = iota // nothing is under way: do the work, then call end
	opened             // the first of its run: call start, then wait
	joined             // call wait
)

// join joins the next run of a key; admit and open are those of [Runs.Add], nil if there is nothing to add.
func (s *Runs[K, V]) join(key K, admit func(V) bool, open func() V) (*run[V], turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last[key]
	if last == nil {
		if s.last == nil {
			s.last = map[K]*run[V]{}
		}
		r := &run[V]{begun: true}
		s.last[key] = r
		return r, alone
	}
	if !last.begun && (admit == nil || admit(last.value)) {
		last.callers++
		return last, joined
	}
	if last.done == nil { // of one who was alone until now
		last.done = make(chan struct{})
	}
	r := &run[V]{callers: 1, before: last.done, done: make(chan struct{})}
	if open != nil {
		r.value = open()
	}
	s.last[key] = r
	return r, opened
}

// start begins a run that was opened when the one before has ended or patience has run
// out, in the background. work gets the run's value and returns its outcome. It is not
// called if nobody waits any more: else what was away would be asked everything at once
// when it is back. cancel, if not nil, is called when the last caller leaves meanwhile,
// and at the end.
func (s *Runs[K, V]) start(key K, r *run[V], cancel context.CancelFunc, work func(V) V) {
	r.cancel = cancel
	go func() {
		defer s.end(key, r)
		defer s.hand(r)
		if cancel != nil {
			defer cancel()
		}
		defer func() {
			if p := recover(); p != nil {
				r.panicked = fmt.Errorf("%v\n%s", p, debug.Stack())
			}
		}()
		var late <-chan time.Time
		if s.Patience > 0 {
			late = time.After(s.Patience)
		}
		select {
		case <-r.before:
		case <-late:
		}
		if s.begin(r) {
			r.value = work(r.value)
		}
	}()
}

// wait returns the outcome of a run that was joined or opened. It is false, and the
// outcome the zero value, if ctx ends before. A panic of the work is one of every caller.
func (s *Runs[K, V]) wait(ctx context.Context, r *run[V]) (outcome V, ok bool) {
	select {
	case <-r.done:
	case <-ctx.Done():
		s.leave(r)
		return outcome, false
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.value, true
}

// Do returns the outcome of a run of work that begins after the call, or the zero value
// if ctx ends before. The context of a run that is shared has the values of one of its
// callers', and ends when none of them waits any more.
func (s *Runs[K, V]) Do(ctx context.Context, key K, work func(context.Context) V) V {
	r, turn := s.join(key, nil, nil)
	switch turn {
	case alone:
		defer s.end(key, r)
		return work(ctx)
	case opened:
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		s.start(key, r, cancel, func(V) V { return work(shared) })
	}
	outcome, _ := s.wait(ctx, r)
	return outcome
}

// Add has a run do what a caller adds to it, and says whether that was before ctx ended: if not, it
// may be under way. admit adds it to a run that others have opened, or refuses if that is full; open makes the
// value of another. Both are called under a lock. lone does it for a caller who is alone, work for all of a
// run that was opened.
func (s *Runs[K, V]) Add(ctx context.Context, key K, admit func(V) bool, open func() V, lone func(), work func(V)) bool {
	r, turn := s.join(key, admit, open)
	switch turn {
	case alone:
		defer s.end(key, r)
		lone()
		return true
	case opened:
		s.start(key, r, nil, func(v V) V {
			work(v)
			return v
		})
	}
	_, ok := s.wait(ctx, r)
	return ok
}

// begin closes a run to those who come later. It is false if nobody waits for it.
func (s *Runs[K, V]) begin(r *run[V]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.begun = true
	return r.callers > 0
}

func (s *Runs[K, V]) leave(r *run[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.handed && s.Left != nil {
		s.Left(r.value)
	}
	if r.callers--; r.callers == 0 && r.begun && r.cancel != nil { // before, others may still join
		r.cancel()
	}
}

// hand hands the outcome to all who still wait.
func (s *Runs[K, V]) hand(r *run[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.handed = true
	if s.Handed != nil {
		s.Handed(r.value, r.callers)
	}
}

// end ends a run; who was alone calls it after its work.
func (s *Runs[K, V]) end(key K, r *run[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last[key] == r {
		delete(s.last, key)
	}
	if r.done != nil {
		close(r.done)
	}
}

// Waiting says how many callers wait for the newest run of a key to begin, and whether
// any is under way or to come.
func (s *Runs[K, V]) Waiting(key K) (callers int, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.last[key]
	if r == nil {
		return 0, false
	}
	if r.begun {
		return 0, true
	}
	return r.callers, true
}
