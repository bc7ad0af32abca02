package cache

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// ReviseSession replaces the end of a complete session by another that BOS reports
// later: the status that it has saved, and the end time where that differs. The earlier
// one becomes history, under an incarnation of its own, so that the id of the session
// stays. It does nothing for a session that is not complete or has another start.
//
// The frozen counters stay as they are, and so does the revision that the change log
// is compared with (see complete in change_log.go): the status gets one of its own.
func (s *Store) ReviseSession(ctx context.Context, r bos.SourceSession) error {
	if _, err := r.Create(""); err != nil {
		return err
	}
	// Outside of retry: each attempt means the same copy. It is older than the session, whose start it has.
	past := newIncarnation(time.Unix(0, 0))
	return s.retry(ctx, func() (*change, error) {
		old, err := s.readForUpdate(ctx, r.SessionKey)
		if err != nil {
			return nil, err
		}
		if old.Deleted || old.State != bos.StateComplete || old.Source != bos.SourceBOS || old.StartTime != r.StartTime || r.Saved == nil {
			return nil, nil
		}
		c := s.newChange()
		h := schema.ScopeHome(old.SessionKey)
		c.guard(h, old)
		// Before the commands that replace it, as they run in the order in which they were
		// added.
		if err := s.keepEarlier(ctx, c, old, past); err != nil {
			return nil, err
		}
		if r.EndTime != "" {
			c.do("HSET", s.db.Keys.Session(h), schema.Session.End.Name, string(r.EndTime))
		}
		c.save(h, r.Saved)
		c.scope(old.SessionKey).record = true
		c.scope(old.SessionKey).revise = true
		return c, nil
	})
}

// keepEarlier copies a complete session, as it is, to a home of its own.
func (s *Store) keepEarlier(ctx context.Context, c *change, old *bos.Session, past string) error {
	from, to := schema.ScopeHome(old.SessionKey), schema.HistoryHome(past)
	// A frozen group never changes again, so this read needs no guard of its own.
	var groups *redis.StringSliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		groups = pipe.ZRange(ctx, s.db.Keys.FrozenGroups(from), 0, -1)
	}); err != nil {
		return err
	}
	for _, g := range groups.Val() {
		// The copy refers to long texts as well: removed by its own retention, it takes away
		// one reference.
		if digest, _, whole := bos.ParseGroupKey(g); !whole {
			c.referTo(digest, 1)
		}
	}
	c.copyHome(from, to)
	c.do("HSET", s.db.Keys.Session(to), schema.Session.Incarnation.Name, past, schema.Session.Removal.Name, string(bos.RemovalResaved))
	earlier := *old
	earlier.Incarnation = past
	c.do("ZADD", s.db.Keys.Sessions(), "0", schema.SessionPosition(&earlier))
	c.do("ZADD", s.db.Keys.History(from), "0", schema.HistoryPosition(&earlier))
	c.list(&earlier)
	c.do("ZADD", s.db.Keys.Frozen(), strconv.FormatInt(old.Status.AsOf.Unix(), 10), schema.FrozenEntry(&earlier))
	return nil
}
