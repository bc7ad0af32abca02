package cache

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// comparisons remembers for a while which progress each running session is compared
// with. A subscriber of an estimate has it made with every change, and the progress of
// a session that has completed never changes.
type comparisons struct {
	mu    sync.Mutex
	known map[string]comparison // by incarnation of the running session
}

// comparison is what one session is compared with, and until when that counts: a better one may
// complete.
type comparison struct {
	progress bos.Progress // empty for none
	until    time.Time
}

const (
	comparisonLife = time.Minute
	maxComparisons = 100 // some 50 KB each
	candidates     = 3   // that are looked at for one to compare with
)

// get returns what is remembered. An empty progress with true is a session that has none to
// compare with.
func (e *comparisons) get(incarnation string, now time.Time) (bos.Progress, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.known[incarnation]
	return c.progress, ok && now.Before(c.until)
}

// put remembers a comparison. It is called without the lock held for the reads before it, so
// two readers may find the same and the second replaces the first, which does no harm.
func (e *comparisons) put(incarnation string, progress bos.Progress, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	// All at once, and not the oldest: to find that costs more than to read a few again.
	if e.known == nil || len(e.known) >= maxComparisons {
		e.known = map[string]comparison{}
	}
	e.known[incarnation] = comparison{progress, now.Add(comparisonLife)}
}

// compare gives sessions whose end is to be estimated the progress that they are
// compared with: that of the latest one like it before that has come to its end.
// Those that are not known take three round trips, however many they are.
func (s *Store) compare(ctx context.Context, reads []bos.SessionRead, found []*bos.Session) error {
	now := s.options.Now()
	var running []*bos.Session
	for i, one := range found {
		if one == nil || !reads[i].Estimate || one.Status == nil || one.State != bos.StateRunning || one.Over() {
			continue
		}
		if progress, known := s.comparisons.get(one.Incarnation, now); known {
			one.Status.Earlier = progress
		} else {
			running = append(running, one)
		}
	}
	if len(running) == 0 {
		return nil
	}
	chosen, err := s.choose(ctx, running)
	if err != nil {
		return err
	}
	var whose []*bos.Session
	var progress []bos.SessionRead
	for i, one := range chosen {
		if one != nil {
			whose, progress = append(whose, running[i]), append(progress, readOf(one, bos.Want{Status: true, Progress: true}))
		}
	}
	compared, err := s.ReadSessions(ctx, progress)
	if err != nil {
		return err
	}
	for i, one := range compared {
		if one != nil { // nil: deleted meanwhile
			whose[i].Status.Earlier = one.Status.Progress
		}
	}
	for _, one := range running {
		// Also that there is none: the first session of a template would look for one with
		// every change.
		s.comparisons.put(one.Incarnation, one.Status.Earlier, now)
	}
	return nil
}

// choose returns for each session the one that it is compared with, nil for none.
func (s *Store) choose(ctx context.Context, sessions []*bos.Session) ([]*bos.Session, error) {
	before := make([]*redis.StringSliceCmd, len(sessions))
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, one := range sessions {
			before[i] = s.below(ctx, pipe, one, schema.SessionPosition(one), candidates)
		}
	}); err != nil {
		return nil, err
	}
	var all []string
	for _, positions := range before {
		all = append(all, positions.Val()...)
	}
	complete, err := s.complete(ctx, all)
	if err != nil {
		return nil, err
	}
	ended := map[string]*bos.Session{} // by position
	for _, one := range complete {
		// A session that was deleted on its way, or never had a component, says nothing about
		// how long one takes.
		if t := one.Status.Tally; t.Managed > 0 && t.Active == 0 {
			ended[schema.SessionPosition(one)] = one
		}
	}
	chosen := make([]*bos.Session, len(sessions))
	for i, positions := range before {
		for _, p := range exceptOwn(sessions[i], positions.Val()) {
			if chosen[i] = ended[p]; chosen[i] != nil {
				break
			}
		}
	}
	return chosen, nil
}
