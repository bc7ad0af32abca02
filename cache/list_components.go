package cache

import (
	"cmp"
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// ListComponents returns a page of components, ascending by id: of all, or of a
// session or an error group. The narrowest index there is gives the ids, and the
// records decide whether they pass the filter. detailed reads whole records.
func (s *Store) ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
	detailed, total bool) (*bos.List[*bos.Component], error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	read := s.walk
	if f.IDs != nil {
		read = s.listIDs
	}
	return withItems(page, func(page bos.Page) (*bos.List[*bos.Component], string, error) {
		return read(ctx, of, f, page, detailed, total)
	})
}

// withItems reads pages until one has items, or the list ends: all that a page had may have been deleted or changed while it was
// read, and without items it has no position to read on from. read returns also the last position that a page has looked at.
func withItems[T any](page bos.Page, read func(bos.Page) (list *bos.List[T], last string, err error)) (*bos.List[T], error) {
	for {
		list, last, err := read(page)
		if err != nil || len(list.Items) > 0 || !list.More {
			return list, err
		}
		page.After = last
	}
}

// walk looks through an index for a page.
func (s *Store) walk(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
	detailed, total bool) (list *bos.List[*bos.Component], last string, err error) {
	idx, exact, err := s.chooseIndex(ctx, of, f)
	if err != nil {
		return nil, "", err
	}
	list = &bos.List[*bos.Component]{}
	// Counting what passes a filter would mean to read everything: such a list has no total.
	if total && exact {
		if list.Total, err = s.size(ctx, idx, of); err != nil {
			return nil, "", err
		}
	}
	count := page.First + 1 // one more than the page shows whether there is another
	if !exact {
		// A filter may let few pass. In steps of a small page, finding them would be a round
		// trip for every few.
		count = max(count, walkChunk)
		if err := s.countScan(ctx, idx, page.After); err != nil {
			return nil, "", err
		}
	}
	// What the filter looks at is read of many components, all that is selected only of
	// those that pass.
	after, refill, passes := page.After, detailed && !exact, passing(f)
	for {
		ids, err := s.shownAfter(ctx, of, idx, after, count, !exact)
		if err != nil {
			return nil, "", err
		}
		found, lacking, err := s.readWalked(ctx, idx, ids, detailed, exact)
		if err != nil {
			return nil, "", err
		}
		for i, c := range found {
			if c != nil && passes(c, lacking[i]) { // nil: deleted since its id was read
				if len(list.Items) == page.First {
					list.More = true
					break
				}
				list.Items, list.Positions = append(list.Items, c), append(list.Positions, c.ID)
				refill = refill || lacking[i] != ""
			}
			after = ids[i]
		}
		// Fewer records than ids: there was no room for the rest, and the page ends here.
		list.Cut = len(found) < len(ids) && !list.More
		if list.More || list.Cut || len(ids) < count {
			list.More = list.More || list.Cut
			last, err := s.fillIn(ctx, idx, list, f, detailed, refill)
			return list, cmp.Or(last, after), err
		}
	}
}

// shownAfter returns the next ids of an index that are shown, ascending: as many as wanted, or all that are left. Those that it
// passes over are counted, unless the whole index has been.
func (s *Store) shownAfter(ctx context.Context, of *bos.MembersOf, idx index, after string, count int, counted bool) ([]string, error) {
	if of == nil || !of.Owned {
		return s.idsAfter(ctx, idx, after, count)
	}
	var shown []string
	for n := count; ; n = max(count, walkChunk) { // as a rule the tenant still owns what the first ids are
		ids, err := s.idsAfter(ctx, idx, after, n)
		if err != nil {
			return nil, err
		}
		owned, err := s.ownedAmong(ctx, of.Session.Tenant, ids)
		if err != nil {
			return nil, err
		}
		if !counted {
			if err := cost.EffortOf(ctx).Scan(ctx, len(ids)-len(owned)); err != nil {
				return nil, err
			}
		}
		if shown = append(shown, owned...); len(shown) >= count || len(ids) < n {
			return shown[:min(len(shown), count)], nil
		}
		after = ids[len(ids)-1]
	}
}

// countScan counts what a list without a fitting index has to look through, before it
// does.
func (s *Store) countScan(ctx context.Context, idx index, after string) error {
	effort := cost.EffortOf(ctx)
	if !effort.Scans() {
		return nil
	}
	// What lies before the cursor is not read, and so not counted.
	low, high := idx.bounds(after)
	if idx.packs {
		low = "[" + schema.BehindPack(max(after, idx.ids))
	}
	counts, err := s.sizes(ctx, len(idx.keys), func(pipe redis.Pipeliner, i int) *redis.IntCmd {
		return pipe.ZLexCount(ctx, idx.keys[i], low, high)
	})
	if err != nil {
		return err
	}
	var n int64
	for _, c := range counts {
		n += c
	}
	if idx.packs {
		n = min((n+int64(len(idx.keys)))*schema.PackSize, int64(idx.ended.components)) // with the pack that the cursor is in
	}
	return effort.Scan(ctx, int(n))
}

// readWalked reads the components of a list as far as its filter needs them: of those that
// it may not let pass, only what it looks at. lacking has the digests of long error texts, which are not read.
func (s *Store) readWalked(ctx context.Context, idx index, ids []string, detailed, exact bool) (found []*bos.Component, lacking []bos.Digest, err error) {
	if exact {
		found, err = s.firstComponents(ctx, ids, detailed)
		lacking = make([]bos.Digest, len(found))
	} else {
		found, lacking, err = s.scanRecords(ctx, ids)
	}
	if err == nil && idx.ended != nil {
		clear(lacking) // of their errors, which are those that they had
		err = s.showEnd(ctx, idx.ended, ids, found)
	}
	return found, lacking, err
}

// passing returns whether a component passes a filter, by the digest of its error if it lacks that.
func passing(f bos.ComponentFilter) func(c *bos.Component, lacking bos.Digest) bool {
	var digest bos.Digest // once: a text can be long
	if f.Error != nil {
		digest = bos.DigestOf(*f.Error)
	}
	byRest := f
	byRest.Error, byRest.HasError = nil, nil
	return func(c *bos.Component, lacking bos.Digest) bool {
		if lacking == "" {
			return f.Match(c)
		}
		return (f.Error == nil || digest == lacking) && (f.HasError == nil || *f.HasError) && byRest.Match(c)
	}
}

// fillIn reads the components of a list again, if what is selected of them has not been
// read: as many of them as there is room for. It keeps those that still pass, and returns the last one that it has read.
func (s *Store) fillIn(ctx context.Context, idx index, list *bos.List[*bos.Component], f bos.ComponentFilter, detailed, refill bool) (last string, err error) {
	if !refill || len(list.Items) == 0 {
		return "", nil
	}
	ids := list.Positions
	found, err := s.firstComponents(ctx, ids, detailed)
	if err != nil {
		return "", err
	}
	if idx.ended != nil {
		if err := s.showEnd(ctx, idx.ended, ids, found); err != nil {
			return "", err
		}
	}
	if len(found) < len(ids) {
		list.More, list.Cut = true, true
	}
	list.Items, list.Positions = list.Items[:0], nil
	for _, c := range found {
		if c != nil && f.Match(c) { // nil: deleted meanwhile
			list.Items, list.Positions = append(list.Items, c), append(list.Positions, c.ID)
		}
	}
	return ids[len(found)-1], nil
}

// listIDs lists components named one by one: of all, or those that are among a session's or a tenant's. It
// asks for those ids, however many members the session has.
func (s *Store) listIDs(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
	detailed, total bool) (list *bos.List[*bos.Component], last string, err error) {
	ids := slices.Sorted(slices.Values(f.IDs))
	ids = slices.Compact(ids)
	list = &bos.List[*bos.Component]{}
	if err := cost.EffortOf(ctx).Scan(ctx, len(ids)); err != nil {
		return nil, "", err
	}
	// They are asked for one by one; left in, the filter would look through the list once more
	// for each component.
	f.IDs = nil
	var idx index
	if of != nil || f.Owner != nil {
		if idx, _, err = s.chooseIndex(ctx, of, f); err != nil {
			return nil, "", err
		}
		if ids, err = s.among(ctx, idx, ids); err != nil {
			return nil, "", err
		}
		if of != nil && of.Owned {
			if ids, err = s.ownedAmong(ctx, of.Session.Tenant, ids); err != nil {
				return nil, "", err
			}
		}
	}
	if !total { // then those before the page need not be read
		after, found := slices.BinarySearch(ids, page.After)
		if found {
			after++
		}
		ids = ids[after:]
	}
	passed, refill, passes := 0, detailed, passing(f)
	for part := range slices.Chunk(ids, bos.MaxPage) { // those that do not pass are not kept
		found, lacking, err := s.readWalked(ctx, idx, part, false, false)
		if err != nil {
			return nil, "", err
		}
		if len(found) < len(part) {
			return nil, "", tooMany()
		}
		for i, c := range found {
			if c == nil || !passes(c, lacking[i]) {
				continue
			}
			passed++
			switch {
			case c.ID <= page.After:
			case len(list.Items) == page.First:
				list.More = true
			default:
				list.Items, list.Positions = append(list.Items, c), append(list.Positions, c.ID)
				refill = refill || lacking[i] != ""
			}
		}
		if list.More && !total {
			break
		}
	}
	if total {
		list.Total = &passed
	}
	last, err = s.fillIn(ctx, idx, list, f, detailed, refill)
	return list, last, err
}
