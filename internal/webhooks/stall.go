package webhooks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// stalls notices sessions that are stalled: those whose counts have not changed for a time, and those
// that have taken half as long again as the session that their end is estimated by. It is for one tenure
// and one goroutine. It learns of sessions by the events that pass, so it need not look for them.
type stalls struct {
	store   Store
	after   time.Duration
	sync    func() bos.SyncState // nil where no BOS is followed
	running map[string]*watched  // by incarnation; nil until they were listed
}

// watched is a session that runs.
type watched struct {
	bos.SessionKey
	tally bos.Tally
	since time.Time // when the tally became what it is; zero if that was not looked for yet
	late  time.Time // when it was last compared with an earlier session
}

// lateEvery is how often a session is compared with an earlier one.
const lateEvery = time.Minute

// pass takes note of an event.
func (s *stalls) pass(e *bos.Event) {
	switch {
	case s.running == nil || e.Session == nil:
	case e.Kind == bos.EventStarted:
		s.running[e.Session.Incarnation] = &watched{SessionKey: e.Session.SessionKey}
	case e.Kind == bos.EventCompleted:
		delete(s.running, e.Session.Incarnation)
	}
}

// list finds the sessions that run already.
func (s *stalls) list(ctx context.Context) error {
	running, state := map[string]*watched{}, bos.StateRunning
	for page := (bos.Page{First: bos.MaxPage}); ; {
		list, err := s.store.ListSessions(ctx, bos.SessionFilter{Status: &state}, page, bos.Want{}, false)
		if err != nil {
			return err
		}
		for _, one := range list.Items {
			if !one.Over() {
				running[one.Incarnation] = &watched{SessionKey: one.SessionKey}
			}
		}
		if !list.More {
			s.running = running
			return nil
		}
		page.After = list.Positions[len(list.Positions)-1]
	}
}

// look reads the sessions that run, and notes those that are stalled.
func (s *stalls) look(ctx context.Context, now time.Time) error {
	if s.running == nil {
		if err := s.list(ctx); err != nil {
			return err
		}
	}
	stale := s.sync != nil && s.sync().Stale(now)
	var reads []bos.SessionRead
	for incarnation, w := range s.running {
		compare := now.Sub(w.late) >= lateEvery
		reads = append(reads, bos.SessionRead{
			SessionKey: w.SessionKey, Incarnation: incarnation, Want: bos.Want{Status: true, Progress: compare, Estimate: compare},
		})
	}
	for part := range slices.Chunk(reads, bos.MaxPage/10) {
		found, err := s.store.ReadSessions(ctx, part)
		if err != nil {
			return err
		}
		for i, one := range found {
			if one == nil || one.Over() {
				delete(s.running, part[i].Incarnation)
				continue
			}
			if stale && one.Source == bos.SourceBOS {
				// It may have moved there, or even ended. What it is later counts from now on: a BOS that comes back takes a while, too.
				w := s.running[one.Incarnation]
				w.tally, w.since = one.Status.Tally, now
				continue
			}
			if err := s.judge(ctx, one, part[i].Progress, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// judge compares a session with what is known of it.
func (s *stalls) judge(ctx context.Context, one *bos.Session, compared bool, now time.Time) error {
	w := s.running[one.Incarnation]
	if w.since.IsZero() {
		w.tally, w.since = one.Status.Tally, unchangedSince(one.Status, now)
	}
	if one.Status.Tally != w.tally {
		w.tally, w.since = one.Status.Tally, now
	}
	if still := now.Sub(w.since); still >= s.after {
		return s.store.NoteStalled(ctx, one, fmt.Sprintf("none of its counts has changed for %v", s.after), false)
	}
	if !compared {
		return nil
	}
	w.late = now
	if usual, late := one.Status.Overdue(); late {
		return s.store.NoteStalled(ctx, one, fmt.Sprintf("it has run for more than %s, half as long again as the session before it that is like it (%s)",
			bos.DurationText(usual*3/2), bos.DurationText(usual)), true)
	}
	return nil
}

// unchangedSince is when the counts became what they are, as far as the progress shows it; a sample
// with other counts shows that they have changed since, but not when.
func unchangedSince(s *bos.Status, now time.Time) time.Time {
	since := now
	for _, p := range slices.Backward(s.Progress) {
		if p.Tally != s.Tally {
			break
		}
		since = p.Time
	}
	return since
}

// syncWatch notices that the sync from BOS is lost, and that it is back.
type syncWatch struct {
	store Store
	state func() bos.SyncState // nil where no BOS is followed
	after time.Duration
	since time.Time // when it became stale; zero while it is not
	noted string    // what the store was given last
}

// look notes what has changed. A sync that is stale for a moment is not lost.
func (s *syncWatch) look(ctx context.Context, now time.Time) error {
	if s.state == nil {
		return nil
	}
	state, reason := s.state(), ""
	if !state.Stale(now) {
		s.since = time.Time{}
	} else {
		if s.since.IsZero() {
			s.since = now
		}
		if now.Sub(s.since) < s.after {
			return nil
		}
		if reason = state.Problem; reason == "" {
			reason = "there was no complete sweep of BOS for longer than usual"
		}
	}
	// Whether it is lost, and not why: a reason that changes is no news.
	noted := "followed"
	if reason != "" {
		noted = "lost"
	}
	if noted == s.noted {
		return nil
	}
	err := s.store.NoteSync(ctx, reason)
	if err == nil {
		s.noted = noted
	}
	return err
}
