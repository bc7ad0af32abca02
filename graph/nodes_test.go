package graph_test

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestNodesAreThoseOfTheEdges selects the items of connections in both ways, each with a part that is read only where it is selected.
func TestNodesAreThoseOfTheEdges(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		for i := range 3 {
			s.Session(fmt.Sprintf("s%d", i), "limit", fmt.Sprintf("limit %d", i))
		}
		c := apptest.Powering("x1", "s1")
		c["retryPolicy"] = 7
		s.Put(c, apptest.Powering("x2", "s1"))
		const session, component = `{ name limit status { counts { managed } } }`, `{ id retryPolicy }`
		// In requests of their own: what one way reads, the other must not rely on.
		edges := s.Must(`{ sessions { edges { node ` + session + ` } } components { edges { node ` + component + ` } } }`)
		nodes := s.Must(`{ sessions { nodes ` + session + ` } components { nodes ` + component + ` } }`)
		for _, connection := range []string{"sessions", "components"} {
			var want []any
			for _, e := range edges.At(connection + ".edges").([]any) {
				want = append(want, apptest.At(e, "node"))
			}
			if got := nodes.At(connection + ".nodes"); len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the nodes of %s are %v, those of its edges %v", connection, got, want)
			}
		}
		nested := s.Must(`{ sessions(filter: {name: "s1"}) { nodes { name components { totalCount } } } session(name: "s1") { components(first: 1) { nodes { id } pageInfo { hasNextPage } } } }`)
		if got := fmt.Sprint(nested.At("sessions.nodes"), nested.At("session.components.nodes")); got != "[map[components:map[totalCount:2] name:s1]] [map[id:x1]]" {
			t.Errorf("nodes with connections of their own are %s", got)
		}
	})
}

// TestFiltersOfListsAreChecked refuses arguments of pickers and filters that mean nothing.
func TestFiltersOfListsAreChecked(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		for _, query := range []string{
			`{ templates(first: 0) }`, `{ tenants(first: 1001) }`, `{ templates(prefix: "\u0000") }`,
			`{ sessions(filter: {endedAfter: "soon"}) { totalCount } }`, `{ components(filter: {idPrefix: "\u0000"}) { totalCount } }`,
		} {
			if r := s.Ask(query); fmt.Sprint(r.Codes()) != "[BAD_USER_INPUT]" {
				t.Errorf("%s is answered %s", query, r.Body)
			}
		}
	})
}
