package cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// NoteEvents says whether the writes of this process note events of sessions in the outbox, from
// now on, and above which percentages of failures besides the first one. It is safe for concurrent
// use; at first nothing is noted, and writes pay nothing.
func (s *Store) NoteEvents(on bool, above []int) {
	var shares string
	if on {
		all := []string{"0"} // above none: the first failure
		for _, share := range slices.Compact(slices.Sorted(slices.Values(above))) {
			all = append(all, strconv.Itoa(share))
		}
		shares = strings.Join(all, " ")
	}
	s.shares.Store(&shares)
}

// NoteStalled notes that a session is stalled, for a reason, unless that was noted for the same
// counters already; with once, unless it was noted at all.
func (s *Store) NoteStalled(ctx context.Context, one *bos.Session, reason string, once bool) error {
	key := s.db.Keys.Session(schema.ScopeHome(one.SessionKey))
	return s.retry(ctx, func() (*change, error) {
		var had *redis.StringCmd
		var hash *redis.SliceCmd
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			had = pipe.HGet(ctx, key, schema.Session.Stalled.Name)
			hash = pipe.HMGet(ctx, key, schema.AllStatusFields...)
		}); err != nil {
			return nil, err
		}
		now := sessionHash{fields: schema.AllStatusFields, values: redisdb.Texts(hash.Val())}
		at := string(bos.DigestOf(fmt.Sprint(now.tally(false)))) // a long value would make a table of the hash
		found := now.session(one.SessionKey)
		if found == nil || found.Incarnation != one.Incarnation || found.State != bos.StateRunning || had.Val() == at || once && had.Val() != "" {
			return nil, nil
		}
		c := s.newChange()
		incarnation := schema.Session.Incarnation.Name
		c.guards = append(c.guards, guard{key, incarnation, one.Incarnation}, guard{key, schema.Session.Stalled.Name, had.Val()})
		c.do("HSET", key, schema.Session.Stalled.Name, at)
		entry := []string{schema.Entry.Event.Name, string(bos.EventStalled), schema.Entry.Scope.Name, one.SessionKey.String(),
			schema.Entry.Time.Name, strconv.FormatInt(c.at.UnixMilli(), 10), schema.Entry.Reason.Name, reason}
		for i, field := range now.fields {
			if value, ok := hash.Val()[i].(string); ok {
				entry = append(entry, field, value)
			}
		}
		c.note(entry)
		return c, nil
	})
}

// NoteSync notes that the sync from BOS is lost, for a reason, or restored, if it is empty. What was
// noted last is the note of the sender's lease, so each replica that sends continues from it.
func (s *Store) NoteSync(ctx context.Context, reason string) error {
	const lost = "sync lost"
	key, field, id := s.db.Keys.Sender(), schema.Lease.Note.Name, rand.Text()
	kind, state := bos.EventSyncRestored, "sync followed"
	if reason != "" {
		kind, state = bos.EventSyncLost, lost
	}
	return s.retry(ctx, func() (*change, error) {
		had, err := s.hashField(ctx, key, field)
		if err != nil || had == state {
			return nil, err
		}
		c := s.newChange()
		c.guards = append(c.guards, guard{key, field, had})
		c.do("HSET", key, field, state)
		if had == lost || state == lost { // one that is followed from the start was not restored
			c.note([]string{schema.Entry.ID.Name, id, schema.Entry.Event.Name, string(kind),
				schema.Entry.Time.Name, strconv.FormatInt(c.at.UnixMilli(), 10), schema.Entry.Reason.Name, reason})
		}
		return c, nil
	})
}

// note adds an event to the outbox that the script does not make itself.
func (c *change) note(entry []string) {
	c.do("XADD", c.keys.Outbox(), append([]string{"*"}, entry...)...)
}

// Unnoted is how many events the outbox had no room for.
func (s *Store) Unnoted(ctx context.Context) (int64, error) {
	text, err := s.hashField(ctx, s.db.Keys.Meta(), schema.Meta.Unnoted.Name)
	return sessionHash{}.number(text), err
}

// outboxEntry is an entry of the outbox, or of a queue, as it is stored: fields and values in turn.
type outboxEntry []string

// entryOf sorts the fields, as a map has no order.
func entryOf(m redis.XMessage) outboxEntry {
	all := make(outboxEntry, 0, 2*len(m.Values))
	for _, field := range slices.Sorted(maps.Keys(m.Values)) {
		all = append(all, field, redisdb.Text(m.Values[field]))
	}
	return all
}

// event is what an entry says.
func (e outboxEntry) event() (bos.Event, error) {
	var hash sessionHash
	for i := 0; i+1 < len(e); i += 2 {
		hash.fields, hash.values = append(hash.fields, e[i]), append(hash.values, e[i+1])
	}
	f := &schema.Entry
	at := time.UnixMilli(hash.number(hash.get(f.Time.Name))).UTC()
	event := bos.Event{
		ID: hash.get(f.ID.Name), Kind: bos.EventKind(hash.get(f.Event.Name)), Time: at,
		Above: int(hash.number(hash.get(f.Above.Name))), Reason: hash.get(f.Reason.Name),
	}
	scope := hash.get(f.Scope.Name)
	if scope == "" {
		return event, nil
	}
	if event.Session = hash.session(bos.ParseSessionKey(scope)); event.Session == nil {
		return event, fmt.Errorf("the stored event %q has no session", event.Kind)
	}
	var err error
	if event.Session.Status, err = hash.status(event.Session, at); err != nil {
		return event, err
	}
	// Made of what happens once: so a repetition has the same id, even if Redis has come back
	// with older data.
	event.ID = strings.Join([]string{event.Session.Incarnation, strings.TrimPrefix(string(event.Kind), "session.")}, ".")
	switch event.Kind {
	case bos.EventFailuresAbove:
		event.ID += "." + strconv.Itoa(event.Above)
	case bos.EventStalled: // more than once, each time with a later revision
		event.ID += "." + strconv.FormatInt(event.Session.Status.Revision, 10)
	}
	return event, nil
}
