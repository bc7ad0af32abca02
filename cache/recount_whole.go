package cache

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// inspected is a record as a recount reads it. What it has lost it does not have: an
// error without text is none, so whatever was derived from it is too much.
type inspected struct {
	record
	wrong []string // what is not whole about it
	next  record   // without what it has lost
}

// What can be wrong with a record by itself.
const (
	textLost    = "has an error whose text is lost"
	detailsLost = "has lost its details"
	detailsLeft = "has details that are not its own"
)

// stored is the value that the record was read from.
func (r *record) stored() string { return r.version + r.body }

// inspect reads records as [Store.readRecords] does, whole or not. Details are verified
// only where they are asked for.
func (r *recount) inspect(ctx context.Context, ids []string, detailed bool) ([]inspected, error) {
	// A text is read after the records, so a record that lacks one may have changed in between.
	// Read twice at the same version it has not.
	withoutText := map[int]string{} // versions that had no text when it was asked for
	for range attempts {
		records, missing, err := r.tryInspect(ctx, ids, detailed)
		if err != nil {
			return nil, err
		}
		// That a record is the same before and after shows that it was without its text.
		lost := true
		for _, i := range missing {
			lost = lost && withoutText[i] == records[i].version
			withoutText[i] = records[i].version
			records[i].lose(textLost)
		}
		if lost {
			return records, nil
		}
	}
	return nil, bos.Errorf(bos.Conflict, "these components keep changing: try again")
}

// tryInspect reads records once. Unlike other reads it does not fail on what is damaged: that
// is what it is looking for.
func (r *recount) tryInspect(ctx context.Context, ids []string, detailed bool) (found []inspected, missing []int, err error) {
	short, rest, epoch, err := r.fetchRecords(ctx, ids, detailed, true)
	if err != nil {
		return nil, nil, err
	}
	records := make([]record, len(ids))
	long := map[bos.Digest][]int{}
	for i, id := range ids {
		digest, err := records[i].decode(id, short[i])
		if err != nil {
			return nil, nil, err
		}
		if digest != "" {
			long[digest] = append(long[digest], i)
		}
		records[i].epoch = epoch
	}
	if missing, err = r.fillErrors(ctx, records, long, sortedKeys(long, always)); err != nil {
		return nil, nil, err
	}
	found = make([]inspected, len(ids))
	for i := range records {
		found[i] = inspected{record: records[i], next: records[i]}
		if detailed {
			found[i].verifyDetails(rest[i])
		}
	}
	return found, missing, nil
}

// verifyDetails compares the details that are stored with those that the record is of.
func (r *inspected) verifyDetails(stored string) {
	if r.version == "" {
		return
	}
	read := r.record
	err := read.decodeRest(stored)
	switch {
	case r.digest == "" && stored != "":
		r.lose(detailsLeft)
	case r.digest != "" && (stored == "" || err != nil || digestRest(&read.component) != r.digest):
		r.lose(detailsLost)
	}
}

// lose notes what is wrong, and takes it out of the record as it is to be.
func (r *inspected) lose(what string) {
	r.wrong = append(r.wrong, what)
	if what != textLost { // without text it has been read as one without error
		r.next.digest = ""
	}
}

// verifyWhole reports what a record has lost, and adds to its change what leaves it
// without that. It keeps what decides what it counts as: that is in the record itself.
func (r *recount) verifyWhole(c *change, rec *inspected) {
	if len(rec.wrong) == 0 {
		return
	}
	id := rec.component.ID
	for _, what := range rec.wrong {
		r.found(r.db.Keys.Component(id), what)
		if what != textLost {
			c.do("DEL", r.db.Keys.Details(id))
		}
		if what != detailsLeft && r.Repair {
			r.emptied++
		}
	}
	c.values[0].value = rec.next.encode(c.version)
	// Counters stay as they are. It is noted as changed so that watchers read it again.
	rec.counted.Scopes(rec.owners, func(key bos.SessionKey) { c.scope(key).changed = []string{id} })
}

// details verifies that there are none without a record.
func (r *recount) details(ctx context.Context) error {
	return r.scan(ctx, schema.Kinds.Details, 0, func(found []string, _ uint64) error {
		ids := r.idsOf(schema.Kinds.Details, found)
		records, _, _, err := r.fetchRecords(ctx, ids, false, false)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if records[i] == "" {
				if err := r.verifyLeft(ctx, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// verifyLeft confirms that details are there and their record is not. The scan that found them
// was not of one moment: a component may be written meanwhile.
func (r *recount) verifyLeft(ctx context.Context, id string) error {
	record, rest, epoch, err := r.fetchRecords(ctx, []string{id}, true, true)
	if err != nil || record[0] != "" || rest[0] == "" {
		return err
	}
	r.found(r.db.Keys.Details(id), "has the details of a component that does not exist")
	c := r.newChange()
	c.within(epoch)
	// Neither version nor body: the details go only if there is still no record.
	c.values = []versioned{{id: id}}
	c.do("DEL", r.db.Keys.Details(id))
	return r.repair(ctx, c)
}
