package app

import (
	"fmt"
	"strings"
	"testing"
)

// TestUnknown shows that what is not there is null, without an error.
func TestUnknown(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.must(`{ session(name: "none") { id status { revision } } tenanted: session(name: "none", tenant: "blue") { id }
			then: session(name: "none", startedAt: "2026-11-22T09:00:00Z") { id } impossible: session(name: "/ }") { id }
			component(id: "x9") { id } node(id: "x9") { id } components { totalCount edges { cursor } }
			sessions { totalCount edges { cursor } pageInfo { hasNextPage startCursor } } }`).want(t, map[string]any{
			"session": nil, "tenanted": nil, "then": nil, "impossible": nil, "component": nil, "node": nil,
			"components.totalCount": 0.0, "sessions.totalCount": 0.0, "sessions.pageInfo.hasNextPage": false, "sessions.pageInfo.startCursor": nil,
		})
	})
}

// TestPaging walks every connection page by page: all of it, in order, once.
func TestPaging(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		const n = 25
		var all []vars
		for i := range n {
			c := powering(xname(i), "s")
			c["error"] = "it broke"
			all = append(all, c)
			s.session(fmt.Sprintf("s%02d", i), "startTime", fmt.Sprintf("2026-11-22T09:00:%02d.5Z", n-i))
		}
		all[3]["stagedState"] = vars{"session": "s"} // in both ways: shown once
		s.session("s", "startTime", "2026-11-21T09:00:00Z")
		s.put(all...)
		for _, test := range []struct {
			name, query, path string
			first, last       string
			n                 int
		}{
			{"components", `{ components(ARGS) { CONN } }`, "components", xname(0), xname(n - 1), n},
			{"of a session", `{ session(name: "s") { components(ARGS) { CONN } } }`, "session.components", xname(0), xname(n - 1), n},
			{"of an error", `{ session(name: "s") { status { errorSummary { components(ARGS) { CONN } } } } }`, "session.status.errorSummary.0.components", xname(0), xname(n - 1), n},
			{"by session", `{ components(ARGS, filter: {session: "s"}) { CONN } }`, "components", xname(0), xname(n - 1), n},
			{"by staged session", `{ components(ARGS, filter: {stagedSession: "s"}) { CONN } }`, "components", xname(3), xname(3), 1},
			{"by error", `{ components(ARGS, filter: {error: "it broke"}) { CONN } }`, "components", xname(0), xname(n - 1), n},
			{"sessions", `{ sessions(ARGS) { CONN } }`, "sessions", "s00", "s", n + 1},
		} {
			s.checkPages(t, test.name, test.query, test.path, test.first, test.last, test.n)
		}
	})
}

// checkPages reads a connection in pages of 10.
func (s *site) checkPages(t *testing.T, name, query, path, first, last string, n int) {
	t.Helper()
	node := "id"
	if name == "sessions" {
		node = "name"
	}
	var found []any
	for after := any(nil); ; {
		page := s.must("query($after: String) "+expand(query, "first: 10, after: $after",
			"totalCount edges { cursor node { "+node+" } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"), vars{"after": after}).at(path)
		edges := at(page, "edges").([]any)
		for _, e := range edges {
			found = append(found, at(e, "node."+node))
		}
		if total := at(page, "totalCount"); total != float64(n) {
			t.Errorf("%s: the total is %v, want %d", name, total, n)
		}
		if at(page, "pageInfo.hasPreviousPage") != (after != nil) || at(page, "pageInfo.hasNextPage") != (len(found) < n) {
			t.Errorf("%s: after %d: %v", name, len(found), at(page, "pageInfo"))
		}
		if len(edges) == 0 || at(page, "pageInfo.startCursor") != at(edges[0], "cursor") ||
			at(page, "pageInfo.endCursor") != at(edges[len(edges)-1], "cursor") {
			t.Fatalf("%s: %d edges and %v", name, len(edges), at(page, "pageInfo"))
		}
		if after = at(page, "pageInfo.endCursor"); at(page, "pageInfo.hasNextPage") == false {
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
