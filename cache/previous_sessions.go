package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// spare is how many sessions are looked at beyond those that are asked for: some of
// those before one may not have completed, or never ran.
const spare = 10

// PreviousSessions returns the latest sessions of the same template, operation and
// tenant that started before this one and have completed, newest first, each with
// what is wanted of it. Only so many are looked at, so more than a few that have not
// completed can hide those before them.
func (s *Store) PreviousSessions(ctx context.Context, of *bos.Session, first int, want bos.Want) ([]*bos.Session, error) {
	before, err := s.before(ctx, []*bos.Session{of}, first+spare)
	if err != nil {
		return nil, err
	}
	complete, err := s.complete(ctx, before[0])
	if err != nil {
		return nil, err
	}
	reads := make([]bos.SessionRead, min(first, len(complete)))
	for i := range reads {
		reads[i] = readOf(complete[i], want)
	}
	found, err := s.ReadSessions(ctx, reads)
	if err != nil {
		return nil, err
	}
	return present(found), nil
}

// before returns for each session the positions of those that are like it and
// started before it, newest first, in one round trip.
func (s *Store) before(ctx context.Context, sessions []*bos.Session, count int) ([][]string, error) {
	replies := make([]*redis.StringSliceCmd, len(sessions))
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, one := range sessions {
			// Positions begin with the start, so what started before this one is everything
			// below it.
			replies[i] = pipe.ZRevRangeByLex(ctx, s.db.Keys.Alike(one), &redis.ZRangeBy{
				Min: "-", Max: "(" + schema.SessionPosition(one), Count: int64(count),
			})
		}
	})
	if err != nil {
		return nil, err
	}
	positions := make([][]string, len(sessions))
	for i, reply := range replies {
		positions[i] = reply.Val()
	}
	return positions, nil
}

// complete reads those sessions of a list of positions that have completed, in their
// order, and their counts.
func (s *Store) complete(ctx context.Context, positions []string) ([]*bos.Session, error) {
	reads := make([]bos.SessionRead, len(positions))
	for i, p := range positions {
		key, incarnation, _ := schema.ParseSessionPosition(p)
		reads[i] = bos.SessionRead{SessionKey: key, Incarnation: incarnation, Want: bos.Want{Status: true}}
	}
	found, err := s.ReadSessions(ctx, reads)
	if err != nil {
		return nil, err
	}
	var complete []*bos.Session
	for _, one := range present(found) {
		if one.State == bos.StateComplete {
			complete = append(complete, one)
		}
	}
	return complete, nil
}

// readOf asks for what is wanted of that very session.
func readOf(one *bos.Session, want bos.Want) bos.SessionRead {
	return bos.SessionRead{SessionKey: one.SessionKey, Incarnation: one.Incarnation, Want: want}
}

// present are those sessions of a reply that are there.
func present(found []*bos.Session) []*bos.Session {
	there := []*bos.Session{}
	for _, one := range found {
		if one != nil {
			there = append(there, one)
		}
	}
	return there
}
