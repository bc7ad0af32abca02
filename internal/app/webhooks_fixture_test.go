package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// webhooksFile writes a configuration with these targets, and more keys behind them; without
// targets, with one that nothing listens at.
func webhooksFile(t *testing.T, targets string, more ...string) string {
	t.Helper()
	folder := t.TempDir()
	if targets == "" {
		targets = `{"name": "nobody", "url": "http://127.0.0.1:1/", "secretFile": "secret"}`
	}
	file := filepath.Join(folder, "webhooks.json")
	for name, text := range map[string]string{file: `{"targets": [` + targets + `]` + strings.Join(more, "") + `}`, filepath.Join(folder, "secret"): webhookSecret} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// receiver is a target of webhooks that remembers what it gets.
type receiver struct {
	name, url string
	server    *httptest.Server
	answer    func(w http.ResponseWriter, r *http.Request, n int) bool // to the n-th request, from 1 on; says whether it accepts the event

	mu       sync.Mutex
	requests []received
}

// received is a request that a receiver has got.
type received struct {
	Header   http.Header
	Body     string
	Accepted bool
	Event    struct {
		ID, Type, Subject string
		Data              map[string]any
	}
}

// newReceiver starts a receiver, or one that does not listen yet.
func newReceiver(t *testing.T, name string, listens bool, answer func(w http.ResponseWriter, r *http.Request, n int) bool) *receiver {
	t.Helper()
	c := &receiver{name: name, answer: answer}
	c.server = httptest.NewUnstartedServer(c)
	c.url = "http://" + c.server.Listener.Addr().String() + "/"
	t.Cleanup(c.server.Close)
	if listens {
		c.server.Start()
	} else if err := c.server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// listen lets one that did not listen do so.
func (c *receiver) listen(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", strings.Trim(strings.TrimPrefix(c.url, "http://"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	c.server.Listener = listener
	c.server.Start()
}

func (c *receiver) target(more string) string {
	return fmt.Sprintf(`{"name": %q, "url": %q, "secretFile": "secret", "timeout": "1s"%s}`, c.name, c.url, more)
}

// ServeHTTP implements [http.Handler].
func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	one := received{Header: r.Header, Body: string(body)}
	if err == nil {
		err = json.Unmarshal(body, &one.Event)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.requests = append(c.requests, one)
	n := len(c.requests)
	c.mu.Unlock()
	accepted := c.answer == nil || c.answer(w, r, n)
	c.mu.Lock()
	c.requests[n-1].Accepted = accepted
	c.mu.Unlock()
}

// count is how many requests have come.
func (c *receiver) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.requests)
}

// events are the accepted events about a subject, in the order in which each was accepted first.
func (c *receiver) events(subject string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var types []string
	known := map[string]bool{}
	for _, r := range c.requests {
		if r.Accepted && r.Event.Subject == subject && !known[r.Event.ID] {
			known[r.Event.ID] = true
			types = append(types, strings.TrimSuffix(strings.TrimPrefix(r.Event.Type, "io.github.bosgraph."), ".v1"))
		}
	}
	return types
}

// checkIDs wants an id to stand for one event, whatever has become of it.
func (c *receiver) checkIDs(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]string{}
	for _, r := range c.requests {
		what := fmt.Sprint(r.Event.Type, " ", r.Event.Subject, " ", r.Event.Data["failuresAbove"])
		if before, is := known[r.Event.ID]; is && before != what || r.Event.ID == "" || r.Header.Get("webhook-id") != r.Event.ID {
			t.Errorf("%s: the id %q, in the header %q, is that of %q and %q", c.name, r.Event.ID, r.Header.Get("webhook-id"), before, what)
		}
		known[r.Event.ID] = what
	}
	all := map[string]bool{}
	for _, what := range known {
		if all[what] {
			t.Errorf("%s: %q came under two ids", c.name, what)
		}
		all[what] = true
	}
}

// verify has a library of another language verify all that was received.
func verify(t *testing.T, receivers ...*receiver) {
	t.Helper()
	var lines bytes.Buffer
	total := 0
	for _, c := range receivers {
		c.mu.Lock()
		for _, r := range c.requests {
			headers := map[string]string{}
			for name := range r.Header {
				headers[strings.ToLower(name)] = r.Header.Get(name)
			}
			if err := json.NewEncoder(&lines).Encode(map[string]any{"secret": webhookSecret, "headers": headers, "body": r.Body}); err != nil {
				t.Fatal(err)
			}
			total++
		}
		c.mu.Unlock()
	}
	cmd := exec.CommandContext(t.Context(), "node", "webhooks.mjs")
	cmd.Dir, cmd.Stdin = filepath.Join("testdata", "clients"), &lines
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("verified %d\n", total); err != nil || string(out) != want || total == 0 {
		t.Errorf("the library says %s, %v; want %s", out, err, want)
	}
}

// boot lets a session of two nodes run and end, one of which fails: four events.
func boot(s *apptest.Site, name string) {
	s.T.Helper()
	a, b := "x-"+name+"-1", "x-"+name+"-2"
	s.Session(name)
	s.Put(apptest.Powering(a, name), apptest.Powering(b, name))
	s.Update(name, "status", "RUNNING")
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": a, "error": "no power", "enabled": false, "status": apptest.Vars{"statusOverride": "failed"}}}})
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": b, "enabled": false, "status": apptest.Vars{"phase": ""}}}})
}

// booted are the events of boot.
var booted = []string{"session.started", "session.first_failure", "session.failures_above", "session.completed"}

// gets waits until the receiver has accepted all events of these sessions, in order.
func (c *receiver) gets(t *testing.T, sessions ...string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			for _, s := range sessions {
				t.Logf("%s has accepted of %s: %v", c.name, s, c.events(s))
			}
		}
	}()
	apptest.Eventually(t, c.name+" has all events", func() bool {
		return !slices.ContainsFunc(sessions, func(s string) bool { return len(c.events(s)) < len(booted) })
	})
	for _, s := range sessions {
		if got := c.events(s); !slices.Equal(got, booted) {
			t.Errorf("%s got of %s %v, want %v", c.name, s, got, booted)
		}
	}
}
