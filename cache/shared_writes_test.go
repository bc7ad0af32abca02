package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestConcurrentSmallWritesKeepTheirOwnAnswers lets many callers patch one component each at
// the same time, in round trips that they share: of some nothing is there to patch, some
// give up. Each gets what it would get alone, and every write counts once.
func TestConcurrentSmallWritesKeepTheirOwnAnswers(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		const callers, rounds = 24, 5
		for i := range callers {
			s.put(component(fmt.Sprintf("x%d", i), "a"))
		}
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				for round := range rounds {
					s.patchOne(i, round)
				}
			})
		}
		s.must(s.store.db.Client.ScriptFlush(s.ctx).Err()) // Redis forgets its scripts meanwhile
		all.Wait()
		for i := 0; i < callers; i += 3 {
			found, err := s.store.ReadComponents(s.ctx, []string{fmt.Sprintf("x%d", i)}, false)
			s.must(err)
			if want := fmt.Sprintf("error %d of %d", rounds-1, i); found[0].Error != want {
				s.Errorf("component %d has %q, want %q", i, found[0].Error, want)
			}
		}
	})
}

// patchOne is one call of one of those callers.
func (s *suite) patchOne(i, round int) {
	ctx, id := s.ctx, fmt.Sprintf("x%d", i)
	switch i % 3 {
	case 1:
		id = fmt.Sprintf("none%d", i)
	case 2:
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go cancel()
	}
	result, err := s.store.PatchComponents(ctx, []bos.ComponentPatch{{ID: id, Error: new(fmt.Sprintf("error %d of %d", round, i))}})
	switch {
	case i%3 == 2 && (err == nil || errors.Is(err, context.Canceled)):
	case err != nil:
		s.Errorf("caller %d: %v", i, err)
	case i%3 == 0 && (result.Applied != 1 || len(result.Refused) > 0):
		s.Errorf("caller %d: %+v", i, result)
	case i%3 == 1 && (result.Applied != 0 || len(result.Refused) != 1 || bos.CodeOf(result.Refused[0].Err) != bos.NotFound):
		s.Errorf("caller %d: %+v", i, result)
	}
}
