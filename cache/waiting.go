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
	key := s.db.Keys.Waiting(schema.ScopeHome(of.SessionKey))
	var parts []part
	if err := s.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		parts = parts[:0]
		for _, w := range bos.Waits {
			for _, late := range []bool{true, false} {
				first, end := s.scores(w, late, limits)
				if first == end {
					continue
				}
				all := between(first, end, 1)
				known := *all
				if unknown, _ := schema.WaitRange(w); first == unknown {
					known.Min = "(" + known.Min
				}
				parts = append(parts, part{bos.Waited{Wait: w, Late: late}, pipe.ZCount(ctx, key, all.Min, all.Max),
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
	return bos.WaitingOf(of, all, limits), nil
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
// long or not. An unknown time counts as too long: it is that of a component that has not moved since
// times have been kept.
func (s *Store) scores(w bos.Wait, late bool, limits bos.WaitLimits) (first, end int64) {
	first, end = schema.WaitRange(w)
	parted := first // no wait without a limit is too long
	if limit := limits.Of(w); limit > 0 {
		parted = schema.WaitScore(w, s.options.Now().Add(-limit).Unix())
	}
	if late {
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
// two pages.
func (s *Store) ListWaiting(ctx context.Context, w *bos.Waiting, page bos.Page, detailed bool) (*bos.List[*bos.Component], error) {
	list := &bos.List[*bos.Component]{Total: &w.Count}
	if w.Session.Over() {
		return list, nil
	}
	parts := w.Reason.Parts()
	from, after, err := parseWaitingPosition(page.After, len(parts))
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := from; i < len(parts) && len(ids) <= page.First; i++ {
		found, err := s.waitingAfter(ctx, w.Session.SessionKey, parts[i], w.Limits, after, page.First+1-len(ids))
		if err != nil {
			return nil, err
		}
		for _, z := range found {
			ids = append(ids, z.Member.(string))
			list.Positions = append(list.Positions, strconv.Itoa(i)+" "+strconv.FormatInt(int64(z.Score), 10)+" "+z.Member.(string))
		}
		after = redis.Z{}
	}
	list.More = len(ids) > page.First
	ids, list.Positions = ids[:min(len(ids), page.First)], list.Positions[:min(len(ids), page.First)]
	found, err := s.firstComponents(ctx, ids, detailed)
	if err != nil {
		return nil, err
	}
	if list.Cut = len(found) < len(ids); list.Cut {
		list.More = true
	}
	// What has been deleted since its id was read is left out.
	positions := list.Positions
	list.Positions = nil
	for i, c := range found {
		if c != nil {
			list.Items, list.Positions = append(list.Items, c), append(list.Positions, positions[i])
		}
	}
	return list, nil
}

// parseWaitingPosition reads a position: in which part of a reason, and after which component.
func parseWaitingPosition(text string, parts int) (part int, after redis.Z, err error) {
	if text == "" {
		return 0, after, nil
	}
	words := strings.SplitN(text, " ", 3)
	if len(words) == 3 {
		part, err = strconv.Atoi(words[0])
		var score int64
		if err == nil {
			score, err = strconv.ParseInt(words[1], 10, 64)
		}
		if err == nil && part >= 0 && part < parts {
			return part, redis.Z{Score: float64(score), Member: words[2]}, nil
		}
	}
	return 0, after, noCursor()
}

// noCursor is the error of a position that no page of the list has had.
func noCursor() *bos.Error {
	return bos.Errorf(bos.BadUserInput, "after is no cursor of this list").At("after")
}

// waitingAfter returns the next components of a part of a reason, with their scores: after the last
// one of the page before, or from the first one on.
func (s *Store) waitingAfter(ctx context.Context, of bos.SessionKey, part bos.Waited, limits bos.WaitLimits, last redis.Z, count int) ([]redis.Z, error) {
	key := s.db.Keys.Waiting(schema.ScopeHome(of))
	first, end := s.scores(part.Wait, part.Late, limits)
	var rank, skip *redis.IntCmd
	var score *redis.FloatCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		rank = nil
		if id, ok := last.Member.(string); ok {
			first, rank, score = int64(last.Score), pipe.ZRank(ctx, key, id), pipe.ZScore(ctx, key, id)
		}
		skip = pipe.ZCount(ctx, key, "-inf", "("+strconv.FormatInt(first, 10))
	}); err != nil {
		return nil, err
	}
	start := skip.Val() // from where the last one was, if it is not there any more
	if rank != nil && rank.Err() == nil && score.Err() == nil && score.Val() == last.Score {
		start = rank.Val() + 1
	}
	if last.Member == nil {
		last = redis.Z{Score: float64(first), Member: ""} // before all others
	}
	passed := func(z redis.Z) bool {
		return cmp.Or(cmp.Compare(z.Score, last.Score), cmp.Compare(z.Member.(string), last.Member.(string))) <= 0
	}
	for asked := count; ; asked *= 2 { // once, but where many began to wait in the same second as one that has left
		var reply *redis.ZSliceCmd
		if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			reply = pipe.ZRangeWithScores(ctx, key, start, start+int64(asked)-1)
		}); err != nil {
			return nil, err
		}
		next := reply.Val() // in order, so that those that are passed come first, and those of another part last
		more := len(next) == asked
		for len(next) > 0 && passed(next[0]) {
			next, start = next[1:], start+1
		}
		if i := slices.IndexFunc(next, func(z redis.Z) bool { return z.Score >= float64(end) }); i >= 0 {
			next, more = next[:i], false
		}
		if !more || len(next) >= count {
			return next[:min(count, len(next))], nil
		}
	}
}
