package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// CreateSession creates a pending session. Its components may count already.
func (s *Store) CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error) {
	// Outside of retry: each attempt means the same incarnation, whose id is part of the
	// answer.
	now := s.options.Now()
	next, err := n.Create(newIncarnation(now), now)
	if err != nil {
		return nil, err
	}
	err = s.retry(ctx, func() (*change, error) {
		old, err := s.readForUpdate(ctx, n.SessionKey)
		if bos.CodeOf(err) == bos.NotFound {
			old = &bos.Session{}
		} else if err != nil {
			return nil, err
		}
		if old.Incarnation != "" && !old.Deleted {
			return nil, bos.Errorf(bos.Conflict, "there is a session %q already: delete it first, or choose another name", n.Name).At("name")
		}
		if err := s.roomForSession(ctx); err != nil {
			return nil, err
		}
		return s.begins(next, old, nil), nil
	})
	return next, err
}

// newIncarnation is the id of a session that is created at a moment. It begins with its microsecond, since starts are
// mostly whole seconds: those of one start are in the order in which they were created, as far as servers' clocks agree.
func newIncarnation(at time.Time) string {
	return fmt.Sprintf("%014x", at.UnixMicro()) + rand.Text()[:16]
}

// UpdateSession changes a producer's session. It completes, and is frozen, in the
// same write if that leaves it running with no component active.
func (s *Store) UpdateSession(ctx context.Context, key bos.SessionKey, u bos.SessionUpdate) (*bos.Session, error) {
	var next *bos.Session
	err := s.retry(ctx, func() (*change, error) {
		old, err := s.readForUpdate(ctx, key)
		if err == nil {
			err = producers(old)
		}
		if err != nil {
			return nil, err
		}
		if next, err = old.Update(u); err != nil || next == old {
			return nil, err
		}
		c := s.newChange()
		h := schema.ScopeHome(key)
		c.guard(h, old)
		c.store(h, next)
		to := c.scope(key)
		to.record = true
		to.start = next.State == bos.StateRunning && old.State != bos.StateRunning
		to.check = next.SelfCompleting()
		to.freeze = next.State == bos.StateComplete
		return c, nil
	})
	return next, err
}

// DeleteSession removes a producer's session with its snapshot and change log,
// and returns its id. What its components count as stays.
func (s *Store) DeleteSession(ctx context.Context, key bos.SessionKey) (id string, err error) {
	var deleted string
	err = s.retry(ctx, func() (*change, error) {
		old, err := s.readForUpdate(ctx, key)
		if err == nil {
			err = producers(old)
		}
		if err != nil {
			return nil, err
		}
		deleted = old.ID()
		return s.erase(ctx, schema.ScopeHome(key), old)
	})
	if err != nil {
		return "", err
	}
	return deleted, nil
}

// MarkDeleted notes that a session was deleted at its source. It is frozen if it was
// not yet, in the state that it has and without an end, and stays as history until its
// retention ends.
func (s *Store) MarkDeleted(ctx context.Context, key bos.SessionKey) error {
	return s.retry(ctx, func() (*change, error) {
		old, err := s.readForUpdate(ctx, key)
		if err != nil || old.Deleted {
			return nil, err
		}
		return s.gone(old, bos.RemovalDeleted), nil
	})
}

// producers refuses to change a session that is not a producer's. One that was deleted is
// unknown: its history can't be changed either.
func producers(s *bos.Session) error {
	if s.Deleted {
		return unknownSession(s.SessionKey)
	}
	if s.Source != bos.SourceProducer {
		return bos.Errorf(bos.Conflict, "session %q comes from BOS: change it there", s.Name)
	}
	return nil
}

// unknownSession is the error for a name that no session has.
func unknownSession(key bos.SessionKey) error {
	return bos.NoSession(key).At("name")
}

// readForUpdate reads the session that has the name now, whole but for its errors.
func (s *Store) readForUpdate(ctx context.Context, key bos.SessionKey) (*bos.Session, error) {
	found, err := s.ReadSessions(ctx, []bos.SessionRead{{SessionKey: key, Want: bos.Want{Details: true, Initial: true, Status: true, Epoch: true}}})
	if err != nil {
		return nil, err
	}
	if found[0] == nil {
		return nil, unknownSession(key)
	}
	return found[0], nil
}

// guard makes the change depend on the session's being as it was read; a zero one
// must not be there.
func (c *change) guard(h schema.Home, old *bos.Session) {
	key := c.keys.Session(h)
	c.guards = append(c.guards, guard{key, schema.Session.Incarnation.Name, old.Incarnation}, guard{key, schema.Session.Version.Name, old.Version})
	if old.Status != nil {
		c.within(old.Status.Epoch)
	}
}

// archive moves a session that BOS has deleted to a home of its own, because its
// name is taken again. The counters stay: they belong to the scope.
func (c *change) archive(h schema.Home, old *bos.Session) {
	c.copyHome(h, schema.HistoryHome(old.Incarnation))
	c.clear(h)
}

// copyHome copies all that belongs to one incarnation of a session.
func (c *change) copyHome(from, to schema.Home) {
	into := c.keys.HomeKeys(to)
	for i, key := range c.keys.HomeKeys(from) {
		c.copy(key, into[i])
	}
}

// clear removes a session's record and snapshot from its home.
func (c *change) clear(h schema.Home) {
	c.do("HDEL", c.keys.Session(h), schema.RecordFields...)
	for _, key := range c.keys.HomeKeys(h)[1:] { // the hash has the counters of the scope, too
		c.do("DEL", key)
	}
}

// erase removes all that is kept of one incarnation, wherever it lives.
func (s *Store) erase(ctx context.Context, h schema.Home, old *bos.Session) (*change, error) {
	scope := schema.ScopeHome(old.SessionKey)
	c := s.newChange()
	c.guard(h, old)
	// A frozen group never changes again, so this read needs no guard of its own.
	var groups *redis.StringSliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		groups = pipe.ZRange(ctx, s.db.Keys.FrozenGroups(h), 0, -1)
	}); err != nil {
		return nil, err
	}
	for _, g := range groups.Val() {
		if digest, _, whole := bos.ParseGroupKey(g); !whole {
			c.referTo(digest, -1)
		}
	}
	c.clear(h)
	c.do("ZREM", s.db.Keys.Sessions(), schema.SessionPosition(old))
	c.do("ZREM", s.db.Keys.History(scope), schema.HistoryPosition(old))
	c.do("ZREM", s.db.Keys.Alike(old), schema.SessionPosition(old))
	c.unlist(old)
	c.do("ZREM", s.db.Keys.Frozen(), schema.FrozenEntry(old))
	if h == scope {
		c.do("DEL", s.db.Keys.Log(h))
	} else {
		c.do("DEL", s.db.Keys.Session(h)) // its counters are those it was archived with
	}
	c.scope(old.SessionKey).record = true
	return c, nil
}

// expireBatch bounds how many sessions one call of Expire removes.
const expireBatch = 100

// Expire removes sessions that were frozen longer ago than the retention, at most
// some at a time; it returns how many. Those that can't be removed stay, and hold up no others: the error says how many,
// and why the first of them.
func (s *Store) Expire(ctx context.Context, now time.Time) (n int, err error) {
	var failed int
	var first error
	for n < expireBatch {
		room := expireBatch - n
		entries, err := s.expired(ctx, now, failed, room) // behind those that have failed, which are oldest
		if err != nil {
			return n, err
		}
		for _, entry := range entries {
			removed, err := s.expire(ctx, entry) // one write a session: each is short
			switch {
			case err != nil && (ctx.Err() != nil || bos.CodeOf(err) == bos.Unavailable):
				return n, err // so would all others be
			case err != nil:
				failed++
				first = cmp.Or(first, err)
			case removed:
				n++
			}
		}
		if len(entries) < room {
			break
		}
	}
	if failed > 0 {
		return n, fmt.Errorf("%d can't be removed, the first: %w", failed, first)
	}
	return n, nil
}

// expire removes the session of an entry of the list of frozen ones, and says whether it has: another replica may have been faster.
func (s *Store) expire(ctx context.Context, entry string) (removed bool, err error) {
	incarnation, key, ok := schema.ParseFrozenEntry(entry)
	if !ok {
		return false, fmt.Errorf("the list of frozen sessions has an entry that can't be read: %.100q", entry)
	}
	err = s.retry(ctx, func() (*change, error) {
		removed = false // it may be decided again, and once is what counts
		// Before it is looked for: a session that is not there may be in another epoch.
		epoch, err := s.Epoch(ctx)
		if err != nil {
			return nil, err
		}
		h, old, err := s.locate(ctx, key, incarnation)
		switch {
		case err != nil:
			return nil, err
		case old == nil:
			return s.forget(ctx, key, incarnation, entry, epoch)
		}
		removed = true
		return s.erase(ctx, h, old)
	})
	if err != nil {
		return false, fmt.Errorf("session %s: %w", key, err)
	}
	return removed, nil
}

// forget is the change that takes a session that Redis has lost out of the lists that count it: no incarnation comes back in an
// epoch. Its other entries depend on what it was, which only a recount finds out.
func (s *Store) forget(ctx context.Context, key bos.SessionKey, incarnation, entry, epoch string) (*change, error) {
	history := s.db.Keys.History(schema.ScopeHome(key))
	var positions *redis.StringSliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { positions = pipe.ZRange(ctx, history, 0, -1) }); err != nil {
		return nil, err
	}
	c := s.newChange()
	c.within(epoch)
	c.do("ZREM", s.db.Keys.Frozen(), entry)
	for _, position := range positions.Val() {
		if schema.HistoryIncarnation(position) == incarnation {
			c.do("ZREM", history, position)
			c.do("ZREM", s.db.Keys.Sessions(), schema.SessionAt(position, key))
		}
	}
	return c, nil
}
