package cache

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// facets verifies that the index of facets has what the sessions make, and nothing else. Builds
// before the index have made none.
func (r *recount) facets(ctx context.Context) error {
	if err := r.walk(ctx, r.db.Keys.Sessions(), func(positions []string) error {
		sessions, err := r.sessionsAt(ctx, positions)
		if err != nil {
			return err
		}
		return r.verifyListed(ctx, present(sessions))
	}); err != nil {
		return err
	}
	return r.walk(ctx, r.db.Keys.Facets(), func(entries []string) error {
		positions := make([]string, len(entries))
		for i, e := range entries {
			positions[i] = schema.FacetSession(e)
		}
		sessions, err := r.sessionsAt(ctx, positions)
		if err != nil {
			return err
		}
		for i, e := range entries {
			if sessions[i] == nil || !slices.Contains(schema.FacetEntries(sessions[i]), e) {
				if err := r.dropFacet(ctx, e, sessions[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// sessionsAt reads the sessions of places in the list of all, nil for one that is not there.
func (r *recount) sessionsAt(ctx context.Context, positions []string) ([]*bos.Session, error) {
	reads := make([]bos.SessionRead, len(positions))
	for i, p := range positions {
		key, incarnation, _ := schema.ParseSessionPosition(p)
		reads[i] = bos.SessionRead{SessionKey: key, Incarnation: incarnation, Want: bos.Want{Status: true, Epoch: true}}
	}
	return r.ReadSessions(ctx, reads)
}

// verifyListed looks for entries that sessions make and that are not there.
func (r *recount) verifyListed(ctx context.Context, sessions []*bos.Session) error {
	scores := make([]*redis.Cmd, len(sessions))
	if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, one := range sessions {
			entries := append([]string{"-"}, schema.FacetEntries(one)...) // no session's, so that there is one at least
			scores[i] = scoresOf(ctx, pipe, r.db.Keys.Facets(), entries)
		}
	}); err != nil {
		return err
	}
	for i, one := range sessions {
		there, err := scores[i].Slice()
		if err != nil {
			return err
		}
		if !slices.Contains(there[1:], nil) {
			continue
		}
		h, now, err := r.locate(ctx, one.SessionKey, one.Incarnation)
		if err != nil || now == nil { // nil: removed since it was read
			return err
		}
		r.found(r.db.Keys.Facets(), "lacks the template or tenant of session "+one.SessionKey.String())
		c := r.newChange()
		c.guard(h, now)
		c.list(now)
		if err := r.repair(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// dropFacet removes an entry of a session that is not there, or has another value.
func (r *recount) dropFacet(ctx context.Context, entry string, of *bos.Session) error {
	key, incarnation, _ := schema.ParseSessionPosition(schema.FacetSession(entry))
	h, now, err := r.locate(ctx, key, incarnation)
	if err != nil || of == nil && now != nil { // created since it was looked for
		return err
	}
	// Asked for again, now that the session is known not to make it: a session that was removed meanwhile has taken
	// its entries with it, and no session comes back.
	var score *redis.FloatCmd
	if err := r.db.Pipelined(ctx, func(pipe redis.Pipeliner) { score = pipe.ZScore(ctx, r.db.Keys.Facets(), entry) }); err != nil || score.Err() == redis.Nil {
		return err
	}
	r.found(r.db.Keys.Facets(), "has session "+key.String()+" with a template or tenant that it does not have")
	c := r.newChange()
	if now != nil {
		c.guard(h, now)
	}
	c.do("ZREM", c.keys.Facets(), entry)
	return r.repair(ctx, c)
}
