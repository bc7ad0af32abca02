package cache

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// failure is that a component has come to the status failed in the session of its next record.
type failure struct{ old, next *record }

// fail notes if a component fails.
func (c *change) fail(o, n *record) {
	if o.there().Fails(n.there()) {
		c.failures = append(c.failures, failure{o, n})
	}
}

const daySeconds = 24 * 60 * 60

func dayOf(t time.Time) int64 { return t.Unix() / daySeconds }

// lifeOf is for how long failures of a day are kept from a moment on, in milliseconds: for the retention from the end of the
// day, so that the whole day is known as long as any failure of it.
func (s *Store) lifeOf(day int64, now time.Time) string {
	return strconv.FormatInt((time.Unix((day+1)*daySeconds, 0).Sub(now) + s.options.Retention).Milliseconds(), 10)
}

// noteFailures counts the failures of a change: each in the day's of all, and in those of the templates and tenants of the
// sessions that it is in.
func (s *Store) noteFailures(c *change, known newest) {
	buckets := map[schema.Troubles][]failure{}
	var in map[schema.Troubles]bool // of the failure before: mostly they are the same
	for i, f := range c.failures {
		if i == 0 || !f.next.sameScopes(c.failures[i-1].next) {
			in = map[schema.Troubles]bool{{Day: dayOf(c.at)}: true}
			for _, key := range f.next.scopes() {
				if one := known[key]; one != nil {
					for _, tenant := range []string{"", key.Tenant} {
						in[schema.Troubles{Day: dayOf(c.at), Tenant: tenant}] = true
						in[schema.Troubles{Day: dayOf(c.at), Tenant: tenant, Template: one.template}] = true
					}
				}
			}
		}
		for b := range in {
			buckets[b] = append(buckets[b], f)
		}
	}
	second := strconv.FormatInt(c.at.Unix(), base)
	life := s.lifeOf(dayOf(c.at), c.at)
	for _, b := range slices.SortedFunc(maps.Keys(buckets), func(a, b schema.Troubles) int { return cmp.Compare(a.String(), b.String()) }) {
		scores, last := c.keys.Troubles(b), c.keys.LastFailures(b)
		fields := make([]string, 0, 2*len(buckets[b]))
		var ids [2][]string // by how many sessions it is the first failure in
		for _, f := range buckets[b] {
			id, sessions := f.next.component.ID, 0
			if f.old.there().FirstFailure(f.next.there()) {
				sessions = 1
			}
			ids[sessions] = append(ids[sessions], id)
			fields = append(fields, id, second+" "+bos.Shortened(f.next.component.Error))
		}
		for sessions, ids := range ids {
			c.doAll("ZINCRBY", scores, ids, strconv.FormatInt(schema.TroubleScore(1, sessions), 10))
		}
		c.do("PEXPIRE", scores, life)
		for part := range slices.Chunk(fields, 2*chunk) {
			c.do("HSET", last, part...)
		}
		c.do("PEXPIRE", last, life)
	}
}

// troubleSum is what is known of one component's failures: their score in all days, and the last day.
type troubleSum struct {
	score int64
	last  int // its place among the days
}

// rank is the score with at least one session: the first failure there may be of a day that is not asked for.
func (t troubleSum) rank() int64 {
	if _, sessions := schema.ParseTroubleScore(t.score); sessions == 0 {
		return t.score + schema.TroubleScore(0, 1)
	}
	return t.score
}

// TroubledComponents returns the components that have failed most often, those with most failures first, then those with most
// sessions, then by id. Of each day the first ones are read, and more as long as one that was not read could be among the first of all:
// where more have failed equally often than are read, all that are known of the days, within what one operation may scan.
func (s *Store) TroubledComponents(ctx context.Context, q bos.TroubleQuery, first int) ([]*bos.Trouble, error) {
	days := s.days(q)
	for depth := max(first, walkChunk); ; depth *= 4 {
		sums, unread, err := s.addTroubles(ctx, days, depth)
		if err != nil {
			return nil, err
		}
		ids := slices.SortedFunc(maps.Keys(sums), func(a, b string) int {
			return cmp.Or(cmp.Compare(sums[b].rank(), sums[a].rank()), cmp.Compare(a, b))
		})
		if unread == 0 || len(ids) >= first && sums[ids[first-1]].rank() > (troubleSum{score: unread}).rank() { // of equals, the id decides
			return s.troublesOf(ctx, days, ids[:min(first, len(ids))], sums)
		}
	}
}

// days are the failures that a query asks for, oldest first.
func (s *Store) days(q bos.TroubleQuery) (days []schema.Troubles) {
	now := s.options.Now()
	since := now.Add(-s.options.Retention)
	if q.Since.After(since) {
		since = q.Since
	}
	b := schema.Troubles{Template: q.Template}
	if q.Tenant != nil {
		b.Tenant = *q.Tenant
	}
	for b.Day = dayOf(since); b.Day <= dayOf(now); b.Day++ {
		days = append(days, b)
	}
	return days
}

// addTroubles adds up the failures of those that are among the first of any day. unread is the highest score that any
// other can have; 0 if all were read.
func (s *Store) addTroubles(ctx context.Context, days []schema.Troubles, depth int) (sums map[string]troubleSum, unread int64, err error) {
	replies := make([]*redis.ZSliceCmd, len(days))
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, b := range days {
			replies[i] = pipe.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: s.db.Keys.Troubles(b), Start: 0, Stop: depth - 1, Rev: true})
		}
	}); err != nil {
		return nil, 0, err
	}
	sums = map[string]troubleSum{}
	read := make([]map[string]bool, len(days)) // nil for a day of which all were read
	n := 0
	for i, reply := range replies {
		found := reply.Val()
		n += len(found)
		if len(found) == depth {
			read[i] = map[string]bool{}
			unread += int64(found[depth-1].Score)
		}
		for _, z := range found {
			id := z.Member.(string)
			sums[id] = troubleSum{sums[id].score + int64(z.Score), i}
			if read[i] != nil {
				read[i][id] = true
			}
		}
	}
	if err := cost.EffortOf(ctx).Scan(ctx, n); err != nil {
		return nil, 0, err
	}
	if unread > 0 {
		err = s.completeTroubles(ctx, days, read, sums)
	}
	return sums, unread, err
}

// completeTroubles adds what known components have on days of which they were not among the first.
func (s *Store) completeTroubles(ctx context.Context, days []schema.Troubles, read []map[string]bool, sums map[string]troubleSum) error {
	ids := slices.Sorted(maps.Keys(sums))
	for part := range slices.Chunk(ids, bos.MaxPage) {
		scores := make([]*redis.FloatSliceCmd, len(days))
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			for i, b := range days {
				if read[i] != nil {
					scores[i] = pipe.ZMScore(ctx, s.db.Keys.Troubles(b), part...)
				}
			}
		}); err != nil {
			return err
		}
		for i := range days {
			for j, id := range part {
				if read[i] == nil || read[i][id] {
					continue
				}
				if score := int64(scores[i].Val()[j]); score > 0 { // 0: it is not there
					sums[id] = troubleSum{sums[id].score + score, max(sums[id].last, i)}
				}
			}
		}
	}
	return nil
}

// troublesOf reads the last failures of components, each from the last day on which it failed.
func (s *Store) troublesOf(ctx context.Context, days []schema.Troubles, ids []string, sums map[string]troubleSum) ([]*bos.Trouble, error) {
	last := make([]*redis.StringCmd, len(ids))
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, id := range ids {
			last[i] = pipe.HGet(ctx, s.db.Keys.LastFailures(days[sums[id].last]), id)
		}
	}); err != nil {
		return nil, err
	}
	all := make([]*bos.Trouble, len(ids))
	for i, id := range ids {
		t := &bos.Trouble{ID: id}
		t.Failures, t.Sessions = schema.ParseTroubleScore(sums[id].rank())
		second, text, _ := strings.Cut(last[i].Val(), " ")
		at, _ := strconv.ParseInt(second, base, 64) // written by noteFailures alone
		t.LastFailure, t.LastError = time.Unix(at, 0).UTC(), text
		all[i] = t
	}
	return all, nil
}
