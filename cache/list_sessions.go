package cache

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// walkChunk is how much of a list is read at a time where a filter lets only
// some pass.
const walkChunk = 500

// ListSessions returns a page of sessions, newest first, each with what is wanted
// of it: two round trips, three where old incarnations are among them, and more
// where a filter has to walk.
func (s *Store) ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error) {
	return withItems(page, func(page bos.Page) (*bos.List[*bos.Session], string, error) {
		return s.walkSessions(ctx, f, page, want, total)
	})
}

// walkSessions looks through sessions for a page, and returns also the last position that it has looked at.
func (s *Store) walkSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want,
	total bool) (list *bos.List[*bos.Session], last string, err error) {
	low, high := startRange(f)
	if page.After != "" && (high == "+" || page.After < high[1:]) {
		high = "(" + page.After
	}
	// Starts are bounds of the index, so a filter by them alone lets nearly all pass that is read. One
	// more than the page shows whether there is another.
	count := page.First + 1
	if !f.ByTimeOnly() {
		count = max(count, walkChunk)
	}
	// Within a request's allowance, what can be long is read in a second step, of those that
	// stay on the page: what a filter drops must not be counted, and what does not fit must not
	// be read.
	list = &bos.List[*bos.Session]{}
	counts := sessionCounts{total: total && f == bos.SessionFilter{}, unfinished: f.Status != nil && *f.Status != bos.StateComplete}
	want = want.With(f.Needs())
	long := cost.EffortOf(ctx) != nil && (want.Initial || want.Groups > 0 && count > sessionsAtOnce)
	for {
		positions, err := s.sessionPositions(ctx, low, high, count, &counts)
		if err != nil {
			return nil, "", err
		}
		list.Total = counts.all
		// As far as the walk gets, not all that it might have to: what lists ask for is found among the newest sessions as a rule.
		if !f.ByTimeOnly() {
			if err := cost.EffortOf(ctx).ScanSessions(ctx, len(positions)); err != nil {
				return nil, "", err
			}
		}
		at, reads := passable(f, positions, want, counts.unfinished)
		found, err := s.readListed(ctx, reads, long, f.Needs())
		if err != nil {
			return nil, "", err
		}
		for i, one := range found {
			if one != nil && !one.Over() {
				counts.met++
			}
			if one == nil || !f.Match(one) { // nil: deleted since its position was read
				continue
			}
			if len(list.Items) == page.First {
				list.More = true
				break
			}
			list.Items = append(list.Items, one)
			list.Positions = append(list.Positions, at[i])
		}
		// Those that are not over are few, and mostly among the newest: the walk ends with the last of them.
		if list.More || len(positions) < count || counts.unfinished && counts.met >= counts.most {
			if long {
				last, err = s.fillSessions(ctx, list, f, want)
			}
			return list, last, err
		}
		// From the last position on, not by rank: sessions that are created meanwhile come first
		// and would move every rank.
		high = "(" + positions[len(positions)-1]
	}
}

// passable are those of these positions whose sessions a filter does not rule out by their names, and how to read these: a walk past
// thousands of others costs little more than their positions. Where those that are not over are counted, all are read.
func passable(f bos.SessionFilter, positions []string, want bos.Want, all bool) (at []string, reads []bos.SessionRead) {
	for _, p := range positions {
		if key, incarnation, _ := schema.ParseSessionPosition(p); all || f.MatchKey(key) {
			at, reads = append(at, p), append(reads, bos.SessionRead{SessionKey: key, Incarnation: incarnation, Want: want})
		}
	}
	return at, reads
}

// readListed reads sessions of a list; if it may have parts that can be long, with what its filter
// needs alone.
func (s *Store) readListed(ctx context.Context, reads []bos.SessionRead, long bool, filter bos.Want) ([]*bos.Session, error) {
	if long {
		for i := range reads {
			reads[i].Want = filter
		}
	}
	return s.ReadSessions(ctx, reads)
}

// sessionsAtOnce is how many sessions with error groups are read at a time.
const sessionsAtOnce = 128

// fillSessions reads the sessions of a list again, with all that is wanted: as many of
// them as there is room for. It keeps those that still pass, and returns the position of the last one that it has read.
func (s *Store) fillSessions(ctx context.Context, list *bos.List[*bos.Session], f bos.SessionFilter, want bos.Want) (last string, err error) {
	reads := make([]bos.SessionRead, len(list.Items))
	for i, one := range list.Items {
		reads[i] = readOf(one, want)
	}
	sizes := make([]int64, len(reads))
	if want.Initial {
		if sizes, err = s.initialSizes(ctx, reads); err != nil {
			return "", err
		}
	}
	// What does not fit is left to the next page, before it is read.
	n, _ := fitting(sizes, cost.EffortOf(ctx).Room())
	if n < len(reads) {
		list.More, list.Cut = true, true
	}
	positions := list.Positions
	list.Items, list.Positions = nil, nil
	for from := 0; from < n; {
		piece, _ := fitting(sizes[from:n], pieceBytes)
		piece = min(piece, sessionsAtOnce)
		found, err := s.readSessions(ctx, reads[from:from+piece])
		if err != nil {
			return "", err
		}
		for i, one := range found {
			if one != nil && f.Match(one) { // nil: deleted meanwhile
				list.Items, list.Positions = append(list.Items, one), append(list.Positions, positions[from+i])
			}
		}
		from += piece
		last = positions[from-1]
	}
	return last, nil
}

// sessionPositions reads the next positions between two bounds, newest first, and what is to be
// counted: in one round trip, so that a list costs no further one for that.
func (s *Store) sessionPositions(ctx context.Context, low, high string, count int, n *sessionCounts) ([]string, error) {
	var page *redis.StringSliceCmd
	var all, frozen *redis.IntCmd
	read := s.db.Pipelined
	if n.unfinished { // a session that is removed in between would count once only
		read = s.db.Atomically
	}
	err := read(ctx, func(pipe redis.Pipeliner) {
		page = pipe.ZRevRangeByLex(ctx, s.db.Keys.Sessions(), &redis.ZRangeBy{Min: low, Max: high, Count: int64(count)})
		if n.total || n.unfinished {
			all = pipe.ZCard(ctx, s.db.Keys.Sessions())
		}
		if n.unfinished {
			frozen = pipe.ZCard(ctx, s.db.Keys.Frozen())
		}
	})
	if err != nil {
		return nil, err
	}
	if n.total {
		n.total, n.all = false, new(int(all.Val()))
	}
	if n.unfinished {
		n.most = max(n.most, int(all.Val()-frozen.Val()))
	}
	return page.Val(), nil
}

// sessionCounts are what to count beside the positions of a list, and what that came to.
type sessionCounts struct {
	total bool // all, once
	all   *int

	unfinished bool // those that are not over
	most       int  // at any time during the walk
	met        int  // by the walk
}

// startRange makes a filter's times the bounds of positions. These are as exact as a microsecond: what started
// in that of a bound lies within, and [bos.SessionFilter.Match] decides.
func startRange(f bos.SessionFilter) (low, high string) {
	low, high = "-", "+"
	if f.StartedAfter != nil {
		low = "[" + schema.StartPosition(*f.StartedAfter)
	}
	if f.StartedBefore != nil {
		high = "(" + schema.StartPosition(*f.StartedBefore) + behind
	}
	return low, high
}

// behind sorts after whatever follows the start in a position.
const behind = "~"

// mostEnds is how many incarnations of one start are looked at.
const mostEnds = 100

// SessionStarted returns the incarnation of a name that started at a time, "" for
// none: of several, which are one session whose end BOS has changed, the last.
func (s *Store) SessionStarted(ctx context.Context, key bos.SessionKey, start bos.Time) (incarnation string, err error) {
	at, err := start.UTC()
	if err != nil {
		return "", err
	}
	found, err := s.incarnations(ctx, []bos.SessionKey{key}, []started{{key.Tenant, schema.StartPosition(start)}})
	if err != nil || found[0] == "" {
		return "", err
	}
	// It started in that microsecond.
	read, err := s.ReadSessions(ctx, []bos.SessionRead{{SessionKey: key, Incarnation: found[0]}})
	if err != nil || read[0] == nil {
		return "", err
	}
	if its, err := read[0].StartTime.UTC(); err != nil || !its.Equal(at) {
		return "", nil
	}
	return found[0], nil
}

// expired returns count of the frozen entries older than the retention, oldest first, behind those to skip.
func (s *Store) expired(ctx context.Context, now time.Time, skip, count int) ([]string, error) {
	var entries *redis.StringSliceCmd
	before := now.Add(-s.options.Retention).Unix()
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		entries = pipe.ZRangeByScore(ctx, s.db.Keys.Frozen(), &redis.ZRangeBy{
			Min: "-inf", Max: "(" + strconv.FormatInt(before, 10), Offset: int64(skip), Count: int64(count),
		})
	})
	if err != nil {
		return nil, err
	}
	return entries.Val(), nil
}
