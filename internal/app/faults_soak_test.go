package app_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestOneFaultAfterTheOther writes to two servers all the time, with watchers at both, while something breaks again and again: all
// recover each time, nothing acknowledged is lost, and the server that lives on does not grow. The long form does so for half an
// hour, with a fault every minute; the short one has each fault once.
func TestOneFaultAfterTheOther(t *testing.T) {
	t.Parallel()
	const writers = 4
	rounds, every, watchers := 10, time.Millisecond, 60
	if longTests {
		rounds, every, watchers = 30, time.Minute, 2000
	}
	redis := redistest.New(t)
	network := redistest.NewNetwork(t, redis.Addr())
	f := newFleet(t)
	f.Redis = network.Addr()
	a, lasting := f.Start(t, "127.0.0.1:0")
	b, kill := f.Serve(t)
	a.Session("s")
	for i := range writers {
		a.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	a.Update("s", "status", "RUNNING")
	atA, atB := apptest.Crowd(t, a, watchers/2, followS), apptest.Crowd(t, b, watchers/2, followS)
	all := append(append([]*apptest.Watcher{}, atA...), atB...)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })

	var other atomic.Pointer[apptest.Site] // the server that is killed, or its successor
	other.Store(b)
	var stop atomic.Bool
	var running sync.WaitGroup
	var acknowledged, failed atomic.Int64
	last := make([]int, writers) // acknowledged, by component
	for i := range writers {
		pace := time.NewTicker(20 * time.Millisecond) // 200 a second in all
		defer pace.Stop()
		running.Go(func() {
			for n := 1; !stop.Load(); n++ {
				<-pace.C
				s := a
				if i%2 == 1 {
					s = other.Load()
				}
				codes, err := apptest.Try(s, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(i), "error": fmt.Sprint("update ", n)}}})
				switch {
				case err == nil && len(codes) == 0:
					last[i] = n
					acknowledged.Add(1)
				case err == nil && codes[0] != "UNAVAILABLE":
					t.Errorf("an update is answered %v", codes)
				default:
					failed.Add(1)
				}
			}
		})
	}
	defer running.Wait()
	defer stop.Store(true)

	stale := func(w *apptest.Watcher) bool { return w.Now("stale") == true }
	signal := func(what syscall.Signal) {
		if err := lasting.Cmd.Process.Signal(what); err != nil {
			t.Error(err)
		}
	}
	written := func(more int64) {
		from := acknowledged.Load()
		apptest.Eventually(t, "updates", func() bool { return acknowledged.Load() >= from+more })
	}
	// fails brings about that an update fails.
	fails := func(by func()) {
		before := failed.Load()
		by()
		apptest.Eventually(t, "updates fail", func() bool { return failed.Load() > before })
	}
	set := func(setting, value string) { redistest.Do(t, redis.Addr(), "CONFIG", "SET", setting, value) }
	faults := []func(){
		func() { redis.Pause(); apptest.Every(t, "that it may be behind", all, stale); redis.Resume() },
		func() {
			for _, kind := range []string{"normal", "pubsub"} {
				redistest.Do(t, redis.Addr(), "CLIENT", "KILL", "TYPE", kind)
			}
		},
		func() { redistest.Do(t, redis.Addr(), "SCRIPT", "FLUSH") },
		func() { redistest.Do(t, redis.Addr(), "CLIENT", "PAUSE", "700", "ALL") },
		func() {
			kill()
			var s *apptest.Site
			s, kill = f.Serve(t)
			other.Store(s)
			apptest.InParallel(t, atB, func(w *apptest.Watcher) error { return w.Resume(s.Base) })
		},
		func() { signal(syscall.SIGSTOP); written(20); signal(syscall.SIGCONT) },
		func() {
			network.Worsen("latency", map[string]int{"latency": 200, "jitter": 100})
			written(5)
			network.Heal()
		},
		func() {
			fails(func() { network.Worsen("limit_data", map[string]int{"bytes": 500}) })
			network.Heal()
		},
		func() { fails(func() { set("maxmemory", "1") }); set("maxmemory", "0") },
		func() { fails(func() { set("min-replicas-to-write", "1") }); set("min-replicas-to-write", "0") },
	}
	written(50)
	before := vitals(t, a)
	slowest := time.Duration(0)
	pace := time.NewTicker(every)
	defer pace.Stop()
	for _, n := range mathrand.Perm(rounds) {
		<-pace.C
		faults[n%len(faults)]()
		over := time.Now()
		written(20)
		apptest.Every(t, "all recover", all, func(w *apptest.Watcher) bool { return w.Now("stale") == false })
		slowest = max(slowest, time.Since(over))
	}
	after := vitals(t, a)
	stop.Store(true)
	running.Wait()

	final, lost := other.Load().Status("s"), 0
	apptest.Every(t, "the last state", all, apptest.Reached(final["revision"]))
	apptest.NeverBack(t, all)
	for i, n := range last {
		r := a.Must(`query($id: ID!) { component(id: $id) { error } }`, apptest.Vars{"id": apptest.Xname(i)})
		stored := 0
		_, _ = fmt.Sscanf(fmt.Sprint(r.At("component.error")), "update %d", &stored) // 0 is less than what was acknowledged
		if stored < n {
			lost++
			t.Errorf("component %d is at update %d, acknowledged was %d", i, stored, n)
		}
	}
	f.NoDrift(t)
	if after["go_goroutines"] > before["go_goroutines"]+50 || after["process_open_fds"] > before["process_open_fds"]+50 ||
		after["go_memstats_heap_inuse_bytes"] > 2*before["go_memstats_heap_inuse_bytes"]+50<<20 {
		t.Errorf("a server grew from %v to %v", before, after)
	}
	redistest.Figure(t, "%d faults, %d watchers: acknowledged %d updates, failed %d, lost %d; recovered after at most %v; missed last states 0, drift 0; "+
		"goroutines %.0f and %.0f, descriptors %.0f and %.0f, heap %.0f and %.0f MB first and last", rounds, len(all), acknowledged.Load(), failed.Load(), lost,
		slowest.Round(time.Millisecond), before["go_goroutines"], after["go_goroutines"], before["process_open_fds"], after["process_open_fds"],
		before["go_memstats_heap_inuse_bytes"]/(1<<20), after["go_memstats_heap_inuse_bytes"]/(1<<20))
}

// vitals are the metrics of a server in another process that show whether it grows.
func vitals(t *testing.T, s *apptest.Site) map[string]float64 {
	t.Helper()
	_, metrics := s.Get("/metrics")
	all := map[string]float64{}
	for _, name := range []string{"go_goroutines", "process_open_fds", "go_memstats_heap_inuse_bytes"} {
		_, rest, _ := strings.Cut(metrics, "\n"+name+" ")
		var value float64
		if _, err := fmt.Sscanf(rest, "%g", &value); err != nil {
			t.Fatalf("the metrics have no %s: %v", name, err)
		}
		all[name] = value
	}
	return all
}
