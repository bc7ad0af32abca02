package cache

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// batches are the writes that are noted as whole batches, by their versions.
type batches struct {
	noted, seen map[string]int // how many records each made, and how many were found to have its version
}

// notedBatches are those noted as of now. None are if an earlier version of this program has written last: then nobody relies on
// what is noted.
func (r *recount) notedBatches(ctx context.Context) (batches, error) {
	var note *redis.MapStringStringCmd
	var current *redis.SliceCmd
	if err := r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		note = pipe.HGetAll(ctx, r.db.Keys.Batches())
		current = pipe.HMGet(ctx, r.db.Keys.Meta(), schema.Meta.Revision.Name, schema.Meta.Batched.Name)
	}); err != nil {
		return batches{}, err
	}
	all := batches{map[string]int{}, map[string]int{}}
	if is := current.Val(); is[0] != is[1] {
		return all, nil
	}
	for version, size := range note.Val() {
		all.noted[version], _ = strconv.Atoi(size)
	}
	return all, nil
}

// saw counts a record that has been read since.
func (b *batches) saw(rec *inspected) {
	if b.noted[rec.version] > 0 {
		b.seen[rec.version]++
	}
}

// verify reports, once all records have been seen, the batches that are still noted though some of their records are not there any
// more: who changes one of these takes the note away.
func (b *batches) verify(ctx context.Context, r *recount) error {
	for _, version := range sortedKeys(b.noted, always) {
		seen, noted := b.seen[version], b.noted[version]
		if seen >= noted {
			continue
		}
		var now *redis.StringCmd
		if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) { now = pipe.HGet(ctx, r.db.Keys.Batches(), version) }); err != nil {
			return err
		}
		if now.Err() == redis.Nil {
			continue
		}
		r.found(r.db.Keys.Batches(), fmt.Sprintf("has a batch of %d records, of which there are %d", noted, seen))
		c := r.newChange()
		c.do("HDEL", r.db.Keys.Batches(), version)
		if err := r.repair(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
