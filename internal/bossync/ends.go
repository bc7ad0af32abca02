package bossync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// BOS may change a session after its end: its status can be saved again, by a request to
// BOS, and nothing in the lists shows that. So complete sessions are asked about again
// from time to time, each for itself.
const (
	endsASweep    = 4   // sessions asked about in one sweep
	endsEvery     = 20  // intervals from one question about a session to the next, at least
	endsPatience  = 100 // times as long as the answer took: one that BOS has not saved it computes
	mostRevisions = 5   // of one session: what BOS changes more often it has not saved
)

// followEnds looks whether BOS has changed the end of sessions that are complete, those
// first that it was not asked about for longest. What does not work is tried again.
func (f *follower) followEnds(ctx context.Context, all []listed) error {
	now := f.now()
	var due []listed
	for _, one := range all {
		known, here := f.sessions[one.SessionKey]
		// Another start is another session of that name, which is not complete here yet. One whose
		// saved status is not final is still asked about by completeSessions.
		if !here || one.State != bos.StateComplete || known.state != bos.StateComplete || known.start != one.StartTime ||
			known.revisions >= mostRevisions || !known.final && known.asked < mostSaved {
			continue
		}
		if known.digest != one.digest || !now.Before(known.due) {
			due = append(due, one)
		}
	}
	slices.SortStableFunc(due, func(a, b listed) int {
		return f.sessions[a.SessionKey].due.Compare(f.sessions[b.SessionKey].due)
	})
	for _, one := range due[:min(len(due), endsASweep)] {
		if err := f.followEnd(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) followEnd(ctx context.Context, one listed) error {
	before := f.bos.busy
	saved, err := f.saved(ctx, one)
	known := f.sessions[one.SessionKey]
	// Next due in either case, failed or not: a session that BOS can't answer about must not
	// take the place of the others in every sweep.
	known.due = f.nextDue(f.bos.busy - before)
	defer func() { f.sessions[one.SessionKey] = known }()
	if errors.Is(err, errMissing) {
		return nil // it was deleted; the next sweep finds that out
	}
	if err != nil {
		f.log.Debug("BOS does not say whether a complete session has changed", append(reasons(err), "session", one.SessionKey.String())...)
		return nil
	}
	saved.Final = true
	one.Saved = saved
	found, err := f.store.ReadSessions(ctx, []bos.SessionRead{{SessionKey: one.SessionKey, Want: bos.Want{Status: true, Groups: 1}}})
	if err != nil {
		return err
	}
	stored := found[0]
	switch {
	case stored == nil || stored.Deleted:
		return nil
	case stored.Status.Saved == nil || !stored.Status.Saved.Final: // BOS did not report any until now
		if err := f.store.KeepSession(ctx, one.SourceSession); err != nil {
			return err
		}
		known.final, known.digest = true, one.digest
		return nil
	}
	// A status that BOS has not saved it computes for each request, from components that belong
	// to newer sessions by now. So another one counts only once it has come twice the same,
	// while another end is a fact of the session's own record.
	changed := known.digest != one.digest
	ended := one.EndTime != "" && one.EndTime != stored.EndTime
	fingerprint := saved.Fingerprint()
	switch {
	case !ended && fingerprint == stored.Status.Saved.Fingerprint():
		known.other, known.digest = "", one.digest
	case !ended && fingerprint != known.other:
		known.other = fingerprint // one that is computed may be another the next time
	default:
		if err := f.store.ReviseSession(ctx, one.SourceSession); err != nil {
			return err
		}
		known.other, known.digest = "", one.digest
		known.revisions++
		f.log.Warn("BOS has changed the status of a complete session; the earlier one is kept as history", "session", one.SessionKey.String())
	}
	if changed && known.digest == one.digest { // its error or its components may be others; history has those that it had
		return f.keep(ctx, one)
	}
	return nil
}

// restless says which complete session BOS keeps changing; empty for none.
func (f *follower) restless() (text string) {
	// Each revision is an entry of the history: without a bound, a BOS that answers another
	// status every time would fill Redis.
	for key, known := range f.sessions {
		if known.revisions >= mostRevisions {
			one := fmt.Sprintf("BOS has changed the status of session %q, which is complete, %d times: it is not followed further", name(key), known.revisions)
			if text == "" || one < text { // the same in each sweep, as that of unfitness
				text = one
			}
		}
	}
	return text
}

// nextDue is when BOS is asked about a session again, after it took so long to answer.
func (f *follower) nextDue(took time.Duration) time.Time {
	return f.now().Add(max(endsEvery*f.interval, endsPatience*took))
}

// firstDue is when BOS is asked about a session's end for the first time. After a restart that
// is the same for all sessions, but only endsASweep of them are asked about at a time.
func (f *follower) firstDue() time.Time { return f.now().Add(endsEvery * f.interval) }
