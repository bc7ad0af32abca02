package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// soon is how long users may wait to learn that Redis does not answer: 2 seconds,
// and some for the race detector on a busy machine.
const soon = 2500 * time.Millisecond

// polled is a query that is asked before Redis is taken away, too: the server knows it then.
const polled = `{ session(name: "s") { status { percentSuccessful } } }`

// TestEverythingIsAnsweredSoonWhileRedisIsAway takes Redis away in both ways there are: with a closed door, and
// with silence. All is answered soon, and works again without a restart of the server.
func TestEverythingIsAnsweredSoonWhileRedisIsAway(t *testing.T) {
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
			s := apptest.Serve(t, "redis://"+p.Addr())
			s.Session("s")
			s.Put(apptest.Powering("x1", "s"))
			const state = `{ serverInfo { epoch } session(name: "s") { status { epoch counts { active } errorSummary { message } } } }`
			before := s.Must(state)
			s.Must(polled)
			apptest.WantHealth(t, s, "/healthz", http.StatusOK)
			apptest.WantHealth(t, s, "/readyz", http.StatusOK)

			test.away(p)
			checkUnavailable(t, s)
			test.back(p)

			// A client that could not connect for a while tries again every second.
			apptest.Eventually(t, "it is ready again", func() bool {
				status, _ := s.Get("/readyz")
				return status == http.StatusOK
			})
			after := s.Must(state)
			if same := after.At("serverInfo.epoch") == before.At("serverInfo.epoch"); same == test.forgotten {
				t.Errorf("the epoch was %v and is %v", before.At("serverInfo.epoch"), after.At("serverInfo.epoch"))
			}
			if found := after.At("session") != nil; found == test.forgotten {
				t.Errorf("the session is %v", after.At("session"))
			}
			if test.forgotten {
				s.Session("s")
			}
			s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
			again := s.Must(state)
			if n := again.At("session.status.counts.active"); n != 2.0 {
				t.Errorf("%v components are active, want 2", n)
			}
			if again.At("session.status.epoch") != after.At("serverInfo.epoch") {
				t.Error("the epoch changes with every write")
			}
			noDrift(t, s)
		})
	}
}

// checkUnavailable asks a server for everything while its Redis is away.
func checkUnavailable(t *testing.T, s *apptest.Site) {
	t.Helper()
	queries := map[string]string{
		"query":      `{ session(name: "s") { status { percentFailed } } }`,
		"polled":     polled,
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
		"20 sessions": manySessions(20),
	}
	// All at once: nobody waits longer because others wait, too.
	answers := make(map[string]apptest.Reply, len(queries))
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, query := range queries {
		all.Go(func() {
			got := s.Ask(query)
			mu.Lock()
			defer mu.Unlock()
			answers[name] = got
		})
	}
	start := time.Now()
	apptest.WantHealth(t, s, "/healthz", http.StatusOK)
	apptest.WantHealth(t, s, "/readyz", http.StatusServiceUnavailable)
	if took := time.Since(start); took > soon {
		t.Errorf("/healthz and /readyz took %v", took)
	}
	all.Wait()
	for name := range queries {
		got := answers[name]
		if codes := slices.Compact(got.Codes()); len(codes) != 1 || codes[0] != "UNAVAILABLE" {
			t.Errorf("%s: answered %s", name, apptest.Clip(string(got.Body)))
		}
		if got.Took > soon {
			t.Errorf("%s: it took %v", name, got.Took)
		}
	}
}

// TestStartsWithoutRedis shows that a Redis that is not there yet keeps no server
// from starting.
func TestStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	p.Kill()
	s := apptest.Serve(t, "redis://"+p.Addr())
	apptest.WantHealth(t, s, "/readyz", http.StatusServiceUnavailable)
	p.Start()
	apptest.Eventually(t, "it is ready", func() bool {
		status, _ := s.Get("/readyz")
		return status == http.StatusOK
	})
	s.Session("s")
}

// TestStopLetsRequestsUnderWayEnd stops a server while a request waits for Redis: it is answered,
// others are turned away meanwhile.
func TestStopLetsRequestsUnderWayEnd(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	meter := redistest.NewMeter(t, p.Addr())
	s := apptest.Serve(t, "redis://"+meter.Addr())
	s.Session("s")
	inFlight := begin(t, s, p, meter)

	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- s.App.Stop(ctx)
	}()
	apptest.Eventually(t, "nobody else is let in", func() bool {
		response, err := http.Get(s.Base + "/healthz")
		if err == nil {
			_ = response.Body.Close() // it is not read
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request under way: %v", err)
	case r := <-inFlight:
		t.Fatalf("answered without Redis: %s", r.Body)
	default:
	}
	p.Resume()
	if r := <-inFlight; r.At("session.name") != "s" {
		t.Errorf("the request under way was answered %s", apptest.Clip(string(r.Body)))
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// TestStopEndsRequestsWhenItsTimeIsUp stops a server that may not wait for the request under way.
func TestStopEndsRequestsWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	meter := redistest.NewMeter(t, p.Addr())
	s := apptest.Serve(t, "redis://"+meter.Addr())
	s.Session("s")
	request := make(chan error, 1)
	p.Pause()
	meter.Reset()
	go func() {
		response, err := http.Post(s.Base+"/graphql", "application/json", strings.NewReader(`{"query":"{ session(name: \"s\") { name } }"}`))
		if err == nil {
			_ = response.Body.Close() // it is not read
		}
		request <- err
	}()
	apptest.Eventually(t, "the request is under way", func() bool { return len(meter.Snapshot().Commands) > 0 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Impatient = true
	if err := s.App.Stop(ctx); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("stopping: %v", err)
	}
	if err := <-request; err == nil {
		t.Error("the request under way was answered")
	}
}

// begin sends a query that waits for a paused Redis, and returns when it does.
func begin(t *testing.T, s *apptest.Site, p *redistest.Process, meter *redistest.Meter) <-chan apptest.Reply {
	t.Helper()
	s.Must(`{ session(name: "s") { name } }`)
	p.Pause()
	meter.Reset()
	answered := make(chan apptest.Reply, 1)
	go func() { answered <- s.Ask(`{ session(name: "s") { name } }`) }()
	apptest.Eventually(t, "the request is under way", func() bool { return len(meter.Snapshot().Commands) > 0 })
	return answered
}

// manySessions asks for many sessions, one by one.
func manySessions(n int) string {
	var query strings.Builder
	for i := range n {
		fmt.Fprintf(&query, "s%d: session(name: \"s%d\") { name } ", i, i)
	}
	return "{ " + query.String() + "}"
}
