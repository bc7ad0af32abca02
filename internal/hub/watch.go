package hub

import (
	"github.com/bosgraph/bosgraph/internal/latest"
	"github.com/bosgraph/bosgraph/internal/live"
)

// slot is where a watch finds what it is shown next. All of it is under the
// hub's lock. The reader never waits for a watch: what one has not taken yet is replaced
// or merged, so that a slow one costs memory of one state, or of one change a key.
type slot[T any] struct {
	hub   *Hub
	wake  func() // nil for none
	next  latest.Log[live.Update[T]]
	added uint64 // to next, so far
	taken *entry // that may be read again when all of next is taken; nil for none
	err   error
}

// Next implements [live.Watch].
func (s *slot[T]) Next() (update live.Update[T], ok bool, err error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	update, _, ok = s.next.Drop()
	// A watch of components is read again only now: for one that is slow, changes stay in
	// the log of the session, where they are merged, and not in memory.
	if ok && s.free() && s.taken != nil {
		s.hub.place(s.taken)
	}
	if !ok { // the last state is never lost to the end
		err = s.err
	}
	return update, ok, err
}

// Wake implements [live.Watch].
func (s *slot[T]) Wake(wake func()) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.wake = wake
	if !s.free() || s.err != nil {
		wake()
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

// Ended implements [live.Watch].
func (s *slot[T]) Ended() bool {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.err != nil
}

// end ends the watch after what has been shown.
func (s *slot[T]) end(err error) {
	s.err = err
	s.publish()
}

func (s *slot[T]) publish() {
	if s.wake != nil {
		s.wake()
	}
}
