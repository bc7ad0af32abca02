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

// waitingIn is the score of a component among those that the session of that name waits for, if it does.
func (r *record) waitingIn(name string) (score int64, waits bool) {
	w := r.counted.WaitIn(name)
	if w == "" {
		return 0, false
	}
	since, _ := strconv.ParseInt(r.since, 10, 64) // an unknown time is 0, and sorts before all others
	return schema.WaitScore(w, since), true
}

// addWaiting adds ids to those that a scope waits for, or gives them other scores.
func (c *change) addWaiting(key string, ids []string, scores []int64) {
	by := map[int64][]string{}
	for i, score := range scores {
		by[score] = append(by[score], ids[i])
	}
	for _, score := range sortedKeys(by, always) {
		c.doAll("ZADD", key, by[score], strconv.FormatInt(score, 10))
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
	key := s.db.Keys.Waiting(schema.ScopeHome(of.SessionKey))
	var replies []*redis.ZSliceCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		replies = replies[:0]
		for _, w := range bos.Waits {
			if w != bos.WaitApply && w != bos.WaitUnstage { // which are not of the session, or not enabled
				// These are in order already: the cost is by what is asked for, not by the session.
				low, end := schema.WaitRange(w)
				replies = append(replies, pipe.ZRangeByScoreWithScores(ctx, key, between(low, end, first)))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var longest []redis.Z
	for _, reply := range replies {
		longest = append(longest, reply.Val()...)
	}
	slices.SortStableFunc(longest, func(a, b redis.Z) int {
		return cmp.Or(cmp.Compare(schema.ParseWaitScore(a.Score), schema.ParseWaitScore(b.Score)), cmp.Compare(a.Member.(string), b.Member.(string)))
	})
	ids := make([]string, min(first, len(longest)))
	for i := range ids {
		ids[i] = longest[i].Member.(string)
	}
	found, err := s.ReadComponents(ctx, ids, detailed)
	if err != nil {
		return nil, err
	}
	// Their current records decide: some may have changed their status since the ids were read.
	found = slices.DeleteFunc(found, func(c *bos.Component) bool { return c == nil || !c.Enabled || c.Session != of.Name })
	slices.SortStableFunc(found, func(a, b *bos.Component) int { return a.StatusSince.Compare(b.StatusSince) })
	return found, nil
}
