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
	redis, network := f.Redis, redistest.NewNetwork(t, f.Redis)
	f.Redis = network.Addr()
	w := newWayToRedis(t, f, redis)
	for _, worse := range []struct {
		what, kind string
		attributes map[string]int
	}{
		{"200 ms ± 100", "latency", map[string]int{"latency": 200, "jitter": 100}},
		{"1 MB/s", "bandwidth", map[string]int{"rate": 1000}},
		{"connections cut after 100 bytes", "limit_data", map[string]int{"bytes": 100}},
	} {
		worsen := func() { network.Worsen(worse.kind, worse.attributes) }
		figures, connected := w.writeWhile(t, worse.what, worsen, enoughUpdates, network.Heal)
		if worse.kind == "limit_data" && connected < wayWriters {
			t.Errorf("%s: only %d connections were opened again", worse.what, connected)
		}
		redistest.Figure(t, "%s", figures)
	}
	apptest.NeverBack(t, w.all)
	f.NoDrift(t)
}

// TestAWayToRedisThatLosesPackets does the same while the kernel drops packets between a server and Redis, which TCP sends again.
func TestAWayToRedisThatLosesPackets(t *testing.T) {
	t.Parallel()
	if !apptest.OwnNetwork(t, redistest.DropRule("--dport", "1", 0.01)...) {
		return
	}
	f := newFleet(t)
	w := newWayToRedis(t, f, f.Redis)
	for _, share := range []float64{0.01, 0.1} {
		var losses *redistest.Losses
		lost := 0
		figures, _ := w.writeWhile(t, fmt.Sprintf("%v %% of packets lost", 100*share),
			func() { losses = redistest.LosePackets(t, f.Redis, share) },
			func(updates int) bool { return enoughUpdates(updates) && losses.Count() >= 5 },
			func() { lost = losses.Count(); losses.Heal() })
		redistest.Figure(t, "%s, %d packets lost", figures, lost)
	}
	apptest.NeverBack(t, w.all)
	f.NoDrift(t)
}

// wayWriters is how many write at once while the way to Redis is worse.
const wayWriters = 8

// enoughUpdates says whether a writer has written enough.
func enoughUpdates(updates int) bool {
	if longTests {
		return updates >= 100
	}
	return updates >= 3
}

// wayToRedis is a server whose way to Redis gets worse, with those who watch.
type wayToRedis struct {
	*apptest.Site
	redis      string // the address of Redis itself
	all        []*apptest.Watcher
	goroutines float64 // of the server, at first
}

func newWayToRedis(t *testing.T, f *apptest.Fleet, redis string) *wayToRedis {
	t.Helper()
	s, _ := f.Serve(t)
	s.Session("s")
	for i := range wayWriters {
		s.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	s.Update("s", "status", "RUNNING")
	all := apptest.Crowd(t, s, 100, followS)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })
	return &wayToRedis{s, redis, all, vitals(t, s)["go_goroutines"]}
}

// writeWhile makes the way worse, writes until every writer has enough, and heals it: updates are answered, or refused, in time, nothing
// piles up, and all converge. It returns how many connections were opened meanwhile.
func (w *wayToRedis) writeWhile(t *testing.T, what string, worsen func(), enough func(updates int) bool, heal func()) (figures string, connected int) {
	t.Helper()
	connected = connections(t, w.redis) // by the way that is still good
	worsen()
	var mu sync.Mutex
	var took []time.Duration
	answers := map[string]int{}
	var running sync.WaitGroup
	for i := range wayWriters {
		running.Go(func() {
			for n := 0; !enough(n); n++ {
				began := time.Now()
				codes, err := apptest.Try(w.Site, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(i), "error": fmt.Sprint(what, n)}}})
				if err != nil {
					t.Errorf("%s: an update: %v", what, err)
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
	during := vitals(t, w.Site)["go_goroutines"]
	heal()
	connected = connections(t, w.redis) - connected
	for code := range answers {
		if code != "ok" && code != "UNAVAILABLE" && code != "CONFLICT" {
			t.Errorf("%s: updates are answered %v", what, answers)
		}
	}
	slices.Sort(took)
	if most := took[len(took)-1]; most > 10*time.Second {
		t.Errorf("%s: an update took %v", what, most)
	}
	if during > w.goroutines+200 {
		t.Errorf("%s: %.0f goroutines, were %.0f", what, during, w.goroutines)
	}
	w.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(0), "error": "after " + what}}})
	final := w.Status("s")
	apptest.Every(t, "the last state", w.all, func(w *apptest.Watcher) bool {
		return w.Now("revision") == final["revision"] && w.Now("stale") == false
	})
	return fmt.Sprintf("%s: updates answered %v, %d new connections, p50 %v, max %v, goroutines %.0f (%.0f before)", what, answers, connected,
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), during, w.goroutines), connected
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
