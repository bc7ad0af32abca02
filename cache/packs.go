package cache

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// packAt asks for the pack that may have an id: it begins with it or before it.
func packAt(ctx context.Context, pipe redis.Pipeliner, key, id string) *redis.StringSliceCmd {
	return pipe.ZRevRangeByLex(ctx, key, &redis.ZRangeBy{Min: "-", Max: "(" + schema.BehindPack(id), Count: 1})
}

// packsBehind asks for the packs behind that one, up to a bound as Redis writes it: at most count of them, 0 for all.
func packsBehind(ctx context.Context, pipe redis.Pipeliner, key, id, high string, count int) *redis.StringSliceCmd {
	return pipe.ZRangeByLex(ctx, key, &redis.ZRangeBy{Min: "[" + schema.BehindPack(id), Max: high, Count: int64(count)})
}

// readPacks returns the components of the packs that ask asks for, in their order.
func (s *Store) readPacks(ctx context.Context, ask func(pipe redis.Pipeliner) []*redis.StringSliceCmd) ([]schema.Packed, error) {
	var asked []*redis.StringSliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { asked = ask(pipe) }); err != nil {
		return nil, err
	}
	var all []schema.Packed
	for _, reply := range asked {
		for _, pack := range reply.Val() {
			all = append(all, schema.ParsePack(pack)...)
		}
	}
	return all, nil
}

// packedAfter is idsAfter for an index of packs: it reads one more than those that the ids fill.
func (s *Store) packedAfter(ctx context.Context, idx index, after string, count int) ([]string, error) {
	_, high := idx.bounds(after)
	from := max(after, idx.ids)
	replies, err := s.readPacks(ctx, func(pipe redis.Pipeliner) (asked []*redis.StringSliceCmd) {
		for _, key := range idx.keys {
			asked = append(asked, packAt(ctx, pipe, key, from),
				packsBehind(ctx, pipe, key, from, high, (count+schema.PackSize-1)/schema.PackSize))
		}
		return asked
	})
	var ids []string
	for _, one := range replies {
		if one.ID > after && strings.HasPrefix(one.ID, idx.ids) {
			ids = append(ids, one.ID)
		}
	}
	return firstIDs(ids, len(idx.keys), count), err
}

// packedAmong is among for an index of packs.
func (s *Store) packedAmong(ctx context.Context, idx index, ids []string) ([]string, error) {
	in := map[string]bool{}
	for _, key := range idx.keys {
		found, err := s.findPacked(ctx, key, ids)
		if err != nil {
			return nil, err
		}
		for id := range found {
			in[id] = true
		}
	}
	var found []string
	for _, id := range ids {
		if in[id] {
			found = append(found, id)
		}
	}
	return found, nil
}

// findPacked returns those of the ids, which ascend, that a key of packs has, and what they waited for. It reads at most one pack
// for each, and one.
func (s *Store) findPacked(ctx context.Context, key string, ids []string) (map[string]bos.Wait, error) {
	found := make(map[string]bos.Wait, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	first, last := ids[0], ids[len(ids)-1]
	high := "(" + schema.BehindPack(last)
	var between *redis.IntCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		between = pipe.ZLexCount(ctx, key, "["+schema.BehindPack(first), high)
	}); err != nil {
		return nil, err
	}
	all, err := s.readPacks(ctx, func(pipe redis.Pipeliner) (asked []*redis.StringSliceCmd) {
		// Ids of a page are next to each other; ids that somebody names may be anywhere.
		if between.Val() <= int64(len(ids)) {
			return append(asked, packAt(ctx, pipe, key, first), packsBehind(ctx, pipe, key, first, high, 0))
		}
		for _, id := range ids {
			asked = append(asked, packAt(ctx, pipe, key, id))
		}
		return asked
	})
	for _, one := range all {
		if _, wanted := slices.BinarySearch(ids, one.ID); wanted {
			found[one.ID] = one.Wait
		}
	}
	return found, err
}
