package cache

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// RecountOptions say how to verify a namespace.
type RecountOptions struct {
	Repair bool
	Resume uint64                // cursor to begin at, as Progress has told it
	Report func(Finding)         // told of each, as it is found
	Status func(RecountProgress) // told now and then how far it is
}

// Finding is one thing that does not agree with the records of the components.
type Finding struct {
	Key  string // where
	What string // what is wrong there
}

// RecountProgress is how far a recount is.
type RecountProgress struct {
	Stage      string // what is being verified
	Components int    // verified so far
	Cursor     uint64 // where to resume the first stage; 0 once it is over
}

// Recount verifies that everything derived from the records of the components is
// what they make: members, indexes, error groups and counters. It returns how much
// is not. The server may go on meanwhile: each finding is confirmed as of one
// moment, and each repair is one write that depends on the record it is made of.
//
// Chunks of records are read like any others. Only adding up one session is a
// single script: it blocks Redis while it reads the short records of that session.
func (s *Store) Recount(ctx context.Context, o RecountOptions) (drift int, err error) {
	if _, err := s.Epoch(ctx); err != nil {
		return 0, err
	}
	r := &recount{Store: s, RecountOptions: o}
	for _, stage := range []func(context.Context) error{r.records, r.indexes, r.sums} {
		if err := stage(ctx); err != nil {
			return r.drift, err
		}
	}
	return r.drift, nil
}

// recount is one run.
type recount struct {
	*Store
	RecountOptions
	drift    int
	verified int
}

func (r *recount) found(key, what string) {
	r.drift++
	if r.Report != nil {
		r.Report(Finding{strings.TrimPrefix(key, string(r.keys)), what})
	}
}

func (r *recount) progress(stage string, cursor uint64) {
	if r.Status != nil {
		r.Status(RecountProgress{stage, r.verified, cursor})
	}
}

// mend runs a repair. One whose record has changed meanwhile is not needed, or not
// right, any more: the next recount will tell.
func (r *recount) mend(ctx context.Context, c *change) error {
	if !r.Repair {
		return nil
	}
	if err := r.run(ctx, c); err != errConflict {
		return err
	}
	return nil
}

// scan calls visit with the keys that begin with one of those kinds, in chunks.
func (r *recount) scan(ctx context.Context, pattern string, from uint64, visit func(keys []string, next uint64) error) error {
	for cursor := from; ; {
		found, next, err := r.scanOnce(ctx, pattern, cursor)
		if err != nil {
			return err
		}
		if err := visit(found, next); err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

func (r *recount) scanOnce(ctx context.Context, pattern string, cursor uint64) ([]string, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	var node redis.Cmdable = r.client
	if cluster, ok := r.client.(*redis.ClusterClient); ok { // one slot, one node
		master, err := cluster.MasterForKey(ctx, r.keys.meta())
		if err != nil {
			return nil, 0, explain(err)
		}
		node = master
	}
	found, next, err := node.Scan(ctx, cursor, globEscape(string(r.keys))+pattern, recountChunk).Result()
	return found, next, explain(err)
}

// recountChunk is how many keys are verified at a time.
const recountChunk = 1000

func globEscape(s string) string {
	return strings.NewReplacer("[", `\[`, "]", `\]`, "*", `\*`, "?", `\?`, `\`, `\\`).Replace(s)
}

// supports says whether the record makes that entry of that index.
func (r *recount) supports(rec *record, index, entry string) bool {
	if kind, rest, _ := strings.Cut(strings.TrimPrefix(index, string(r.keys)), ":"); kind == "tn" {
		for _, owner := range rec.owners {
			if owner == rest {
				return true
			}
		}
		return false
	}
	_, made := r.entries(rec)[indexEntry{index, entry}]
	return made
}

type indexEntry struct{ key, entry string }

// entries are all index entries that a record makes, with their scores.
func (r *recount) entries(rec *record) map[indexEntry]string {
	all := map[indexEntry]string{}
	id := rec.component.ID
	for _, t := range rec.owners {
		all[indexEntry{r.keys.tenant(t), id}] = "0"
	}
	if !rec.present {
		return all
	}
	all[indexEntry{r.keys.ids(), id}] = "0"
	if e := rec.component.Error; e != "" {
		all[indexEntry{r.keys.errorIndex(), errorEntry(bos.DigestOf(e), id)}] = "0"
	}
	rec.counted.Scopes(rec.owners, func(key bos.SessionKey) {
		h := scopeHome(key)
		if rec.counted.Session == key.Name {
			all[indexEntry{r.keys.members(h), id}] = "0"
			if since := rec.activeSince(); since != "" {
				all[indexEntry{r.keys.active(h), id}] = since
			}
			if g := rec.counted.Group; g != "" {
				digest, _, _ := bos.ParseGroupKey(g)
				all[indexEntry{r.keys.errors(h), errorEntry(digest, id)}] = "0"
			}
		}
		if rec.counted.Staged == key.Name {
			all[indexEntry{r.keys.staged(h), id}] = "0"
		}
	})
	return all
}
