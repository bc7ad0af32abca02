package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// guardedSite is a server with --auth=tokens on a real Redis, and a token of each role. Two
// tenants have a session of one name each, and so has nobody.
type guardedSite struct {
	*apptest.Site
	tokens map[string]string // by name
	file   string            // of tokens
	audit  string            // file of the audit log
}

// holders are who has a token. Those that are limited are limited to red.
var holders = []config.Holder{
	{Name: "admin", Roles: []string{"admin"}},
	{Name: "viewer", Roles: []string{"viewer"}},
	{Name: "tenant", Roles: []string{"tenant"}, Tenants: []string{"red"}},
	{Name: "producer", Roles: []string{"producer"}},
	{Name: "tenant-producer", Roles: []string{"tenant-producer"}, Tenants: []string{"red"}},
	{Name: "blue", Roles: []string{"tenant"}, Tenants: []string{"blue"}},
	{Name: "both", Roles: []string{"tenant"}, Tenants: []string{"blue", "red"}},
}

func serveGuarded(t *testing.T, more ...config.Holder) guardedSite {
	t.Helper()
	return serveGuardedOn(t, "redis://"+redistest.SharedServer(t), more...)
}

func serveGuardedOn(t *testing.T, redisURL string, more ...config.Holder) guardedSite {
	t.Helper()
	dir := t.TempDir()
	g := guardedSite{tokens: map[string]string{}, file: filepath.Join(dir, "tokens"), audit: filepath.Join(dir, "audit.log")}
	var lines []string
	for _, h := range append(more, holders...) {
		token, line, err := app.NewToken(h)
		if err != nil {
			t.Fatal(err)
		}
		g.tokens[h.Name] = token
		lines = append(lines, line)
	}
	g.write(t, lines)
	g.Site = apptest.Serve(t, redisURL, "--auth", "tokens", "--token-file", g.file, "--audit-log", g.audit)
	admin := g.as("admin")
	admin.Must(apptest.PutTenant, apptest.Vars{"name": "red", "in": []string{"x1", "x3"}})
	admin.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x2", "x3"}})
	for _, tenant := range []any{nil, "red", "blue"} {
		admin.Session("s", "tenant", tenant)
	}
	admin.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"), apptest.Powering("x3", "s"), apptest.Powering("x4", "s"))
	for _, tenant := range []any{nil, "red", "blue"} {
		admin.Update("s", "tenant", tenant, "status", "RUNNING")
	}
	return g
}

func (g guardedSite) write(t *testing.T, lines []string) {
	t.Helper()
	if err := os.WriteFile(g.file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sender sends requests with a token and other headers.
type sender struct {
	token  string
	header []string
	to     http.RoundTripper
}

func (s sender) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i < len(s.header); i += 2 {
		r.Header.Set(s.header[i], s.header[i+1])
	}
	return s.to.RoundTrip(r)
}

// as is the same site for the holder of a token, who sends these headers besides.
func (g guardedSite) as(name string, header ...string) *apptest.Site {
	c := *g.Site
	c.Client = &http.Client{Timeout: time.Minute, Transport: sender{g.tokens[name], header, g.Client.Transport}}
	return &c
}

// stream follows a subscription as an event stream, until the test ends or it does.
func stream(t *testing.T, s *apptest.Site, query string, variables ...apptest.Vars) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request := map[string]any{"query": query}
	if len(variables) > 0 {
		request["variables"] = variables[0]
	}
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	client := *s.Client
	client.Timeout = 0
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	messages := make(chan string, 100)
	go func() {
		defer close(messages)
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(response.Body)
			messages <- fmt.Sprintf("%d %s", response.StatusCode, text)
			return
		}
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				messages <- text
			}
		}
	}()
	return messages
}

// next is the next message of a stream, "end" after the last.
func next(t *testing.T, messages <-chan string) string {
	t.Helper()
	select {
	case m, ok := <-messages:
		if !ok {
			return "end"
		}
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("no message")
		return ""
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// jsonOf is data as JSON, with the names in order.
func jsonOf(t *testing.T, data any) string {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// forEverybody answers requests as a server without access control does.
func forEverybody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access, err := auth.Anyone().For(r.Header.Get(auth.TenantHeader))
		if err != nil {
			panic(err) // never refused: everything may be read
		}
		next.ServeHTTP(w, r.WithContext(auth.WithAccess(r.Context(), access)))
	})
}
