package cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// KeepSession keeps a session as BOS has it: creates it, moves it forward, freezes it
// when it is complete. One that BOS has created anew under the same name is another
// incarnation, and the one before becomes history. Nothing is written if nothing has
// changed.
func (s *Store) KeepSession(ctx context.Context, r bos.SourceSession) error {
	made, err := r.Create(rand.Text())
	if err != nil {
		return err
	}
	for again := true; again; {
		again = false
		err = s.retry(ctx, func() (*change, error) {
			old, err := s.readForUpdate(ctx, r.SessionKey)
			switch {
			case bos.CodeOf(err) == bos.NotFound:
				return s.begins(made, &bos.Session{}, r.Saved), nil
			case err != nil:
				return nil, err
			case old.Deleted:
				return s.begins(made, old, r.Saved), nil
			case old.Source != bos.SourceBOS:
				return nil, bos.Errorf(bos.Conflict,
					"session %q was created here: delete it, so that BOS's session of that name can take its place", r.Name)
			case old.StartTime != r.StartTime:
				again = true
				return s.gone(old), nil
			default:
				return s.follows(old, r)
			}
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
	h := scopeHome(next.SessionKey)
	c.guard(h, old)
	if old.Incarnation != "" {
		c.archive(h, old)
	}
	c.do("DEL", s.keys.log(h)) // of an earlier incarnation
	c.lead(h)
	c.store(h, next)
	c.save(h, saved)
	c.do("ZADD", s.keys.sessions(), "0", sessionPosition(next))
	c.do("ZADD", s.keys.history(h), "0", historyPosition(next))
	to := c.scope(h)
	to.record = true
	to.freeze = next.State == bos.StateComplete
	return c
}

// follows is the change that makes a session what BOS says that it is now; nil for
// none.
func (s *Store) follows(old *bos.Session, r bos.SourceSession) (*change, error) {
	next, err := old.Follow(r)
	if err != nil {
		return nil, err
	}
	kept := old.Status.Saved
	saves := r.Saved != nil && (kept == nil || !kept.Final)
	if next == old && !saves {
		return nil, nil
	}
	c := s.newChange()
	h := scopeHome(old.SessionKey)
	c.guard(h, old)
	if next != old {
		c.store(h, next)
	}
	if saves {
		c.save(h, r.Saved)
	}
	to := c.scope(h)
	to.record = true
	to.freeze = next.State == bos.StateComplete
	return c, nil
}

// gone is the change that makes a session history: it is frozen if it was not yet,
// and stays until its retention ends.
func (s *Store) gone(old *bos.Session) *change {
	c := s.newChange()
	h := scopeHome(old.SessionKey)
	c.guard(h, old)
	c.do("HSET", s.keys.session(h), "del", "1")
	c.scope(h).record = true
	c.scope(h).freeze = true
	return c
}

// save keeps the status that BOS has saved, if there is one.
func (c *change) save(h home, saved *bos.SavedStatus) {
	if saved == nil {
		return
	}
	c.do("HSET", c.keys.session(h), fieldSaved, encodeSaved(saved))
	c.do("HSET", c.keys.extras(h), "saved", saved.Text)
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
