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
	return batch(ctx, s, components, patched, false, func(p *bos.ComponentPatch, old *record) (record, error) {
		return old.replaced(p.NewComponent())
	}, "id")
}

// KeepComponents is PutComponents for records that are made already.
func (s *Store) KeepComponents(ctx context.Context, components []bos.Component) (bos.BatchResult, error) {
	id := func(c *bos.Component) string { return c.ID }
	return batch(ctx, s, components, id, false, func(c *bos.Component, old *record) (record, error) {
		return old.replaced(*c)
	}, "id")
}

// replaced is the record with another component in it.
func (r *record) replaced(by bos.Component) (record, error) {
	next := *r
	// As if its rest had been read: a whole record replaces that, too, whatever it was.
	next.present, next.detailed, next.component = true, true, by
	return next, next.component.Check()
}

func patched(p *bos.ComponentPatch) string { return p.ID }

// PatchComponents changes the fields that are given. A patch of an unknown
// component is refused by itself, like one that makes no valid record.
func (s *Store) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	detailed := slices.ContainsFunc(patches, func(p bos.ComponentPatch) bool { return p.Detailed() })
	return batch(ctx, s, patches, patched, detailed, func(p *bos.ComponentPatch, old *record) (record, error) {
		if !old.present {
			return record{}, bos.Errorf(bos.NotFound, "there is no component %q: put it first", p.ID).At("id")
		}
		next := *old
		next.component = p.Apply(old.component)
		return next, next.component.Check()
	}, "id")
}

// DeleteComponents removes components, and with them what they counted as.
func (s *Store) DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error) {
	named := func(id *string) string { return *id }
	return batch(ctx, s, ids, named, false, func(id *string, old *record) (record, error) {
		if !old.present {
			return record{}, bos.Errorf(bos.NotFound, "there is no component %q", *id)
		}
		// A tenant still owns the id: if the component is put again, it is counted for that
		// tenant, too.
		return record{owners: old.owners, detailed: true, component: bos.Component{ID: *id}}, nil
	})
}

// batch is one write: each item, named by the id of its component, decides on that
// one's record, items of the same component one after the other. detailed says
// whether decide looks at more than the short part of a record, and field which one of an item
// has the id: none if the item is the id itself.
func batch[T any](ctx context.Context, s *Store, items []T, id func(*T) string, detailed bool,
	decide func(item *T, old *record) (record, error), field ...string) (bos.BatchResult, error) {
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
			refused[i] = refused[i].At(field...)
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
				r, decideErr = decide(&items[i], &next[at])
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
		if old, ok := s.recall(ids, detailed); ok {
			if c, err := s.decided(old, decide); err == nil && c != nil {
				c.confirm(old)
				return c, s.chronicle(ctx, c)
			}
		}
		// Nothing changes, or something is wrong: as far as is remembered. Now it has to be certain.
		old, err := s.readForChange(ctx, ids, detailed)
		if err != nil {
			return nil, err
		}
		c, err := s.decided(old, decide)
		if c == nil {
			return nil, err
		}
		return c, s.chronicle(ctx, c)
	})
}

// decided is the change from old records to those that are made of them; nil if there is none.
func (s *Store) decided(old []record, decide func(old []record) ([]record, error)) (*change, error) {
	next, err := decide(old)
	if err != nil {
		return nil, err
	}
	c := s.newChange()
	if err := c.replace(old, next); err != nil || len(c.values) == 0 {
		return nil, err
	}
	return c, nil
}

// recall makes records of what is remembered of them; false if that is not enough, as for details.
func (s *Store) recall(ids []string, detailed bool) (records []record, ok bool) {
	if detailed {
		return nil, false
	}
	values, epoch, ok := s.recent.recall(ids)
	if !ok {
		return nil, false
	}
	records = make([]record, len(ids))
	for i, id := range ids {
		if longError, err := records[i].decode(id, values[i]); err != nil || longError != "" { // its text is not there
			return nil, false
		}
		records[i].epoch = epoch
	}
	return records, true
}

// confirm makes the change depend on those old records, too, that stay as they are: each is replaced by itself.
func (c *change) confirm(old []record) {
	changed := c.values
	for i := range old {
		o := &old[i]
		if len(changed) > 0 && changed[0].id == o.component.ID {
			changed = changed[1:]
		} else {
			c.values = append(c.values, o.itself())
		}
	}
}
