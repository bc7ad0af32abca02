package cache

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// sessions verifies that the lists of sessions have what the sessions make, and nothing else. Builds before a list have made no
// entries of it. Redis may have lost a session, which would count against the most that there may be, or a list: what is not among the
// frozen sessions never expires.
func (r *recount) sessions(ctx context.Context) error {
	seen := map[string]bool{} // incarnations that have been verified, as each has several entries
	// Those that have their name are found without any list.
	if err := r.scan(ctx, schema.Kinds.Session, 0, func(found []string, _ uint64) error {
		var reads []bos.SessionRead
		for _, scope := range r.idsOf(schema.Kinds.Session, found) {
			if !schema.Home(scope).IsHistory() {
				reads = append(reads, bos.SessionRead{SessionKey: bos.ParseSessionKey(scope), Want: listedWant})
			}
		}
		sessions, err := r.ReadSessions(ctx, reads)
		if err != nil {
			return err
		}
		return r.verifyListed(ctx, sessions, seen)
	}); err != nil {
		return err
	}
	all, err := r.keysOf(ctx, schema.Kinds.History, schema.Kinds.Alike)
	if err != nil {
		return err
	}
	for _, key := range append([]string{r.db.Keys.Sessions(), r.db.Keys.Frozen(), r.db.Keys.Facets()}, all...) {
		if err := r.verifyList(ctx, key, seen); err != nil {
			return err
		}
		r.progress("lists of sessions", 0)
	}
	return nil
}

// listedWant is what decides which entries a session makes.
var listedWant = bos.Want{Status: true, Epoch: true}

// verifyList verifies the sessions of one list, and looks for entries that no session makes.
func (r *recount) verifyList(ctx context.Context, key string, seen map[string]bool) error {
	return r.walk(ctx, key, func(entries []string) error {
		reads := make([]bos.SessionRead, len(entries))
		for i, e := range entries {
			reads[i] = r.sessionOf(indexEntry{key, e})
		}
		sessions, err := r.ReadSessions(ctx, reads)
		if err != nil {
			return err
		}
		if err := r.verifyListed(ctx, sessions, seen); err != nil {
			return err
		}
		for i, e := range entries {
			if at := (indexEntry{key, e}); !r.lists(sessions[i], at) {
				if err := r.dropListed(ctx, at, reads[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// sessionOf is the session that an entry of a list is of; none if the entry can't be read.
func (r *recount) sessionOf(e indexEntry) bos.SessionRead {
	read := bos.SessionRead{Want: listedWant}
	if scope, ok := r.db.Keys.Cut(schema.Kinds.History, e.key); ok {
		read.SessionKey, read.Incarnation = bos.ParseSessionKey(scope), schema.HistoryIncarnation(e.entry)
	} else if e.key == r.db.Keys.Frozen() {
		read.Incarnation, read.SessionKey, _ = schema.ParseFrozenEntry(e.entry)
	} else {
		read.SessionKey, read.Incarnation, _ = schema.ParseSessionPosition(schema.FacetSession(e.entry))
	}
	return read
}

// listings are all entries that a session makes, with their scores.
func (r *recount) listings(s *bos.Session) map[indexEntry]string {
	k, position := r.db.Keys, schema.SessionPosition(s)
	all := map[indexEntry]string{
		{k.Sessions(), position}: "0",
		{k.Alike(s), position}:   "0",
		{k.History(schema.ScopeHome(s.SessionKey)), schema.HistoryPosition(s)}: "0",
	}
	for _, e := range schema.FacetEntries(s) {
		all[indexEntry{k.Facets(), e}] = "0"
	}
	if s.Status.FromSnapshot {
		all[indexEntry{k.Frozen(), schema.FrozenEntry(s)}] = strconv.FormatInt(s.Status.AsOf.Unix(), 10)
	}
	return all
}

// lists says whether the session, nil for none, makes that entry.
func (r *recount) lists(s *bos.Session, e indexEntry) bool {
	if s == nil {
		return false
	}
	_, made := r.listings(s)[e]
	return made
}

// verifyListed looks for entries that sessions make and that are not there.
func (r *recount) verifyListed(ctx context.Context, sessions []*bos.Session, seen map[string]bool) error {
	type made struct {
		by    *bos.Session
		at    scoredEntry
		score *redis.FloatCmd
	}
	var all []made
	for _, one := range present(sessions) {
		if seen[one.Incarnation] {
			continue
		}
		seen[one.Incarnation] = true
		for e, score := range r.listings(one) {
			all = append(all, made{by: one, at: scoredEntry{e, score}})
		}
	}
	if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i := range all {
			all[i].score = pipe.ZScore(ctx, all[i].at.key, all[i].at.entry)
		}
	}); err != nil {
		return err
	}
	for _, m := range all {
		if m.score.Err() != redis.Nil {
			continue
		}
		h, now, err := r.locate(ctx, m.by.SessionKey, m.by.Incarnation)
		if err != nil {
			return err
		}
		if !r.lists(now, m.at.indexEntry) { // removed or changed since it was read
			continue
		}
		r.found(m.at.key, "lacks session "+now.SessionKey.String())
		c := r.newChange()
		c.guard(h, now)
		c.do("ZADD", m.at.key, m.at.score, m.at.entry)
		if err := r.repair(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// dropListed removes an entry of a session that is not there, or does not make it.
func (r *recount) dropListed(ctx context.Context, e indexEntry, of bos.SessionRead) error {
	// Before it is looked for: a session that is not there may be in another epoch.
	epoch, err := r.Epoch(ctx)
	if err != nil {
		return err
	}
	h, now, err := r.locate(ctx, of.SessionKey, of.Incarnation)
	if err != nil || r.lists(now, e) { // changed since it was looked for
		return err
	}
	// Asked for again, now that the session is known not to make it: a session that was removed meanwhile has taken
	// its entries with it, and no session comes back.
	var score *redis.FloatCmd
	if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) { score = pipe.ZScore(ctx, e.key, e.entry) }); err != nil || score.Err() == redis.Nil {
		return err
	}
	c := r.newChange()
	c.within(epoch)
	if now == nil {
		r.found(e.key, "has session "+of.SessionKey.String()+", which does not exist")
	} else {
		r.found(e.key, "has session "+of.SessionKey.String()+", which does not belong there")
		c.guard(h, now)
	}
	c.do("ZREM", e.key, e.entry)
	return r.repair(ctx, c)
}
