package hub

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
)

// slot is where a watch finds what it is shown next. All but waiting is under the
// hub's lock.
type slot[T any] struct {
	hub   *Hub
	ready chan struct{}
	next  []bos.Sight[T]
	err   error
}

func newSlot[T any](h *Hub) slot[T] { return slot[T]{hub: h, ready: make(chan struct{}, 1)} }

// Next implements [bos.Watch].
func (s *slot[T]) Next(ctx context.Context) (bos.Sight[T], error) {
	for {
		s.hub.mu.Lock()
		if len(s.next) > 0 {
			sight := s.next[0]
			s.next = s.next[1:]
			if len(s.next) == 0 {
				s.hub.poke() // there is room again
			}
			s.hub.mu.Unlock()
			return sight, nil
		}
		err := s.err
		s.hub.mu.Unlock()
		if err != nil {
			return bos.Sight[T]{}, err
		}
		select {
		case <-ctx.Done():
			return bos.Sight[T]{}, ctx.Err()
		case <-s.ready:
		}
	}
}

func (s *slot[T]) free() bool { return len(s.next) == 0 }

// replace shows a state instead of the one that has not been taken yet.
func (s *slot[T]) replace(sight bos.Sight[T]) {
	if !s.free() {
		sight.Again = sight.Again && s.next[0].Again
	}
	s.next = append(s.next[:0], sight)
	s.tell()
}

// add shows a change after those before, or instead of one of the same key.
func (s *slot[T]) add(sight bos.Sight[T]) {
	for i := range s.next {
		if sight.Key != "" && s.next[i].Key == sight.Key {
			s.next = append(s.next[:i], s.next[i+1:]...)
			break
		}
	}
	s.next = append(s.next, sight)
	s.tell()
}

// end ends the watch after what has been shown.
func (s *slot[T]) end(err error) {
	s.err = err
	s.tell()
}

func (s *slot[T]) tell() { poke(s.ready) }
