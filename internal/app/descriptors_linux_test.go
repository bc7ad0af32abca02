package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestFileDescriptorsRunOut runs a server that may open few files, and opens connections until
// it has none left. The health probe is answered within a second all the same, the log says
// what to do, once, and when they are closed all is as before.
func TestFileDescriptorsRunOut(t *testing.T) {
	t.Parallel()
	f, log := newFleet(t), &apptest.Journal{}
	address := limited(t, f, log)
	s := apptest.Reach(t, "http://"+address)
	s.Session("s")

	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close() // of a test that is over
		}
	}()
	apptest.Eventually(t, "descriptors have run out", func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			open = append(open, c)
		}
		return apptest.CountLines(log, "level=ERROR", `msg="out of file descriptors; refusing connections, only /healthz is answered"`) > 0
	})
	for range 30 { // connections that send nothing stand before the probe
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			open = append(open, c)
		}
	}
	slowest := time.Duration(0)
	for range 20 {
		began := time.Now()
		status, body := getOnce(t, address, "/healthz")
		slowest = max(slowest, time.Since(began))
		if status != http.StatusOK || body != "alive\n" {
			t.Fatalf("/healthz answers %d %q", status, body)
		}
	}
	redistest.Figure(t, "the slowest of 20 health probes took %v", slowest.Round(time.Microsecond))
	if slowest > time.Second {
		t.Errorf("a probe of health took %v", slowest)
	}
	if status, body := getOnce(t, address, "/v2/version"); status != http.StatusServiceUnavailable {
		t.Errorf("a request is answered %d %q", status, body)
	}
	for _, c := range open {
		_ = c.Close() // what it has to say does not matter
	}
	open = nil
	closed := time.Now()
	apptest.Eventually(t, "requests are answered, and the log says so", func() bool {
		status, _ := getOnce(t, address, "/v2/version")
		return status == http.StatusOK && apptest.CountLines(log, `msg="file descriptors available again"`) == 1
	})
	redistest.Figure(t, "requests are answered %v after the connections were closed", time.Since(closed).Round(time.Millisecond))
	if n := apptest.CountLines(log, `msg="out of file descriptors`); n != 1 {
		t.Errorf("the log says %d times that they have run out:\n%s", n, log)
	}
	s.Put(apptest.Powering("x1", "s"))
	f.NoDrift(t)
}

// limited runs a server that may have 64 files open, and returns its address.
func limited(t *testing.T, f *apptest.Fleet, log *apptest.Journal) (address string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", `ulimit -n 64 && exec "$0" serve --listen 127.0.0.1:0 --redis-url "redis://$1" --namespace "$2"`, f.Binary, f.Redis, f.Namespace)
	cmd.Stderr = log
	apptest.Run(t, cmd)
	apptest.Eventually(t, "the server listens", func() bool {
		_, rest, ok := strings.Cut(log.String(), "graphql=http://")
		address, _, _ = strings.Cut(rest, "/graphql")
		return ok
	})
	return address
}

// getOnce asks over a connection of its own.
func getOnce(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address)
	answer, err := io.ReadAll(conn)
	if len(answer) == 0 {
		t.Logf("%s is not answered: %v", path, err)
		return 0, ""
	}
	_, _ = fmt.Sscanf(string(answer), "HTTP/1.1 %d", &status)
	_, after, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	return status, string(after)
}
