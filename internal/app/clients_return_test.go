package app

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestClientsComeBack stops the server under clients that follow a session: they go
// on at another one of the same Redis, by themselves, and miss nothing.
func TestClientsComeBack(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := serveRedis(t)
	other := serve(t, "redis://"+redistest.SharedServer(t), "--namespace", s.namespace)
	steps := ownSession("moving", "blue")
	clients := browser.openAll(returning, s.base+"/graphql", other.base+"/graphql")
	for i, step := range steps[:3] {
		step.do(s)
		for _, c := range clients {
			if i == 0 {
				c.subscribe("follow", followProgress, vars{"name": "moving", "tenant": "blue"}, resumes(c))
			}
			c.wait("follow", "next", i+1)
		}
	}

	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		stopped <- s.app.Stop(ctx)
	}()
	eventually(t, "the server is stopping", s.app.stopping.Load)
	steps[3].do(other) // some clients are away, some may be back already
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for _, c := range clients {
		c.wait("", "connected", 2)
		eventually(t, c.name+" sees what happened meanwhile", func() bool {
			states := c.states("follow")
			return summary(states[len(states)-1]) == steps[3].want
		})
	}
	steps[4].do(other)

	for _, c := range clients {
		c.wait("follow", "complete", 1)
		checkMoved(t, c, steps)
	}
}

// resumes lets clients that send variables again, as these are by then, tell the
// state they have.
func resumes(c *client) vars {
	if c.name == "graphql-ws" || c.name == "graphql-sse" {
		return vars{"resume": "progress"}
	}
	return nil
}

// checkMoved checks that a client has got every state in order; one that did not
// tell what it had may have got that once more when it came back.
func checkMoved(t *testing.T, c *client, steps []step) {
	t.Helper()
	var revisions []float64
	var got, want []string
	for _, state := range c.states("follow") {
		revisions = append(revisions, state["revision"].(float64))
		got = append(got, summary(state))
	}
	for _, step := range steps {
		want = append(want, step.want)
	}
	if !slices.IsSorted(revisions) {
		t.Errorf("%s got revisions that go back: %v", c.name, revisions)
	}
	if resumes(c) == nil {
		got = slices.Compact(got)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s got the states %q, not %q", c.name, got, want)
	}
	if c.name == "graphql-sse" {
		return // it is not told why a stream ends
	}
	if code := c.events(c.name, "", "closed")[0].Code; code != 1001.0 && code != 1012.0 {
		t.Errorf("%s was let go with %v", c.name, code)
	}
}

// TestClientsStay lets clients follow a session in which nothing happens for longer
// than a client may be silent: pings in both directions keep the connections.
func TestClientsStay(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := serveRedis(t, "--ping-interval", "1s")
	s.session("quiet")
	clients := browser.openAll(allKinds, s.base+"/graphql")
	for _, c := range clients {
		c.subscribe("follow", followProgress, vars{"name": "quiet"}, nil)
		c.wait("follow", "next", 1)
	}
	stream := clients[len(clients)-1]
	stream.wait("", "comment", 3) // over 3 s have passed; after 2.5 s of silence a client is let go
	s.update("quiet", "status", "COMPLETE")
	for _, c := range clients {
		c.wait("follow", "complete", 1)
		if n := len(c.states("follow")); n != 2 {
			t.Errorf("%s got %d states", c.name, n)
		}
		if n := len(c.events(c.name, "", "connected")); n > 1 {
			t.Errorf("%s has connected %d times", c.name, n)
		}
	}
}
