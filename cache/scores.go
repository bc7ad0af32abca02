package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// scoresOf asks for the scores of members of a sorted set, nil for one that is absent; plain, as go-redis' own ZMScore takes that
// for one of score 0.
func scoresOf(ctx context.Context, pipe redis.Pipeliner, key string, members []string) *redis.Cmd {
	args := make([]any, 0, 2+len(members))
	args = append(args, "ZMSCORE", key)
	for _, m := range members {
		args = append(args, m)
	}
	return pipe.Do(ctx, args...)
}

// inGroups calls found with the places of each component and of each error group that an index of errors has it in.
func (s *Store) inGroups(ctx context.Context, key string, groups []bos.Digest, ids []string, found func(group, id int)) error {
	replies := make([]*redis.Cmd, len(groups))
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, group := range groups {
			entries := make([]string, len(ids))
			for j, id := range ids {
				entries[j] = schema.ErrorEntry(group, id)
			}
			replies[i] = scoresOf(ctx, pipe, key, entries)
		}
	}); err != nil {
		return err
	}
	for i, reply := range replies {
		scores, err := reply.Slice()
		if err != nil {
			return redisdb.Explain(err)
		}
		for j, score := range scores {
			if score != nil {
				found(i, j)
			}
		}
	}
	return nil
}
