package cache

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// records verifies that every record is whole, counted by today's rules and has made
// all the index entries that follow from it, and that batches which are noted as whole are.
func (r *recount) records(ctx context.Context) error {
	whole, err := r.notedBatches(ctx)
	if err != nil {
		return err
	}
	if err := r.scan(ctx, schema.Kinds.Component, r.Resume, func(found []string, next uint64) error {
		records, err := r.inspect(ctx, r.idsOf(schema.Kinds.Component, found), true)
		if err != nil {
			return err
		}
		missing, err := r.missing(ctx, records)
		if err != nil {
			return err
		}
		for i := range records {
			whole.saw(&records[i])
			if err := r.verifyRecord(ctx, &records[i], missing[records[i].component.ID]); err != nil {
				return err
			}
		}
		r.verified += len(found)
		r.progress("components", next)
		return nil
	}); err != nil || r.Resume != 0 { // else not all of them were seen
		return err
	}
	return whole.verify(ctx, r)
}

// idsOf are what keys of a kind are for.
func (r *recount) idsOf(of schema.Kind, keys []string) []string {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i], _ = r.db.Keys.Cut(of, key)
	}
	return ids
}

// verifyRecord reports what is wrong with one record, and repairs it: first what is missing,
// then by what rules it is counted.
func (r *recount) verifyRecord(ctx context.Context, rec *inspected, missing []scoredEntry) error {
	id := rec.component.ID
	if len(missing) > 0 || len(rec.wrong) > 0 {
		c := r.newChange()
		c.within(rec.epoch)
		c.values = []versioned{rec.itself()}
		for _, e := range missing {
			r.found(e.key, e.lacking(id))
			c.do("ZADD", e.key, e.score, e.entry)
		}
		r.verifyWhole(c, rec)
		if err := r.repair(ctx, c); err != nil {
			return err
		}
	}
	// A write of its own, which reads the record again: the repair above has given it another
	// version.
	if rec.present && rec.counted != rec.component.Contribution() {
		r.found(r.db.Keys.Component(id), "is counted by other rules than today's")
		if r.Repair { // any write counts it again
			return r.update(ctx, []string{id}, false, func(old []record) ([]record, error) {
				return append([]record{}, old...), nil
			})
		}
	}
	return nil
}

// missing returns the entries that records make and that are not there, or not with
// that score, by id, confirmed as of one moment: a record that has changed since it
// was read was verified by the write that changed it.
func (r *recount) missing(ctx context.Context, records []inspected) (map[string][]scoredEntry, error) {
	byKey := map[string][]string{}
	owner, score := map[indexEntry]*record{}, map[indexEntry]string{}
	names := make([]string, len(records))
	for i := range records {
		names[i] = r.db.Keys.Component(records[i].component.ID)
		for e, s := range r.entries(&records[i].record) {
			byKey[e.key] = append(byKey[e.key], e.entry)
			owner[e], score[e] = &records[i].record, s
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	var now *redis.SliceCmd
	scores := map[string]*redis.Cmd{}
	err := r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		now = pipe.MGet(ctx, names...)
		for key, entries := range byKey {
			scores[key] = scoresOf(ctx, pipe, key, entries)
		}
	})
	if err != nil {
		return nil, err
	}
	// An entry that lacks while its record is as it was read, as of one moment, has not been
	// made. If the record has changed, that write has made its own entries.
	same := map[string]bool{}
	for i := range records {
		same[records[i].component.ID] = redisdb.Text(now.Val()[i]) == records[i].stored()
	}
	missing := map[string][]scoredEntry{}
	for key, entries := range byKey {
		there, err := scores[key].Slice()
		if err != nil {
			return nil, redisdb.Explain(err)
		}
		for i, entry := range entries {
			e := indexEntry{key, entry}
			if id := owner[e].component.ID; !scored(there[i], score[e]) && same[id] {
				missing[id] = append(missing[id], scoredEntry{e, score[e]})
			}
		}
	}
	return missing, nil
}

// indexes verifies that every index entry is made by a record.
func (r *recount) indexes(ctx context.Context) error {
	k := schema.Kinds
	all, err := r.keysOf(ctx, k.Members, k.Failed, k.Waiting, k.Staged, k.Errors, k.Tenant)
	if err != nil {
		return err
	}
	for _, key := range append([]string{r.db.Keys.IDs(), r.db.Keys.ErrorIndex()}, all...) {
		if err := r.verifyIndex(ctx, key); err != nil {
			return err
		}
		r.progress("indexes", 0)
	}
	return nil
}

// keysOf are all keys of those kinds. They are collected before they are verified: repairs make keys come and go, and a
// scan may show or miss those.
func (r *recount) keysOf(ctx context.Context, kinds ...schema.Kind) (all []string, err error) {
	for _, of := range kinds {
		if err := r.scan(ctx, of, 0, func(found []string, _ uint64) error {
			all = append(all, found...)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// verifyIndex looks for entries of one index that no record makes.
func (r *recount) verifyIndex(ctx context.Context, key string) error {
	return r.walk(ctx, key, func(entries []string) error {
		ids := make([]string, len(entries))
		for i, e := range entries {
			ids[i] = e[strings.IndexByte(e, ' ')+1:] // an entry with a digest has the id behind it
		}
		records, err := r.inspect(ctx, ids, false)
		if err != nil {
			return err
		}
		for i := range records {
			rec := &records[i].record
			// A first look, of many at a time. What looks wrong is confirmed one by one, which
			// is rare.
			if !r.supports(rec, key, entries[i]) {
				if err := r.verifyStray(ctx, key, entries[i], rec); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// verifyStray confirms that an entry is there although its record, unchanged, does
// not make it.
func (r *recount) verifyStray(ctx context.Context, key, entry string, rec *record) error {
	name := r.db.Keys.Component(rec.component.ID)
	var score *redis.FloatCmd
	var now *redis.StringCmd
	if err := r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		score, now = pipe.ZScore(ctx, key, entry), pipe.Get(ctx, name)
	}); err != nil {
		return err
	}
	// Either the entry was removed, or the record has changed, and that write has seen to it.
	if score.Err() == redis.Nil || now.Val() != rec.stored() {
		return nil
	}
	r.found(key, "has "+rec.component.ID+", which does not belong there")
	c := r.newChange()
	c.within(rec.epoch)
	c.values = []versioned{rec.itself()}
	c.do("ZREM", key, entry)
	return r.repair(ctx, c)
}
