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

// soakWriters are how many write during a soak, each its own component.
const soakWriters = 4

// soak is two servers that are written to all the time, with watchers at both, while something breaks again and again.
type soak struct {
	t       *testing.T
	fleet   *apptest.Fleet
	options []string // of the servers
	lasting *apptest.Site
	process *apptest.Process             // of the lasting server
	other   atomic.Pointer[apptest.Site] // the server that is killed, or its successor
	kill    func()
	atOther []*apptest.Watcher
	all     []*apptest.Watcher // of both servers
	vitals  map[string]float64 // of the lasting server, at first

	stop                 atomic.Bool
	running              sync.WaitGroup
	acknowledged, failed atomic.Int64
	last                 [soakWriters]int // acknowledged, by component
}

// newSoak starts all of it. The long form has 2,000 watchers.
func newSoak(t *testing.T, f *apptest.Fleet, options ...string) *soak {
	t.Helper()
	watchers := 60
	if longTests {
		watchers = 2000
	}
	s := &soak{t: t, fleet: f, options: options}
	s.lasting, s.process = f.Start(t, "127.0.0.1:0", options...)
	s.lasting.Session("s")
	for i := range soakWriters {
		s.lasting.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	s.lasting.Update("s", "status", "RUNNING")
	s.startOther()
	s.atOther = apptest.Crowd(t, s.other.Load(), watchers/2, followS)
	s.all = append(apptest.Crowd(t, s.lasting, watchers/2, followS), s.atOther...)
	apptest.Every(t, "the first state", s.all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })
	for i := range soakWriters {
		s.running.Go(func() { s.write(i) })
	}
	t.Cleanup(s.end)
	s.written(50)
	s.vitals = vitals(t, s.lasting)
	return s
}

func (s *soak) startOther() {
	s.t.Helper()
	var site *apptest.Site
	site, s.kill = s.fleet.Serve(s.t, s.options...)
	s.other.Store(site)
}

// write updates the component of a writer until the end; all of them write 200 times a second.
func (s *soak) write(i int) {
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for n := 1; !s.stop.Load(); n++ {
		<-pace.C
		to := s.lasting
		if i%2 == 1 {
			to = s.other.Load()
		}
		codes, err := apptest.Try(to, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(i), "error": fmt.Sprint("update ", n)}}})
		switch {
		case err == nil && len(codes) == 0:
			s.last[i] = n
			s.acknowledged.Add(1)
		case err == nil && codes[0] != "UNAVAILABLE":
			s.t.Errorf("an update is answered %v", codes)
		default:
			s.failed.Add(1)
		}
	}
}

func (s *soak) end() {
	s.stop.Store(true)
	s.running.Wait()
}

// written waits until more updates are acknowledged.
func (s *soak) written(more int64) {
	s.t.Helper()
	from := s.acknowledged.Load()
	apptest.Eventually(s.t, "updates", func() bool { return s.acknowledged.Load() >= from+more })
}

// fails brings about that an update fails.
func (s *soak) fails(by func()) {
	s.t.Helper()
	before := s.failed.Load()
	by()
	apptest.Eventually(s.t, "updates fail", func() bool { return s.failed.Load() > before })
}

// replaceOther kills a server. Those who watched it continue with its successor.
func (s *soak) replaceOther() {
	s.kill()
	s.startOther()
	apptest.InParallel(s.t, s.atOther, func(w *apptest.Watcher) error { return w.Resume(s.other.Load().Base) })
}

// standStill stops the lasting server in its tracks for a while.
func (s *soak) standStill() {
	signal := func(what syscall.Signal) {
		if err := s.process.Cmd.Process.Signal(what); err != nil {
			s.t.Error(err)
		}
	}
	defer signal(syscall.SIGCONT) // also if the test fails: it could not end with its watchers waiting for an answer
	signal(syscall.SIGSTOP)
	s.written(20)
}

// breaks brings about one fault after the other, in random order: each once, or one a minute for so many minutes in the long form.
// All recover each time.
func (s *soak) breaks(minutes int, faults []func(), recovered func()) (n int, slowest time.Duration) {
	s.t.Helper()
	n, every := len(faults), time.Millisecond
	if longTests {
		n, every = minutes, time.Minute
	}
	pace := time.NewTicker(every)
	defer pace.Stop()
	for _, i := range mathrand.Perm(n) {
		<-pace.C
		faults[i%len(faults)]()
		over := time.Now()
		s.written(20)
		apptest.Every(s.t, "all recover", s.all, func(w *apptest.Watcher) bool { return w.Now("stale") == false })
		slowest = max(slowest, time.Since(over))
		recovered()
	}
	return n, slowest
}

// converges ends the updates, and wants everybody to have the last state and the store what was acknowledged. It returns what was
// counted, in words.
func (s *soak) converges() string {
	s.t.Helper()
	after := vitals(s.t, s.lasting)
	s.end()
	final, lost := s.other.Load().Status("s"), 0
	apptest.Every(s.t, "the last state", s.all, apptest.Reached(final["revision"]))
	apptest.NeverBack(s.t, s.all)
	for i, n := range s.last {
		r := s.lasting.Must(`query($id: ID!) { component(id: $id) { error } }`, apptest.Vars{"id": apptest.Xname(i)})
		stored := 0
		_, _ = fmt.Sscanf(fmt.Sprint(r.At("component.error")), "update %d", &stored) // 0 is less than what was acknowledged
		if stored < n {
			lost++
			s.t.Errorf("component %d is at update %d, acknowledged was %d", i, stored, n)
		}
	}
	s.fleet.NoDrift(s.t)
	before := s.vitals
	if after["go_goroutines"] > before["go_goroutines"]+50 || after["process_open_fds"] > before["process_open_fds"]+50 ||
		after["go_memstats_heap_inuse_bytes"] > 2*before["go_memstats_heap_inuse_bytes"]+50<<20 {
		s.t.Errorf("a server grew from %v to %v", before, after)
	}
	return fmt.Sprintf("%d watchers: acknowledged %d updates, failed %d, lost %d; missed last states 0, drift 0; "+
		"goroutines %.0f and %.0f, descriptors %.0f and %.0f, heap %.0f and %.0f MB first and last", len(s.all), s.acknowledged.Load(), s.failed.Load(), lost,
		before["go_goroutines"], after["go_goroutines"], before["process_open_fds"], after["process_open_fds"],
		before["go_memstats_heap_inuse_bytes"]/(1<<20), after["go_memstats_heap_inuse_bytes"]/(1<<20))
}

// closeConnections has a Redis close those of all clients.
func closeConnections(t *testing.T, addr string) {
	for _, kind := range []string{"normal", "pubsub"} {
		redistest.Do(t, addr, "CLIENT", "KILL", "TYPE", kind)
	}
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
