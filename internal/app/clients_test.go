package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// The kinds of client in testdata/clients. Some come back by themselves when a server
// goes away; the others read an event stream once.
var (
	returning = []string{"graphql-ws", "graphql-sse", "urql", "apollo"}
	allKinds  = append(slices.Clone(returning), "urql-events", "event-stream")
)

// browser is a Node process in which real GraphQL clients run.
type browser struct {
	t     *testing.T
	stdin io.WriteCloser
	ended chan struct{} // when there is nothing more to read from it

	mu       sync.Mutex
	reported []event
}

// event is what a client has reported.
type event struct {
	In      string // which client
	ID      string // of its operation; empty for what concerns its connection
	Event   string
	Result  result
	Errors  []failure
	Code    any
	Reason  string
	Message json.RawMessage
}

type result struct {
	Data   map[string]any
	Errors []failure
}

// failure is an error of GraphQL's.
type failure struct {
	Message    string
	Extensions struct{ Code string }
}

// startBrowser starts the process. It ends with the test, at the latest: also with
// this process, since its stdin ends then.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	home := filepath.Join("testdata", "clients")
	if _, err := os.Stat(filepath.Join(home, "node_modules")); err != nil {
		t.Fatalf("the clients are not installed, which scripts/need.sh does: %v", err)
	}
	return startNode(t, home, "main.mjs")
}

// startNode starts a script that speaks as main.mjs does, in the folder where it is.
func startNode(t *testing.T, home, script string) *browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = home
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	b := &browser{t: t, ended: make(chan struct{})}
	var err error
	if b.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go b.read(stdout)
	t.Cleanup(func() {
		defer cancel()
		_ = b.stdin.Close() // it may have ended, which Wait reports
		<-b.ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v\n%s", err, stderr.Bytes())
		}
		for _, e := range b.events("", "", "late") {
			t.Errorf("%s got something after the end: %s", e.In, e.Message)
		}
	})
	(&client{b, ""}).wait("", "ready", 1)
	return b
}

func (b *browser) read(stdout io.Reader) {
	defer close(b.ended)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			b.t.Errorf("node: %v\n%s", err, lines.Bytes())
			continue
		}
		b.mu.Lock()
		b.reported = append(b.reported, e)
		b.mu.Unlock()
	}
}

// events are those so far of a client, an operation and a kind; any if empty.
func (b *browser) events(in, id, kind string) []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var some []event
	for _, e := range b.reported {
		if (in == "" || e.In == in) && (id == "" || e.ID == id) && (kind == "" || e.Event == kind) {
			some = append(some, e)
		}
	}
	return some
}

func (b *browser) command(c apptest.Vars) {
	b.t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.stdin.Write(append(line, '\n')); err != nil {
		b.t.Fatal(err)
	}
}

// client is one of the clients in a browser.
type client struct {
	*browser
	name string
}

// open opens a client. Of several URLs it takes the next one each time it connects.
func (b *browser) open(kind string, options apptest.Vars, urls ...string) *client {
	b.t.Helper()
	c := &client{b, kind}
	b.command(apptest.Vars{"open": kind, "urls": urls, "options": options})
	return c
}

func (c *client) subscribe(id, query string, variables, more apptest.Vars) {
	c.t.Helper()
	command := apptest.Vars{"in": c.name, "subscribe": id, "query": query, "variables": variables}
	for k, v := range more {
		command[k] = v
	}
	c.command(command)
}

func (c *client) stop(id string) { c.command(apptest.Vars{"in": c.name, "stop": id}) }

// ask sends a query or a mutation, and returns its data.
func (c *client) ask(id, query string, variables apptest.Vars) map[string]any {
	c.t.Helper()
	c.command(apptest.Vars{"in": c.name, "ask": id, "query": query, "variables": variables})
	e := c.wait(id, "answer", 1)[0]
	if len(e.Result.Errors) > 0 {
		c.t.Fatalf("%s: %s answered %+v", c.name, id, e.Result.Errors)
	}
	return plainData(e.Result.Data).(map[string]any)
}

// wait waits for so many events of a kind. An error of the operation that is not
// waited for ends the test.
func (c *client) wait(id, kind string, n int) []event {
	c.t.Helper()
	var some []event
	apptest.Eventually(c.t, c.name+" reports "+kind+" of "+id, func() bool {
		if failed := c.events(c.name, id, "error"); id != "" && kind != "error" && len(failed) > 0 {
			c.t.Fatalf("%s: %s has failed: %+v", c.name, id, failed[0])
		}
		some = c.events(c.name, id, kind)
		return len(some) >= n || c.over()
	})
	if len(some) < n {
		c.t.Fatalf("node has ended")
	}
	return some
}

func (b *browser) over() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// states are the session's states that a subscription has brought so far.
func (c *client) states(id string) []map[string]any {
	c.t.Helper()
	var all []map[string]any
	for _, e := range c.events(c.name, id, "next") {
		state, ok := apptest.At(plainData(e.Result.Data), "progress").(map[string]any)
		if !ok || len(e.Result.Errors) > 0 {
			c.t.Fatalf("%s got %+v", c.name, e.Result)
		}
		all = append(all, state)
	}
	return all
}

// plainData is data without what some clients select besides what they are asked to.
func plainData(v any) any {
	switch v := v.(type) {
	case map[string]any:
		plain := make(map[string]any, len(v))
		for name, value := range v {
			if name != "__typename" {
				plain[name] = plainData(value)
			}
		}
		return plain
	case []any:
		plain := make([]any, len(v))
		for i := range v {
			plain[i] = plainData(v[i])
		}
		return plain
	}
	return v
}
