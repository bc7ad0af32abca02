package bossync

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// The paths that are read, below BOS's base.
const (
	componentsPath = "/v2/components"
	sessionsPath   = "/v2/sessions"
)

func sessionPath(name string) string { return sessionsPath + "/" + url.PathEscape(name) }

func statusPath(name string) string { return sessionPath(name) + "/status" }

// listed is a session on BOS's list.
type listed struct {
	bos.SourceSession
	digest uint64
}

// listSessions reads all sessions of all tenants, newest first.
func (f *follower) listSessions(ctx context.Context) ([]listed, error) {
	var all []listed
	f.running = false
	clear(f.refused)
	seen := map[bos.SessionKey]bool{}
	err := f.bos.get(ctx, sessionsPath, nil, "", func(r io.Reader) error {
		return readList(r, func(raw jsontext.Value) error {
			key, err := keyOf(raw)
			if err != nil {
				return err
			}
			// A list that repeats itself can lack others: it is no base for removing anything.
			if seen[key] {
				return f.bos.failed(sessionsPath, "it answers the same sessions again", nil)
			}
			seen[key] = true
			s, err := decodeSession(raw)
			if err != nil {
				f.refused[key] = err.Error()
				return nil
			}
			f.running = f.running || s.State != bos.StateComplete
			all = append(all, listed{s, digestOf(raw)})
			return nil
		})
	})
	if err != nil {
		return nil, missing(err, f.bos, sessionsPath)
	}
	// Newest first: of old sessions that are new here only some fit into a sweep, and people
	// look at the latest.
	slices.SortStableFunc(all, func(a, b listed) int { return cmpStart(b, a) })
	// Only once the list has been read to its end. What comes before an error proves nothing about
	// the rest, and the sweep that failed is not to look whole.
	maps.DeleteFunc(f.unsaved, func(key bos.SessionKey, _ unsaved) bool { return !seen[key] })
	for key := range seen {
		if known, ok := f.sessions[key]; ok {
			known.sweep = f.sweeps
			f.sessions[key] = known
		}
	}
	return all, nil
}

func cmpStart(a, b listed) int {
	at, _ := a.StartTime.UTC() // one that can't be read is old
	bt, _ := b.StartTime.UTC()
	return at.Compare(bt)
}

// missing makes an error for users of a path that should be there.
func missing(err error, c *client, path string) error {
	if errors.Is(err, errMissing) {
		return c.failed(path, "it does not know this path: is this the right URL?", nil)
	}
	return err
}

// keepSessions stores the sessions that are not complete. That comes before the components, so
// that a component never counts towards a session that is not there yet; those that are complete
// wait until all components have been read.
func (f *follower) keepSessions(ctx context.Context, all []listed) error {
	for _, s := range all {
		if s.State == bos.StateComplete || f.sessions[s.SessionKey].digest == s.digest {
			continue
		}
		if err := f.keep(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// keep stores a session, and remembers that. One that can't be stored as it is does
// not keep the others waiting.
func (f *follower) keep(ctx context.Context, s listed) error {
	err := f.store.KeepSession(ctx, s.SourceSession)
	switch bos.CodeOf(err) {
	case "":
	case bos.BadUserInput, bos.Conflict:
		f.refused[s.SessionKey] = err.Error()
		return nil
	default:
		return err
	}
	known := f.sessions[s.SessionKey]
	if known.start != s.StartTime || known.state == bos.StateComplete && s.State != bos.StateComplete {
		known = mirroredSession{start: s.StartTime} // another incarnation: see cache.Store.KeepSession
	}
	if s.State == bos.StateComplete && known.state != bos.StateComplete {
		known.due = f.firstDue()
	}
	known.digest, known.state, known.sweep = s.digest, s.State, f.sweeps
	// Once final, always: what BOS changes after that is an end that changes, which followEnds handles.
	known.final = known.final || s.Saved != nil && s.Saved.Final
	f.sessions[s.SessionKey] = known
	return nil
}

// How BOS is asked for the status that it has saved of a session.
const (
	savesWithin = time.Minute // after a session's end, for sure
	mostSaved   = 10          // times, before it is asked rarely (followEnds, for sessions that are stored)
)

// unsaved is a session on BOS's list that is complete, and of which BOS did not give the saved status.
type unsaved struct {
	start bos.Time
	asked int       // how often BOS did not
	due   time.Time // when it is asked again, after mostSaved times
	why   string
}

// without sums up which complete sessions are missing here because BOS does not give their saved status; empty for
// none. Once is no problem: the session may just have been deleted.
func (f *follower) without() string {
	missing := map[string]string{}
	for key, u := range f.unsaved {
		if known, here := f.sessions[key]; u.asked > 1 && (!here || known.start != u.start) {
			missing[key.String()] = u.why
		}
	}
	return sumUp(missing, nil, "is missing here until BOS gives its saved status", "are missing here until BOS gives their saved status")
}

// completeSessions stores the sessions that BOS says are complete, each with the
// status that BOS itself has saved: what was counted here is a stand-in for that. BOS
// saves it a moment after a session's end and makes one up until then, so it is asked
// again once. Sessions that had ended before they were first seen come a few at a
// time, the newest first.
func (f *follower) completeSessions(ctx context.Context, all []listed, budget time.Duration) error {
	// The budget bounds only what is new here: a first sweep may find hundreds of sessions, and
	// reading all their statuses would hold up the running ones. Sessions that were followed
	// complete at once.
	before := f.bos.busy
	for _, s := range all {
		known, here := f.sessions[s.SessionKey]
		here = here && known.start == s.StartTime
		u := f.unsaved[s.SessionKey]
		if u.start != s.StartTime {
			u = unsaved{start: s.StartTime}
		}
		switch {
		case s.State != bos.StateComplete, here && known.state == bos.StateComplete && (known.final || known.asked >= mostSaved):
			continue
		case !here && (f.bos.busy-before > budget || u.asked >= mostSaved && f.now().Before(u.due)):
			continue
		}
		began := f.bos.busy
		saved, err := f.saved(ctx, s)
		if err != nil {
			deleted := errors.Is(err, errMissing)
			if deleted {
				err = f.bos.failed(statusPath(s.Name), "it has none", nil)
			}
			u.asked, u.due, u.why = u.asked+1, f.nextDue(f.bos.busy-began), shown(err)
			f.unsaved[s.SessionKey] = u
			if deleted && u.asked == 1 {
				continue // after the list was read, unless the next one has it, too
			}
			if u.asked == 1 || deleted && u.asked == 2 {
				f.log.Warn("BOS has no saved status for a complete session", append(reasons(err), "session", s.SessionKey.String())...)
			}
			if !here { // nothing was counted that could stand in for it
				continue
			}
		} else {
			delete(f.unsaved, s.SessionKey)
			saved.Final = known.asked > 0 || f.endedLongAgo(s)
			s.Saved = saved
		}
		if err := f.keep(ctx, s); err != nil {
			return err
		}
		if known, ok := f.sessions[s.SessionKey]; ok {
			known.asked++
			f.sessions[s.SessionKey] = known
		}
	}
	return nil
}

// saved asks BOS for the status of a complete session.
func (f *follower) saved(ctx context.Context, s listed) (*bos.SavedStatus, error) {
	var saved *bos.SavedStatus
	err := f.bos.get(ctx, statusPath(s.Name), nil, s.Tenant, func(r io.Reader) error {
		text, err := io.ReadAll(r)
		if err == nil {
			saved, err = bos.ParseSavedStatus(text)
		}
		return err
	})
	return saved, err
}

func (f *follower) endedLongAgo(s listed) bool {
	end, err := s.EndTime.UTC()
	return err == nil && f.now().Sub(end) > savesWithin
}

// active says whether a session is pending or running, without reading all of them.
func (f *follower) active(ctx context.Context) (bool, error) {
	// BOS filters by one state at a time, and most sessions are complete: two short answers
	// instead of one long list.
	for _, state := range []bos.State{bos.StatePending, bos.StateRunning} {
		n := 0
		err := f.bos.get(ctx, sessionsPath, url.Values{"status": {string(state)}}, "", func(r io.Reader) error {
			return readList(r, func(jsontext.Value) error { n++; return nil })
		})
		if err != nil || n > 0 {
			return n > 0, err
		}
	}
	return false, nil
}
