package app_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestEveryClientGetsAnswersToQueries sends a query the way each client does: over its socket, as an event
// stream, or over HTTP.
func TestEveryClientGetsAnswersToQueries(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, step := range ownSession("over", "blue") {
		step.do(s)
	}
	which := apptest.Vars{"name": "over", "tenant": "blue"}
	want := s.Must(readProgress, which).At("session.progress")
	for _, c := range startBrowser(t).openAll(returning, s.Base+"/graphql") {
		if got := apptest.At(c.ask("status", readProgress, which), "session.progress"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is answered %v, not %v", c.name, got, want)
		}
	}
}

// TestClientsWithPersistedQueriesFallBackToTheQuery has clients that send the hash of a query first.
func TestClientsWithPersistedQueriesFallBackToTheQuery(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("one")
	s.Put(apptest.Powering(apptest.Xname(0), "one"))
	for _, c := range startBrowser(t).openAll([]string{"apollo-persisted", "urql-persisted"}, s.Base+"/graphql") {
		if got := apptest.At(c.ask("status", readProgress, apptest.Vars{"name": "one"}), "session.progress.managedComponentsCount"); got != 1.0 {
			t.Errorf("%s is answered %v", c.name, got)
		}
	}
}

// TestGraphQLWSUsesOneSocketForEverything uses all that graphql-ws can do with one socket.
func TestGraphQLWSUsesOneSocketForEverything(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("one")
	s.Put(apptest.Powering(apptest.Xname(0), "one"))
	c := startBrowser(t).open("graphql-ws", apptest.Vars{"keepAlive": 50}, s.Base+"/graphql")
	which := apptest.Vars{"name": "one"}
	for _, id := range []string{"first", "second"} {
		c.subscribe(id, followProgress, which, nil)
		c.wait(id, "next", 1)
	}

	c.stop("first")
	c.wait("first", "complete", 1)
	// The answer comes after the server has read what was sent before.
	if got := apptest.At(c.ask("query", readProgress, which), "session.progress.managedComponentsCount"); got != 1.0 {
		t.Errorf("the query is answered %v", got)
	}
	patch := apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(0), "status": apptest.Vars{"phase": "configuring"}}}}
	if got := apptest.At(c.ask("mutation", apptest.PatchComponents, patch), "patchComponents.applied"); got != 1.0 {
		t.Errorf("the mutation is answered %v", got)
	}
	c.wait("second", "next", 2)
	if n := len(c.states("first")); n != 1 {
		t.Errorf("what was stopped got %d states", n)
	}

	c.subscribe("unknown", followProgress, apptest.Vars{"name": "none"}, nil)
	c.wantError("unknown", "NOT_FOUND")
	c.subscribe("invalid", `subscription { sessionStatusUpdated(name: "one") { nothing } }`, nil, nil)
	c.wantError("invalid", "BAD_USER_INPUT")

	c.wait("", "pong", 3)
	s.Update("one", "status", "COMPLETE")
	c.wait("second", "complete", 1)
	if n := len(c.events(c.name, "", "connected")); n != 1 {
		t.Errorf("all that took %d sockets", n)
	}
}

// TestClientsOfOtherSubprotocolsDoNotTryAgain offers other subprotocols than the one there is: the
// client is informed, and does not try again.
func TestClientsOfOtherSubprotocolsDoNotTryAgain(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	b := startBrowser(t)
	for name, offer := range map[string][]string{"none": {}, "legacy": {"graphql-ws"}} {
		t.Run(name, func(t *testing.T) {
			c := b.open("graphql-ws", apptest.Vars{"offer": offer}, s.Base+"/graphql")
			c.subscribe(name, followProgress, apptest.Vars{"name": "one"}, nil)
			e := c.wait(name, "error", 1)[0]
			if e.Code != 4406.0 {
				t.Errorf("it is refused with %v, %q", e.Code, e.Reason)
			}
		})
	}
}

// TestErrorsOfEventStreamsReachClients has a request refused, and a session not found, in event
// streams: a result has the errors, and then the stream is complete.
func TestErrorsOfEventStreamsReachClients(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, c := range startBrowser(t).openAll([]string{"graphql-sse", "event-stream"}, s.Base+"/graphql") {
		c.subscribe("unknown", followProgress, apptest.Vars{"name": "none"}, nil)
		c.wantResultError("unknown", "NOT_FOUND")
		c.subscribe("invalid", `subscription { sessionStatusUpdated(name: "one") { nothing } }`, nil, nil)
		c.wantResultError("invalid", "BAD_USER_INPUT")
	}
}

// wantError waits for an operation to end with an error of that code.
func (c *client) wantError(id, code string) {
	c.t.Helper()
	e := c.wait(id, "error", 1)[0]
	if got := codesOf(e.Errors); !slices.Equal(got, []string{code}) {
		c.t.Errorf("%s: %s failed with %+v, not %s", c.name, id, e, code)
	}
}

// wantResultError waits for an operation to end after a result that is an error.
func (c *client) wantResultError(id, code string) {
	c.t.Helper()
	c.wait(id, "complete", 1)
	results := c.events(c.name, id, "next")
	if len(results) != 1 || results[0].Result.Data != nil || !slices.Equal(codesOf(results[0].Result.Errors), []string{code}) {
		c.t.Errorf("%s: %s got %+v, not %s", c.name, id, results, code)
	}
}

func codesOf(errors []failure) []string {
	var codes []string
	for _, e := range errors {
		codes = append(codes, e.Extensions.Code)
	}
	return codes
}
