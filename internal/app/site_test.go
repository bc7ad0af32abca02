package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// backends are what bosgraph keeps its state in, each by its --redis-url.
var backends = []struct {
	name string
	url  func(*testing.T) string
}{
	{"embedded", func(*testing.T) string { return "" }},
	{"redis", func(t *testing.T) string { return "redis://" + redistest.SharedServer(t) }},
	{"cluster", func(t *testing.T) string {
		first, others, _ := strings.Cut(strings.Join(redistest.SharedCluster(t), "&addr="), "&")
		return "redis+cluster://" + first + "?" + others
	}},
}

// site is a running server in a namespace of its own, and a client of it.
type site struct {
	t         *testing.T
	app       *App
	base      string // URL that the server's paths are appended to
	namespace string
	client    *http.Client
}

// serve runs a server for this test, on Redis at that URL or on its own.
func serve(t *testing.T, redisURL string, options ...string) *site {
	t.Helper()
	return serveLogging(t, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), redisURL, options...)
}

// serveLogging is serve with a log of the test's own.
func serveLogging(t *testing.T, log *slog.Logger, redisURL string, options ...string) *site {
	t.Helper()
	s := &site{t: t, namespace: "test-" + rand.Text(), client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
	c, err := config.Parse(append([]string{
		"serve", "--listen", "127.0.0.1:0", "--redis-url", redisURL, "--namespace", s.namespace,
	}, options...), io.Discard, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	s.app, err = New(c, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.app.Start(); err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + s.app.Addr() + c.BasePath
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if s.app.stopping.Load() {
			return // the test has stopped it
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.app.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

// with is the same site for a subtest.
func (s *site) with(t *testing.T) *site {
	c := *s
	c.t = t
	return &c
}

// serveRedis runs a server on the shared Redis.
func serveRedis(t *testing.T, options ...string) *site {
	t.Helper()
	return serve(t, "redis://"+redistest.SharedServer(t), options...)
}

// vars are a request's variables.
type vars = map[string]any

// reply is an answer to a GraphQL request.
type reply struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
	Data   any
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code string }
	}
}

// ask sends a query or a mutation, whose errors are part of the reply.
func (s *site) ask(query string, variables ...vars) reply {
	s.t.Helper()
	request := map[string]any{"query": query}
	if len(variables) > 0 {
		request["variables"] = variables[0]
	}
	body, err := json.Marshal(request)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.post(string(body))
}

// must sends a query or a mutation that is to go well.
func (s *site) must(query string, variables ...vars) reply {
	s.t.Helper()
	r := s.ask(query, variables...)
	if codes := r.codes(); len(codes) > 0 || r.Data == nil {
		s.t.Fatalf("%s\nanswered %s", clip(query), clip(string(r.body)))
	}
	return r
}

// post sends a body as it is.
func (s *site) post(body string) reply {
	s.t.Helper()
	return s.send(http.MethodPost, "/graphql", body, "Content-Type", "application/json")
}

// send sends any request whose answer is GraphQL's.
func (s *site) send(method, path, body string, headers ...string) reply {
	s.t.Helper()
	request, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	start := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	r := reply{status: response.StatusCode, header: response.Header}
	if r.body, err = io.ReadAll(response.Body); err != nil {
		s.t.Fatal(err)
	}
	r.took = time.Since(start)
	if err := json.Unmarshal(r.body, &r); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, path, err, clip(string(r.body)))
	}
	r.checkMessages(s.t)
	return r
}

// get reads a path that is not GraphQL's.
func (s *site) get(path string) (status int, body string) {
	s.t.Helper()
	response, err := s.client.Get(s.base + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// at follows a path of fields and indexes, such as "session.components.edges.0",
// into the data: nil where it ends early.
func (r reply) at(path string) any { return at(r.Data, path) }

func at(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch parent := v.(type) {
		case map[string]any:
			v = parent[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(parent) {
				return nil
			}
			v = parent[i]
		default:
			return nil
		}
	}
	return v
}

// codes are those of all errors, of the request and of the user.
func (r reply) codes() []string {
	var codes []string
	for _, e := range r.Errors {
		codes = append(codes, e.Extensions.Code)
	}
	for _, e := range userErrors(r.Data) {
		codes = append(codes, e["code"].(string))
	}
	return codes
}

// userErrors finds the user errors of every payload.
func userErrors(v any) []map[string]any {
	var found []map[string]any
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if list, ok := value.([]any); ok && name == "userErrors" {
				for _, e := range list {
					found = append(found, e.(map[string]any))
				}
				continue
			}
			found = append(found, userErrors(value)...)
		}
	case []any:
		for _, value := range v {
			found = append(found, userErrors(value)...)
		}
	}
	return found
}

// internals are what no message may show: where things are, and what they are made of.
var internals = regexp.MustCompile(`(?i)\blua\b|redis\.call|user_script|@user|noscript|goroutine|panic|runtime error|\.go:|` +
	`\bGo (value|struct)|127\.0\.0\.1|/(home|root|usr|tmp|work)/|interface ?\{|json\.|\bnil\b`)

// checkMessages checks every message for what clients are not to see.
func (r reply) checkMessages(t *testing.T) {
	t.Helper()
	var messages []string
	for _, e := range r.Errors {
		messages = append(messages, e.Message)
		if e.Extensions.Code == "" {
			t.Errorf("an error without code: %s", clip(e.Message))
		}
	}
	for _, e := range userErrors(r.Data) {
		message, _ := e["message"].(string)
		messages = append(messages, message)
	}
	for _, m := range messages {
		if found := internals.FindString(clip(m)); found != "" {
			t.Errorf("the message shows %q: %s", found, clip(m))
		}
		if len(m) > 2000 {
			t.Errorf("a message of %d bytes: %s", len(m), clip(m))
		}
	}
}

func clip(s string) string {
	const most = 1000
	return string(bytes.ToValidUTF8([]byte(s[:min(len(s), most)]), []byte("?")))
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	pulse := time.NewTicker(5 * time.Millisecond)
	defer pulse.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-pulse.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}
