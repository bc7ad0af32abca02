package cache

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// readRecords reads the records of those ids, in their order; one that is not
// stored is a record without version. detailed reads the rest of each, too.
func (s *Store) readRecords(ctx context.Context, ids []string, detailed bool) ([]record, error) {
	for range attempts {
		records, complete, err := s.tryReadRecords(ctx, ids, detailed)
		if err != nil || complete {
			return records, err
		}
	}
	return nil, bos.Errorf(bos.Conflict, "these components keep changing: try again")
}

// tryReadRecords reads once. It is not complete if a long error's text was gone
// by the time it was fetched: then its component has changed meanwhile.
func (s *Store) tryReadRecords(ctx context.Context, ids []string, detailed bool) (records []record, complete bool, err error) {
	short, rest, err := s.fetchRecords(ctx, ids, detailed)
	if err != nil {
		return nil, false, err
	}
	records = make([]record, len(ids))
	long := map[bos.Digest][]int{}
	for i, id := range ids {
		r, digest, err := decode(id, short[i])
		if err != nil {
			return nil, false, err
		}
		if detailed {
			if err := r.decodeRest(rest[i]); err != nil {
				return nil, false, err
			}
		}
		if digest != "" {
			long[digest] = append(long[digest], i)
		}
		records[i] = r
	}
	if len(long) == 0 {
		return records, true, nil
	}
	texts, err := s.readTexts(ctx, sortedKeys(long, always))
	if err != nil {
		return nil, false, err
	}
	for digest, at := range long {
		text, ok := texts[digest]
		if !ok {
			return nil, false, nil
		}
		for _, i := range at {
			records[i].setError(text)
		}
	}
	return records, true, nil
}

// fetchRecords reads the stored values, in one round trip and as of one moment.
func (s *Store) fetchRecords(ctx context.Context, ids []string, detailed bool) (short, rest []string, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	names := make([]string, 0, 2*len(ids))
	for _, id := range ids {
		names = append(names, s.keys.component(id))
	}
	if detailed {
		for _, id := range ids {
			names = append(names, s.keys.details(id))
		}
	}
	reply, err := s.client.MGet(ctx, names...).Result()
	if err != nil {
		return nil, nil, explain(err)
	}
	values := make([]string, len(reply))
	for i, v := range reply {
		values[i] = text(v)
	}
	return values[:len(ids)], values[len(ids):], nil
}

// readTexts reads long error texts; one that is not there is left out.
func (s *Store) readTexts(ctx context.Context, digests []bos.Digest) (map[bos.Digest]string, error) {
	texts := make(map[bos.Digest]string, len(digests))
	if len(digests) == 0 {
		return texts, nil
	}
	var reply *redis.SliceCmd
	err := s.pipelined(ctx, func(pipe redis.Pipeliner) {
		fields := make([]string, len(digests))
		for i, d := range digests {
			fields[i] = string(d)
		}
		reply = pipe.HMGet(ctx, s.keys.texts(), fields...)
	})
	if err != nil {
		return nil, err
	}
	for i, v := range reply.Val() {
		if v != nil {
			texts[digests[i]] = text(v)
		}
	}
	return texts, nil
}

// ReadComponents returns the components of those ids, in their order, nil for
// one that is not there. detailed reads whole records.
func (s *Store) ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error) {
	found := make([]*bos.Component, 0, len(ids))
	for part := range slices.Chunk(ids, bos.MaxPage) {
		records, err := s.readRecords(ctx, part, detailed)
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
	}
	return found, nil
}
