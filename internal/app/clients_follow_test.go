package app_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// What a page asks for: the same fields to begin with and to follow.
const (
	progress = ` fragment Progress on SessionStatus {
		revision epoch state: status stale managedComponentsCount percentStaged percentSuccessful percentFailed
		phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
		counts { successful failed active }
		errorSummary(first: 5) { message count list }
		timing { startTime endTime duration }
	}`
	readProgress = `query Read($name: String!, $tenant: String) {
		session(name: $name, tenant: $tenant) { progress: status { ...Progress } } }` + progress
	followProgress = `subscription Follow($name: String!, $tenant: String, $sinceRevision: Revision, $sinceEpoch: String) {
		progress: sessionStatusUpdated(name: $name, tenant: $tenant, sinceRevision: $sinceRevision, sinceEpoch: $sinceEpoch) {
			...Progress } }` + progress
)

// TestEveryClientFollowsTheDemo has every client follow a session of the demo to its end.
func TestEveryClientFollowsTheDemo(t *testing.T) {
	t.Parallel()
	for _, b := range apptest.Backends[:2] { // a cluster is nothing that clients could notice
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			browser := startBrowser(t)
			s := demo(t, b.URL(t), "--components", "200", "--speed", "250")
			clients := browser.openAll(allKinds, s.Base+"/graphql")
			which := apptest.Vars{}
			apptest.Eventually(t, "a session of the demo", func() bool {
				r := s.Must(`{ sessions(first: 1, filter: {operation: BOOT}) { edges { node { name tenant } } } }`)
				which["name"], which["tenant"] = r.At("sessions.edges.0.node.name"), r.At("sessions.edges.0.node.tenant")
				return which["name"] != nil
			})
			for _, c := range clients {
				c.subscribe("follow", followProgress, which, nil)
			}
			for _, c := range clients {
				c.wait("follow", "complete", 1)
			}
			final := s.Must(readProgress, which).At("session.progress")
			for _, c := range clients {
				checkFollowed(t, c, final)
			}
		})
	}
}

// demo runs a server with a simulated system.
func demo(t *testing.T, redisURL string, options ...string) *apptest.Site {
	t.Helper()
	return apptest.Start(t, apptest.Parse(t, "demo", redisURL, options...), slog.New(slog.DiscardHandler))
}

// TestEveryClientSeesEveryStateOfASession has every client follow a session whose every state is known.
func TestEveryClientSeesEveryStateOfASession(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := apptest.ServeRedis(t)
	which := apptest.Vars{"name": "own", "tenant": "blue"}
	steps := ownSession("own", "blue")
	clients := browser.openAll(allKinds, s.Base+"/graphql")
	for i, step := range steps {
		step.do(s)
		for _, c := range clients {
			if i == 0 {
				c.subscribe("follow", followProgress, which, nil)
			}
			c.wait("follow", "next", i+1)
		}
	}
	for _, c := range clients {
		c.wait("follow", "complete", 1)
	}
	final := s.Must(readProgress, which).At("session.progress")
	if got, want := apptest.At(final, "errorSummary"), []any{
		map[string]any{"message": "no boot artifacts", "count": 1.0, "list": apptest.Xname(1)},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("the errors in the end are %v, not %v", got, want)
	}
	for _, c := range clients {
		checkFollowed(t, c, final)
		checkSteps(t, c, steps)
	}
}

// checkSteps checks that a client has got the state after each step, once.
func checkSteps(t *testing.T, c *client, steps []step) {
	t.Helper()
	var got, want []string
	for _, state := range c.states("follow") {
		got = append(got, summary(state))
	}
	for _, step := range steps {
		want = append(want, step.want)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s got the states %q, not %q", c.name, got, want)
	}
}

func (b *browser) openAll(kinds []string, urls ...string) []*client {
	b.t.Helper()
	var all []*client
	for _, kind := range kinds {
		all = append(all, b.open(kind, nil, urls...))
	}
	return all
}

// step changes a session, to a state that summary shows as want.
type step struct {
	do   func(s *apptest.Site)
	want string
}

// ownSession are the steps of a session of four components, from its creation to
// its end.
func ownSession(name, tenant string) []step {
	in := make([]apptest.Vars, 4)
	for i := range in {
		in[i] = apptest.Powering(apptest.Xname(i), name)
	}
	patch := func(patches ...apptest.Vars) func(*apptest.Site) {
		return func(s *apptest.Site) { s.Must(apptest.PatchComponents, apptest.Vars{"in": patches}) }
	}
	stable := func(i int) apptest.Vars {
		return apptest.Vars{"id": apptest.Xname(i), "enabled": false, "status": apptest.Vars{"phase": ""}}
	}
	return []step{
		{func(s *apptest.Site) {
			s.Put(in...)
			s.Must(apptest.PutTenant, apptest.Vars{"name": tenant, "in": []string{apptest.Xname(0), apptest.Xname(1), apptest.Xname(2), apptest.Xname(3)}})
			s.Session(name, "tenant", tenant)
		}, "PENDING: 0% successful, 0% failed, 0% complete, 100% on, 0% configuring of 4"},
		{func(s *apptest.Site) { s.Update(name, "tenant", tenant, "status", "RUNNING") },
			"RUNNING: 0% successful, 0% failed, 0% complete, 100% on, 0% configuring of 4"},
		{patch(apptest.Vars{"id": apptest.Xname(0), "status": apptest.Vars{"phase": "configuring"}}),
			"RUNNING: 0% successful, 0% failed, 0% complete, 75% on, 25% configuring of 4"},
		{patch(stable(0), apptest.Vars{"id": apptest.Xname(1), "enabled": false, "error": "no boot artifacts", "status": apptest.Vars{"statusOverride": "failed"}}),
			"RUNNING: 25% successful, 25% failed, 50% complete, 50% on, 0% configuring of 4"},
		{patch(stable(2), stable(3)),
			"COMPLETE: 75% successful, 25% failed, 100% complete, 0% on, 0% configuring of 4"},
	}
}

func summary(state map[string]any) string {
	return fmt.Sprintf("%v: %v%% successful, %v%% failed, %v%% complete, %v%% on, %v%% configuring of %v", state["state"],
		state["percentSuccessful"], state["percentFailed"], apptest.At(state, "phases.percentComplete"), apptest.At(state, "phases.percentPoweringOn"),
		apptest.At(state, "phases.percentConfiguring"), state["managedComponentsCount"])
}

// checkFollowed checks what a client has got of a session from some state to the
// last one, after which the stream has ended by itself.
func checkFollowed(t *testing.T, c *client, final any) {
	t.Helper()
	states := c.states("follow")
	if len(states) < 2 {
		t.Errorf("%s got %d states", c.name, len(states))
		return
	}
	checkForward(t, c, states)
	if first, last := fields(states[0]), fields(final); !slices.Equal(first, last) {
		t.Errorf("%s: the first state has the fields %q, a query %q", c.name, first, last)
	}
	last := states[len(states)-1]
	if last["state"] != "COMPLETE" || !reflect.DeepEqual(any(last), final) {
		t.Errorf("%s: the last state is %v; a query answers %v", c.name, last, final)
	}
	for _, state := range states[:len(states)-1] {
		if state["state"] == "COMPLETE" {
			t.Errorf("%s: a state in between is %v", c.name, state)
		}
	}
	if of := c.events(c.name, "follow", ""); of[len(of)-1].Event != "complete" {
		t.Errorf("%s got something after the end: %+v", c.name, of)
	}
}

// checkForward checks that each state is newer than the one before, or else that it
// only says whether it is stale.
func checkForward(t *testing.T, c *client, states []map[string]any) {
	t.Helper()
	for i, state := range states[1:] {
		before := states[i]
		newer := state["revision"].(float64) > before["revision"].(float64)
		same := state["revision"] == before["revision"] && state["stale"] != before["stale"]
		if state["epoch"] != before["epoch"] || !newer && !same {
			t.Errorf("%s: revision %v of %v comes after %v of %v", c.name, state["revision"], state["epoch"], before["revision"], before["epoch"])
		}
	}
}

// fields lists the fields of an object and of those in it, in order. What is in
// lists, and null at times, is left out.
func fields(v any) []string {
	var all []string
	for name, value := range v.(map[string]any) {
		if value == nil && name != "endTime" {
			name += " is null"
		}
		all = append(all, name)
		if inner, ok := value.(map[string]any); ok {
			for _, field := range fields(inner) {
				all = append(all, name+"."+field)
			}
		}
	}
	slices.Sort(all)
	return all
}
