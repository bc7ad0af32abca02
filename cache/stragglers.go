package cache

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// sinceThen is since when the component has its status once n takes the place of r:
// as before, unless it has come to another status or another session.
func (r *record) sinceThen(n *record, now string) string {
	switch {
	case !n.present:
		return ""
	case !r.present, r.component.Status() != n.component.Status(),
		n.component.Session != "" && r.component.Session != n.component.Session:
		return now
	}
	return r.since
}

// activeSince is the score of a component among the active ones of its session, ""
// if it is none of them.
func (r *record) activeSince() string {
	if r.counted.Session == "" || r.counted.Marks&bos.MarkActive == 0 {
		return ""
	}
	// An unknown time sorts before all others: what has not moved for longest is probably among
	// these.
	return cmp.Or(r.since, "0")
}

// addActive adds ids to the active ones of a scope, or gives them other scores.
func (c *change) addActive(key string, ids, since []string) {
	for len(ids) > 0 {
		n := min(len(ids), chunk)
		args := make([]string, 0, 2*n)
		for i := range n {
			args = append(args, since[i], ids[i])
		}
		c.do("ZADD", key, args...)
		ids, since = ids[n:], since[n:]
	}
}

// parseSecond reads a moment that a record notes; zero for none.
func parseSecond(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	second, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(second, 0).UTC(), err
}

// Stragglers returns the active components of a session that have had their status
// longest, longest first. Unknown start times come first.
// detailed reads whole records. A session that is over has none.
func (s *Store) Stragglers(ctx context.Context, of *bos.Session, first int, detailed bool) ([]*bos.Component, error) {
	if of.Over() {
		return nil, nil
	}
	var ids *redis.StringSliceCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		// The index is in order already: the cost is by what is asked for, not by the
		// session.
		ids = pipe.ZRange(ctx, s.db.Keys.Active(schema.ScopeHome(of.SessionKey)), 0, int64(first)-1)
	})
	if err != nil {
		return nil, err
	}
	found, err := s.ReadComponents(ctx, ids.Val(), detailed)
	if err != nil {
		return nil, err
	}
	// Their current records decide: some may have changed their status since the ids were read.
	found = slices.DeleteFunc(found, func(c *bos.Component) bool { return c == nil || !c.Enabled || c.Session != of.Name })
	slices.SortStableFunc(found, func(a, b *bos.Component) int { return a.StatusSince.Compare(b.StatusSince) })
	return found, nil
}
