package cache

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// spare is how many sessions are looked at first beyond those that are asked for: some
// of those before one may not have completed, or never ran.
const spare = 10

// PreviousSessions returns the latest sessions of the same template, operation and
// tenant that are older than this one and have completed, newest first, each with
// what is wanted of it. Of those with the same start, older is what was created earlier.
func (s *Store) PreviousSessions(ctx context.Context, of *bos.Session, first int, want bos.Want) ([]*bos.Session, error) {
	complete, err := s.completeBefore(ctx, of, first)
	if err != nil {
		return nil, err
	}
	reads := make([]bos.SessionRead, len(complete))
	for i, one := range complete {
		reads[i] = readOf(one, want)
	}
	found, err := s.ReadSessions(ctx, reads)
	if err != nil {
		return nil, err
	}
	return present(found), nil
}

// completeBefore returns up to so many sessions like one that are older and have
// completed, newest first, with their counts. Those that have not completed are passed
// over, as many as one operation may look through.
func (s *Store) completeBefore(ctx context.Context, of *bos.Session, count int) (complete []*bos.Session, err error) {
	last := schema.SessionPosition(of)
	for asked := count + spare; ; asked = walkChunk {
		var page *redis.StringSliceCmd
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { page = s.below(ctx, pipe, of, last, asked) }); err != nil {
			return nil, err
		}
		positions := page.Val()
		if err := cost.EffortOf(ctx).Scan(ctx, len(positions)); err != nil {
			return nil, err
		}
		found, err := s.complete(ctx, exceptOwn(of, positions))
		if err != nil {
			return nil, err
		}
		complete = append(complete, found...)
		if len(complete) >= count || len(positions) < asked {
			return complete[:min(count, len(complete))], nil
		}
		last = positions[asked-1]
	}
}

// below asks for the positions of sessions like one that come before a position, newest
// first. Positions begin with the start, then have what says when it was created: older sessions are all below.
func (s *Store) below(ctx context.Context, pipe redis.Pipeliner, of *bos.Session, position string, count int) *redis.StringSliceCmd {
	return pipe.ZRevRangeByLex(ctx, s.db.Keys.Alike(of), &redis.ZRangeBy{Min: "-", Max: "(" + position, Count: int64(count)})
}

// exceptOwn are the positions of other sessions: the end that one had before BOS set it back has the same name and start.
func exceptOwn(of *bos.Session, positions []string) []string {
	start := schema.StartPosition(of.StartTime)
	return slices.DeleteFunc(slices.Clone(positions), func(p string) bool {
		key, _, _ := schema.ParseSessionPosition(p)
		return key == of.SessionKey && strings.HasPrefix(p, start)
	})
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
