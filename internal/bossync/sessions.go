package bossync

import (
	"context"
	"errors"
	"fmt"
	"io"
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
			if seen[key] {
				return f.bos.failed(sessionsPath, "it answers the same sessions again", nil)
			}
			seen[key] = true
			s, err := decodeSession(raw)
			if err != nil {
				f.refused[key.String()] = err.Error()
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
	slices.SortStableFunc(all, func(a, b listed) int { return cmpStart(b, a) })
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

// keepSessions stores the sessions that are not complete.
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
		f.refused[s.SessionKey.String()] = err.Error()
		return nil
	default:
		return err
	}
	known := f.sessions[s.SessionKey]
	if known.start != s.StartTime {
		known = mirroredSession{start: s.StartTime}
	}
	known.digest, known.state, known.sweep = s.digest, s.State, f.sweeps
	known.final = known.final || s.Saved != nil && s.Saved.Final
	f.sessions[s.SessionKey] = known
	return nil
}

// How BOS is asked for the status that it has saved of a session.
const (
	savesWithin = time.Minute // after a session's end, for sure
	mostAsked   = 10          // times, before it is left at that
)

// completeSessions stores the sessions that BOS says are complete, each with the
// status that BOS itself has saved: what was counted here is a stand-in for that. BOS
// saves it a moment after a session's end and makes one up until then, so it is asked
// again once. Sessions that had ended before they were first seen come a few at a
// time, the newest first.
func (f *follower) completeSessions(ctx context.Context, all []listed, budget time.Duration) error {
	before := f.bos.busy
	for _, s := range all {
		known, here := f.sessions[s.SessionKey]
		here = here && known.start == s.StartTime
		switch {
		case s.State != bos.StateComplete, here && known.state == bos.StateComplete && (known.final || known.asked >= mostAsked):
			continue
		case !here && f.bos.busy-before > budget:
			continue
		}
		saved, err := f.saved(ctx, s)
		if errors.Is(err, errMissing) {
			continue // it has just been deleted
		}
		if err != nil {
			f.log.Warn("BOS does not tell the status of a session that is complete", append(reasons(err), "session", s.SessionKey.String())...)
			if !here { // nothing was counted that could stand in for it
				continue
			}
		} else {
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
	path := sessionPath(s.Name) + "/status"
	var saved *bos.SavedStatus
	err := f.bos.get(ctx, path, nil, s.Tenant, func(r io.Reader) error {
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

// dropSessions makes history of the sessions that were not on BOS's list and are not
// there when BOS is asked for them.
func (f *follower) dropSessions(ctx context.Context) error {
	for key, known := range f.sessions {
		if known.sweep == f.sweeps {
			continue
		}
		err := f.bos.get(ctx, sessionPath(key.Name), nil, key.Tenant, discard)
		if err == nil {
			return f.bos.failed(sessionsPath, fmt.Sprintf("it left out session %q, which it has", key.Name), nil)
		}
		if !errors.Is(err, errMissing) {
			return err
		}
		if err := f.store.MarkDeleted(ctx, key); err != nil && bos.CodeOf(err) != bos.NotFound {
			return err
		}
		delete(f.sessions, key)
	}
	return nil
}

// astir says whether a session is under way, without reading all of them.
func (f *follower) astir(ctx context.Context) (bool, error) {
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
