package cache

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// KeepSession keeps a session as BOS has it: creates it, moves it forward, freezes it
// when it is complete. One that BOS has created again under the same name, or has set
// back from complete, is another incarnation, and the one before becomes history.
// Nothing is written if nothing has changed.
func (s *Store) KeepSession(ctx context.Context, r bos.SourceSession) error {
	made, err := r.Create(newIncarnation(s.options.Now()))
	if err != nil {
		return err
	}
	// A session that takes the place of another is two writes, each whole: the earlier one
	// becomes history first. If this process stops in between, the next sweep of BOS does the rest.
	for again := true; again; {
		again = false
		err = s.retry(ctx, func() (*change, error) {
			old, err := s.readForUpdate(ctx, r.SessionKey)
			switch {
			case bos.CodeOf(err) == bos.NotFound:
				old = &bos.Session{}
			case err != nil:
				return nil, err
			case old.Deleted:
			// Somebody has made that one here and may still be reporting to it: it is not
			// overwritten.
			case old.Source != bos.SourceBOS:
				return nil, bos.Errorf(bos.Conflict,
					"session %q was created here: delete it, so that BOS's session of that name can take its place", r.Name)
			case old.StartTime != r.StartTime:
				again = true
				return s.gone(old, bos.RemovalDeleted), nil
			case old.State == bos.StateComplete && r.State != bos.StateComplete:
				again = true
				return s.gone(old, bos.RemovalReopened), nil
			default:
				return s.follows(old, r)
			}
			if err := s.roomForSession(ctx); err != nil {
				return nil, err
			}
			return s.begins(made, old, r.Saved), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// begins is the change that begins an incarnation, old being the session that had
// its name until now, if there was one.
func (s *Store) begins(next, old *bos.Session, saved *bos.SavedStatus) *change {
	c := s.newChange()
	h := schema.ScopeHome(next.SessionKey)
	c.guard(h, old)
	if old.Incarnation != "" {
		c.archive(h, old)
	}
	c.do("DEL", s.db.Keys.Log(h)) // of an earlier incarnation: its entries would be taken for this one's
	c.lead(h)
	c.store(h, next)
	c.save(h, saved)
	c.do("ZADD", s.db.Keys.Sessions(), "0", schema.SessionPosition(next))
	c.do("ZADD", s.db.Keys.History(h), "0", schema.HistoryPosition(next))
	to := c.scope(next.SessionKey)
	to.record = true
	to.freeze = next.State == bos.StateComplete
	to.past = !endedLately(next, c.at)
	return c
}

// newsLife is how long ago a session may have ended that was not known before: the end of one that
// ran while nobody followed BOS is news, all that BOS has had for weeks is not.
const newsLife = 15 * time.Minute

func endedLately(s *bos.Session, now time.Time) bool {
	end, err := s.EndTime.UTC()
	return err == nil && now.Sub(end) < newsLife
}

// follows is the change that makes a session what BOS says that it is now; nil for
// none.
func (s *Store) follows(old *bos.Session, r bos.SourceSession) (*change, error) {
	next, err := old.Follow(r)
	if err != nil {
		return nil, err
	}
	stored := old.Status.Saved
	// BOS saves the status of a session that completes a while after that. Until it has, what it
	// answers is computed, and replaced here by what it saves; that is replaced by ReviseSession alone.
	saves := r.Saved != nil && (stored == nil || !stored.Final)
	if next == old && !saves {
		return nil, nil
	}
	c := s.newChange()
	h := schema.ScopeHome(old.SessionKey)
	c.guard(h, old)
	if next != old {
		c.store(h, next)
	}
	if saves {
		c.save(h, r.Saved)
	}
	to := c.scope(old.SessionKey)
	to.record = true
	to.freeze = next.State == bos.StateComplete
	return c, nil
}

// sweptAtOnce bounds how many sessions one write of Swept looks at: each event copies a status.
const sweptAtOnce = 100

// Swept notes what a whole sweep of BOS means for sessions that run there: that a new one has started, and that failures exceed a
// percentage. A sweep is many writes, and in between a session has counts that it never had at BOS. What is due shows in what is
// stored, so that a process that ends before it calls this loses no event of a session that still runs: the next sweep, of any process,
// notes it.
func (s *Store) Swept(ctx context.Context, running []bos.SessionKey) error {
	f := &schema.Session
	fields := []string{f.Incarnation.Name, f.Mode.Name, f.Noted.Name, f.Counters.Name}
	for part := range slices.Chunk(running, sweptAtOnce) {
		err := s.retry(ctx, func() (*change, error) {
			hashes := make([]*redis.SliceCmd, len(part))
			if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
				for i, key := range part {
					hashes[i] = pipe.HMGet(ctx, s.db.Keys.Session(schema.ScopeHome(key)), fields...)
				}
			}); err != nil {
				return nil, err
			}
			c := s.newChange()
			for i, key := range part {
				now := sessionHash{fields: fields, values: redisdb.Texts(hashes[i].Val())}
				mode := now.get(f.Mode.Name)
				if mode == schema.ModeFrozen { // its end was written, and the answer to that lost
					continue
				}
				starts := mode == schema.ModeOther
				if !starts && !exceeds(now.tally(false), c.shares, now.get(f.Noted.Name)) {
					continue
				}
				hash := s.db.Keys.Session(schema.ScopeHome(key))
				c.guards = append(c.guards, guard{hash, f.Incarnation.Name, now.get(f.Incarnation.Name)}, guard{hash, f.Mode.Name, mode})
				if starts {
					c.do("HSET", hash, f.Mode.Name, schema.ModeRunning)
				}
				to := c.scope(key)
				to.start, to.swept = starts, true
			}
			if len(c.scopes) == 0 {
				return nil, nil
			}
			return c, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// exceeds says whether failures exceed one of these percentages that is above the one noted last, if any was, as noteFailures of
// lua/write.lua asks.
func exceeds(t bos.Tally, shares, noted string) bool {
	last, err := strconv.Atoi(noted)
	if err != nil {
		last = -1
	}
	for share := range strings.FieldsSeq(shares) {
		if n, err := strconv.Atoi(share); err == nil && n > last && t.Failed*100 > n*t.Managed {
			return true
		}
	}
	return false
}

// gone is the change that makes a session history. One that is not complete is frozen
// in the state that it has: nobody knows how it would have ended, or when.
func (s *Store) gone(old *bos.Session, why bos.Removal) *change {
	c := s.newChange()
	h := schema.ScopeHome(old.SessionKey)
	c.guard(h, old)
	c.do("HSET", s.db.Keys.Session(h), schema.Session.Removal.Name, string(why))
	c.scope(old.SessionKey).record = true
	c.scope(old.SessionKey).keep = true
	return c
}

// save keeps the status that BOS has saved, if there is one.
func (c *change) save(h schema.Home, saved *bos.SavedStatus) {
	if saved == nil {
		return
	}
	// In two hashes: every status needs the numbers, and only error groups the text, which is
	// long.
	c.do("HSET", c.keys.Session(h), schema.Session.Saved.Name, encodeSaved(saved))
	c.do("HSET", c.keys.Extras(h), schema.Extras.Saved.Name, saved.Text)
}

// encodeSaved writes the numbers of a saved status, short enough for a small hash.
func encodeSaved(s *bos.SavedStatus) string {
	final := "0"
	if s.Final {
		final = "1"
	}
	words := []string{final, strconv.Itoa(s.Managed), strconv.Itoa(s.GroupCount)}
	p := s.Phases
	for _, share := range []float64{s.Staged, s.Successful, s.Failed, p.PercentComplete, p.PercentConfiguring, p.PercentPoweringOff, p.PercentPoweringOn} {
		// The shortest text that reads back as the same number: BOS's percentages are answered
		// verbatim.
		words = append(words, strconv.FormatFloat(share, 'g', -1, 64))
	}
	return strings.Join(words, " ")
}

// decodeSaved reads what encodeSaved wrote; nil for none.
func decodeSaved(text string) (*bos.SavedStatus, error) {
	if text == "" {
		return nil, nil
	}
	var s bos.SavedStatus
	var final int
	p := &s.Phases
	_, err := fmt.Sscan(text, &final, &s.Managed, &s.GroupCount, &s.Staged, &s.Successful, &s.Failed,
		&p.PercentComplete, &p.PercentConfiguring, &p.PercentPoweringOff, &p.PercentPoweringOn)
	if err != nil {
		return nil, fmt.Errorf("the numbers of a saved status can't be read: %w", err)
	}
	s.Final = final == 1
	return &s, nil
}
