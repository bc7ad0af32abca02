package cache

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// index is an ordered set of component ids: the union of sorted sets whose
// members are ids, each behind the same prefix.
type index struct {
	keys   []string
	prefix string
	both   bool // sized by the session's counters: ids may be in both keys
}

// ListComponents returns a page of components, ascending by id: of all, or of a
// session or an error group. The narrowest index there is gives the ids, and the
// records decide whether they pass the filter. detailed reads whole records.
func (s *Store) ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
	detailed, total bool) (*bos.List[*bos.Component], error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if of == nil && f.IDs != nil {
		return s.listIDs(ctx, f, page, detailed, total)
	}
	idx, exact, err := s.chooseIndex(ctx, of, f)
	if err != nil {
		return nil, err
	}
	list := &bos.List[*bos.Component]{}
	if total && exact {
		if list.Total, err = s.size(ctx, idx, of); err != nil {
			return nil, err
		}
	}
	count := page.First + 1
	if !exact {
		count = max(count, walkChunk)
	}
	after := page.After
	for {
		ids, err := s.idsAfter(ctx, idx, after, count)
		if err != nil {
			return nil, err
		}
		found, err := s.ReadComponents(ctx, ids, detailed)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if c == nil || !f.Match(c) { // nil: deleted since its id was read
				continue
			}
			if len(list.Items) == page.First {
				list.More = true
				return list, nil
			}
			list.Items, list.Positions = append(list.Items, c), append(list.Positions, c.ID)
		}
		if len(ids) < count {
			return list, nil
		}
		after = ids[len(ids)-1]
	}
}

// listIDs lists components named one by one.
func (s *Store) listIDs(ctx context.Context, f bos.ComponentFilter, page bos.Page, detailed, total bool) (*bos.List[*bos.Component], error) {
	ids := slices.Sorted(slices.Values(f.IDs))
	ids = slices.Compact(ids)
	list := &bos.List[*bos.Component]{}
	found, err := s.ReadComponents(ctx, ids, detailed)
	if err != nil {
		return nil, err
	}
	f.IDs = nil
	var passed int
	for _, c := range found {
		if c == nil || !f.Match(c) {
			continue
		}
		passed++
		switch {
		case c.ID <= page.After:
		case len(list.Items) == page.First:
			list.More = true
		default:
			list.Items, list.Positions = append(list.Items, c), append(list.Positions, c.ID)
		}
	}
	if total {
		list.Total = &passed
	}
	return list, nil
}

// chooseIndex picks the narrowest index. exact says whether all that is in it
// passes the filter.
func (s *Store) chooseIndex(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter) (idx index, exact bool, err error) {
	rest := f
	switch {
	case of != nil && of.Group != "":
		key, err := s.groupMembers(ctx, of)
		return index{keys: []string{key}, prefix: string(of.Group) + " "}, rest.Empty(), err
	case of != nil:
		h := scopeHome(of.Session.SessionKey)
		return index{keys: []string{s.keys.members(h), s.keys.staged(h)}, both: true}, rest.Empty(), nil
	case f.Session != nil && *f.Session != "":
		rest.Session = nil
		return index{keys: []string{s.keys.members(scopeHome(bos.SessionKey{Name: *f.Session}))}}, rest.Empty(), nil
	case f.StagedSession != nil && *f.StagedSession != "":
		rest.StagedSession = nil
		return index{keys: []string{s.keys.staged(scopeHome(bos.SessionKey{Name: *f.StagedSession}))}}, rest.Empty(), nil
	case f.Error != nil && *f.Error != "":
		rest.Error = nil
		return index{keys: []string{s.keys.errorIndex()}, prefix: string(bos.DigestOf(*f.Error)) + " "}, rest.Empty(), nil
	default:
		return index{keys: []string{s.keys.ids()}}, rest.Empty(), nil
	}
}

// groupMembers is the key that lists a session's components with errors.
func (s *Store) groupMembers(ctx context.Context, of *bos.MembersOf) (string, error) {
	if !of.Frozen {
		return s.keys.errors(scopeHome(of.Session.SessionKey)), nil
	}
	h, _, err := s.locate(ctx, of.Session.SessionKey, of.Session.Incarnation)
	return s.keys.frozenErrors(h), err
}

// size counts what is in an index.
func (s *Store) size(ctx context.Context, idx index, of *bos.MembersOf) (*int, error) {
	var count *redis.IntCmd
	var counters *redis.SliceCmd
	err := s.pipelined(ctx, func(pipe redis.Pipeliner) {
		switch {
		case idx.both:
			counters = pipe.HMGet(ctx, s.keys.session(scopeHome(of.Session.SessionKey)), "m", "b")
		case idx.prefix != "":
			count = pipe.ZLexCount(ctx, idx.keys[0], "["+idx.prefix, "("+idx.end())
		default:
			count = pipe.ZCard(ctx, idx.keys[0])
		}
	})
	if err != nil {
		return nil, err
	}
	var n int
	if counters != nil {
		hash := sessionHash{}
		hash.fill([]string{"m", "b"}, counters.Val())
		n = int(hash.number(hash["m"]) - hash.number(hash["b"]))
	} else {
		n = int(count.Val())
	}
	return &n, nil
}

// end is the first text after all that begin with the prefix, which ends in a space.
func (idx index) end() string { return strings.TrimSuffix(idx.prefix, " ") + "!" }

// idsAfter returns the next ids of an index.
func (s *Store) idsAfter(ctx context.Context, idx index, after string, count int) ([]string, error) {
	low, high := "("+idx.prefix+after, "+"
	if after == "" {
		low = "[" + idx.prefix
		if idx.prefix == "" {
			low = "-"
		}
	}
	if idx.prefix != "" {
		high = "(" + idx.end()
	}
	pages := make([]*redis.StringSliceCmd, len(idx.keys))
	err := s.pipelined(ctx, func(pipe redis.Pipeliner) {
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
	if len(pages) > 1 {
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	return ids[:min(len(ids), count)], nil
}

// entryID is the id in an entry of an index of errors.
func entryID(entry string) string {
	_, id, _ := strings.Cut(entry, " ")
	return id
}
