package app_test

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestWatchersOfServersThatShareNothingButRedis runs the command itself: a server
// that is killed says nothing to those who watch.
func TestWatchersOfServersThatShareNothingButRedis(t *testing.T) {
	t.Parallel()
	binary := apptest.Command(t)
	f := &apptest.Fleet{Binary: binary, Redis: redistest.Server(t), Namespace: "test-" + rand.Text()}
	f.Env = []string{"BOSGRAPH_MAX_CONNECTIONS_PER_ADDRESS=20000"} // all come from this one
	a, killA := f.Serve(t)
	b, _ := f.Serve(t)
	a.Session("s")
	a.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
	a.Update("s", "status", "RUNNING")
	t.Run("mutations on either are seen on both", func(t *testing.T) { testSameRevisions(t, a.With(t), b.With(t)) })
	t.Run("all continue when one is killed", func(t *testing.T) { testServerKilled(t, a.With(t), b.With(t), killA) })
	f.NoDrift(t)
}

func testSameRevisions(t *testing.T, a, b *apptest.Site) {
	both := append(apptest.Crowd(t, a, 20, followS), apptest.Crowd(t, b, 20, followS)...)
	for i := range 20 {
		by := []*apptest.Site{a, b}[i%2]
		by.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": fmt.Sprint("error ", i)}}})
		want := by.Status("s")
		if text := apptest.At(want, "errorSummary.0.message"); text != fmt.Sprint("error ", i) {
			t.Fatalf("after the mutation a query answers %v", want)
		}
		apptest.Every(t, "the mutation is seen", both, apptest.Reached(want["revision"]))
		for _, w := range both {
			if got := fmt.Sprint(w.Now("errorSummary")); got != fmt.Sprint(want["errorSummary"]) || w.Now("epoch") != want["epoch"] {
				t.Errorf("at one revision there is %s, and %v", got, want)
			}
		}
	}
	apptest.NeverBack(t, both)
}

func followS(int) (string, apptest.Vars) { return apptest.Follow, apptest.Vars{"name": "s"} }

// testServerKilled kills a server in the midst of its updates: all who watched it
// continue with the other.
func testServerKilled(t *testing.T, a, b *apptest.Site, kill func()) {
	connecting := time.Now()
	all := apptest.Crowd(t, a, manyWatchers, followS)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })
	connected := time.Since(connecting)
	var stop atomic.Bool
	var written atomic.Int64
	var writing sync.WaitGroup
	writing.Go(func() {
		for !stop.Load() {
			if codes, err := apptest.Try(b, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": fmt.Sprint("update ", written.Load())}}}); err != nil || len(codes) > 0 {
				t.Errorf("a mutation: %v, %v", codes, err)
				return
			}
			written.Add(1)
		}
	})
	defer writing.Wait()
	defer stop.Store(true)
	begun := all[0].Now("revision").(float64)
	apptest.Every(t, "updates are under way", all, func(w *apptest.Watcher) bool { return w.Now("revision").(float64) > begun })
	start := time.Now()
	kill()
	apptest.Every(t, "all have lost their server", all, func(w *apptest.Watcher) bool { return w.Ended() == "lost" })
	lost := make([]int, len(all))
	for i, w := range all {
		lost[i] = w.Count()
	}
	apptest.InParallel(t, all, func(w *apptest.Watcher) error { return w.Resume(b.Base) })
	resumed, messages := time.Since(start), 0
	for i, w := range all {
		messages += w.Count() - lost[i]
	}
	more := written.Load() + 20
	apptest.Eventually(t, "more updates", func() bool { return written.Load() >= more })
	stop.Store(true)
	writing.Wait()
	final := b.Status("s")
	apptest.Every(t, "the last state", all, apptest.Reached(final["revision"]))
	converged := time.Since(start)
	for i, w := range all {
		if got := fmt.Sprint(w.Now("errorSummary")); got != fmt.Sprint(final["errorSummary"]) || w.Now("stale") != false || w.Count() == lost[i] {
			t.Fatalf("watcher %d is at %v, want %v", i, got, final)
		}
	}
	apptest.NeverBack(t, all)

	// Clients that come back with the last state do not get it again.
	again := apptest.Crowd(t, b, 50, func(int) (string, apptest.Vars) {
		return apptest.Follow, apptest.Vars{"name": "s", "revision": final["revision"], "epoch": final["epoch"]}
	})
	b.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished("x1"), apptest.Finished("x2")}})
	apptest.Every(t, "the end", append(again, all...), func(w *apptest.Watcher) bool { return w.Ended() == "complete" })
	for _, w := range append(again, all...) {
		if w.Now("status") != "COMPLETE" {
			t.Fatalf("it ends at %v", w.Now("status"))
		}
	}
	for _, w := range again {
		if n := w.Count(); n != 1 {
			t.Errorf("%d messages to one who had all but the last state", n)
		}
	}
	redistest.Figure(t, "%d watchers: connected within %v before there were updates; resumed %v after the kill, with %d messages of updates to them meanwhile, all at the last state after %v",
		len(all), connected.Round(time.Millisecond), resumed.Round(time.Millisecond), messages, converged.Round(time.Millisecond))
}
