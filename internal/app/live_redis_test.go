package app_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
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
	return d
}

func (d *durable) addr() string { return net.JoinHostPort("127.0.0.1", d.port) }

// start returns when it answers, with its data.
func (d *durable) start() {
	d.t.Helper()
	cmd := exec.Command("redis-server", "--port", d.port, "--bind", "127.0.0.1", "--dir", d.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always")
	d.end = apptest.Run(d.t, cmd).Kill
	apptest.Eventually(d.t, "Redis answers", func() bool {
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
// the time, leaves it away until they are notified that they may be behind, and brings
// it back with its data, with none, or with older ones.
func TestWatchersWhoseRedisIsKilled(t *testing.T) {
	for _, test := range []struct {
		name    string
		keeps   func(t *testing.T, d *durable, older string) // while it is down
		forgets bool
		whole   bool // nothing is lost
	}{
		{"and comes back", func(*testing.T, *durable, string) {}, false, true},
		{"and comes back empty", func(t *testing.T, d *durable, _ string) { copyOf(t, d.dir, t.TempDir()) }, true, false},
		{"and comes back with older data", func(t *testing.T, d *durable, older string) { copyOf(t, d.dir, older) }, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDurable(t)
			s := apptest.Serve(t, "redis://"+d.addr())
			p := &outageProducer{s: s}
			p.writeAll()
			older := filepath.Join(t.TempDir(), "older")
			all := apptest.Crowd(t, s, outageWatchers, func(i int) (string, apptest.Vars) { return apptest.Follow, apptest.Vars{"name": p.name(i)} })
			apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("status") == "RUNNING" })
			epoch := all[0].Now("epoch")
			copyOf(t, older, d.dir)
			p.run()
			apptest.Every(t, "updates are under way", all, func(w *apptest.Watcher) bool { return w.Count() > 3 })

			d.end()
			p.stop()
			apptest.Every(t, "that it may be behind", all, func(w *apptest.Watcher) bool { return w.Now("stale") == true })
			test.keeps(t, d, older)
			d.start()
			back := time.Now()
			// Until then clients get an error that says to try again.
			apptest.Eventually(t, "the server is ready", func() bool { status, _ := s.Get("/readyz"); return status == http.StatusOK })
			acknowledged, lost := p.lost()
			if test.whole && lost > 0 {
				t.Errorf("%d of %d updates were lost that had been acknowledged", lost, acknowledged)
			}
			if test.forgets {
				p.writeAll()
			}
			p.run()
			apptest.Every(t, "that it is up to date", all, func(w *apptest.Watcher) bool { return w.Now("stale") == false })
			took := make([]time.Duration, len(all))
			for i, w := range all {
				w.Mu.Lock()
				took[i] = w.FreshAt.Sub(back)
				w.Mu.Unlock()
			}
			p.stop()
			for i := range outageSessions {
				final := s.Status(p.name(i))
				mine := slices.Collect(func(yield func(*apptest.Watcher) bool) {
					for at := i; at < len(all) && yield(all[at]); at += outageSessions {
					}
				})
				apptest.Every(t, "what a query answers", mine, func(w *apptest.Watcher) bool {
					return w.Now("revision") == final["revision"] && w.Now("epoch") == final["epoch"]
				})
				for _, w := range mine {
					if got := fmt.Sprint(w.Now("errorSummary")); got != fmt.Sprint(final["errorSummary"]) {
						t.Errorf("a watcher is at %s, want %v", got, final["errorSummary"])
					}
				}
				if final["epoch"] == epoch { // whether something was lost is unknown
					t.Errorf("the epoch is still %v", epoch)
				}
			}
			for i, w := range all {
				w.Mu.Lock()
				if w.End != "" || w.Raised != 1 || w.Lowered != 1 {
					t.Errorf("watcher %d: end %q, stale was raised %d times, lowered %d times", i, w.End, w.Raised, w.Lowered)
				}
				w.Mu.Unlock()
			}
			apptest.NeverBack(t, all)
			p.complete()
			apptest.Every(t, "the end", all, func(w *apptest.Watcher) bool { return w.Ended() == "complete" && w.Now("status") == "COMPLETE" })
			noDrift(t, s)
			slices.Sort(took)
			redistest.Figure(t, "killed %s: %d watchers up to date p50 %v, p99 %v, max %v after Redis is back; acknowledged %d updates, lost %d; false completions 0, revisions that went back 0",
				test.name, len(all), took[len(took)/2].Round(time.Millisecond), took[len(took)*99/100].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), acknowledged, lost)
		})
	}
}

// TestASessionThatOlderDataLackIsNotDeleted has Redis come back with data from before
// the session. Its producer writes it again: it was not deleted.
func TestASessionThatOlderDataLackIsNotDeleted(t *testing.T) {
	t.Parallel()
	d := newDurable(t)
	s := apptest.Serve(t, "redis://"+d.addr())
	s.Session("old")
	older := filepath.Join(t.TempDir(), "older")
	copyOf(t, older, d.dir)
	p := &outageProducer{s: s}
	p.writeAll()
	all := apptest.Crowd(t, s, outageSessions, func(i int) (string, apptest.Vars) { return apptest.Follow, apptest.Vars{"name": p.name(i)} })
	p.run()
	apptest.Every(t, "updates are under way", all, func(w *apptest.Watcher) bool { return w.Count() > 3 })
	d.end()
	p.stop()
	apptest.Every(t, "that it may be behind", all, func(w *apptest.Watcher) bool { return w.Now("stale") == true })
	copyOf(t, d.dir, older)
	d.start()
	epoch := all[0].Now("epoch")
	apptest.Eventually(t, "another epoch", func() bool {
		now, answered := s.Ask(`{ serverInfo { epoch } }`).At("serverInfo.epoch").(string)
		return answered && now != epoch
	})
	p.writeAll()
	apptest.Every(t, "that it is up to date", all, func(w *apptest.Watcher) bool { return w.Now("stale") == false || w.Ended() != "" })
	for i, w := range all {
		if w.Ended() != "" {
			t.Errorf("watcher %d: ended %q", i, w.Ended())
		}
	}
	noDrift(t, s)
}

// TestWatchersWhoseRedisIsSilent stops Redis in its tracks: no connection is lost,
// but nothing comes any more.
func TestWatchersWhoseRedisIsSilent(t *testing.T) {
	t.Parallel()
	redis := redistest.New(t)
	s := apptest.Serve(t, "redis://"+redis.Addr())
	p := &outageProducer{s: s}
	p.writeAll()
	all := apptest.Crowd(t, s, 5*outageSessions, func(i int) (string, apptest.Vars) { return apptest.Follow, apptest.Vars{"name": p.name(i)} })
	p.run()
	apptest.Every(t, "updates are under way", all, func(w *apptest.Watcher) bool { return w.Count() > 3 })
	start := time.Now()
	redis.Pause()
	apptest.Every(t, "that it may be behind", all, func(w *apptest.Watcher) bool { return w.Now("stale") == true })
	reported := time.Since(start)
	redis.Resume()
	start = time.Now()
	apptest.Every(t, "that it is up to date", all, func(w *apptest.Watcher) bool { return w.Now("stale") == false })
	redistest.Figure(t, "stale after %v, up to date %v after Redis resumed", reported.Round(time.Millisecond), time.Since(start).Round(time.Millisecond))
	p.stop()
	for i, w := range all {
		apptest.Eventually(t, "what a query answers", func() bool { return w.Now("revision") == s.Status(p.name(i))["revision"] })
	}
	apptest.NeverBack(t, all)
	p.complete()
	apptest.Every(t, "the end", all, func(w *apptest.Watcher) bool { return w.Ended() == "complete" })
	noDrift(t, s)
}

// outageProducer writes sessions, again and again, whenever that works.
type outageProducer struct {
	s       *apptest.Site
	writes  atomic.Int64
	stopped atomic.Bool
	running sync.WaitGroup
	acks    [outageSessions][]int // updates that were acknowledged, by component; not while it runs
}

func (*outageProducer) name(i int) string { return fmt.Sprint("s", i%outageSessions) }

// writeAll writes all that it knows, as a producer does at its start.
func (p *outageProducer) writeAll() {
	p.s.T.Helper()
	for i := range outageSessions {
		p.s.Session(p.name(i))
		p.s.Put(apptest.Powering(apptest.Xname(i), p.name(i)))
		p.s.Update(p.name(i), "status", "RUNNING")
	}
}

// run changes one session after the other until it is stopped, or Redis is away.
func (p *outageProducer) run() {
	p.stopped.Store(false)
	p.running.Go(func() {
		for !p.stopped.Load() {
			n := int(p.writes.Add(1))
			codes, err := apptest.Try(p.s, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(n % outageSessions), "error": fmt.Sprint("update ", n)}}})
			if err != nil || len(codes) > 0 && strings.Join(codes, "") != "UNAVAILABLE" {
				p.s.T.Errorf("a write: %v, %v", codes, err)
				return
			}
			if len(codes) == 0 {
				p.acks[n%outageSessions] = append(p.acks[n%outageSessions], n)
			}
		}
	})
}

// lost is how many updates were acknowledged, and of how many there is no trace: neither
// they are there nor a later one.
func (p *outageProducer) lost() (acknowledged, lost int) {
	p.s.T.Helper()
	for i, acks := range p.acks {
		r := p.s.Must(`query($id: ID!) { component(id: $id) { error } }`, apptest.Vars{"id": apptest.Xname(i)})
		stored := 0
		if text, ok := r.At("component.error").(string); ok {
			_, _ = fmt.Sscanf(text, "update %d", &stored) // none was applied
		}
		for _, n := range acks {
			if n > stored {
				lost++
			}
		}
		acknowledged += len(acks)
	}
	return acknowledged, lost
}

func (p *outageProducer) stop() {
	p.stopped.Store(true)
	p.running.Wait()
}

func (p *outageProducer) complete() {
	p.s.T.Helper()
	for i := range outageSessions {
		p.s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished(apptest.Xname(i))}})
	}
}
