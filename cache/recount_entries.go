package cache

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
)

// records verifies that every record is counted by today's rules and has made all
// the index entries that follow from it.
func (r *recount) records(ctx context.Context) error {
	prefix := string(r.keys) + "c:"
	return r.scan(ctx, "c:*", r.Resume, func(found []string, next uint64) error {
		ids := make([]string, len(found))
		for i, key := range found {
			ids[i] = strings.TrimPrefix(key, prefix)
		}
		records, err := r.readRecords(ctx, ids, false)
		if err != nil {
			return err
		}
		missing, err := r.missing(ctx, records)
		if err != nil {
			return err
		}
		for i := range records {
			if err := r.verifyRecord(ctx, &records[i], missing[records[i].component.ID]); err != nil {
				return err
			}
		}
		r.verified += len(ids)
		r.progress("components", next)
		return nil
	})
}

func (r *recount) verifyRecord(ctx context.Context, rec *record, missing []scoredEntry) error {
	id := rec.component.ID
	if len(missing) > 0 {
		c := r.newChange()
		c.values = []versioned{{r.keys.component(id), rec.version, rec.body}}
		for _, e := range missing {
			r.found(e.key, e.lacking(id))
			c.do("ZADD", e.key, e.score, e.entry)
		}
		if err := r.mend(ctx, c); err != nil {
			return err
		}
	}
	if rec.present && rec.counted != rec.component.Counting() {
		r.found(r.keys.component(id), "is counted by other rules than today's")
		if r.Repair { // any write counts it anew
			return r.update(ctx, []string{id}, false, func(old []record) ([]record, error) {
				return append([]record{}, old...), nil
			})
		}
	}
	return nil
}

// missing returns the entries that records make and that are not there, or not with
// that score, by id, confirmed as of one moment: a record that has changed since it
// was read is verified by whoever changed it.
func (r *recount) missing(ctx context.Context, records []record) (map[string][]scoredEntry, error) {
	byKey := map[string][]string{}
	owner, score := map[indexEntry]*record{}, map[indexEntry]string{}
	names := make([]string, len(records))
	for i := range records {
		names[i] = r.keys.component(records[i].component.ID)
		for e, s := range r.entries(&records[i]) {
			byKey[e.key] = append(byKey[e.key], e.entry)
			owner[e], score[e] = &records[i], s
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	var now *redis.SliceCmd
	scores := map[string]*redis.Cmd{} // plain: go-redis' own ZMScore has no nil
	err := r.atomically(ctx, func(pipe redis.Pipeliner) {
		now = pipe.MGet(ctx, names...)
		for key, entries := range byKey {
			args := []any{"ZMSCORE", key}
			for _, e := range entries {
				args = append(args, e)
			}
			scores[key] = pipe.Do(ctx, args...)
		}
	})
	if err != nil {
		return nil, err
	}
	same := map[string]bool{}
	for i := range records {
		same[records[i].component.ID] = text(now.Val()[i]) == records[i].version+" "+records[i].body
	}
	missing := map[string][]scoredEntry{}
	for key, entries := range byKey {
		there, err := scores[key].Slice()
		if err != nil {
			return nil, explain(err)
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
	all := []string{r.keys.ids(), r.keys.errorIndex()}
	for _, kind := range []string{"m:*", "a:*", "st:*", "e:*", "tn:*"} {
		if err := r.scan(ctx, kind, 0, func(found []string, _ uint64) error {
			all = append(all, found...)
			return nil
		}); err != nil {
			return err
		}
	}
	for _, key := range all {
		if err := r.verifyIndex(ctx, key); err != nil {
			return err
		}
		r.progress("indexes", 0)
	}
	return nil
}

func (r *recount) verifyIndex(ctx context.Context, key string) error {
	return r.walk(ctx, key, func(entries []string) error {
		ids := make([]string, len(entries))
		for i, e := range entries {
			ids[i] = e[strings.IndexByte(e, ' ')+1:] // an entry with a digest has the id behind it
		}
		records, err := r.readRecords(ctx, ids, false)
		if err != nil {
			return err
		}
		for i := range records {
			if !r.supports(&records[i], key, entries[i]) {
				if err := r.verifyStray(ctx, key, entries[i], &records[i]); err != nil {
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
	name := r.keys.component(rec.component.ID)
	var score *redis.FloatCmd
	var now *redis.StringCmd
	if err := r.atomically(ctx, func(pipe redis.Pipeliner) {
		score, now = pipe.ZScore(ctx, key, entry), pipe.Get(ctx, name)
	}); err != nil {
		return err
	}
	stored := ""
	if rec.version != "" {
		stored = rec.version + " " + rec.body
	}
	if score.Err() == redis.Nil || now.Val() != stored {
		return nil
	}
	r.found(key, "has "+rec.component.ID+", which does not belong there")
	c := r.newChange()
	c.values = []versioned{{name, rec.version, rec.body}}
	c.do("ZREM", key, entry)
	return r.mend(ctx, c)
}
