package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// soon is how long users may wait to hear that Redis does not answer: 2 seconds,
// and some for the race detector on a busy machine.
const soon = 2500 * time.Millisecond

// TestRedisDown takes Redis away in both ways there are: with a closed door, and
// with silence. All is answered soon, and goes on without a restart of the server.
func TestRedisDown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		away      func(*redistest.Process)
		back      func(*redistest.Process)
		forgotten bool // it comes back empty
	}{
		{"killed", (*redistest.Process).Kill, (*redistest.Process).Start, true},
		{"paused", (*redistest.Process).Pause, (*redistest.Process).Resume, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := redistest.New(t)
			s := serve(t, "redis://"+p.Addr())
			s.session("s")
			s.put(powering("x1", "s"))
			const state = `{ serverInfo { epoch } session(name: "s") { status { epoch counts { active } errorSummary { message } } } }`
			before := s.must(state)
			wantHealth(t, s, "/healthz", http.StatusOK)
			wantHealth(t, s, "/readyz", http.StatusOK)

			test.away(p)
			checkUnavailable(t, s)
			test.back(p)

			// A client that could not connect for a while tries again every second.
			eventually(t, "it is ready again", func() bool {
				status, _ := s.get("/readyz")
				return status == http.StatusOK
			})
			after := s.must(state)
			if same := after.at("serverInfo.epoch") == before.at("serverInfo.epoch"); same == test.forgotten {
				t.Errorf("the epoch was %v and is %v", before.at("serverInfo.epoch"), after.at("serverInfo.epoch"))
			}
			if found := after.at("session") != nil; found == test.forgotten {
				t.Errorf("the session is %v", after.at("session"))
			}
			if test.forgotten {
				s.session("s")
			}
			s.put(powering("x1", "s"), powering("x2", "s"))
			again := s.must(state)
			if n := again.at("session.status.counts.active"); n != 2.0 {
				t.Errorf("%v components are active, want 2", n)
			}
			if again.at("session.status.epoch") != after.at("serverInfo.epoch") {
				t.Error("the epoch changes with every write")
			}
		})
	}
}

// checkUnavailable asks a server for everything while its Redis is away.
func checkUnavailable(t *testing.T, s *site) {
	t.Helper()
	queries := map[string]string{
		"query":      `{ session(name: "s") { status { percentFailed } } }`,
		"errors":     `{ session(name: "s") { status { errorSummary { message } } } }`,
		"sessions":   `{ sessions { edges { node { name } } } }`,
		"components": `{ components { edges { node { id } } } }`,
		"component":  `{ component(id: "x1") { id } }`,
		"serverInfo": `{ serverInfo { epoch } }`,
		"put":        `mutation { putComponents(input: {components: [{id: "x2"}]}) { applied } }`,
		"update":     `mutation { updateSession(input: {name: "s", status: RUNNING}) { userErrors { code } } }`,
		"create":     `mutation { createSession(input: {name: "n", operation: BOOT, templateName: "t"}) { userErrors { code } } }`,
		"delete":     `mutation { deleteSession(input: {name: "s"}) { userErrors { code } } }`,
		"tenant":     `mutation { putTenant(input: {name: "t", components: ["x1"]}) { owned } }`,
		"3 mutations": `mutation {
			a: putComponents(input: {components: [{id: "a"}]}) { applied }
			b: putComponents(input: {components: [{id: "b"}]}) { applied }
			c: putComponents(input: {components: [{id: "c"}]}) { applied } }`,
		"20 sessions": twentySessions("name"),
	}
	// All at once: nobody waits longer because others wait, too.
	answers := make(map[string]reply, len(queries))
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, query := range queries {
		all.Go(func() {
			got := s.ask(query)
			mu.Lock()
			defer mu.Unlock()
			answers[name] = got
		})
	}
	start := time.Now()
	wantHealth(t, s, "/healthz", http.StatusOK)
	wantHealth(t, s, "/readyz", http.StatusServiceUnavailable)
	if took := time.Since(start); took > soon {
		t.Errorf("/healthz and /readyz took %v", took)
	}
	all.Wait()
	for name := range queries {
		got := answers[name]
		if codes := slices.Compact(got.codes()); len(codes) != 1 || codes[0] != "UNAVAILABLE" {
			t.Errorf("%s: answered %s", name, clip(string(got.body)))
		}
		if got.took > soon {
			t.Errorf("%s: it took %v", name, got.took)
		}
	}
}

func wantHealth(t *testing.T, s *site, path string, want int) {
	t.Helper()
	if status, body := s.get(path); status != want {
		t.Errorf("%s answers %d %q, want %d", path, status, body, want)
	}
}

// TestStartsWithoutRedis shows that a Redis that is not there yet keeps no server
// from starting.
func TestStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	p.Kill()
	s := serve(t, "redis://"+p.Addr())
	wantHealth(t, s, "/readyz", http.StatusServiceUnavailable)
	p.Start()
	eventually(t, "it is ready", func() bool {
		status, _ := s.get("/readyz")
		return status == http.StatusOK
	})
	s.session("s")
}

// TestGracefulStop stops a server while a request waits for Redis: it is answered,
// others are turned away meanwhile.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	meter := redistest.NewMeter(t, p.Addr())
	s := serve(t, "redis://"+meter.Addr())
	s.session("s")
	inFlight := begin(t, s, p, meter)

	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- s.app.Stop(ctx)
	}()
	eventually(t, "nobody else is let in", func() bool {
		response, err := http.Get(s.base + "/healthz")
		if err == nil {
			_ = response.Body.Close() // it is not read
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request under way: %v", err)
	case r := <-inFlight:
		t.Fatalf("answered without Redis: %s", r.body)
	default:
	}
	p.Resume()
	if r := <-inFlight; r.at("session.name") != "s" {
		t.Errorf("the request under way was answered %s", clip(string(r.body)))
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// TestImpatientStop stops a server that may not wait for the request under way.
func TestImpatientStop(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	meter := redistest.NewMeter(t, p.Addr())
	s := serve(t, "redis://"+meter.Addr())
	s.session("s")
	request := make(chan error, 1)
	p.Pause()
	meter.Reset()
	go func() {
		response, err := http.Get(s.base + "/graphql?query={session(name:%22s%22){name}}")
		if err == nil {
			_ = response.Body.Close() // it is not read
		}
		request <- err
	}()
	eventually(t, "the request is under way", func() bool { return len(meter.Snapshot().Commands) > 0 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.app.Stop(ctx); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("stopping: %v", err)
	}
	if err := <-request; err == nil {
		t.Error("the request under way was answered")
	}
}

// begin sends a query that waits for a paused Redis, and returns when it does.
func begin(t *testing.T, s *site, p *redistest.Process, meter *redistest.Meter) <-chan reply {
	t.Helper()
	s.must(`{ session(name: "s") { name } }`)
	p.Pause()
	meter.Reset()
	answered := make(chan reply, 1)
	go func() { answered <- s.ask(`{ session(name: "s") { name } }`) }()
	eventually(t, "the request is under way", func() bool { return len(meter.Snapshot().Commands) > 0 })
	return answered
}
