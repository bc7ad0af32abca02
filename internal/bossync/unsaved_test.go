package bossync

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// sessionStore stores sessions, and nothing else.
type sessionStore struct {
	Store
	stored []bos.SourceSession
}

func (s *sessionStore) KeepSession(_ context.Context, session bos.SourceSession) error {
	s.stored = append(s.stored, session)
	return nil
}

// completed is a follower of a BOS that lists complete sessions of these names, with its clock, its log and its store.
func completed(t *testing.T, names ...string) (f *follower, fake *bosfake.BOS, now *time.Time, log *bytes.Buffer, store *sessionStore) {
	t.Helper()
	fake = bosfake.New(bosfake.Options{})
	for _, name := range names {
		key := bos.SessionKey{Name: name}
		fake.CreateSession(key)
		fake.Complete(key)
		fake.SaveStatus(key)
	}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	at := time.Now()
	now, log, store = &at, &bytes.Buffer{}, &sessionStore{}
	f = &follower{
		bos: newClient(Service{Name: "BOS", URL: server.URL, Timeout: time.Minute}), store: store, interval: time.Hour,
		log: slog.New(slog.NewTextHandler(log, nil)), now: func() time.Time { return *now },
		sessions: map[bos.SessionKey]mirroredSession{}, refused: map[bos.SessionKey]string{}, unsaved: map[bos.SessionKey]unsaved{},
	}
	t.Cleanup(f.bos.close)
	return f, fake, now, log, store
}

// complete is what of a sweep completes sessions.
func complete(t *testing.T, f *follower) {
	t.Helper()
	listed, err := f.listSessions(t.Context())
	if err == nil {
		err = f.completeSessions(t.Context(), listed, time.Hour)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestASavedStatusThatBOSDoesNotGiveIsAskedForRarely has BOS fail to give the saved status of sessions that ended before they
// were seen: it is asked a few times, then rarely, one line of the log and the problem say so, and they are stored when it
// does.
func TestASavedStatusThatBOSDoesNotGiveIsAskedForRarely(t *testing.T) {
	f, fake, now, log, store := completed(t, "a", "b")
	fault := fake.Inject(bosfake.Fault{Path: "/v2/sessions/*/status", Status: 500})
	for range 3 * mostSaved {
		complete(t, f)
	}
	const problem = `2 records from BOS are missing here until BOS gives their saved status, that of "/a" among them: BOS, GET /v2/sessions/a/status: it answered 500 Internal Server Error`
	if n, lines := fault.Count(), strings.Count(log.String(), "level=WARN"); n != 2*mostSaved || lines != 2 || f.without() != problem || len(store.stored) > 0 {
		t.Errorf("BOS was asked %d times, %d lines, the problem is %q, stored %v", n, lines, f.without(), store.stored)
	}
	*now = now.Add(endsEvery*f.interval + time.Hour)
	complete(t, f)
	complete(t, f)
	if n := fault.Count(); n != 2*mostSaved+2 {
		t.Errorf("BOS was asked %d times in all", n)
	}
	fault.Lift()
	fake.DeleteSession(bos.SessionKey{Name: "b"})
	*now = now.Add(endsEvery*f.interval + time.Hour)
	complete(t, f)
	if f.without() != "" || len(store.stored) != 1 || store.stored[0].Name != "a" || store.stored[0].Saved == nil {
		t.Errorf("the problem is %q, stored %v", f.without(), store.stored)
	}
}

// TestACompleteSessionWithoutASavedStatusCompletes has BOS list a session as complete and have no status of it: the first
// time it may just have been deleted, but not if the next list has it, too.
func TestACompleteSessionWithoutASavedStatusCompletes(t *testing.T) {
	f, fake, _, log, store := completed(t, "s")
	key := bos.SessionKey{Name: "s"}
	fault := fake.Inject(bosfake.Fault{Path: "/v2/sessions/*/status", Status: 404})
	listed, err := f.listSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.sessions[key] = mirroredSession{start: listed[0].StartTime, state: bos.StateRunning}
	complete(t, f)
	if len(store.stored) > 0 || log.Len() > 0 {
		t.Errorf("after one answer: stored %v, %s", store.stored, log)
	}
	for range 3 * mostSaved {
		complete(t, f)
	}
	if len(store.stored) == 0 || store.stored[0].State != bos.StateComplete || store.stored[0].Saved != nil || f.sessions[key].state != bos.StateComplete {
		t.Errorf("stored %+v, known %+v", store.stored, f.sessions[key])
	}
	if n, lines := fault.Count(), strings.Count(log.String(), "level=WARN"); n != mostSaved+1 || lines != 1 || f.without() != "" {
		t.Errorf("BOS was asked %d times, %d lines, the problem is %q", n, lines, f.without())
	}
}
