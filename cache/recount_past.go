package cache

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// What has been cannot be counted again: that the past can be read, and that its parts agree, is all that a
// recount can verify.

// histories verifies that the sessions that components have left can be read, and that there are at most as many as are to be.
func (r *recount) histories(ctx context.Context) error {
	return r.scan(ctx, schema.Kinds.Stays, 0, func(found []string, _ uint64) error {
		lists := make([]*redis.StringSliceCmd, len(found))
		if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			for i, key := range found {
				lists[i] = pipe.LRange(ctx, key, 0, -1)
			}
		}); err != nil {
			return err
		}
		for i, key := range found {
			if readable(lists[i].Val()) == nil {
				continue
			}
			if err := r.verifyHistory(ctx, key); err != nil {
				return err
			}
		}
		r.progress("histories", 0)
		return nil
	})
}

// readable returns those entries of a history that are to stay, nil if all are.
func readable(entries []string) []string {
	good := slices.DeleteFunc(slices.Clone(entries), func(one string) bool {
		_, err := decodePast(one)
		return err != nil
	})
	good = good[max(0, len(good)-bos.MaxStays):]
	if len(good) == len(entries) {
		return nil
	}
	return append([]string{}, good...)
}

// verifyHistory confirms that a history is wrong, and stores what is right of it, unless the component changes meanwhile.
func (r *recount) verifyHistory(ctx context.Context, key string) error {
	id, _ := r.db.Keys.Cut(schema.Kinds.Stays, key)
	records, err := r.inspect(ctx, []string{id}, false)
	if err != nil {
		return err
	}
	var list *redis.StringSliceCmd
	if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) { list = pipe.LRange(ctx, key, 0, -1) }); err != nil {
		return err
	}
	good := readable(list.Val())
	if good == nil {
		return nil
	}
	r.found(key, fmt.Sprintf("has %d sessions that can't be read, or are too many", len(list.Val())-len(good)))
	c := r.newChange()
	c.within(records[0].epoch)
	c.values = []versioned{records[0].itself()}
	c.do("DEL", key)
	for _, one := range good {
		r.keepStay(c, key, one)
	}
	return r.repair(ctx, c)
}

// troubles verifies that those who failed on a day are those of whom the last failure is known.
func (r *recount) troubles(ctx context.Context) error {
	days := map[string]bool{}
	for _, of := range []schema.Kind{schema.Kinds.Troubles, schema.Kinds.LastFailures} {
		if err := r.scan(ctx, of, 0, func(found []string, _ uint64) error {
			for _, key := range found {
				rest, _ := r.db.Keys.Cut(of, key)
				days[rest] = true
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for _, rest := range slices.Sorted(maps.Keys(days)) {
		if b, ok := schema.ParseTroubles(rest); ok {
			if err := r.verifyTroubles(ctx, b); err != nil {
				return err
			}
		}
		r.progress("failures", 0)
	}
	return nil
}

func (r *recount) verifyTroubles(ctx context.Context, b schema.Troubles) error {
	var failed *redis.StringSliceCmd
	var last *redis.MapStringStringCmd
	scores, hash := r.db.Keys.Troubles(b), r.db.Keys.LastFailures(b)
	if err := r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		failed, last = pipe.ZRange(ctx, scores, 0, -1), pipe.HGetAll(ctx, hash)
	}); err != nil {
		return err
	}
	c, left := r.newChange(), maps.Clone(last.Val())
	for _, id := range failed.Val() {
		if _, known := left[id]; !known {
			r.found(hash, "lacks the last failure of "+id)
			// As of the beginning of the day, unless it fails again meanwhile.
			c.do("HSETNX", hash, id, strconv.FormatInt(b.Day*daySeconds, base)+" ")
		}
		delete(left, id)
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		r.found(hash, "has the last failure of "+id+", which did not fail")
		c.guards = append(c.guards, guard{hash, id, left[id]}) // it may fail meanwhile
		c.do("HDEL", hash, id)
	}
	if len(c.commands) == 0 {
		return nil
	}
	c.do("PEXPIRE", hash, r.lifeOf(b.Day, c.at))
	return r.repair(ctx, c)
}
