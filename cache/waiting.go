package cache

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// Waiting returns what the active components of a session wait for, as of one moment; nothing
// once it is over.
func (s *Store) Waiting(ctx context.Context, of *bos.Session) ([]bos.Waiting, error) {
	if of.Over() {
		return nil, nil
	}
	limits, err := s.waitLimits(ctx, of)
	if err != nil {
		return nil, err
	}
	type part struct {
		bos.Waited
		count *redis.IntCmd
		first *redis.ZSliceCmd
	}
	key, now := s.db.Keys.Waiting(schema.ScopeHome(of.SessionKey)), s.options.Now()
	var parts []part
	if err := s.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		parts = parts[:0]
		for _, w := range bos.Waits {
			for _, late := range []bool{true, false} {
				one := bos.Waited{Wait: w, Late: late}
				first, end := scores(one, limits, now)
				if first == end {
					continue
				}
				all := between(first, end, 1)
				known := *all
				if unknown, _ := schema.WaitRange(w); first == unknown {
					known.Min = "(" + known.Min
				}
				parts = append(parts, part{one, pipe.ZCount(ctx, key, all.Min, all.Max),
					pipe.ZRangeByScoreWithScores(ctx, key, &known)})
			}
		}
	}); err != nil {
		return nil, err
	}
	all := make([]bos.Waited, len(parts))
	for i, p := range parts {
		all[i] = p.Waited
		all[i].Count = int(p.count.Val())
		if first := p.first.Val(); len(first) > 0 {
			all[i].Since = time.Unix(schema.ParseWaitScore(first[0].Score), 0).UTC()
		}
	}
	return bos.WaitingOf(of, all, limits, now), nil
}

// waitLimits are BOS's own for what comes from it, and its defaults for a producer's sessions.
func (s *Store) waitLimits(ctx context.Context, of *bos.Session) (bos.WaitLimits, error) {
	if of.Source != bos.SourceBOS {
		return bos.WaitLimitsOf(nil), nil
	}
	record, err := s.ReadOptions(ctx)
	if err != nil || record == nil {
		return bos.WaitLimitsOf(nil), err
	}
	return bos.WaitLimitsOf(bos.ParseOptions(record)), nil
}

// scores are the first score, and the first behind, of the components that wait for the same, and for too
// long or not at a moment. An unknown time counts as too long: it is that of a component that has not moved since
// times have been kept.
func scores(w bos.Waited, limits bos.WaitLimits, at time.Time) (first, end int64) {
	first, end = schema.WaitRange(w.Wait)
	parted := first // no wait without a limit is too long
	if limit := limits.Of(w.Wait); limit > 0 {
		parted = schema.WaitScore(w.Wait, at.Add(-limit).Unix())
	}
	if w.Late {
		return first, parted
	}
	return parted, end
}

// between are the components from one score to before another, at most so many.
func between(first, end int64, count int) *redis.ZRangeBy {
	return &redis.ZRangeBy{Min: strconv.FormatInt(first, 10), Max: "(" + strconv.FormatInt(end, 10), Count: int64(count)}
}

// ListWaiting returns a page of the components that wait for one reason: those that have
// done so for longest come first among those with the same status. It may skip, or repeat, those whose status changes between
// two pages. A position of another reason stands for the start: one argument of a query is that of all reasons.
func (s *Store) ListWaiting(ctx context.Context, w *bos.Waiting, page bos.Page, detailed bool) (*bos.List[*bos.Component], error) {
	if w.Session.Over() {
		return &bos.List[*bos.Component]{Total: &w.Count}, nil
	}
	return withItems(page, func(page bos.Page) (*bos.List[*bos.Component], string, error) {
		return s.pageWaiting(ctx, w, page, detailed)
	})
}

// pageWaiting reads a page of those that wait, and returns also the last position that it has read.
func (s *Store) pageWaiting(ctx context.Context, w *bos.Waiting, page bos.Page, detailed bool) (list *bos.List[*bos.Component], last string, err error) {
	after, err := parseWaitingPosition(page.After, w.Reason)
	if err != nil {
		return nil, "", err
	}
	list = &bos.List[*bos.Component]{Total: &w.Count}
	var ids []string
	for _, part := range w.Reason.Parts() { // in the order of their scores
		if len(ids) > page.First {
			break
		}
		found, err := s.waitingAfter(ctx, w, part, after, page.First+1-len(ids))
		if err != nil {
			return nil, "", err
		}
		for _, z := range found {
			ids = append(ids, z.Member.(string))
			list.Positions = append(list.Positions, waitingPosition(w.Reason, z))
		}
	}
	list.More = len(ids) > page.First
	ids, list.Positions = ids[:min(len(ids), page.First)], list.Positions[:min(len(ids), page.First)]
	found, err := s.firstComponents(ctx, ids, detailed)
	if err != nil {
		return nil, "", err
	}
	if list.Cut = len(found) < len(ids); list.Cut {
		list.More = true
	}
	if len(found) > 0 {
		last = list.Positions[len(found)-1]
	}
	// What has been deleted since its id was read is left out.
	positions := list.Positions
	list.Positions = nil
	for i, c := range found {
		if c != nil {
			list.Items, list.Positions = append(list.Items, c), append(list.Positions, positions[i])
		}
	}
	return list, last, nil
}

// beforeAll is the position before all that wait.
var beforeAll = redis.Z{Score: -1, Member: ""}

// waitingPosition is the position of a component among those that wait for a reason.
func waitingPosition(r bos.WaitingReason, z redis.Z) string {
	return string(r) + " " + strconv.FormatInt(int64(z.Score), 10) + " " + z.Member.(string)
}

// parseWaitingPosition reads after which component a page of a reason begins.
func parseWaitingPosition(text string, of bos.WaitingReason) (redis.Z, error) {
	if text == "" {
		return beforeAll, nil
	}
	words := strings.SplitN(text, " ", 3)
	if len(words) < 3 || len(bos.WaitingReason(words[0]).Parts()) == 0 {
		return beforeAll, noCursor()
	}
	score, err := strconv.ParseInt(words[1], 10, 64)
	switch {
	case err != nil:
		return beforeAll, noCursor()
	case bos.WaitingReason(words[0]) != of:
		return beforeAll, nil
	}
	return redis.Z{Score: float64(score), Member: words[2]}, nil
}

// noCursor is the error of a position that no page of the list has had.
func noCursor() *bos.Error {
	return bos.Errorf(bos.BadUserInput, "after is no cursor of this list").At("after")
}

// waitingAfter returns the next components of a part of a reason, with their scores, that come after the last one of the page before.
func (s *Store) waitingAfter(ctx context.Context, w *bos.Waiting, part bos.Waited, last redis.Z, count int) ([]redis.Z, error) {
	key := s.db.Keys.Waiting(schema.ScopeHome(w.Session.SessionKey))
	first, end := scores(part, w.Limits, w.At)
	first = max(first, int64(last.Score)) // the part may begin later than it did when that page was read
	passed := func(z redis.Z) bool {
		return cmp.Or(cmp.Compare(z.Score, last.Score), cmp.Compare(z.Member.(string), last.Member.(string))) <= 0
	}
	// Read by score, as ranks move with all that comes and leaves below. Nearly always one read is enough; but thousands may have
	// begun to wait in one second, and the last one be far behind its first.
	for offset, asked := int64(0), count+1; ; asked *= 2 { // with the last one itself
		var reply *redis.ZSliceCmd
		var rank, below *redis.IntCmd
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			next := between(first, end, asked)
			next.Offset = offset
			reply = pipe.ZRangeByScoreWithScores(ctx, key, next)
			rank, below = pipe.ZRank(ctx, key, last.Member.(string)), pipe.ZCount(ctx, key, "-inf", "("+strconv.FormatInt(first, 10))
		}); err != nil {
			return nil, err
		}
		next := reply.Val()
		n := len(next) // of which those that are passed come first
		if i := slices.IndexFunc(next, func(z redis.Z) bool { return !passed(z) }); i >= 0 {
			n = i
		}
		switch {
		case offset > 0 && n == 0: // it began too late: there are fewer before it than there were
			offset = 0
		case len(next) < asked || len(next)-n >= count:
			return next[n:min(n+count, len(next))], nil
		default: // from one that is passed on, which shows the next time that nothing is skipped
			offset = max(offset+int64(n)-1, 0)
			if asked == count+1 { // once: it is far off if the last one waits for something else now
				offset = max(offset, rank.Val()-below.Val())
			}
		}
	}
}
