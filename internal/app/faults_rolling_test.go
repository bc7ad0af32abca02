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

// TestARollingRestartBehindNginx stops three replicas one after the other and starts each again, behind nginx, under updates
// and with watchers that come back to where they were: no update fails, nobody misses the last state.
func TestARollingRestartBehindNginx(t *testing.T) {
	t.Parallel()
	const writers = 4
	watchers := 120
	if longTests {
		watchers = 2000
	}
	f := newFleet(t)
	var servers []*apptest.Process
	var addresses []string
	for range 3 {
		s, process := f.Start(t, "127.0.0.1:0", "--shutdown-timeout", "4s")
		servers, addresses = append(servers, process), append(addresses, s.Host())
	}
	s := behindNginx(t, addresses)
	s.Session("s")
	for i := range writers {
		s.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	s.Update("s", "status", "RUNNING")
	all := apptest.Crowd(t, s, watchers, followS)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("revision") != nil })

	var stop atomic.Bool
	var acknowledged atomic.Int64
	var writing sync.WaitGroup
	last := make([]int, writers) // by component
	for i := range writers {
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		writing.Go(func() {
			for n := 1; !stop.Load(); n++ {
				<-pace.C
				codes, err := apptest.Try(s, apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(i), "error": fmt.Sprint("update ", n)}}})
				if err != nil || len(codes) > 0 {
					t.Errorf("an update is answered %v, %v", codes, err)
					continue
				}
				last[i] = n
				acknowledged.Add(1)
			}
		})
	}
	defer writing.Wait()
	defer stop.Store(true)

	lost := func(w *apptest.Watcher) bool { return w.Ended() == "lost" }
	resumed, slowest, away := 0, time.Duration(0), time.Duration(0)
	pulse := time.NewTicker(5 * time.Millisecond)
	defer pulse.Stop()
	for i, server := range servers {
		began, ended := time.Now(), make(chan time.Duration, 1)
		go func() {
			server.End()
			ended <- time.Since(began)
		}()
		// There is no limit for how long it takes: thousands that come back compete with all updates that those get who are back.
		for stopped := false; ; {
			gone := slices.DeleteFunc(slices.Clone(all), func(w *apptest.Watcher) bool { return !lost(w) })
			if stopped && len(gone) == 0 {
				break
			}
			apptest.InParallel(t, gone, func(w *apptest.Watcher) error { return w.Resume(s.Base) })
			resumed += len(gone)
			select {
			case took := <-ended:
				stopped, slowest = true, max(slowest, took)
			case <-pulse.C:
			}
		}
		away = max(away, time.Since(began))
		_, servers[i] = f.Start(t, addresses[i], "--shutdown-timeout", "4s")
	}
	stop.Store(true)
	writing.Wait()
	final, gap := s.Status("s"), time.Duration(0)
	apptest.Every(t, "the last state", all, apptest.Reached(final["revision"]))
	apptest.NeverBack(t, all)
	for _, w := range all {
		if gap = max(gap, w.Gap); w.Ended() != "" {
			t.Errorf("a watcher's subscription ended with %q", w.Ended())
		}
	}
	for i, n := range last {
		got := s.Must(`query($id: ID!) { component(id: $id) { error } }`, apptest.Vars{"id": apptest.Xname(i)}).At("component.error")
		if got != fmt.Sprint("update ", n) {
			t.Errorf("component %d has %q, acknowledged was update %d", i, got, n)
		}
	}
	if resumed < watchers {
		t.Errorf("only %d reconnections of %d watchers: not every server had some", resumed, watchers)
	}
	f.NoDrift(t)
	redistest.Figure(t, "three replicas restarted one after the other behind nginx, %d watchers, %d updates: updates failed 0, lost 0; each stopped within %v, "+
		"and all were elsewhere within %v; resumed all of %d, longest gap %v, `complete` 0; drift 0",
		watchers, acknowledged.Load(), slowest.Round(100*time.Millisecond), away.Round(100*time.Millisecond), resumed, gap.Round(time.Millisecond))
}

// TestBehindNginxAClientCannotClaimAnAddress has one that says whom it has its request from, as a proxy would: behind the
// documented nginx, the audit log has the client's own address, and so do all limits by address.
func TestBehindNginxAClientCannotClaimAnAddress(t *testing.T) {
	t.Parallel()
	const client = "127.0.0.2" // all of 127.0.0.0/8 is this machine; nginx itself is 127.0.0.1
	path := filepath.Join(t.TempDir(), "audit.log")
	server := apptest.ServeRedis(t, "--trusted-proxies", "127.0.0.1", "--audit-log", path).Host()
	s := behindNginx(t, []string{server, server, server})
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}}
	s.Client = &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	defer s.Client.CloseIdleConnections()
	r := s.Send(http.MethodPost, "/graphql", `{"query": "mutation { deleteSession(input: {name: \"s\"}) { deletedId } }"}`, "Content-Type", "application/json", "X-Forwarded-For", "198.51.100.6")
	if l := auditOf(t, path, r.Header.Get("X-Request-Id"), 1); l[0].From != client {
		t.Errorf("it is from %q, want %q", l[0].From, client)
	}
}

// behindNginx starts nginx in front of some servers, as docs/operations.md has it, and returns a client of it.
func behindNginx(t *testing.T, servers []string) *apptest.Site {
	t.Helper()
	dir, address := t.TempDir(), apptest.FreeAddress(t)
	_, block, _ := strings.Cut(operations(t), "```nginx\n")
	block, _, found := strings.Cut(block, "```")
	for i, server := range servers {
		before := block
		block = strings.Replace(block, fmt.Sprintf("192.0.2.%d:8080", i+1), server, 1)
		found = found && block != before
	}
	before := block
	if block = strings.Replace(block, "listen 80;", "listen "+address+";", 1); !found || block == before {
		t.Fatalf("docs/operations.md has no nginx for %d servers", len(servers))
	}
	config := fmt.Sprintf("user root; worker_processes 1; pid %[1]s/pid; error_log stderr crit; events { worker_connections 20000; }\n"+
		"http { access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; "+
		"uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;\n%[2]s}\n", dir, block)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx" // not in everybody's PATH
	}
	cmd := exec.Command(nginx, "-c", path, "-p", dir, "-g", "daemon off; master_process off;")
	cmd.Stderr = t.Output()
	apptest.Run(t, cmd)
	return apptest.Reach(t, "http://"+address)
}
