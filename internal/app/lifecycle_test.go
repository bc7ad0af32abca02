package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// newApp makes a server that is not started.
func newApp(t *testing.T, log io.Writer, options ...string) *App {
	t.Helper()
	c, err := config.Parse(append([]string{"serve", "--listen", "127.0.0.1:0"}, options...), io.Discard, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(c, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// nothingRemains checks at the end of the test that nothing runs that did not run before.
func nothingRemains(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func TestNewRunsNothing(t *testing.T) {
	for name, options := range map[string][]string{
		"embedded": nil,
		"redis":    {"--redis-url", "redis://127.0.0.1:1"},
		"cluster":  {"--redis-url", "redis+cluster://127.0.0.1:1"},
		"sentinel": {"--redis-url", "redis+sentinel://127.0.0.1:1?master_name=main"},
		"BOS":      {"--bos-url", "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			nothingRemains(t)
			a := newApp(t, io.Discard, options...)
			// It may be stopped all the same.
			if err := a.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if err := a.Start(); !errors.Is(err, errOnce) {
				t.Errorf("started after its end: %v", err)
			}
		})
	}
}

// TestAStartThatFailsStopsWhatHadStarted lets each part fail in turn: those before it are
// stopped in reverse, those after it are not started, and nothing runs afterwards.
func TestAStartThatFailsStopsWhatHadStarted(t *testing.T) {
	broken := errors.New("broken")
	for at, part := range newApp(t, io.Discard).parts {
		t.Run(part.name, func(t *testing.T) {
			nothingRemains(t)
			a := newApp(t, io.Discard, "--bos-url", "http://127.0.0.1:1")
			var order []string
			for i, p := range a.parts {
				a.parts[i].start = func() error {
					order = append(order, "start "+p.name)
					if i == at {
						return broken
					}
					return p.start()
				}
				a.parts[i].stop = func(ctx context.Context) error {
					order = append(order, "stop "+p.name)
					return p.stop(ctx)
				}
			}
			if err := a.Start(); !errors.Is(err, broken) || err.Error() != broken.Error() {
				t.Errorf("Start returned %v", err)
			}
			var want []string
			for _, p := range a.parts[:at+1] {
				want = append(want, "start "+p.name)
			}
			for _, p := range slices.Backward(a.parts[:at]) {
				want = append(want, "stop "+p.name)
			}
			if !slices.Equal(order, want) {
				t.Errorf("the order was\n%s\nnot\n%s", strings.Join(order, "\n"), strings.Join(want, "\n"))
			}
			if err := a.Stop(t.Context()); err != nil {
				t.Errorf("Stop afterwards: %v", err)
			}
		})
	}
}

// TestAServerThatStopsAcceptsUntilTheDelayIsOver gives it a delay that ends with the test.
func TestAServerThatStopsAcceptsUntilTheDelayIsOver(t *testing.T) {
	nothingRemains(t)
	a := newApp(t, io.Discard, "--shutdown-delay", "5m")
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- a.Stop(ctx) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // each request is a connection
	get := func(path string) (int, error) {
		answer, err := client.Get("http://" + a.Addr() + path)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	for status := 0; status != http.StatusServiceUnavailable; {
		var err error
		if status, err = get("/readyz"); err != nil {
			t.Fatalf("it accepts no connection before it has said that it stops: %v", err)
		}
	}
	// Without a delay its port is closed within a tenth of that.
	for begun := time.Now(); time.Since(begun) < time.Second; {
		if status, err := get("/v2/components"); status != http.StatusOK {
			t.Fatalf("after %v it answers %d, %v", time.Since(begun), status, err)
		}
	}
	cancel()
	<-stopped
	if _, err := get("/readyz"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the delay: %v", err)
	}
}

// TestStartFailsForWhatCannotBeServed shows the failures that really occur.
func TestStartFailsForWhatCannotBeServed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().(*net.TCPAddr)
	inUse := func(flag string) string {
		return fmt.Sprintf("%s: %v is in use by another program: stop it, or choose another port, such as %s=127.0.0.1:%d", flag, address, flag, address.Port+1)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := redistest.Server(t)
	redistest.Do(t, other, "HSET", "{bosgraph}:meta", "schema", "9999")
	for name, test := range map[string]struct {
		options []string
		says    string
	}{
		"an address that is taken":       {[]string{"--listen", address.String()}, inUse("--listen")},
		"that of metrics":                {[]string{"--metrics-listen", address.String()}, inUse("--metrics-listen")},
		"no certificate of an authority": {[]string{"--bos-url", "https://127.0.0.1:1", "--bos-ca-file", ca}, "no PEM certificate"},
		"data of another version":        {[]string{"--redis-url", "redis://" + other}, "another version"},
	} {
		t.Run(name, func(t *testing.T) {
			nothingRemains(t)
			log := &bytes.Buffer{}
			if err := newApp(t, log, test.options...).Start(); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Start returned %v", err)
			}
			if strings.Contains(log.String(), "msg=stopped") {
				t.Errorf("nothing was served, and it says\n%s", log)
			}
		})
	}
}

func TestStopTwiceReturnsWhatTheFirstReturned(t *testing.T) {
	nothingRemains(t)
	log := &bytes.Buffer{}
	a := newApp(t, log)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); !errors.Is(err, errOnce) {
		t.Errorf("a second Start returned %v", err)
	}
	results := make(chan error, 2)
	for range cap(results) {
		go func() { results <- a.Stop(t.Context()) }()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "level=INFO msg=stopped took="); n != 1 {
		t.Errorf("%d lines say that it stopped:\n%s", n, log)
	}
}

// TestStopIsBounded stops a server of which several parts never end: it is given up soon
// after its time, all of them are named, and what comes after them is stopped still.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, io.Discard)
		forever := make(chan struct{})
		t.Cleanup(func() { close(forever) })
		var last bool
		a.parts = []part{
			{"last", nil, func(context.Context) error { last = true; return nil }},
			{"background work", nil, a.tasks.stop},
			{"first", nil, func(context.Context) error { <-forever; return nil }},
		}
		a.started = a.parts
		a.tasks.run("BOS sync", func(context.Context) { <-forever })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		err := a.Stop(ctx)
		if took := time.Since(begun); took > 10*time.Second+lastWait+3*leastWait {
			t.Errorf("it took %v", took)
		}
		for _, says := range []string{"gave up waiting for first", "gave up waiting for background work (still running: BOS sync)"} {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("Stop returned %v, which does not say %q", err, says)
			}
		}
		if !last {
			t.Error("what comes after them is not stopped")
		}
	})
}

// TestStopSaysWhatItWaitedFor has one part take its time.
func TestStopSaysWhatItWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &bytes.Buffer{}
		a := newApp(t, log)
		a.parts = []part{
			{"quick", nil, func(context.Context) error { return nil }},
			{"slow", nil, func(context.Context) error { <-time.After(3 * time.Second); return nil }},
		}
		a.started = a.parts
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if !strings.Contains(log.String(), `level=INFO msg=stopped took=3s waited="slow 3s"`) {
			t.Errorf("it says\n%s", log)
		}
	})
}
