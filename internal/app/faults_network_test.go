package app_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestASlowNarrowAndBrokenWayToRedis writes and watches while the network between a server and Redis is slow, then narrow,
// then loses its connections: nothing piles up, and all converge.
func TestASlowNarrowAndBrokenWayToRedis(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	network := redistest.NewNetwork(t, f.Redis)
	redis := f.Redis
	f.Redis = network.Addr()
	s, _ := f.Serve(t)
	const writers = 8
	updates := 3
	if longTests {
		updates = 100
	}
	s.Session("s")
	for i := range writers {
		s.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	s.Update("s", "status", "RUNNING")
	all := apptest.Crowd(t, s, 100, followS)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })
	before := vitals(t, s)["go_goroutines"]
	for _, worse := range []struct {
		what, kind string
		attributes map[string]int
	}{
		{"200 ms ± 100", "latency", map[string]int{"latency": 200, "jitter": 100}},
		{"1 MB/s", "bandwidth", map[string]int{"rate": 1000}},
		{"connections cut after 500 bytes", "limit_data", map[string]int{"bytes": 500}},
	} {
		connected := connections(t, redis)
		network.Worsen(worse.kind, worse.attributes)
		var mu sync.Mutex
		var took []time.Duration
		answers := map[string]int{}
		var running sync.WaitGroup
		for i := range writers {
			running.Go(func() {
				for n := range updates {
					began := time.Now()
					codes, err := apptest.Try(s, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(i), "error": fmt.Sprint(worse.what, n)}}})
					if err != nil {
						t.Errorf("%s: an update: %v", worse.what, err)
						return
					}
					mu.Lock()
					took = append(took, time.Since(began))
					answers[strings.Join(append(codes, "ok")[:1], "")]++
					mu.Unlock()
				}
			})
		}
		running.Wait()
		during := vitals(t, s)["go_goroutines"]
		network.Heal()
		connected = connections(t, redis) - connected
		if worse.kind == "limit_data" && connected < writers {
			t.Errorf("%s: only %d connections were opened again", worse.what, connected)
		}
		for code := range answers {
			if code != "ok" && code != "UNAVAILABLE" && code != "CONFLICT" {
				t.Errorf("%s: updates are answered %v", worse.what, answers)
			}
		}
		slices.Sort(took)
		if most := took[len(took)-1]; most > 10*time.Second {
			t.Errorf("%s: an update took %v", worse.what, most)
		}
		if during > before+200 {
			t.Errorf("%s: %.0f goroutines, were %.0f", worse.what, during, before)
		}
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(0), "error": "after " + worse.what}}})
		final := s.Status("s")
		apptest.Every(t, "the last state", all, func(w *apptest.Watcher) bool {
			return w.Now("revision") == final["revision"] && w.Now("stale") == false
		})
		redistest.Figure(t, "%s: updates answered %v, %d new connections, p50 %v, max %v, goroutines %.0f (%.0f before)",
			worse.what, answers, connected, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), during, before)
	}
	apptest.NeverBack(t, all)
	f.NoDrift(t)
}

// connections is how many connections a Redis has accepted.
func connections(t *testing.T, redis string) (n int) {
	t.Helper()
	_, rest, _ := strings.Cut(redistest.Do(t, redis, "INFO", "stats"), "total_connections_received:")
	if _, err := fmt.Sscanf(rest, "%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}
