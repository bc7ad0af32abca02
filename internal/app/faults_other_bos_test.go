package app_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestABOSThatIsReplacedIsDoubted lets another BOS answer at the address of the one that is followed: that of another system, by a
// wrong entry in DNS or a wrong URL. Nothing is completed or removed that comes back, and the operator is notified; what the other
// one has added goes once an operator confirms it.
func TestABOSThatIsReplacedByAnotherSystemsIsDoubted(t *testing.T) {
	t.Parallel()
	own, other := bosfake.New(bosfake.Options{}), bosfake.New(bosfake.Options{})
	ids := own.AddComponents(300)
	other.Discover("x9000c0s0b0n0", "x9000c0s0b0n1", "x9000c0s1b0n0")
	for _, b := range []*bosfake.BOS{own, other} {
		b.CreateSession(untenanted("s")) // both sites have a session of that name
	}
	own.Start(untenanted("s"), ids...)
	other.Start(untenanted("s"), "x9000c0s0b0n0")
	other.Finish("x9000c0s0b0n0")
	other.Complete(untenanted("s"))
	other.SaveStatus(untenanted("s"))
	other.CreateSession(untenanted("theirs"))

	var answering atomic.Pointer[bosfake.BOS]
	answering.Store(own)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answering.Load().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	log := &apptest.Journal{}
	f := followedSite{apptest.ServeLogging(t, apptest.TextLog(log), "redis://"+redistest.SharedServer(t),
		"--bos-url", server.URL+"/apis/bos", "--bos-interval", "100ms", "--bos-confirm-time", "1h"), own, log}
	f.sweeps(2)

	answering.Store(other)
	f.eventually("the operator is notified", func() bool {
		return strings.Contains(f.sync(), "300 fewer components") && f.App.SyncState().Stale(time.Now())
	})
	from := begun(other)
	f.eventually("more sweeps", func() bool { return begun(other) > from+6 })
	own300 := func() {
		t.Helper()
		s := f.Must(`query($ids: [ID!]) { components(filter: {ids: $ids, session: "s"}) { totalCount } session(name: "s") { deleted status { status timing { endTime } } } }`,
			apptest.Vars{"ids": ids})
		for path, want := range map[string]any{"components.totalCount": 300.0, "session.deleted": false, "session.status.status": "RUNNING", "session.status.timing.endTime": nil} {
			if have := s.At(path); have != want {
				t.Errorf("%s is %v, want %v", path, have, want)
			}
		}
	}
	own300()
	answering.Store(own)
	// What the other one has added is doubted in its turn, as a session of it has been removed.
	f.eventually("what it has added is doubted", func() bool { return strings.Contains(f.sync(), "3 fewer components (300 instead of 303)") })
	own300()
	f.eventually("the note says so", func() bool {
		note, err := f.App.Store().SyncNote(t.Context())
		return err == nil && strings.Contains(note, "theirs")
	})
	if accepted, err := app.Accept(t.Context(), f.App.Config(), io.Discard, slog.New(slog.DiscardHandler)); err != nil || !accepted {
		t.Errorf("the operator's confirmation: %v, %v", accepted, err)
	}
	f.eventually("no problem is reported any more", func() bool { return f.sync() == "" && !f.App.SyncState().Stale(time.Now()) })
	own300()
	f.likeBOS("/v2/sessions/s/status", "")
	f.likeBOS("/v2/components", "")
	noDrift(t, f.Site)
	redistest.Figure(t, "another system's BOS for 6 sweeps: components removed 0, false completions 0, sessions lost 0")
}
