package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// ending is a session that was frozen, whose components are shown as they were then.
type ending struct {
	home       schema.Home
	name       string
	components int  // how many it managed or had staged
	errors     bool // only those with errors are shown: of those that it had only staged, none are known
}

// endIndex is the narrowest index of the components that a session had when it was frozen. Of those that were frozen by an
// earlier version only who had failed is known.
func (s *Store) endIndex(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter) (idx index, exact bool, err error) {
	h, found, err := s.locate(ctx, of.Session.SessionKey, of.Session.Incarnation)
	if err != nil {
		return idx, false, err
	}
	idx.ended = &ending{home: h, name: of.Session.Name, errors: f.HasError != nil && *f.HasError}
	if found != nil {
		idx.ended.components = found.Status.Tally.Components()
	}
	k := s.db.Keys
	switch {
	case of.Failed, f.Status != nil && *f.Status == bos.StatusFailed:
		idx.keys, f.Status = []string{k.FrozenFailed(h)}, nil
	case f.Error != nil && *f.Error != "":
		idx.keys, idx.prefix, f.Error = []string{k.FrozenErrors(h)}, string(bos.DigestOf(*f.Error))+" ", nil
	default:
		idx.keys, idx.packs = []string{k.FrozenMembers(h), k.FrozenStaged(h)}, true
		var copied *redis.IntCmd
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { copied = pipe.Exists(ctx, idx.keys...) }); err != nil {
			return idx, false, err
		}
		if copied.Val() == 0 {
			idx.keys, idx.packs = []string{k.FrozenFailed(h)}, false
		}
	}
	return idx, f.Empty(), nil
}

// showEnd makes components, as they are now or nil, what they were when the session was frozen; nil of those that do not pass.
func (s *Store) showEnd(ctx context.Context, e *ending, ids []string, found []*bos.Component) error {
	ids = ids[:len(found)]
	if len(ids) == 0 {
		return nil
	}
	members, err := s.findPacked(ctx, s.db.Keys.FrozenMembers(e.home), ids)
	if err != nil {
		return err
	}
	var failed *redis.Cmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		failed = scoresOf(ctx, pipe, s.db.Keys.FrozenFailed(e.home), ids)
	}); err != nil {
		return err
	}
	errors, err := s.endErrors(ctx, e.home, ids)
	if err != nil {
		return err
	}
	fails, err := failed.Slice()
	if err != nil {
		return redisdb.Explain(err)
	}
	for i, id := range ids {
		wait, member := members[id]
		state := bos.EndState{Member: member || fails[i] != nil, Failed: fails[i] != nil, Wait: wait, Error: errors[id]}
		if e.errors && !state.Member {
			found[i] = nil
			continue
		}
		now := bos.Component{ID: id} // deleted since
		if found[i] != nil {
			now = *found[i]
		}
		found[i] = new(now.AtEnd(e.name, state))
	}
	return nil
}

// endErrors are the errors that components had when the session was frozen, by id.
func (s *Store) endErrors(ctx context.Context, h schema.Home, ids []string) (map[string]string, error) {
	var groups *redis.StringSliceCmd
	var entries *redis.IntCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		groups, entries = pipe.ZRange(ctx, s.db.Keys.FrozenGroups(h), 0, -1), pipe.ZCard(ctx, s.db.Keys.FrozenErrors(h))
	}); err != nil || entries.Val() == 0 {
		return nil, err
	}
	digests := make([]bos.Digest, len(groups.Val()))
	texts, long := make(map[bos.Digest]string, len(digests)), map[bos.Digest]bool{}
	for i, g := range groups.Val() {
		digest, message, whole := bos.ParseGroupKey(g)
		digests[i], texts[digest], long[digest] = digest, message, !whole
	}
	of := map[string]bos.Digest{}
	var err error
	// Entries are ordered by error. Asking for each component with each error costs less than reading them all as long as
	// there are few errors: components have one each.
	if int64(len(digests))*int64(len(ids)) <= entries.Val() {
		err = s.inGroups(ctx, s.db.Keys.FrozenErrors(h), digests, ids, func(group, id int) { of[ids[id]] = digests[group] })
	} else {
		of, err = s.allEndErrors(ctx, h, int(entries.Val()))
	}
	if err != nil {
		return nil, err
	}
	errors := map[string]string{}
	missing := map[bos.Digest]bool{}
	for _, id := range ids {
		digest, ok := of[id]
		if !ok {
			continue
		}
		errors[id] = texts[digest]
		if long[digest] {
			missing[digest] = true
		}
	}
	whole, err := s.readTexts(ctx, sortedKeys(missing, always))
	for _, id := range ids {
		if digest := of[id]; missing[digest] {
			errors[id] = whole[digest]
		}
	}
	return errors, err
}

// allEndErrors are the errors of all components of the session.
func (s *Store) allEndErrors(ctx context.Context, h schema.Home, entries int) (map[string]bos.Digest, error) {
	if err := cost.EffortOf(ctx).Scan(ctx, entries); err != nil {
		return nil, err
	}
	of := make(map[string]bos.Digest, entries)
	var all *redis.StringSliceCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { all = pipe.ZRange(ctx, s.db.Keys.FrozenErrors(h), 0, -1) })
	for _, entry := range all.Val() {
		id := schema.EntryID(entry)
		of[id] = bos.Digest(entry[:len(entry)-len(id)-1])
	}
	return of, err
}
