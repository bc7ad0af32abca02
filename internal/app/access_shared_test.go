package app_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestTenantsShareNoAnswer has tenants send one request at the same time, many times: what is
// executed once for several must be for equal rights.
func TestTenantsShareNoAnswer(t *testing.T) {
	g := serveGuarded(t)
	const query = `{ sessions { edges { node { tenant } } } components { edges { node { id } } } }`
	want := map[string]string{
		"tenant": `{"components":{"edges":[{"node":{"id":"x1"}},{"node":{"id":"x3"}}]},"sessions":{"edges":[{"node":{"tenant":"red"}}]}}`,
		"blue":   `{"components":{"edges":[{"node":{"id":"x2"}},{"node":{"id":"x3"}}]},"sessions":{"edges":[{"node":{"tenant":"blue"}}]}}`,
	}
	var all sync.WaitGroup
	for i := range 8 {
		who := []string{"tenant", "blue"}[i%2]
		all.Go(func() {
			for range 50 {
				if r := g.as(who).Ask(query); jsonOf(t, r.Data) != want[who] {
					t.Errorf("%s got %s", who, r.Body)
				}
			}
		})
	}
	all.Wait()
}

// TestTenantsShareNoSubscription has everybody send the same subscription, and changes a session
// of each tenant.
func TestTenantsShareNoSubscription(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	const query = `subscription { sessionsUpdated { session { tenant templateName } deletedId } }`
	streams := map[string]<-chan string{}
	for _, who := range []string{"viewer", "producer", "tenant", "blue", "tenant-producer"} {
		streams[who] = stream(t, g.as(who), query)
	}
	apptest.Eventually(t, "all are followed: viewer, producer and three of tenants", func() bool { return g.App.Executions() == 5 })
	admin := g.as("admin")
	for _, tenant := range []any{"blue", nil, "red"} {
		admin.Session("new", "tenant", tenant)
	}
	shows := func(who string, tenants ...string) {
		t.Helper()
		for range tenants {
			m := next(t, streams[who])
			if !slices.ContainsFunc(tenants, func(tenant string) bool { return strings.Contains(m, fmt.Sprintf(`"tenant":%s`, tenant)) }) {
				t.Errorf("%s got %s", who, m)
			}
		}
	}
	shows("viewer", `"blue"`, "null", `"red"`)
	shows("producer", `"blue"`, "null", `"red"`)
	shows("tenant", `"red"`)
	shows("tenant-producer", `"red"`)
	shows("blue", `"blue"`)
	// What another's session had sent by mistake would come before this.
	for _, tenant := range []string{"blue", "red"} {
		admin.Session("last", "tenant", tenant)
	}
	shows("tenant", `"red"`)
	shows("tenant-producer", `"red"`)
	shows("blue", `"blue"`)
}

// TestFrozenGroupsShowNothingOfOthers gives a component to another tenant after the session, in
// which it had failed, is complete.
func TestFrozenGroupsShowNothingOfOthers(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	admin := g.as("admin")
	admin.Must(`mutation { patchComponents(input: {components: [
		{id: "x1", error: "broken", status: {phase: "", statusOverride: "failed"}}, {id: "x3", error: "broken", status: {phase: "", statusOverride: "failed"}}]}) { applied } }`)
	admin.Update("s", "tenant", "red", "status", "COMPLETE")
	const query = `{ session(name: "s", tenant: "red") { status { fromSnapshot errorSummary { count list components(first: 1) { edges { node { id } } pageInfo { hasNextPage } } } } } }`
	shows := func(who, id string, more bool) {
		t.Helper()
		want := fmt.Sprintf(`{"session":{"status":{"errorSummary":[{"components":{"edges":[{"node":{"id":"%s"}}],"pageInfo":{"hasNextPage":%v}},"count":2,"list":"x1,x3"}],"fromSnapshot":true}}}`, id, more)
		if r := g.as(who).Must(query); jsonOf(t, r.Data) != want {
			t.Errorf("%s sees %s\n    want %s", who, r.Body, want)
		}
	}
	shows("tenant", "x1", true)
	admin.Must(apptest.PutTenant, apptest.Vars{"name": "red", "in": []string{"x3"}})
	shows("tenant", "x3", false)
	shows("admin", "x1", true)
}

// TestProducersReadNoTemplates shows the one field below a session that needs another right.
func TestProducersReadNoTemplates(t *testing.T) {
	g := serveGuarded(t)
	const query = `{ session(name: "s", tenant: "red") { name template { name } } }`
	for who, want := range map[string][]string{"tenant": nil, "viewer": nil, "producer": {"FORBIDDEN"}, "tenant-producer": {"FORBIDDEN"}} {
		if r := g.as(who).Ask(query); !slices.Equal(r.Codes(), want) || r.At("session.name") != "s" {
			t.Errorf("%s: %s", who, r.Body)
		}
	}
}
