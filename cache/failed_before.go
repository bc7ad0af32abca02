package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// FailedBefore says of each of those components whether it failed in the session before this one: the first of
// [Store.PreviousSessions], as that was frozen.
func (s *Store) FailedBefore(ctx context.Context, of *bos.Session, ids []string) ([]bool, error) {
	failed := make([]bool, len(ids))
	key, err := s.failedKey(ctx, of)
	if err != nil || key == "" || len(ids) == 0 {
		return failed, err
	}
	there, err := s.among(ctx, index{keys: []string{key}}, ids)
	for i, id := range ids { // those that are there have kept the order
		if len(there) > 0 && there[0] == id {
			failed[i], there = true, there[1:]
		}
	}
	return failed, err
}

// GroupsFailedBefore counts the components of each error group of a session, as it was frozen if frozen is set, that failed in
// the session before it.
func (s *Store) GroupsFailedBefore(ctx context.Context, of *bos.Session, groups []bos.Digest, frozen bool) ([]int, error) {
	counts := make([]int, len(groups))
	key, err := s.failedKey(ctx, of)
	if err != nil || key == "" || len(groups) == 0 {
		return counts, err
	}
	home, _, err := s.locate(ctx, of.SessionKey, of.Incarnation)
	if err != nil {
		return nil, err
	}
	errors := s.db.Keys.Errors(home)
	if frozen {
		errors = s.db.Keys.FrozenErrors(home)
	}
	for start := int64(0); ; start += bos.MaxPage {
		var page *redis.StringSliceCmd
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { page = pipe.ZRange(ctx, key, start, start+bos.MaxPage-1) }); err != nil {
			return nil, err
		}
		ids := page.Val()
		if err := cost.EffortOf(ctx).Scan(ctx, len(ids)*len(groups)); err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			if err := s.inGroups(ctx, errors, groups, ids, func(group, _ int) { counts[group]++ }); err != nil {
				return nil, err
			}
		}
		if len(ids) < bos.MaxPage {
			return counts, nil
		}
	}
}

// failedKey is where those are that failed in the session before, "" if there is none.
func (s *Store) failedKey(ctx context.Context, of *bos.Session) (string, error) {
	complete, err := s.completeBefore(ctx, of, 1)
	if err != nil || len(complete) == 0 {
		return "", err
	}
	home, _, err := s.locate(ctx, complete[0].SessionKey, complete[0].Incarnation)
	return s.db.Keys.FrozenFailed(home), err
}
