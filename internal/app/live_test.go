package app_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
)

func TestAThousandUpdatesInASecondAreAsManyMessagesAsTicks(t *testing.T) {
	s := apptest.ServeRedis(t)
	s.Session("s")
	const writers, each = 4, 250
	for i := range writers {
		s.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	s.Update("s", "status", "RUNNING")
	all := apptest.Crowd(t, s, 20, func(int) (string, apptest.Vars) { return apptest.Follow, apptest.Vars{"name": "s"} })
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("status") == "RUNNING" })
	before := make([]int, len(all))
	for i, w := range all {
		before[i] = w.Count()
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
				if _, err := s.App.Store().PatchComponents(t.Context(), []bos.ComponentPatch{{ID: apptest.Xname(i), Error: &text}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	window := time.Since(start)
	final := s.Status("s")
	apptest.Every(t, "the last state", all, apptest.Reached(final["revision"]))
	// The first state, the leading edge, and one a tick.
	most := 2 + int((window+s.App.Config().Tick-1)/s.App.Config().Tick)
	for i, w := range all {
		if n := 1 + w.Count() - before[i]; n > most {
			t.Errorf("%d messages of %d updates in %v, want at most %d", n, writers*each, window, most)
		}
		if got, want := fmt.Sprint(w.Now("errorSummary")), fmt.Sprint(final["errorSummary"]); got != want {
			t.Errorf("the last message says %s, a query %s", got, want)
		}
	}
	apptest.NeverBack(t, all)
	t.Logf("%d updates in %v: %d messages, at most %d", writers*each, window, 1+all[0].Count()-before[0], most)
}
