package cache

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// index is an ordered set of component ids: the union of sorted sets whose
// members are ids, each behind the same prefix, or packs of ids.
type index struct {
	keys   []string
	prefix string
	ids    string  // only ids that begin with this
	both   bool    // sized by the session's counters: ids may be in both keys
	packs  bool    // of a session that was frozen; sized by its counters, too
	ended  *ending // as whose members its components are shown; nil for as they are now
}

// chooseIndex picks the narrowest index. exact says whether all that is in it
// passes the filter.
func (s *Store) chooseIndex(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter) (idx index, exact bool, err error) {
	// Every index is in the order of ids, so what they begin with is a range of it.
	var ids string
	if f.IDPrefix != nil {
		ids, f.IDPrefix = *f.IDPrefix, nil
	}
	idx, exact, err = s.chooseKeys(ctx, of, f)
	idx.ids = ids
	return idx, exact, err
}

// chooseKeys is chooseIndex for all ids.
func (s *Store) chooseKeys(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter) (idx index, exact bool, err error) {
	// From narrow to wide. What an index vouches for is taken out of the rest of the filter: if
	// nothing is left of it, the index's size is a total, and its ids need no second look.
	rest, owner := f, ""
	if f.Owner != nil {
		owner = *f.Owner
	}
	switch {
	case of != nil && of.End:
		return s.endIndex(ctx, of, f)
	case of != nil && of.Failed:
		key, err := s.failedMembers(ctx, of)
		return index{keys: []string{key}}, rest.Empty(), err
	case of != nil && of.Group != "":
		key, err := s.groupMembers(ctx, of)
		return index{keys: []string{key}, prefix: string(of.Group) + " "}, rest.Empty(), err
	case of != nil:
		h := schema.ScopeHome(of.Session.SessionKey)
		return index{keys: []string{s.db.Keys.Members(h), s.db.Keys.Staged(h)}, both: true}, rest.Empty(), nil
	// A tenant's components are members of its own session of the name, whether or not there is one.
	case f.Session != nil && *f.Session != "":
		rest.Session, rest.Owner = nil, nil
		return index{keys: []string{s.db.Keys.Members(schema.ScopeHome(bos.SessionKey{Tenant: owner, Name: *f.Session}))}}, rest.Empty(), nil
	case f.StagedSession != nil && *f.StagedSession != "":
		rest.StagedSession, rest.Owner = nil, nil
		return index{keys: []string{s.db.Keys.Staged(schema.ScopeHome(bos.SessionKey{Tenant: owner, Name: *f.StagedSession}))}}, rest.Empty(), nil
	case f.Owner != nil: // never exact: a tenant may own what is not stored
		return index{keys: []string{s.db.Keys.Tenant(*f.Owner)}}, false, nil
	case f.Error != nil && *f.Error != "":
		rest.Error = nil
		return index{keys: []string{s.db.Keys.ErrorIndex()}, prefix: string(bos.DigestOf(*f.Error)) + " "}, rest.Empty(), nil
	default:
		return index{keys: []string{s.db.Keys.IDs()}}, rest.Empty(), nil
	}
}

// groupMembers is the key that lists a session's components with errors.
func (s *Store) groupMembers(ctx context.Context, of *bos.MembersOf) (string, error) {
	if !of.Frozen {
		return s.db.Keys.Errors(schema.ScopeHome(of.Session.SessionKey)), nil
	}
	h, _, err := s.locate(ctx, of.Session.SessionKey, of.Session.Incarnation)
	return s.db.Keys.FrozenErrors(h), err
}

// failedMembers is the key that lists a session's failed components.
func (s *Store) failedMembers(ctx context.Context, of *bos.MembersOf) (string, error) {
	if !of.Frozen {
		return s.db.Keys.Failed(schema.ScopeHome(of.Session.SessionKey)), nil
	}
	h, _, err := s.locate(ctx, of.Session.SessionKey, of.Session.Incarnation)
	return s.db.Keys.FrozenFailed(h), err
}

// size counts what is in an index; nil where that would mean to read it.
func (s *Store) size(ctx context.Context, idx index, of *bos.MembersOf) (*int, error) {
	switch {
	case (idx.both || idx.packs) && idx.ids != "":
		return nil, nil // counters are of all ids
	case idx.packs:
		return &idx.ended.components, nil
	}
	var count *redis.IntCmd
	var counters *redis.StringCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		switch {
		case idx.both: // two cardinalities would count those twice that are in both
			counters = pipe.HGet(ctx, s.db.Keys.Session(schema.ScopeHome(of.Session.SessionKey)), schema.Session.Counters.Name)
		case idx.prefix+idx.ids != "":
			low, high := idx.bounds("")
			count = pipe.ZLexCount(ctx, idx.keys[0], low, high)
		default:
			count = pipe.ZCard(ctx, idx.keys[0])
		}
	})
	if err != nil {
		return nil, err
	}
	if counters != nil {
		tally := schema.Tally(counters.Val())
		return new(tally.Components()), nil
	}
	return new(int(count.Val())), nil
}

// among returns those of the ids that are in an index, in their order.
func (s *Store) among(ctx context.Context, idx index, ids []string) ([]string, error) {
	if idx.packs {
		return s.packedAmong(ctx, idx, ids)
	}
	members := ids
	if idx.prefix != "" {
		members = make([]string, len(ids))
		for i, id := range ids {
			members[i] = idx.prefix + id
		}
	}
	var replies []*redis.Cmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		replies = replies[:0]
		for _, key := range idx.keys {
			for part := range slices.Chunk(members, bos.MaxPage) {
				replies = append(replies, scoresOf(ctx, pipe, key, part))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	in := make([]bool, len(ids))
	for i, reply := range replies {
		scores, err := reply.Slice()
		if err != nil {
			return nil, redisdb.Explain(err)
		}
		first := i % (len(replies) / len(idx.keys)) * bos.MaxPage
		for j, score := range scores {
			// One key is enough: a component may be staged in the session and not belong to it
			// yet.
			in[first+j] = in[first+j] || score != nil
		}
	}
	var found []string
	for i, id := range ids {
		if in[i] {
			found = append(found, id)
		}
	}
	return found, nil
}

// end is the first text after all that begin with the prefix and what ids begin with, neither of
// which ends in the largest byte: it is none of UTF-8.
func (idx index) end() string {
	all := []byte(idx.prefix + idx.ids)
	all[len(all)-1]++
	return string(all)
}

// bounds are between which members the ids after one are.
func (idx index) bounds(after string) (low, high string) {
	if idx.prefix+idx.ids == "" && after == "" {
		return "-", "+"
	}
	low, high = "("+idx.prefix+after, "+"
	if after < idx.ids || after == "" {
		low = "[" + idx.prefix + idx.ids
	}
	if idx.prefix+idx.ids != "" {
		high = "(" + idx.end()
	}
	return low, high
}

// idsAfter returns the next ids of an index, ascending, at most count of them. Each key is
// asked for as many, for all that come next may be in one.
func (s *Store) idsAfter(ctx context.Context, idx index, after string, count int) ([]string, error) {
	if idx.packs {
		return s.packedAfter(ctx, idx, after, count)
	}
	low, high := idx.bounds(after)
	pages := make([]*redis.StringSliceCmd, len(idx.keys))
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, key := range idx.keys {
			pages[i] = pipe.ZRangeByLex(ctx, key, &redis.ZRangeBy{Min: low, Max: high, Count: int64(count)})
		}
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, page := range pages {
		for _, member := range page.Val() {
			ids = append(ids, strings.TrimPrefix(member, idx.prefix))
		}
	}
	return firstIDs(ids, len(pages), count), nil
}

// firstIDs are the first ids of those that so many keys have.
func firstIDs(ids []string, keys, count int) []string {
	if keys > 1 { // a component can be in the session and staged in it
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	return ids[:min(len(ids), count)]
}
