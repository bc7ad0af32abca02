package apptest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// Backends are what bosgraph keeps its state in, each by its --redis-url.
var Backends = []struct {
	Name string
	URL  func(*testing.T) string
}{
	{"embedded", func(*testing.T) string { return "" }},
	{"redis", func(t *testing.T) string { return "redis://" + redistest.SharedServer(t) }},
	{"cluster", func(t *testing.T) string { return ClusterURL(redistest.SharedCluster(t)) }},
}

// ClusterURL is the --redis-url of a cluster of these nodes.
func ClusterURL(nodes []string) string {
	return "redis+cluster://" + nodes[0] + "?addr=" + strings.Join(nodes[1:], "&addr=")
}

// Site is a running server in a namespace of its own, and a client of it.
type Site struct {
	T         *testing.T
	App       *app.App // nil if it runs in another process
	Base      string   // URL that the server's paths are appended to
	Namespace string
	Client    *http.Client
	Impatient bool // the test stops the server before it can end in order
}

// newSite is a site that nothing is known of yet but its client.
func newSite(t *testing.T, namespace string) *Site {
	s := &Site{T: t, Namespace: namespace, Client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
	t.Cleanup(s.Client.CloseIdleConnections)
	return s
}

// Reach is the site of a server, or of a proxy in front of some, that the test starts by itself. It returns when that is ready.
func Reach(t *testing.T, base string) *Site {
	t.Helper()
	s := newSite(t, "")
	s.Base = base
	Eventually(t, "it is ready", func() bool {
		response, err := s.Client.Get(base + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return s
}

// Host is where the server listens: host and port.
func (s *Site) Host() string {
	_, address, _ := strings.Cut(s.Base, "://")
	host, _, _ := strings.Cut(address, "/")
	return host
}

// parsed are the command lines that were parsed before, by their words: with the race detector each
// takes 40 ms, and hundreds of servers have the same.
var parsed sync.Map

// Parse parses a command line. Its server listens on a free port, has a namespace of its
// own and uses the Redis at that URL, or an embedded one, unless more says otherwise.
func Parse(t *testing.T, command, redisURL string, more ...string) config.Config {
	t.Helper()
	words := append([]string{command, "--listen", "127.0.0.1:0", "--redis-url", redisURL, "--audit-log", os.DevNull}, more...)
	key := strings.Join(words, "\x00")
	known, ok := parsed.Load(key)
	if !ok {
		c, err := config.Parse(words, io.Discard, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		known = c
		parsed.Store(key, c)
	}
	c := known.(config.Config)
	if !slices.Contains(more, "--namespace") {
		// One for each server, so that tests share a Redis and still run in parallel.
		c.Namespace = "test-" + rand.Text()
	}
	return c
}

// errorLog is a log of errors alone, in the output of the test.
func errorLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

// Start runs a server until the test ends, or until it is stopped. A change is made to it
// before it starts.
func Start(t *testing.T, c config.Config, log *slog.Logger, changes ...func(*app.App)) *Site {
	t.Helper()
	s := newSite(t, c.Namespace)
	var err error
	if s.App, err = app.New(c, log); err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(s.App)
	}
	if err := s.App.Start(); err != nil {
		t.Fatal(err)
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	s.Base = scheme + "://" + s.App.Addr() + c.BasePath
	t.Cleanup(func() {
		s.Client.CloseIdleConnections()
		s.Stop(10 * time.Second)
	})
	return s
}

// Stop stops the server, which then runs nothing for anybody any more.
func (s *Site) Stop(within time.Duration) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := s.App.Stop(ctx); err != nil && !s.Impatient {
		s.T.Error(err)
	}
	if n := s.App.Executions(); n != 0 {
		s.T.Errorf("%d subscriptions are still executed", n)
	}
}

// Serve runs a server for this test, on Redis at that URL or on its own.
func Serve(t *testing.T, redisURL string, options ...string) *Site {
	t.Helper()
	return ServeLogging(t, errorLog(t), redisURL, options...)
}

// ServeLogging is Serve with a log of the test's own.
func ServeLogging(t *testing.T, log *slog.Logger, redisURL string, options ...string) *Site {
	t.Helper()
	return Start(t, Parse(t, "serve", redisURL, options...), log)
}

// With is the same site for a subtest.
func (s *Site) With(t *testing.T) *Site {
	c := *s
	c.T = t
	return &c
}

// ServeRedis runs a server on the shared Redis.
func ServeRedis(t *testing.T, options ...string) *Site {
	t.Helper()
	return Serve(t, "redis://"+redistest.SharedServer(t), options...)
}

// Vars are a request's variables.
type Vars = map[string]any

// Ask sends a query or a mutation, whose errors are part of the reply.
func (s *Site) Ask(query string, variables ...Vars) Reply {
	s.T.Helper()
	request := map[string]any{"query": query}
	if len(variables) > 0 {
		request["variables"] = variables[0]
	}
	body, err := json.Marshal(request)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Post(string(body))
}

// Must sends a query or a mutation that is to go well.
func (s *Site) Must(query string, variables ...Vars) Reply {
	s.T.Helper()
	r := s.Ask(query, variables...)
	if codes := r.Codes(); len(codes) > 0 || r.Data == nil {
		s.T.Fatalf("%s\nanswered %s", Clip(query), Clip(string(r.Body)))
	}
	return r
}

// Post sends a body as it is.
func (s *Site) Post(body string) Reply {
	s.T.Helper()
	return s.Send(http.MethodPost, "/graphql", body, "Content-Type", "application/json")
}

// Send sends any request whose answer is GraphQL's.
func (s *Site) Send(method, path, body string, headers ...string) Reply {
	s.T.Helper()
	request, err := http.NewRequest(method, s.Base+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	start := time.Now()
	response, err := s.Client.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	r := Reply{Status: response.StatusCode, Header: response.Header}
	if r.Body, err = io.ReadAll(response.Body); err != nil {
		s.T.Fatal(err)
	}
	r.Took = time.Since(start)
	if err := json.Unmarshal(r.Body, &r); err != nil {
		s.T.Fatalf("%s %s: %v\n%s", method, path, err, Clip(string(r.Body)))
	}
	// Of every answer of every test: a message that shows internals is found wherever it
	// appears.
	r.CheckMessages(s.T)
	return r
}

// Get reads a path that is not GraphQL's.
func (s *Site) Get(path string) (status int, body string) {
	s.T.Helper()
	response, err := s.Client.Get(s.Base + path)
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// Eventually waits for a condition.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	began, deadline := time.Now(), time.After(30*time.Second)
	for !ok() {
		select {
		case <-redistest.Pause(began):
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// Try sends a mutation to a server that may have ended.
func Try(s *Site, mutation string, v Vars) (codes []string, err error) {
	body, err := json.Marshal(map[string]any{"query": mutation, "variables": v})
	if err != nil {
		return nil, err
	}
	response, err := s.Client.Post(s.Base+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 { // 294 has data and errors
		return nil, fmt.Errorf("status %d", response.StatusCode) // a proxy's answer is no JSON
	}
	var r Reply
	if err := json.NewDecoder(response.Body).Decode(&r); err != nil {
		return nil, err
	}
	return r.Codes(), nil
}

// WantHealth wants a path to be answered with a status.
func WantHealth(t *testing.T, s *Site, path string, want int) {
	t.Helper()
	if status, body := s.Get(path); status != want {
		t.Errorf("%s answers %d %q, want %d", path, status, body, want)
	}
}
