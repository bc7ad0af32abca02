package cache

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// walkChunk is how much of a list is read at a time where a filter lets only
// some pass.
const walkChunk = 500

// ListSessions returns a page of sessions, newest first, each with what is wanted
// of it: two round trips, three where old incarnations are among them, and more
// where a filter has to walk.
func (s *Store) ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error) {
	low, high, err := startRange(f)
	if err != nil {
		return nil, err
	}
	if page.After != "" && (high == "+" || page.After < high[1:]) {
		high = "(" + page.After
	}
	count := page.First + 1
	if !f.ByTimeOnly() {
		count = max(count, walkChunk)
	}
	list := &bos.List[*bos.Session]{}
	for {
		positions, all, err := s.sessionPositions(ctx, low, high, count, total && list.Total == nil && f == bos.SessionFilter{})
		if err != nil {
			return nil, err
		}
		if all != nil {
			list.Total = all
		}
		reads := make([]bos.SessionRead, len(positions))
		for i, p := range positions {
			key, incarnation, _ := parseSessionPosition(p)
			reads[i] = bos.SessionRead{SessionKey: key, Incarnation: incarnation, Want: want}
		}
		found, err := s.ReadSessions(ctx, reads)
		if err != nil {
			return nil, err
		}
		for i, one := range found {
			if one == nil || !f.Match(one) { // nil: deleted since its position was read
				continue
			}
			if len(list.Items) == page.First {
				list.More = true
				return list, nil
			}
			list.Items = append(list.Items, one)
			list.Positions = append(list.Positions, positions[i])
		}
		if len(positions) < count {
			return list, nil
		}
		high = "(" + positions[len(positions)-1]
	}
}

func (s *Store) sessionPositions(ctx context.Context, low, high string, count int, total bool) (positions []string, all *int, err error) {
	var page *redis.StringSliceCmd
	var size *redis.IntCmd
	err = s.pipelined(ctx, func(pipe redis.Pipeliner) {
		page = pipe.ZRevRangeByLex(ctx, s.keys.sessions(), &redis.ZRangeBy{Min: low, Max: high, Count: int64(count)})
		if total {
			size = pipe.ZCard(ctx, s.keys.sessions())
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if size != nil {
		n := int(size.Val())
		all = &n
	}
	return page.Val(), all, nil
}

// startRange makes a filter's times the bounds of positions.
func startRange(f bos.SessionFilter) (low, high string, err error) {
	low, high = "-", "+"
	if f.StartedAfter != nil {
		at, err := f.StartedAfter.UTC()
		if err != nil {
			return "", "", err
		}
		low = "[" + startPosition(bos.Time(at.Add(time.Microsecond).Format(time.RFC3339Nano)))
	}
	if f.StartedBefore != nil {
		if _, err := f.StartedBefore.UTC(); err != nil {
			return "", "", err
		}
		high = "(" + startPosition(*f.StartedBefore)
	}
	return low, high, nil
}

// SessionStarted returns the incarnation of a name that started at a time: the
// newest of them, "" for none.
func (s *Store) SessionStarted(ctx context.Context, key bos.SessionKey, start bos.Time) (incarnation string, err error) {
	if _, err := start.UTC(); err != nil {
		return "", err
	}
	var found *redis.StringSliceCmd
	from := startPosition(start) + ":"
	err = s.pipelined(ctx, func(pipe redis.Pipeliner) {
		found = pipe.ZRevRangeByLex(ctx, s.keys.history(scopeHome(key)), &redis.ZRangeBy{Min: "[" + from, Max: "(" + from + "~", Count: 1})
	})
	if err != nil || len(found.Val()) == 0 {
		return "", err
	}
	return found.Val()[0][len(from):], nil
}

// expired returns the frozen entries older than the retention, oldest first.
func (s *Store) expired(ctx context.Context, now time.Time) ([]string, error) {
	var entries *redis.StringSliceCmd
	before := now.Add(-s.options.Retention).Unix()
	err := s.pipelined(ctx, func(pipe redis.Pipeliner) {
		entries = pipe.ZRangeByScore(ctx, s.keys.frozen(), &redis.ZRangeBy{
			Min: "-inf", Max: "(" + strconv.FormatInt(before, 10), Count: expireBatch,
		})
	})
	if err != nil {
		return nil, err
	}
	return entries.Val(), nil
}
