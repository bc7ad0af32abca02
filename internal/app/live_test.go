package app

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func TestAThousandUpdatesInASecondAreAsManyMessagesAsTicks(t *testing.T) {
	s := serveRedis(t)
	s.session("s")
	const writers, each = 4, 250
	for i := range writers {
		s.put(powering(xname(i), "s"))
	}
	s.update("s", "status", "RUNNING")
	all := crowd(t, s, 20, func(int) (string, vars) { return follow, vars{"name": "s"} })
	every(t, "the first state", all, func(w *watcher) bool { return w.now("status") == "RUNNING" })
	before := make([]int, len(all))
	for i, w := range all {
		before[i] = w.count()
	}
	start := time.Now()
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			pulse := time.NewTicker(time.Second / each)
			defer pulse.Stop()
			for n := range each {
				<-pulse.C
				text := fmt.Sprint("update ", n)
				if _, err := s.app.store.PatchComponents(t.Context(), []bos.ComponentPatch{{ID: xname(i), Error: &text}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	window := time.Since(start)
	final := s.status("s")
	every(t, "the last state", all, reached(final["revision"]))
	// The first state, the leading edge, and one a tick.
	most := 2 + int((window+s.app.config.Tick-1)/s.app.config.Tick)
	for i, w := range all {
		if n := 1 + w.count() - before[i]; n > most {
			t.Errorf("%d messages of %d updates in %v, want at most %d", n, writers*each, window, most)
		}
		if got, want := fmt.Sprint(w.now("errorSummary")), fmt.Sprint(final["errorSummary"]); got != want {
			t.Errorf("the last message says %s, a query %s", got, want)
		}
	}
	neverBack(t, all)
	t.Logf("%d updates in %v: %d messages, at most %d", writers*each, window, 1+all[0].count()-before[0], most)
}
