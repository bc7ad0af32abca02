package cache

import (
	"context"
	"errors"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
)

// PutComponents stores whole records; one that exists is replaced. What is not
// a valid record is refused by itself, the others are stored in one write.
func (s *Store) PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error) {
	return s.patch(ctx, components, false, func(p bos.ComponentPatch, old record) (record, error) {
		next := old
		next.present, next.detailed = true, true
		next.component = p.Apply(bos.Component{})
		return next, next.component.Check()
	})
}

// PatchComponents changes the fields that are given. A patch of an unknown
// component is refused by itself, like one that makes no valid record.
func (s *Store) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	detailed := slices.ContainsFunc(patches, func(p bos.ComponentPatch) bool { return p.Detailed() })
	return s.patch(ctx, patches, detailed, func(p bos.ComponentPatch, old record) (record, error) {
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
	patches := make([]bos.ComponentPatch, len(ids))
	for i, id := range ids {
		patches[i].ID = id
	}
	return s.patch(ctx, patches, false, func(p bos.ComponentPatch, old record) (record, error) {
		if !old.present {
			return old, bos.Errorf(bos.NotFound, "there is no component %q", p.ID)
		}
		return record{owners: old.owners, detailed: true, component: bos.Component{ID: p.ID}}, nil
	})
}

// patch is one batch: each item decides on its component's record, items of the
// same component one after the other. detailed says whether decide looks at more
// than the short part of a record.
func (s *Store) patch(ctx context.Context, items []bos.ComponentPatch, detailed bool,
	decide func(p bos.ComponentPatch, old record) (record, error)) (bos.BatchResult, error) {
	var result bos.BatchResult
	if len(items) > bos.MaxBatch {
		return result, bos.Errorf(bos.BadUserInput, "%d components are too many for one call: send at most %d", len(items), bos.MaxBatch)
	}
	// An id that can't be one is refused before it becomes part of a key.
	refused := make([]*bos.Error, len(items))
	var ids []string
	for i := range items {
		if err := bos.CheckComponentID(items[i].ID); err != nil {
			errors.As(err, &refused[i])
			continue
		}
		ids = append(ids, items[i].ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)

	err := s.update(ctx, ids, detailed, func(old []record) ([]record, error) {
		result = bos.BatchResult{}
		next := slices.Clone(old)
		for i, p := range items {
			err := refused[i]
			if err == nil {
				at, _ := slices.BinarySearch(ids, p.ID)
				var r record
				var decideErr error
				if r, decideErr = decide(p, next[at]); decideErr == nil {
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
		old, err := s.readRecords(ctx, ids, detailed)
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
		return c, nil
	})
}
