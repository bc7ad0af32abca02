package cache

import (
	"context"
	"errors"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// PutComponents stores whole records; one that exists is replaced. What is not
// a valid record is refused by itself, as is a new one for which there is no room, and
// the others are stored in one write.
func (s *Store) PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error) {
	return batch(ctx, s, components, patched, false, func(p *bos.ComponentPatch, old record) (record, error) {
		return old.replaced(p.NewComponent())
	})
}

// KeepComponents is PutComponents for records that are made already.
func (s *Store) KeepComponents(ctx context.Context, components []bos.Component) (bos.BatchResult, error) {
	id := func(c *bos.Component) string { return c.ID }
	return batch(ctx, s, components, id, false, func(c *bos.Component, old record) (record, error) {
		return old.replaced(*c)
	})
}

// replaced is the record with another component in it.
func (r record) replaced(by bos.Component) (record, error) {
	// As if its rest had been read: a whole record replaces that, too, whatever it was.
	r.present, r.detailed, r.component = true, true, by
	return r, r.component.Check()
}

func patched(p *bos.ComponentPatch) string { return p.ID }

// PatchComponents changes the fields that are given. A patch of an unknown
// component is refused by itself, like one that makes no valid record.
func (s *Store) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	detailed := slices.ContainsFunc(patches, func(p bos.ComponentPatch) bool { return p.Detailed() })
	return batch(ctx, s, patches, patched, detailed, func(p *bos.ComponentPatch, old record) (record, error) {
		if !old.present {
			return old, bos.Errorf(bos.NotFound, "there is no component %q: put it first", p.ID).At("id")
		}
		next := old
		next.component = p.Apply(old.component)
		return next, next.component.Check()
	})
}

// DeleteComponents removes components, and with them what they counted as.
func (s *Store) DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error) {
	named := func(id *string) string { return *id }
	return batch(ctx, s, ids, named, false, func(id *string, old record) (record, error) {
		if !old.present {
			return old, bos.Errorf(bos.NotFound, "there is no component %q", *id)
		}
		// A tenant still owns the id: if the component is put again, it is counted for that
		// tenant, too.
		return record{owners: old.owners, detailed: true, component: bos.Component{ID: *id}}, nil
	})
}

// batch is one write: each item, named by the id of its component, decides on that
// one's record, items of the same component one after the other. detailed says
// whether decide looks at more than the short part of a record.
func batch[T any](ctx context.Context, s *Store, items []T, id func(*T) string, detailed bool,
	decide func(item *T, old record) (record, error)) (bos.BatchResult, error) {
	var result bos.BatchResult
	if len(items) > bos.MaxBatch {
		return result, bos.Errorf(bos.BadUserInput, "%d components are too many for one call: send at most %d", len(items), bos.MaxBatch)
	}
	if err := cost.EffortOf(ctx).Batch(ctx, len(items)); err != nil {
		return result, err
	}
	// An id that can't be one is refused before it becomes part of a key.
	refused := make([]*bos.Error, len(items))
	var ids []string
	for i := range items {
		one := id(&items[i])
		if err := bos.CheckComponentID(one); err != nil {
			errors.As(err, &refused[i])
			continue
		}
		ids = append(ids, one)
	}
	// Each once: the script compares versions once, before it writes, so a second value of the
	// same component would pass and replace the first.
	slices.Sort(ids)
	ids = slices.Compact(ids)

	err := s.update(ctx, ids, detailed, func(old []record) ([]record, error) {
		result = bos.BatchResult{}
		// From the start: it may be decided more than once, each time on other records.
		next := slices.Clone(old)
		room := space{store: s}
		for i := range items {
			err := refused[i]
			if err == nil {
				at, _ := slices.BinarySearch(ids, id(&items[i]))
				var r record
				var decideErr error
				r, decideErr = decide(&items[i], next[at])
				if decideErr == nil && r.present && !next[at].present {
					decideErr = room.take(ctx)
				}
				if decideErr == nil {
					next[at] = r
				} else if !errors.As(decideErr, &err) {
					return nil, decideErr
				}
			}
			if err != nil {
				result.Refused = append(result.Refused, bos.Refusal{Index: i, Err: err})
			} else {
				result.Applied++
			}
		}
		return next, nil
	})
	if err != nil {
		return bos.BatchResult{}, err
	}
	return result, nil
}

// update reads records, lets decide make the next ones of them, and writes those
// that differ, deciding again if another writer came between. ids are sorted and
// unique.
func (s *Store) update(ctx context.Context, ids []string, detailed bool, decide func(old []record) ([]record, error)) error {
	return s.retry(ctx, func() (*change, error) {
		old, err := s.readForChange(ctx, ids, detailed)
		if err != nil {
			return nil, err
		}
		next, err := decide(old)
		if err != nil {
			return nil, err
		}
		c := s.newChange()
		if err := c.replace(old, next); err != nil || len(c.values) == 0 {
			return nil, err
		}
		return c, s.chronicle(ctx, c)
	})
}
