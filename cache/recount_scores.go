package cache

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// scoredEntry is an index entry as a record makes it.
type scoredEntry struct {
	indexEntry
	score string
}

// lacking says that the entry is missing, or has another score.
func (e scoredEntry) lacking(id string) string {
	if e.score == "0" {
		return "lacks " + id
	}
	return "lacks " + id + " with the score " + e.score
}

// scored says whether a reply is that score.
func scored(reply any, want string) bool {
	have, there := scoreOf(reply)
	expected, err := strconv.ParseFloat(want, 64)
	return there && err == nil && have == expected
}

// scoreOf is a score of a reply, false for none: one server writes it as a number, another as a text.
func scoreOf(reply any) (float64, bool) {
	if have, number := reply.(float64); number {
		return have, true
	}
	have, err := strconv.ParseFloat(redisdb.Text(reply), 64)
	return have, err == nil
}

// walk visits the entries of an index, in chunks.
func (r *recount) walk(ctx context.Context, key string, visit func(entries []string) error) error {
	if _, ok := r.db.Keys.Cut(schema.Kinds.Waiting, key); ok || key == r.db.Keys.Tenants() || key == r.db.Keys.Frozen() {
		return r.walkScored(ctx, key, visit)
	}
	for after := ""; ; {
		entries, err := r.idsAfter(ctx, index{keys: []string{key}}, after, recountChunk)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := visit(entries); err != nil {
			return err
		}
		after = entries[len(entries)-1]
	}
}

// walkScored is walk for an index whose order changes all the time. It may meet an
// entry more than once, which is visited once.
func (r *recount) walkScored(ctx context.Context, key string, visit func(entries []string) error) error {
	met := map[string]bool{}
	// By cursor and not by score: a component whose status changes moves behind what was
	// visited, or before it, and would be missed.
	for cursor := uint64(0); ; {
		var scan *redis.ScanCmd
		if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			scan = pipe.ZScan(ctx, key, cursor, "", recountChunk)
		}); err != nil {
			return err
		}
		found, next := scan.Val()
		var entries []string
		for i := 0; i < len(found); i += 2 { // a score follows each
			if !met[found[i]] {
				met[found[i]] = true
				entries = append(entries, found[i])
			}
		}
		if len(entries) > 0 {
			if err := visit(entries); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}
