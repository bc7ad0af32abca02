package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// CreateSession creates a pending session. Its components may count already.
func (s *Store) CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error) {
	next, err := n.Create(rand.Text(), s.options.Now())
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
		c := s.newChange()
		h := scopeHome(n.SessionKey)
		c.guard(h, old)
		if old.Incarnation != "" {
			c.archive(h, old)
		}
		c.do("DEL", s.keys.log(h)) // of an earlier incarnation
		c.lead(h)
		c.store(h, next)
		c.do("ZADD", s.keys.sessions(), "0", sessionPosition(next))
		c.do("ZADD", s.keys.history(h), "0", historyPosition(next))
		c.scope(h).record = true
		return c, nil
	})
	return next, err
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
		h := scopeHome(key)
		c.guard(h, old)
		c.store(h, next)
		to := c.scope(h)
		to.record = true
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
		return s.erase(ctx, scopeHome(key), old)
	})
	if err != nil {
		return "", err
	}
	return deleted, nil
}

// MarkDeleted notes that a session has gone at its source: it is frozen if it was
// not yet, and stays as history until its retention ends.
func (s *Store) MarkDeleted(ctx context.Context, key bos.SessionKey) error {
	return s.retry(ctx, func() (*change, error) {
		old, err := s.readForUpdate(ctx, key)
		if err != nil || old.Deleted {
			return nil, err
		}
		c := s.newChange()
		h := scopeHome(key)
		c.guard(h, old)
		c.do("HSET", s.keys.session(h), "del", "1")
		c.scope(h).record = true
		c.scope(h).freeze = true
		return c, nil
	})
}

func producers(s *bos.Session) error {
	if s.Deleted {
		return unknownSession(s.SessionKey)
	}
	if s.Source != bos.SourceProducer {
		return bos.Errorf(bos.Conflict, "session %q comes from BOS: change it there", s.Name)
	}
	return nil
}

func unknownSession(key bos.SessionKey) error {
	return bos.NoSession(key).At("name")
}

// readForUpdate reads the session that has the name now, whole but for its status.
func (s *Store) readForUpdate(ctx context.Context, key bos.SessionKey) (*bos.Session, error) {
	found, err := s.ReadSessions(ctx, []bos.SessionRead{{SessionKey: key, Want: bos.Want{Details: true, Initial: true}}})
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
func (c *change) guard(h home, old *bos.Session) {
	key := c.keys.session(h)
	c.guards = append(c.guards, guard{key, fieldIncarnation, old.Incarnation}, guard{key, fieldVersion, old.Version})
}

// archive moves a session that BOS has deleted to a home of its own, because its
// name is taken again. The counters stay: they belong to the scope.
func (c *change) archive(h home, old *bos.Session) {
	to := historyHome(old.Incarnation)
	for _, key := range []func(home) string{c.keys.session, c.keys.extras, c.keys.frozenGroups, c.keys.frozenErrors, c.keys.course} {
		c.do("COPY", key(h), key(to))
	}
	c.clear(h)
}

// clear removes a session's record and snapshot from its home.
func (c *change) clear(h home) {
	c.do(append([]string{"HDEL", c.keys.session(h)}, recordFields...)...)
	c.do("DEL", c.keys.extras(h), c.keys.frozenGroups(h), c.keys.frozenErrors(h), c.keys.course(h))
}

// erase removes all that is kept of one incarnation, wherever it lives.
func (s *Store) erase(ctx context.Context, h home, old *bos.Session) (*change, error) {
	scope := scopeHome(old.SessionKey)
	c := s.newChange()
	c.guard(h, old)
	// A frozen group never changes again, so this read needs no guard of its own.
	var groups *redis.StringSliceCmd
	if err := s.pipelined(ctx, func(pipe redis.Pipeliner) {
		groups = pipe.ZRange(ctx, s.keys.frozenGroups(h), 0, -1)
	}); err != nil {
		return nil, err
	}
	for _, g := range groups.Val() {
		if digest, _, whole := bos.ParseGroupKey(g); !whole {
			c.referTo(digest, -1)
		}
	}
	c.clear(h)
	c.do("ZREM", s.keys.sessions(), sessionPosition(old))
	c.do("ZREM", s.keys.history(scope), historyPosition(old))
	c.do("ZREM", s.keys.alike(old), sessionPosition(old))
	c.do("ZREM", s.keys.frozen(), frozenEntry(old))
	if h == scope {
		c.do("DEL", s.keys.log(h))
	} else {
		c.do("DEL", s.keys.session(h)) // its counters are those it was archived with
	}
	c.scope(scope).record = true
	return c, nil
}

// expireBatch bounds how many sessions one call of Expire removes.
const expireBatch = 100

// Expire removes sessions that were frozen longer ago than the retention, at most
// some at a time; it returns how many.
func (s *Store) Expire(ctx context.Context, now time.Time) (int, error) {
	entries, err := s.expired(ctx, now)
	if err != nil {
		return 0, err
	}
	var n int
	for _, entry := range entries {
		err := s.retry(ctx, func() (*change, error) {
			incarnation, key, ok := parseFrozenEntry(entry)
			if !ok {
				return nil, errors.New("the list of frozen sessions has an entry that can't be read: " + entry)
			}
			h, old, err := s.locate(ctx, key, incarnation)
			if err != nil || old == nil { // nil: another replica was faster
				return nil, err
			}
			n++
			return s.erase(ctx, h, old)
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
