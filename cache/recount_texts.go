package cache

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// texts verifies that long error texts are kept for as long as something refers to
// them: components, by the index of errors, which is right by now, and the groups of
// frozen sessions.
func (r *recount) texts(ctx context.Context) error {
	frozen, err := r.frozenReferences(ctx)
	if err != nil {
		return err
	}
	suspects, err := r.suspectTexts(ctx, frozen)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(suspects, recountChunk) {
		if err := r.verifyTexts(ctx, part); err != nil {
			return err
		}
		r.progress("texts", 0)
	}
	return nil
}

// frozenReferences counts how many frozen groups have each long text.
func (r *recount) frozenReferences(ctx context.Context) (map[bos.Digest]int, error) {
	count := map[bos.Digest]int{}
	err := r.scan(ctx, schema.Kinds.FrozenGroups, 0, func(found []string, _ uint64) error {
		lists := make([]*redis.StringSliceCmd, len(found))
		err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			for i, key := range found {
				lists[i] = pipe.ZRange(ctx, key, 0, -1)
			}
		})
		if err == nil {
			referTo(count, lists)
		}
		return err
	})
	return count, err
}

// referTo counts one reference for each group whose text is stored beside it.
func referTo(count map[bos.Digest]int, groups []*redis.StringSliceCmd) {
	for _, list := range groups {
		for _, g := range list.Val() {
			if digest, _, whole := bos.ParseGroupKey(g); !whole {
				count[digest]++
			}
		}
	}
}

// textState is how one text is kept.
type textState struct {
	stored     bool // there is a text
	references int  // that are counted
	components int  // that have it
}

// suspectTexts returns the digests that look wrong, at a glance that takes its time:
// writers may have come between.
func (r *recount) suspectTexts(ctx context.Context, frozen map[bos.Digest]int) ([]bos.Digest, error) {
	var stored, counted *redis.StringSliceCmd
	if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		stored, counted = pipe.HKeys(ctx, r.db.Keys.Texts()), pipe.HKeys(ctx, r.db.Keys.References())
	}); err != nil {
		return nil, err
	}
	known := map[bos.Digest]bool{}
	for _, d := range append(stored.Val(), counted.Val()...) {
		known[bos.Digest(d)] = true
	}
	for d := range frozen { // a text that is lost is in neither of them
		known[d] = true
	}
	var suspects []bos.Digest
	for part := range slices.Chunk(sortedKeys(known, always), recountChunk) {
		var states func() map[bos.Digest]textState
		if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) { states = r.askTexts(ctx, pipe, part) }); err != nil {
			return nil, err
		}
		for d, st := range states() {
			if want := st.components + frozen[d]; st.references != want || !st.stored || want == 0 {
				suspects = append(suspects, d)
			}
		}
	}
	slices.Sort(suspects)
	return suspects, nil
}

// askTexts asks for the state of texts within a pipeline or a transaction of the caller's. The
// function that it returns reads the replies, once those are there.
func (r *recount) askTexts(ctx context.Context, pipe redis.Pipeliner, digests []bos.Digest) func() map[bos.Digest]textState {
	stored := make([]*redis.BoolCmd, len(digests))
	components := make([]*redis.IntCmd, len(digests))
	fields := make([]string, len(digests))
	for i, d := range digests {
		fields[i] = string(d)
		of := index{prefix: string(d) + " "}
		stored[i] = pipe.HExists(ctx, r.db.Keys.Texts(), string(d))
		components[i] = pipe.ZLexCount(ctx, r.db.Keys.ErrorIndex(), "["+of.prefix, "("+of.end())
	}
	references := pipe.HMGet(ctx, r.db.Keys.References(), fields...)
	return func() map[bos.Digest]textState {
		states := make(map[bos.Digest]textState, len(digests))
		for i, d := range digests {
			n, _ := strconv.Atoi(redisdb.Text(references.Val()[i])) // absent: 0
			states[d] = textState{stored[i].Val(), n, int(components[i].Val())}
		}
		return states
	}
}

// verifyTexts confirms what is wrong as of one moment, by reading all frozen groups once
// more together with the texts. Which they are has to be known before, so it is done
// again if a session has been frozen or removed meanwhile.
func (r *recount) verifyTexts(ctx context.Context, digests []bos.Digest) error {
	for range attempts {
		exclusive, err := r.exclusive(ctx)
		if err != nil {
			return err
		}
		before, err := r.frozenSessions(ctx)
		if err != nil {
			return err
		}
		// The scan takes several round trips and can't be part of the transaction. The list of
		// frozen sessions can: if it is the same before and within, these are all keys.
		groups, err := r.frozenKeys(ctx, before)
		if err != nil {
			return err
		}
		lists := make([]*redis.StringSliceCmd, len(groups))
		var now *redis.StringSliceCmd
		var states func() map[bos.Digest]textState
		if err := r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
			now = pipe.ZRange(ctx, r.db.Keys.Frozen(), 0, -1)
			for i, key := range groups {
				lists[i] = pipe.ZRange(ctx, key, 0, -1)
			}
			states = r.askTexts(ctx, pipe, digests)
		}); err != nil {
			return err
		}
		if !slices.Equal(before, now.Val()) {
			continue
		}
		frozen := map[bos.Digest]int{}
		referTo(frozen, lists)
		return r.repairTexts(ctx, states(), frozen, exclusive)
	}
	return bos.Errorf(bos.Conflict, "sessions keep completing or being removed: run the recount once more")
}

// frozenSessions are the entries of the list of frozen sessions, in its order.
func (r *recount) frozenSessions(ctx context.Context) ([]string, error) {
	var entries *redis.StringSliceCmd
	err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) { entries = pipe.ZRange(ctx, r.db.Keys.Frozen(), 0, -1) })
	if err != nil {
		return nil, err
	}
	return entries.Val(), nil
}

// frozenKeys are all keys that frozen groups can be at: those that are there, and those
// of each frozen session, which moves to a home of its own when its name is taken.
func (r *recount) frozenKeys(ctx context.Context, entries []string) ([]string, error) {
	all := map[string]bool{}
	err := r.scan(ctx, schema.Kinds.FrozenGroups, 0, func(found []string, _ uint64) error {
		for _, key := range found {
			all[key] = true
		}
		return nil
	})
	for _, entry := range entries {
		if incarnation, key, ok := schema.ParseFrozenEntry(entry); ok {
			all[r.db.Keys.FrozenGroups(schema.ScopeHome(key))] = true
			all[r.db.Keys.FrozenGroups(schema.HistoryHome(incarnation))] = true
		}
	}
	return sortedKeys(all, always), err
}

// repairTexts reports what is wrong, and counts references right. A wrong count is off by
// an amount that stays the same whatever is written meanwhile, as with other sums. A
// text that is lost can't be made again: components that had it are left without error,
// see inspected, and a frozen session shows a group without message until it is removed.
func (r *recount) repairTexts(ctx context.Context, states map[bos.Digest]textState, frozen map[bos.Digest]int, exclusive func(*change)) error {
	c := r.newChange()
	for _, d := range sortedKeys(states, always) {
		st := states[d]
		want := st.components + frozen[d]
		switch {
		case want == 0 && (st.stored || st.references != 0):
			r.found(r.db.Keys.Texts(), fmt.Sprintf("keeps %s, which nothing refers to", d))
			// By one at least: the script removes a text when its count falls to zero or below,
			// and a change of zero is not sent.
			c.referTo(d, min(-st.references, -1))
		case want != st.references:
			r.found(r.db.Keys.References(), fmt.Sprintf("counts %d references to %s instead of %d", st.references, d, want))
			c.referTo(d, want-st.references)
		}
		if want > 0 && !st.stored {
			r.found(r.db.Keys.Texts(), fmt.Sprintf("has lost %s, which %d components and %d complete sessions refer to", d, st.components, frozen[d]))
		}
	}
	if len(c.texts) == 0 {
		return nil
	}
	exclusive(c)
	return r.repair(ctx, c)
}
