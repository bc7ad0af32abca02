package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestWhatDoesNotExistIsNull shows that what is not there is null, without an error.
func TestWhatDoesNotExistIsNull(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Must(`{ session(name: "none") { id status { revision } } tenanted: session(name: "none", tenant: "blue") { id }
			then: session(name: "none", startedAt: "2026-11-22T09:00:00Z") { id } impossible: session(name: "/ }") { id }
			component(id: "x9") { id } node(id: "x9") { id } components { totalCount edges { cursor } }
			sessions { totalCount edges { cursor } pageInfo { hasNextPage startCursor } } }`).Want(t, map[string]any{
			"session": nil, "tenanted": nil, "then": nil, "impossible": nil, "component": nil, "node": nil,
			"components.totalCount": 0.0, "sessions.totalCount": 0.0, "sessions.pageInfo.hasNextPage": false, "sessions.pageInfo.startCursor": nil,
		})
	})
}

// TestPagesShowEverythingOnceInOrder walks every connection page by page: all of it, in order, once.
func TestPagesShowEverythingOnceInOrder(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		const n = 25
		var all []apptest.Vars
		for i := range n {
			c := apptest.Powering(apptest.Xname(i), "s")
			c["error"] = "it broke"
			all = append(all, c)
			s.Session(fmt.Sprintf("s%02d", i), "startTime", fmt.Sprintf("2026-11-22T09:00:%02d.5Z", n-i))
		}
		all[3]["stagedState"] = apptest.Vars{"session": "s"} // in both ways: shown once
		s.Session("s", "startTime", "2026-11-21T09:00:00Z")
		s.Put(all...)
		for _, test := range []struct {
			name, query, path string
			first, last       string
			n                 int
		}{
			{"components", `{ components(ARGS) { CONN } }`, "components", apptest.Xname(0), apptest.Xname(n - 1), n},
			{"of a session", `{ session(name: "s") { components(ARGS) { CONN } } }`, "session.components", apptest.Xname(0), apptest.Xname(n - 1), n},
			{"of an error", `{ session(name: "s") { status { errorSummary { components(ARGS) { CONN } } } } }`, "session.status.errorSummary.0.components", apptest.Xname(0), apptest.Xname(n - 1), n},
			{"by session", `{ components(ARGS, filter: {session: "s"}) { CONN } }`, "components", apptest.Xname(0), apptest.Xname(n - 1), n},
			{"by staged session", `{ components(ARGS, filter: {stagedSession: "s"}) { CONN } }`, "components", apptest.Xname(3), apptest.Xname(3), 1},
			{"by error", `{ components(ARGS, filter: {error: "it broke"}) { CONN } }`, "components", apptest.Xname(0), apptest.Xname(n - 1), n},
			{"sessions", `{ sessions(ARGS) { CONN } }`, "sessions", "s00", "s", n + 1},
		} {
			checkPages(t, s, test.name, test.query, test.path, test.first, test.last, test.n)
		}
	})
}

// checkPages reads a connection in pages of 10.
func checkPages(t *testing.T, s *apptest.Site, name, query, path, first, last string, n int) {
	t.Helper()
	node := "id"
	if name == "sessions" {
		node = "name"
	}
	var found []any
	for after := any(nil); ; {
		page := s.Must("query($after: String) "+expand(query, "first: 10, after: $after",
			"totalCount edges { cursor node { "+node+" } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"), apptest.Vars{"after": after}).At(path)
		edges := apptest.At(page, "edges").([]any)
		for _, e := range edges {
			found = append(found, apptest.At(e, "node."+node))
		}
		if total := apptest.At(page, "totalCount"); total != float64(n) {
			t.Errorf("%s: the total is %v, want %d", name, total, n)
		}
		if apptest.At(page, "pageInfo.hasPreviousPage") != (after != nil) || apptest.At(page, "pageInfo.hasNextPage") != (len(found) < n) {
			t.Errorf("%s: after %d: %v", name, len(found), apptest.At(page, "pageInfo"))
		}
		if len(edges) == 0 || apptest.At(page, "pageInfo.startCursor") != apptest.At(edges[0], "cursor") ||
			apptest.At(page, "pageInfo.endCursor") != apptest.At(edges[len(edges)-1], "cursor") {
			t.Fatalf("%s: %d edges and %v", name, len(edges), apptest.At(page, "pageInfo"))
		}
		if after = apptest.At(page, "pageInfo.endCursor"); apptest.At(page, "pageInfo.hasNextPage") == false {
			break
		}
	}
	seen := map[any]bool{}
	for _, f := range found {
		seen[f] = true
	}
	if len(found) != n || len(seen) != n || found[0] != first || found[n-1] != last {
		t.Errorf("%s: %d of %d nodes, %v", name, len(seen), n, found)
	}
}

// expand puts arguments and a selection in the places that a query leaves for them.
func expand(query, arguments, selection string) string {
	return strings.NewReplacer("ARGS", arguments, "CONN", selection).Replace(query)
}
