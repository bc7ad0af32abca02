package hub

import (
	"context"

	"github.com/bosgraph/bosgraph/internal/latest"
	"github.com/bosgraph/bosgraph/internal/live"
)

// slot is where a watch finds what it is shown next. All but waiting is under the
// hub's lock. The reader never waits for a watch: what one has not taken yet is replaced
// or merged, so that a slow one costs memory of one state, or of one change a key.
type slot[T any] struct {
	hub   *Hub
	ready chan struct{}
	next  latest.Log[live.Update[T]]
	added uint64 // to next, so far
	taken *entry // that may be read again when all of next is taken; nil for none
	err   error
}

// ready has room for one: showing something never waits, and a watch that was woken once
// takes all that is there.
func newSlot[T any](h *Hub) slot[T] { return slot[T]{hub: h, ready: make(chan struct{}, 1)} }

// Next implements [live.Watch].
func (s *slot[T]) Next(ctx context.Context) (live.Update[T], error) {
	for {
		s.hub.mu.Lock()
		update, _, ok := s.next.Drop()
		// A watch of components is read again only now: for one that is slow, changes stay in
		// the log of the session, where they are merged, and not in memory.
		if ok && s.free() && s.taken != nil {
			s.hub.place(s.taken)
		}
		err := s.err
		s.hub.mu.Unlock()
		switch {
		case ok:
			return update, nil
		case err != nil:
			return live.Update[T]{}, err
		}
		select {
		case <-ctx.Done():
			return live.Update[T]{}, ctx.Err()
		case <-s.ready:
		}
	}
}

func (s *slot[T]) free() bool { return s.next.Len() == 0 }

// replace shows a state instead of those that have not been taken yet.
func (s *slot[T]) replace(update live.Update[T]) {
	for first := true; ; first = false {
		before, _, ok := s.next.Drop()
		if !ok {
			break
		}
		if first { // nobody has seen what was new in it
			update.Again = update.Again && before.Again
		}
	}
	s.add(update)
}

// add shows a change after those before, or instead of one of the same key.
func (s *slot[T]) add(update live.Update[T]) {
	s.added++
	s.next.Add(s.added, update.Key, update)
	s.publish()
}

// end ends the watch after what has been shown: the last state is never lost to the end.
func (s *slot[T]) end(err error) {
	s.err = err
	s.publish()
}

func (s *slot[T]) publish() {
	select {
	case s.ready <- struct{}{}:
	default: // it is to look already
	}
}
