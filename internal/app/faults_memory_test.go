package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestTheMemoryLimitIsReached gives a server a GOMEMLIMIT that large lists, asked for by many at once, exceed: it collects garbage all
// the time, and yet probes and watchers are served, requests are answered or refused as UNAVAILABLE, and afterwards it is as fast as before.
func TestTheMemoryLimitIsReached(t *testing.T) {
	t.Parallel()
	const components, clients, limit = 2000, 16, 40 << 20
	load := 1500 * time.Millisecond
	if longTests {
		load = time.Minute
	}
	f := newFleet(t)
	f.Env = []string{fmt.Sprint("GOMEMLIMIT=", limit), "BOSGRAPH_MAX_COST_PER_MINUTE=0"} // one client asks for more than its budget
	s, process := f.Start(t, "127.0.0.1:0")
	pid := process.Cmd.Process.Pid
	s.Session("s")
	all := make([]apptest.Vars, components)
	for i := range all {
		all[i] = apptest.Powering(apptest.Xname(i), "s")
		all[i]["error"] = fmt.Sprint(i, strings.Repeat(" long", 200))
	}
	s.Put(all...)
	s.Update("s", "status", "RUNNING")
	watchers := apptest.Crowd(t, s, 50, followS)
	without := slowestStatus(s)
	resetPeak(t, pid)

	var stop atomic.Bool
	var answered, refused atomic.Int64
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			for !stop.Load() {
				codes, err := apptest.Try(s, `{ components(first: 1000) { edges { node { id error status { phase } desiredState { configuration } } } } }`, nil)
				switch {
				case err != nil && !strings.Contains(err.Error(), "status 503"):
					t.Errorf("a list: %v", err)
					return
				case err != nil || len(codes) > 0 && codes[0] == "UNAVAILABLE":
					refused.Add(1)
				case len(codes) > 0:
					t.Errorf("a list is answered %v", codes)
					return
				default:
					answered.Add(1)
				}
			}
		})
	}
	slowest, changes := time.Duration(0), 0
	for until := time.Now().Add(load); time.Now().Before(until); changes++ {
		began := time.Now()
		apptest.WantHealth(t, s, "/healthz", http.StatusOK)
		slowest = max(slowest, time.Since(began))
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(0), "error": fmt.Sprint("change ", changes)}}})
		apptest.Every(t, "the change", watchers, apptest.Reached(s.Status("s")["revision"]))
	}
	stop.Store(true)
	asking.Wait()
	peak := peakOf(t, pid)
	over := time.Now()
	apptest.Eventually(t, "it is as fast as before", func() bool { return slowestStatus(s) < 2*without+20*time.Millisecond })
	if slowest > time.Second {
		t.Errorf("a probe of health took %v", slowest)
	}
	if answered.Load() == 0 {
		t.Error("no list was answered")
	}
	apptest.NeverBack(t, watchers)
	f.NoDrift(t)
	redistest.Figure(t, "GOMEMLIMIT of %d MB, at most %d MB resident: %d large lists answered, %d refused as UNAVAILABLE; the slowest of %d health probes %v, "+
		"%d changes seen by all watchers; as fast as before after %v", limit>>20, peak>>20, answered.Load(), refused.Load(), changes,
		slowest.Round(time.Millisecond), changes, time.Since(over).Round(time.Millisecond))
}
