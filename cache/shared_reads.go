package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/coalesce"
)

// homeRead asks for a session at one of its homes.
type homeRead struct {
	bos.SessionRead
	home  schema.Home
	texts int64 // bytes of the error groups' texts at most
}

// round is one round trip of reads. What several callers want is asked once; each
// makes sessions of its own of the replies, which nobody changes. Reads that differ only in the
// parts that they are without are one: it is without what all of them are.
type round struct {
	asked   []*asked
	newest  map[schema.Home]*asked
	callers int
	opened  time.Time // zero for one that nobody else can join
	epoch   *redis.StringCmd
	err     error
}

// asked is a read of a round. Several of one home, which are rare, lead to each other: so what is looked for is a home, and not a
// whole read, whose hash takes longer than all else that a round does.
type asked struct {
	read    homeRead
	without bos.Parts // what none of the callers needs
	older   *asked    // of the same home
	sessionReply
}

func newRound(reads []homeRead) *round {
	r := &round{asked: make([]*asked, 0, len(reads)), newest: make(map[schema.Home]*asked, len(reads)), callers: 1}
	r.add(reads)
	return r
}

func (r *round) add(reads []homeRead) {
	for _, one := range reads {
		without := one.Without
		one.Without = 0
		if a := r.of(one); a != nil {
			a.without &= without
			continue
		}
		a := &asked{read: one, without: without, older: r.newest[one.home]}
		r.asked, r.newest[one.home] = append(r.asked, a), a
	}
}

// of is what was asked for a read; nil if it was not.
func (r *round) of(one homeRead) *asked {
	one.Without = 0
	for a := r.newest[one.home]; a != nil; a = a.older {
		if a.read == one {
			return a
		}
	}
	return nil
}

// rounds lets concurrent reads share round trips, which are of one key: one at a time is
// under way.
type rounds = coalesce.Runs[struct{}, *round]

const (
	maxRound = 512 // reads of one
	maxJoin  = 64  // reads of one caller; a longer list is a round trip of its own, which keeps nobody waiting
)

// admit adds reads to a round that is not sent yet, if they fit.
func (r *round) admit(reads []homeRead) bool {
	if len(r.asked)+len(reads) > maxRound {
		return false
	}
	r.add(reads)
	r.callers++
	return true
}

// together sends reads in a round trip that may be shared. Only its own context
// and the store's timeout end a caller's waiting.
func (s *Store) together(ctx context.Context, reads []homeRead) (*round, error) {
	if len(reads) > maxJoin {
		return s.alone(ctx, reads)
	}
	var r *round // that has these reads
	done := s.rounds.Add(ctx, struct{}{},
		func(next *round) bool { r = next; return r.admit(reads) },
		func() *round { r = newRound(reads); r.opened = time.Now(); return r },
		func() { r, _ = s.alone(ctx, reads) },
		func(r *round) {
			// Not within the context of the caller that has opened it: others wait for the same round trip.
			// Its time began then, and not now, so that nobody waits for longer and needs a timer of its own.
			within, cancel := redisdb.Until(context.Background(), r.opened.Add(s.db.Timeout))
			defer cancel()
			s.send(within, r)
		})
	switch {
	case !done:
		return nil, redisdb.Explain(ctx.Err())
	// That Redis is away is true for everybody: asking again, each alone, would make it
	// worse.
	case r.err == nil || r.callers == 1 || bos.CodeOf(r.err) == bos.Unavailable:
		return r, r.err
	}
	// Somebody's read has failed: whose is seen when each is done alone.
	return s.alone(ctx, reads)
}

// alone sends reads in a round trip that nobody joins, within the caller's own time.
func (s *Store) alone(ctx context.Context, reads []homeRead) (*round, error) {
	r := newRound(reads)
	s.send(ctx, r)
	return r, r.err
}

// send asks Redis for all of a round. The epoch comes first: data of an earlier epoch
// than the one they are said to be of would be taken for newer than they are.
func (s *Store) send(ctx context.Context, r *round) {
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	epoch := false
	for _, a := range r.asked {
		epoch = epoch || a.read.Epoch
	}
	r.err = s.db.Whole(ctx, func(ctx context.Context) error {
		return s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			if epoch {
				r.epoch = pipe.HGet(ctx, s.db.Keys.Meta(), schema.Meta.Epoch.Name)
			}
			for _, a := range r.asked {
				s.ask(ctx, pipe, a.read, a)
			}
		})
	}, func(ctx context.Context) error { return s.sendSingly(ctx, r) })
}
