package cache

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// readRecords reads the records of those ids, in their order; one that is not
// stored is a record without version. detailed reads the rest of each, too.
func (s *Store) readRecords(ctx context.Context, ids []string, detailed bool) ([]record, error) {
	records, err := s.readFirst(ctx, ids, detailed)
	if err == nil && len(records) < len(ids) {
		return nil, tooMany()
	}
	return records, err
}

// readForChange is readRecords for a change: each record says of which epoch its version
// is.
func (s *Store) readForChange(ctx context.Context, ids []string, detailed bool) ([]record, error) {
	records, err := s.readTexted(ctx, ids, detailed, true)
	if err == nil && len(records) < len(ids) {
		return nil, tooMany()
	}
	return records, err
}

// readTexted reads the records of the first ids, with their long error texts: fewer than
// all if there is no room for these. For a change, each record says of which epoch its
// version is.
func (s *Store) readTexted(ctx context.Context, ids []string, detailed, change bool) ([]record, error) {
	for range attempts {
		records, missing, err := s.tryReadRecords(ctx, ids, detailed, change)
		if err != nil || len(missing) == 0 {
			return records, err
		}
	}
	return nil, bos.Errorf(bos.Conflict, "these components keep changing: try again")
}

// tryReadRecords reads once. missing are the indexes of those whose long error had no
// text any more when that was fetched: their components have changed meanwhile.
func (s *Store) tryReadRecords(ctx context.Context, ids []string, detailed, change bool) (records []record, missing []int, err error) {
	short, rest, epoch, err := s.fetchRecords(ctx, ids, detailed, change)
	if err != nil {
		return nil, nil, err
	}
	if err := holdShort(ctx, short); err != nil {
		return nil, nil, err
	}
	records = make([]record, len(ids))
	long := map[bos.Digest][]int{}
	for i, id := range ids {
		r := &records[i]
		digest, err := r.decode(id, short[i])
		if err != nil {
			return nil, nil, err
		}
		if detailed {
			if err := r.decodeRest(rest[i]); err != nil {
				return nil, nil, err
			}
		}
		if digest != "" {
			long[digest] = append(long[digest], i)
		}
		r.epoch = epoch
	}
	// Texts come in a second round trip: which there are is known only now, and nearly always
	// there are none. A record may change in between, and its text be removed.
	digests, cut, err := s.fittingTexts(ctx, long)
	if err != nil {
		return nil, nil, err
	}
	missing, err = s.fillErrors(ctx, records, long, digests)
	if cut >= 0 {
		records = records[:cut]
	}
	return records, missing, err
}

// fillErrors sets the long errors of records, at those indexes by their digest, and
// returns the indexes of those whose text is not there.
func (s *Store) fillErrors(ctx context.Context, records []record, long map[bos.Digest][]int, digests []bos.Digest) (missing []int, err error) {
	texts, err := s.readTexts(ctx, digests)
	if err != nil {
		return nil, err
	}
	for _, digest := range digests {
		text, ok := texts[digest]
		if !ok {
			missing = append(missing, long[digest]...)
			continue
		}
		for _, i := range long[digest] {
			records[i].setError(text)
		}
	}
	return missing, nil
}

// fetchRecords reads the stored values, for a change together with their epoch, in one
// round trip and as of one moment.
func (s *Store) fetchRecords(ctx context.Context, ids []string, detailed, change bool) (short, rest []string, epoch string, err error) {
	if len(ids) == 0 {
		return nil, nil, "", nil
	}
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	names := make([]string, 0, 2*len(ids)+1)
	for _, id := range ids {
		names = append(names, s.db.Keys.Component(id))
	}
	if detailed {
		for _, id := range ids {
			names = append(names, s.db.Keys.Details(id))
		}
	}
	stored := len(names)
	if change {
		// Read together with the records: an epoch that was read before or after might not be
		// that of their versions.
		names = append(names, s.db.Keys.Epoch())
	}
	for range attempts {
		values, err := s.db.Values(ctx, names)
		if err != nil {
			return nil, nil, "", err
		}
		if !change {
			return values[:len(ids)], values[len(ids):], "", nil
		}
		if epoch := values[stored]; epoch != "" {
			return values[:len(ids)], values[len(ids):stored], epoch, nil
		}
		// The namespace is new, or empty again: versions without an epoch are worth nothing.
		if _, err := s.db.Begin(ctx, redisdb.Position{}); err != nil {
			return nil, nil, "", err
		}
	}
	return nil, nil, "", bos.Errorf(bos.Unavailable, "Redis does not keep what is written: nothing was changed, try again in a moment")
}

// readTexts reads long error texts; one that is not there is left out.
func (s *Store) readTexts(ctx context.Context, digests []bos.Digest) (map[bos.Digest]string, error) {
	texts := make(map[bos.Digest]string, len(digests))
	if len(digests) == 0 {
		return texts, nil
	}
	var reply *redis.SliceCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		fields := make([]string, len(digests))
		for i, d := range digests {
			fields[i] = string(d)
		}
		reply = pipe.HMGet(ctx, s.db.Keys.Texts(), fields...)
	})
	if err != nil {
		return nil, err
	}
	var held int64
	for i, v := range reply.Val() {
		if v != nil {
			texts[digests[i]] = redisdb.Text(v)
			held += int64(len(texts[digests[i]]))
		}
	}
	return texts, cost.EffortOf(ctx).Hold(ctx, held)
}

// ReadComponents returns the components of those ids, in their order, nil for
// one that is not there. detailed reads whole records.
func (s *Store) ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error) {
	found, err := s.firstComponents(ctx, ids, detailed)
	if err == nil && len(found) < len(ids) {
		return nil, tooMany()
	}
	return found, err
}

// firstComponents is ReadComponents for the first of the ids: as many as the operation
// has room for, and at least one.
func (s *Store) firstComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error) {
	found := make([]*bos.Component, 0, len(ids))
	for part := range slices.Chunk(ids, bos.MaxPage) {
		records, err := s.readFirst(ctx, part, detailed)
		if err != nil {
			return nil, err
		}
		for i := range records {
			if records[i].present {
				found = append(found, &records[i].component)
			} else {
				found = append(found, nil)
			}
		}
		if len(records) < len(part) {
			break
		}
	}
	return found, nil
}
