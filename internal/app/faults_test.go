package app_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// faultWatchers is how many watch a server that a fault meets.
func faultWatchers() int {
	if longTests {
		return 5000
	}
	return 100
}

// noDrift wants a recount of what a server of this process has stored to find nothing.
func noDrift(t *testing.T, s *apptest.Site) {
	t.Helper()
	var findings []cache.Finding
	drift, err := s.App.Store().Recount(t.Context(), cache.RecountOptions{Report: func(f cache.Finding) { findings = append(findings, f) }})
	if err != nil || drift != 0 {
		t.Errorf("the recount: drift %d, %v, %v", drift, findings, err)
	}
}

// followedFleet are two servers with a running session, and those who watch it at the first.
func followedFleet(t *testing.T, options ...string) (f *apptest.Fleet, a, b *apptest.Site, process *apptest.Process, all []*apptest.Watcher) {
	t.Helper()
	f = newFleet(t)
	a, process = f.Start(t, "127.0.0.1:0", options...)
	b, _ = f.Serve(t, options...)
	a.Session("s")
	a.Put(apptest.Powering("x1", "s"))
	a.Update("s", "status", "RUNNING")
	all = apptest.Crowd(t, a, faultWatchers(), followS)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })
	return f, a, b, process, all
}

// change writes an update through a server, and returns the state that it leads to.
func change(s *apptest.Site, text string) map[string]any {
	s.T.Helper()
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": text}}})
	return s.Status("s")
}

// TestWatchersOfAServerThatStoodStill stops a server in its tracks while another writes. When it continues,
// those who watch it get what they have missed. The long form stops it for 30 s.
func TestWatchersOfAServerThatStoodStill(t *testing.T) {
	t.Parallel()
	f, _, b, process, all := followedFleet(t)
	still := 2 * time.Second
	if longTests {
		still = 30 * time.Second
	}
	signal := func(what syscall.Signal) {
		t.Helper()
		if err := process.Cmd.Process.Signal(what); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = process.Cmd.Process.Signal(syscall.SIGCONT) }) // also if it fails: its watchers wait for an answer at the end
	signal(syscall.SIGSTOP)
	stopped, written := time.Now(), 0
	for time.Since(stopped) < still {
		written++
		change(b, fmt.Sprint("update ", written))
		<-redistest.Pause(stopped)
	}
	final := change(b, "the last")
	signal(syscall.SIGCONT)
	continued := time.Now()
	apptest.Every(t, "the last state", all, func(w *apptest.Watcher) bool {
		return w.Now("revision") == final["revision"] && w.Now("stale") == false
	})
	took := time.Since(continued)
	for i, w := range all {
		if end := w.Ended(); end != "" || fmt.Sprint(w.Now("errorSummary")) != fmt.Sprint(final["errorSummary"]) {
			t.Fatalf("watcher %d is at %v, end %q", i, w.Now("errorSummary"), end)
		}
	}
	apptest.NeverBack(t, all)
	f.NoDrift(t)
	redistest.Figure(t, "a server stood still for %v and %d updates: its %d watchers converged %v after it continued",
		still, written, len(all), took.Round(time.Millisecond))
}

// TestWatchersOfAServerThatIsAskedToStop sends SIGTERM to a server while another writes: everybody who watches it is closed
// without a complete, resumes at the other, and gets the last state.
func TestWatchersOfAServerThatIsAskedToStop(t *testing.T) {
	t.Parallel()
	const within = 4 * time.Second
	f, _, b, process, all := followedFleet(t, "--shutdown-timeout", within.String())
	asked, drained := time.Now(), make(chan time.Duration, 1)
	go func() {
		process.End()
		drained <- time.Since(asked)
	}()
	for n := range 20 {
		change(b, fmt.Sprint("update ", n))
	}
	apptest.Every(t, "the end of the connection", all, func(w *apptest.Watcher) bool { return w.Ended() != "" })
	for i, w := range all {
		if end := w.Ended(); end != "lost" {
			t.Errorf("watcher %d: the subscription ended by %q", i, end)
		}
	}
	apptest.InParallel(t, all, func(w *apptest.Watcher) error { return w.Resume(b.Base) })
	final := change(b, "the last")
	apptest.Every(t, "the last state", all, apptest.Reached(final["revision"]))
	apptest.NeverBack(t, all)
	f.NoDrift(t)
	took := <-drained
	if took > within+time.Second {
		t.Errorf("it took %v to stop", took)
	}
	redistest.Figure(t, "SIGTERM with %d subscriptions: drained in %v, `complete` 0, resumed elsewhere %d of %d with the last state",
		len(all), took.Round(10*time.Millisecond), len(all), len(all))
}
