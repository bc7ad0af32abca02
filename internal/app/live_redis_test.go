package app

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// durable is a Redis that keeps its data over a crash: it has written every answered
// change to its log.
type durable struct {
	t    *testing.T
	dir  string
	port string
	end  func()
}

// newDurable takes the place of a server that chose a free port.
func newDurable(t *testing.T) *durable {
	t.Helper()
	place := redistest.New(t)
	place.Kill()
	_, port, err := net.SplitHostPort(place.Addr())
	if err != nil {
		t.Fatal(err)
	}
	d := &durable{t: t, dir: t.TempDir(), port: port}
	d.start()
	t.Cleanup(func() { d.end() })
	return d
}

func (d *durable) addr() string { return net.JoinHostPort("127.0.0.1", d.port) }

// start returns when it answers, with its data.
func (d *durable) start() {
	d.t.Helper()
	cmd := exec.Command("redis-server", "--port", d.port, "--bind", "127.0.0.1", "--dir", d.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always")
	cmd.SysProcAttr = endWithParent()
	started, dead := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel's "parent" is this thread, so it has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(dead)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its error says that we killed it
		}
	}()
	if err := <-started; err != nil {
		d.t.Fatal(err)
	}
	d.end = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // fails only if it has ended already
		<-dead
	})
	eventually(d.t, "Redis answers", func() bool {
		conn, err := net.Dial("tcp", d.addr())
		if err != nil {
			return false
		}
		defer conn.Close()
		answer := make([]byte, 5)
		_, err = conn.Write([]byte("PING\r\n"))
		if err == nil {
			_, err = conn.Read(answer)
		}
		return err == nil && string(answer) == "+PONG"
	})
}

// copyOf copies what Redis keeps, or puts it back.
func copyOf(t *testing.T, to, from string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// Of those who watch while Redis is away, each watches one of some sessions.
const (
	outageWatchers = 500
	outageSessions = 10
)

// TestWatchersWhoseRedisIsKilled kills Redis while watchers follow what changes all
// the time, leaves it away until they are told that they may be behind, and brings
// it back with its data, with none, or with older ones.
func TestWatchersWhoseRedisIsKilled(t *testing.T) {
	for _, test := range []struct {
		name    string
		keeps   func(t *testing.T, d *durable, older string) // while it is down
		forgets bool
	}{
		{"and comes back", func(*testing.T, *durable, string) {}, false},
		{"and comes back empty", func(t *testing.T, d *durable, _ string) { copyOf(t, d.dir, t.TempDir()) }, true},
		{"and comes back with older data", func(t *testing.T, d *durable, older string) { copyOf(t, d.dir, older) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDurable(t)
			s := serve(t, "redis://"+d.addr())
			p := &outageProducer{s: s}
			p.writeAll()
			older := filepath.Join(t.TempDir(), "older")
			all := crowd(t, s, outageWatchers, func(i int) (string, vars) { return follow, vars{"name": p.name(i)} })
			every(t, "the first state", all, func(w *watcher) bool { return w.now("status") == "RUNNING" })
			epoch := all[0].now("epoch")
			copyOf(t, older, d.dir)
			p.run()
			every(t, "updates are under way", all, func(w *watcher) bool { return w.count() > 3 })

			d.end()
			p.stop()
			every(t, "that it may be behind", all, func(w *watcher) bool { return w.now("stale") == true })
			test.keeps(t, d, older)
			d.start()
			back := time.Now()
			if test.forgets {
				// Until then a producer is told to try again.
				eventually(t, "the server is ready", func() bool { status, _ := s.get("/readyz"); return status == http.StatusOK })
				p.writeAll()
			}
			p.run()
			every(t, "that it is up to date", all, func(w *watcher) bool { return w.now("stale") == false })
			took := make([]time.Duration, len(all))
			for i, w := range all {
				w.mu.Lock()
				took[i] = w.freshAt.Sub(back)
				w.mu.Unlock()
			}
			p.stop()
			for i := range outageSessions {
				final := s.status(p.name(i))
				mine := slices.Collect(func(yield func(*watcher) bool) {
					for at := i; at < len(all) && yield(all[at]); at += outageSessions {
					}
				})
				every(t, "what a query answers", mine, func(w *watcher) bool {
					return w.now("revision") == final["revision"] && w.now("epoch") == final["epoch"]
				})
				for _, w := range mine {
					if got := fmt.Sprint(w.now("errorSummary")); got != fmt.Sprint(final["errorSummary"]) {
						t.Errorf("a watcher is at %s, want %v", got, final["errorSummary"])
					}
				}
				if final["epoch"] == epoch { // nobody can tell whether something was lost
					t.Errorf("the epoch is still %v", epoch)
				}
			}
			for i, w := range all {
				w.mu.Lock()
				if w.end != "" || w.raised != 1 || w.lowered != 1 {
					t.Errorf("watcher %d: end %q, stale was raised %d times, lowered %d times", i, w.end, w.raised, w.lowered)
				}
				w.mu.Unlock()
			}
			neverBack(t, all)
			p.complete()
			every(t, "the end", all, func(w *watcher) bool { return w.ended() == "complete" && w.now("status") == "COMPLETE" })
			slices.Sort(took)
			t.Logf("killed %s, %d watchers: up to date p50 %v, p99 %v, max %v after Redis is back", test.name, len(all),
				took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		})
	}
}

// TestASessionThatOlderDataLackIsNotGone has Redis come back with data from before
// the session. Whoever keeps it writes it again: it has not gone.
func TestASessionThatOlderDataLackIsNotGone(t *testing.T) {
	t.Parallel()
	d := newDurable(t)
	s := serve(t, "redis://"+d.addr())
	s.session("old")
	older := filepath.Join(t.TempDir(), "older")
	copyOf(t, older, d.dir)
	p := &outageProducer{s: s}
	p.writeAll()
	all := crowd(t, s, outageSessions, func(i int) (string, vars) { return follow, vars{"name": p.name(i)} })
	p.run()
	every(t, "updates are under way", all, func(w *watcher) bool { return w.count() > 3 })
	d.end()
	p.stop()
	every(t, "that it may be behind", all, func(w *watcher) bool { return w.now("stale") == true })
	copyOf(t, d.dir, older)
	d.start()
	epoch := all[0].now("epoch")
	eventually(t, "another epoch", func() bool { return s.ask(`{ serverInfo { epoch } }`).at("serverInfo.epoch") != epoch })
	p.writeAll()
	every(t, "that it is up to date", all, func(w *watcher) bool { return w.now("stale") == false || w.ended() != "" })
	for i, w := range all {
		if w.ended() != "" {
			t.Errorf("watcher %d: ended %q", i, w.ended())
		}
	}
}

// TestWatchersWhoseRedisIsSilent stops Redis in its tracks: no connection is lost,
// but nothing comes any more.
func TestWatchersWhoseRedisIsSilent(t *testing.T) {
	t.Parallel()
	redis := redistest.New(t)
	s := serve(t, "redis://"+redis.Addr())
	p := &outageProducer{s: s}
	p.writeAll()
	all := crowd(t, s, 5*outageSessions, func(i int) (string, vars) { return follow, vars{"name": p.name(i)} })
	p.run()
	every(t, "updates are under way", all, func(w *watcher) bool { return w.count() > 3 })
	start := time.Now()
	redis.Pause()
	every(t, "that it may be behind", all, func(w *watcher) bool { return w.now("stale") == true })
	told := time.Since(start)
	redis.Resume()
	start = time.Now()
	every(t, "that it is up to date", all, func(w *watcher) bool { return w.now("stale") == false })
	t.Logf("told after %v that it may be behind, and %v after Redis goes on that it is up to date", told, time.Since(start))
	p.stop()
	for i, w := range all {
		eventually(t, "what a query answers", func() bool { return w.now("revision") == s.status(p.name(i))["revision"] })
	}
	neverBack(t, all)
	p.complete()
	every(t, "the end", all, func(w *watcher) bool { return w.ended() == "complete" })
}

// outageProducer writes sessions, and goes on doing so whenever that works.
type outageProducer struct {
	s       *site
	writes  atomic.Int64
	stopped atomic.Bool
	running sync.WaitGroup
}

func (*outageProducer) name(i int) string { return fmt.Sprint("s", i%outageSessions) }

// writeAll writes all that it knows, as a producer does at its start.
func (p *outageProducer) writeAll() {
	p.s.t.Helper()
	for i := range outageSessions {
		p.s.session(p.name(i))
		p.s.put(powering(xname(i), p.name(i)))
		p.s.update(p.name(i), "status", "RUNNING")
	}
}

// run changes one session after the other until it is stopped, or Redis has gone.
func (p *outageProducer) run() {
	p.stopped.Store(false)
	p.running.Go(func() {
		for !p.stopped.Load() {
			n := int(p.writes.Add(1))
			codes, err := try(p.s, patchComponents, vars{"in": []vars{{"id": xname(n % outageSessions), "error": fmt.Sprint("update ", n)}}})
			if err != nil || len(codes) > 0 && strings.Join(codes, "") != "UNAVAILABLE" {
				p.s.t.Errorf("a write: %v, %v", codes, err)
				return
			}
		}
	})
}

func (p *outageProducer) stop() {
	p.stopped.Store(true)
	p.running.Wait()
}

func (p *outageProducer) complete() {
	p.s.t.Helper()
	for i := range outageSessions {
		p.s.must(patchComponents, vars{"in": []vars{finished(xname(i))}})
	}
}
