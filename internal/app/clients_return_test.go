package app_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestClientsResumeAtAnotherReplicaAndMissNothing stops the server under clients that follow a session: they go
// on at another one of the same Redis, by themselves, and miss nothing.
func TestClientsResumeAtAnotherReplicaAndMissNothing(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := apptest.ServeRedis(t)
	other := apptest.Serve(t, "redis://"+redistest.SharedServer(t), "--namespace", s.Namespace)
	steps := ownSession("moving", "blue")
	clients := browser.openAll(returning, s.Base+"/graphql", other.Base+"/graphql")
	for i, step := range steps[:3] {
		step.do(s)
		for _, c := range clients {
			if i == 0 {
				c.subscribe("follow", followProgress, apptest.Vars{"name": "moving", "tenant": "blue"}, resumes(c))
			}
			c.wait("follow", "next", i+1)
		}
	}

	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		stopped <- s.App.Stop(ctx)
	}()
	apptest.Eventually(t, "the server is stopping", s.App.Stopping)
	steps[3].do(other) // some clients are away, some may be back already
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for _, c := range clients {
		c.wait("", "connected", 2)
		apptest.Eventually(t, c.name+" sees what happened meanwhile", func() bool {
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

// resumes lets clients that send variables again, as these are by then, send the
// state they have.
func resumes(c *client) apptest.Vars {
	if c.name == "graphql-ws" || c.name == "graphql-sse" {
		return apptest.Vars{"resume": "progress"}
	}
	return nil
}

// checkMoved checks that a client has got every state in order; one that did not
// send what it had may have got that once more when it came back.
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
		return // it does not learn why a stream ends
	}
	if code := c.events(c.name, "", "closed")[0].Code; code != 1001.0 && code != 1012.0 {
		t.Errorf("%s was disconnected with %v", c.name, code)
	}
}

// TestClientsStayConnectedToAQuietSession lets clients follow a session in which nothing happens for longer
// than a client may be silent: pings in both directions keep the connections.
func TestClientsStayConnectedToAQuietSession(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := apptest.ServeRedis(t, "--ping-interval", "1s")
	s.Session("quiet")
	clients := browser.openAll(allKinds, s.Base+"/graphql")
	for _, c := range clients {
		c.subscribe("follow", followProgress, apptest.Vars{"name": "quiet"}, nil)
		c.wait("follow", "next", 1)
	}
	stream := clients[len(clients)-1]
	stream.wait("", "comment", 3) // over 3 s have passed; after 2.5 s of silence a client is disconnected
	s.Update("quiet", "status", "COMPLETE")
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
