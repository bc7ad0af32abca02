package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// Revisions returns the revision that each scope is at, if anything is there.
func (s *Store) Revisions(ctx context.Context, scopes []bos.SessionKey) (map[bos.SessionKey]int64, error) {
	replies := make([]*redis.StringCmd, len(scopes))
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, scope := range scopes {
			replies[i] = pipe.HGet(ctx, s.db.Keys.Session(schema.ScopeHome(scope)), schema.Session.Revision.Name)
		}
	})
	if err != nil {
		return nil, err
	}
	revisions := make(map[bos.SessionKey]int64, len(scopes))
	for i, scope := range scopes {
		switch revision, err := replies[i].Int64(); {
		case err == nil:
			revisions[scope] = revision
		case !errors.Is(err, redis.Nil):
			return nil, redisdb.Explain(err)
		}
	}
	return revisions, nil
}

// changesReply is what the read of one session's changes has asked Redis for.
type changesReply struct {
	session *redis.SliceCmd
	log     *redis.StringSliceCmd
	length  *redis.IntCmd
}

// recentEntries are what a reader that keeps up needs of a log: more can be
// megabytes.
const recentEntries = 8

// maxChanged is how many ids a read of changes brings at most: a reader that has missed
// more is better off reading the components again.
const maxChanged = 1000

// ReadChanges reads what has changed in sessions, in one round trip and as of one
// moment; those who are more than some writes behind take a second. Nil stands for
// a session that is not there.
func (s *Store) ReadChanges(ctx context.Context, reads []bos.ChangesRead) ([]*bos.Changes, error) {
	found, deeper, err := s.readLogs(ctx, reads, recentEntries)
	if err != nil || len(deeper) == 0 {
		return found, err
	}
	again := make([]bos.ChangesRead, len(deeper))
	for i, at := range deeper {
		again[i] = reads[at]
	}
	whole, _, err := s.readLogs(ctx, again, logLength)
	if err != nil {
		return nil, err
	}
	for i, at := range deeper {
		found[at] = whole[i]
	}
	return found, nil
}

// readLogs reads the last entries of change logs. deeper are the indexes of those
// reads that need more of them.
func (s *Store) readLogs(ctx context.Context, reads []bos.ChangesRead, entries int64) (found []*bos.Changes, deeper []int, err error) {
	if len(reads) == 0 {
		return nil, nil, nil
	}
	replies := make([]changesReply, len(reads))
	var meta *redis.SliceCmd
	// As of one moment: a log that is newer than the revision read before it would name
	// changes twice, an older one would leave some out.
	err = s.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		meta = pipe.HMGet(ctx, s.db.Keys.Meta(), schema.Meta.Epoch.Name)
		for i, r := range reads {
			h := schema.ScopeHome(r.SessionKey)
			replies[i].session = pipe.HMGet(ctx, s.db.Keys.Session(h), schema.ChangeFields...)
			replies[i].log = pipe.LRange(ctx, s.db.Keys.Log(h), -entries, -1)
			replies[i].length = pipe.LLen(ctx, s.db.Keys.Log(h))
		}
	})
	if err != nil {
		return nil, nil, err
	}
	found = make([]*bos.Changes, len(reads))
	for i, r := range reads {
		if found[i], err = replies[i].changes(r, redisdb.Text(meta.Val()[0])); err != nil {
			return nil, nil, err
		}
		c := found[i]
		// Only for a reader that follows this very session would more entries help. For any
		// other, and where the log has no more, reading deeper would find the same.
		follows := c != nil && c.Incarnation == r.Incarnation && c.Epoch == r.Epoch
		if follows && c.Missed && entries < logLength && replies[i].length.Val() > entries {
			deeper = append(deeper, i)
		}
	}
	return found, deeper, nil
}

// changes makes what was asked for of the reply.
func (a *changesReply) changes(r bos.ChangesRead, epoch string) (*bos.Changes, error) {
	hash := sessionHash{fields: schema.ChangeFields, values: redisdb.Texts(a.session.Val())}
	if hash.get(schema.Session.Incarnation.Name) == "" {
		return nil, nil
	}
	c := &bos.Changes{
		Incarnation: hash.get(schema.Session.Incarnation.Name), Epoch: epoch, Source: bos.Source(hash.get(schema.Session.Source.Name)),
		Revision: hash.number(hash.get(schema.Session.Revision.Name)), State: bos.State(hash.get(schema.Session.State.Name)),
		Unfinished: hash.get(schema.Session.Removal.Name) != "" && bos.State(hash.get(schema.Session.State.Name)) != bos.StateComplete,
	}
	switch {
	// A reader ahead of the session has seen what was lost since, before anybody noticed.
	case r.Incarnation != c.Incarnation || r.Epoch != c.Epoch || r.After > c.Revision:
		c.Missed = true
		return c, nil
	case r.After == c.Revision:
		return c, nil
	}
	entries, err := parseLog(a.log.Val())
	if err != nil {
		return nil, err
	}
	if !a.complete(hash, entries, r.After) {
		c.Missed = true
		return c, nil
	}
	// The log is oldest first, so the last entry of an id says where it is now.
	removed := map[string]bool{} // by id, what happened last
	for _, e := range entries {
		if e.revision <= r.After {
			continue
		}
		for _, id := range splitIDs(e.changed) {
			removed[id] = false
		}
		for _, id := range splitIDs(e.removed) {
			removed[id] = true
		}
	}
	if len(removed) > maxChanged {
		c.Missed = true
		return c, nil
	}
	for _, id := range slices.Sorted(maps.Keys(removed)) {
		if removed[id] {
			c.Removed = append(c.Removed, id)
		} else {
			c.Changed = append(c.Changed, id)
		}
	}
	return c, nil
}

// complete says whether the entries of a log hold all that happened after a
// revision. An entry that is not after it proves that. So does a log that was never
// trimmed, and has never been another: it begins with its session and does not
// expire before that is frozen, so of a frozen one an entry from before must be left.
func (a *changesReply) complete(hash sessionHash, entries []logEntry, after int64) bool {
	if len(entries) > 0 && entries[0].revision <= after {
		return true
	}
	if _, frozen := hash.frozenAt(); frozen && (len(entries) == 0 || entries[0].revision > hash.number(hash.get(schema.Session.FrozenRevision.Name))) {
		return false
	}
	return a.length.Val() < logLength
}

// logEntry is what one write has done to a session's components. Most that are
// read are old, so their ids, of which there can be thousands, stay one text.
type logEntry struct {
	revision         int64
	changed, removed string
}

// parseLog reads the entries of a change log, oldest first. One that can't be read is an error:
// taken for none, its changes would never reach the reader.
func parseLog(lines []string) ([]logEntry, error) {
	entries := make([]logEntry, len(lines))
	for i, line := range lines {
		words := strings.Split(line, " ")
		revision, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil || len(words) != 3 {
			return nil, fmt.Errorf("the change log has an entry that can't be read: %.100q", line)
		}
		entries[i] = logEntry{revision, words[1], words[2]}
	}
	return entries, nil
}

// splitIDs is [strings.Split] with an empty list for "", which Split makes a list of one.
func splitIDs(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
