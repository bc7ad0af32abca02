package cache

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
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
	return cmp.Or(r.since, "0")
}

// addActive adds ids to the active ones of a scope, or gives them other scores.
func (c *change) addActive(key string, ids, since []string) {
	for len(ids) > 0 {
		n := min(len(ids), chunk)
		words := append(make([]string, 0, 2+2*n), "ZADD", key)
		for i := range n {
			words = append(words, since[i], ids[i])
		}
		c.do(words...)
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
// longest, longest first, those of which that is not known before all others.
// detailed reads whole records. A complete session has none.
func (s *Store) Stragglers(ctx context.Context, of *bos.Session, first int, detailed bool) ([]*bos.Component, error) {
	if of.State == bos.StateComplete {
		return nil, nil
	}
	var ids *redis.StringSliceCmd
	err := s.pipelined(ctx, func(pipe redis.Pipeliner) {
		ids = pipe.ZRange(ctx, s.keys.active(scopeHome(of.SessionKey)), 0, int64(first)-1)
	})
	if err != nil {
		return nil, err
	}
	found, err := s.ReadComponents(ctx, ids.Val(), detailed)
	if err != nil {
		return nil, err
	}
	// What they are by now counts: some may have moved on since the ids were read.
	found = slices.DeleteFunc(found, func(c *bos.Component) bool { return c == nil || !c.Enabled || c.Session != of.Name })
	slices.SortStableFunc(found, func(a, b *bos.Component) int { return a.StatusSince.Compare(b.StatusSince) })
	return found, nil
}
