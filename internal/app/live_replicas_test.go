package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestWatchersOfServersThatShareNothingButRedis runs the command itself: a server
// that is killed says nothing to those who watch.
func TestWatchersOfServersThatShareNothingButRedis(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bosgraph")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f := &fleet{binary: binary, redis: redistest.Server(t), namespace: "test-" + rand.Text()}
	a, killA := f.serve(t)
	b, _ := f.serve(t)
	a.session("s")
	a.put(powering("x1", "s"), powering("x2", "s"))
	a.update("s", "status", "RUNNING")
	t.Run("mutations on either are seen on both", func(t *testing.T) { testSameRevisions(t, a.with(t), b.with(t)) })
	t.Run("all go on when one is killed", func(t *testing.T) { testServerKilled(t, a.with(t), b.with(t), killA) })
}

func testSameRevisions(t *testing.T, a, b *site) {
	both := append(crowd(t, a, 20, followS), crowd(t, b, 20, followS)...)
	for i := range 20 {
		by := []*site{a, b}[i%2]
		by.must(patchComponents, vars{"in": []vars{{"id": "x1", "error": fmt.Sprint("error ", i)}}})
		want := by.status("s")
		if text := at(want, "errorSummary.0.message"); text != fmt.Sprint("error ", i) {
			t.Fatalf("after the mutation a query answers %v", want)
		}
		every(t, "the mutation is seen", both, reached(want["revision"]))
		for _, w := range both {
			if got := fmt.Sprint(w.now("errorSummary")); got != fmt.Sprint(want["errorSummary"]) || w.now("epoch") != want["epoch"] {
				t.Errorf("at one revision there is %s, and %v", got, want)
			}
		}
	}
	neverBack(t, both)
}

func followS(int) (string, vars) { return follow, vars{"name": "s"} }

// testServerKilled kills a server in the midst of its updates: all who watched it
// go on with the other.
func testServerKilled(t *testing.T, a, b *site, kill func()) {
	all := crowd(t, a, manyWatchers, followS)
	every(t, "the first state", all, func(w *watcher) bool { return w.now("revision") != nil })
	var stop atomic.Bool
	var written atomic.Int64
	var writing sync.WaitGroup
	writing.Go(func() {
		for !stop.Load() {
			if codes, err := try(b, patchComponents, vars{"in": []vars{{"id": "x1", "error": fmt.Sprint("update ", written.Load())}}}); err != nil || len(codes) > 0 {
				t.Errorf("a mutation: %v, %v", codes, err)
				return
			}
			written.Add(1)
		}
	})
	defer writing.Wait()
	defer stop.Store(true)
	begun := all[0].now("revision").(float64)
	every(t, "updates are under way", all, func(w *watcher) bool { return w.now("revision").(float64) > begun })
	start := time.Now()
	kill()
	every(t, "all have lost their server", all, func(w *watcher) bool { return w.ended() == "lost" })
	lost := make([]int, len(all))
	for i, w := range all {
		lost[i] = w.count()
	}
	inParallel(t, all, func(w *watcher) error { return w.resume(b.base) })
	resumed := time.Since(start)
	more := written.Load() + 20
	eventually(t, "updates go on", func() bool { return written.Load() >= more })
	stop.Store(true)
	writing.Wait()
	final := b.status("s")
	every(t, "the last state", all, reached(final["revision"]))
	converged := time.Since(start)
	for i, w := range all {
		if got := fmt.Sprint(w.now("errorSummary")); got != fmt.Sprint(final["errorSummary"]) || w.now("stale") != false || w.count() == lost[i] {
			t.Fatalf("watcher %d is at %v, want %v", i, got, final)
		}
	}
	neverBack(t, all)

	// Whoever comes back with the last state is not sent it again.
	again := crowd(t, b, 50, func(int) (string, vars) {
		return follow, vars{"name": "s", "revision": final["revision"], "epoch": final["epoch"]}
	})
	b.must(patchComponents, vars{"in": []vars{finished("x1"), finished("x2")}})
	every(t, "the end", append(again, all...), func(w *watcher) bool { return w.ended() == "complete" })
	for _, w := range append(again, all...) {
		if w.now("status") != "COMPLETE" {
			t.Fatalf("it ends at %v", w.now("status"))
		}
	}
	for _, w := range again {
		if n := w.count(); n != 1 {
			t.Errorf("%d messages to one who had all but the last state", n)
		}
	}
	t.Logf("%d watchers: resumed after %v, all at the last state after %v", len(all), resumed, converged)
}
