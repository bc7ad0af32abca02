package cache

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// attempts bounds how often a write decides again because another came between,
// and backoff, doubled with each, how long it waits at most before it does: of
// several writers of one record each one's turn comes.
const (
	attempts = 12
	backoff  = 200 * time.Microsecond
)

// retry decides and runs a change until nothing comes between reading and
// writing. decide returns nil when nothing is to be changed.
func (s *Store) retry(ctx context.Context, decide func() (*change, error)) error {
	for n := range attempts {
		c, err := decide()
		if err != nil {
			return err
		}
		if c == nil { // what is there already may have been written a moment ago
			return s.replicated(ctx, s.db.Keys.Meta())
		}
		if err = s.run(ctx, c); !errors.Is(err, errConflict) {
			return err
		}
		s.conflicts.Add(1)
		// The fence of a tenure is a guard like any other, so losing the lease looks like a
		// conflict. Without this look a follower would try on until it reported others' changes
		// as the cause.
		if err := s.ended(ctx); err != nil {
			return err
		}
		// A random part of the pause, so that writers that have met do not meet again.
		select {
		case <-time.After(mathrand.N(backoff << n)):
		case <-ctx.Done():
			return redisdb.Explain(ctx.Err())
		}
	}
	return bos.Errorf(bos.Conflict, "others keep changing the same records: nothing was changed, try again")
}
