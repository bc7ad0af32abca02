package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// readWithDue has ask queue reads, and returns the entries of the logs of scopes of which moves are due, as of the same moment. known is what
// the field Due of each of these scopes is thought to say; "" if that is not known. Where it says something else, all is read once more: it
// says from which entry on a log has to be read, and other entries can be long. known is corrected.
func (s *Store) readWithDue(ctx context.Context, known map[schema.Home]string, ask func(pipe redis.Pipeliner)) (map[schema.Home][]string, error) {
	for {
		due, logs := map[schema.Home]*redis.StringCmd{}, map[schema.Home]*redis.StringSliceCmd{}
		if err := s.db.Atomically(ctx, func(pipe redis.Pipeliner) {
			for h, from := range known {
				due[h] = pipe.HGet(ctx, s.db.Keys.Session(h), schema.Session.Due.Name)
				if index, any := schema.DueFrom(from); any {
					logs[h] = pipe.LRange(ctx, s.db.Keys.Log(h), index, -1)
				}
			}
			ask(pipe)
		}); err != nil {
			return nil, err
		}
		entries, right := map[schema.Home][]string{}, true
		for h, now := range due {
			if now.Val() == "" {
				continue // whatever was due before is made
			}
			if now.Val() != known[h] {
				known[h], right = now.Val(), false
			} else {
				entries[h] = logs[h].Val()
			}
		}
		if right {
			return entries, nil
		}
	}
}

// withDue adds to the hashes of sessions, by their homes, what is due of their packed fields. Only those of which something is due are
// read again.
func (s *Store) withDue(ctx context.Context, hashes map[schema.Home]map[string]string) error {
	known := map[schema.Home]string{}
	for h, hash := range hashes {
		if due := hash[schema.Session.Due.Name]; due != "" {
			known[h] = due
		}
	}
	if len(known) == 0 {
		return nil
	}
	again := map[schema.Home]*redis.MapStringStringCmd{}
	entries, err := s.readWithDue(ctx, known, func(pipe redis.Pipeliner) {
		for h := range known {
			again[h] = pipe.HGetAll(ctx, s.db.Keys.Session(h))
		}
	})
	for h, hash := range again {
		hashes[h] = schema.WithDue(hash.Val(), entries[h])
	}
	return err
}

// dueWaits are the components that are due to go somewhere else in the order of waiting than it has them, by id.
type dueWaits map[string]schema.WaitMove

// readWaits has ask queue reads of a session's order of waiting, of its key, and returns what is due of that as of the same moment. Each
// read has to take so many entries to spare: no more than these go.
func (s *Store) readWaits(ctx context.Context, h schema.Home, ask func(pipe redis.Pipeliner, key string, spare int)) (dueWaits, error) {
	known := map[schema.Home]string{h: ""}
	for spare := 8; ; {
		entries, err := s.readWithDue(ctx, known, func(pipe redis.Pipeliner) { ask(pipe, s.db.Keys.Waiting(h), spare) })
		if err != nil {
			return nil, err
		}
		due := dueWaits(schema.DueWaits(entries[h]))
		if len(due) <= spare {
			return due, nil
		}
		spare = 2 * len(due) // more may come until it is read again
	}
}
