package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestAComponentShowsItsSessions pages through them, with what is selected of the sessions.
func TestAComponentShowsItsSessions(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			for _, name := range []string{"a", "b", "c"} {
				s.Session(name)
				s.Put(apptest.Powering("x1", name))
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "status": apptest.Vars{"statusOverride": "failed"}, "error": "broken"}}})
			s.Must(`mutation { deleteSession(input: {name: "a"}) { deletedId } }`)

			page := func(arguments string) (string, any) {
				t.Helper()
				r := s.Must(`{ component(id: "x1") { sessions` + arguments + ` { pageInfo { hasNextPage endCursor } edges { node { name tenant left outcome error session { name status { managedComponentsCount } } } } } } }`)
				var all []string
				for _, e := range r.At("component.sessions.edges").([]any) {
					node := apptest.At(e, "node")
					session := "gone"
					if apptest.At(node, "session") != nil {
						session = fmt.Sprint(apptest.At(node, "session.name"), " of ", apptest.At(node, "session.status.managedComponentsCount"))
					}
					all = append(all, fmt.Sprint(apptest.At(node, "name"), " ", apptest.At(node, "left") != nil, " ", apptest.At(node, "outcome"), " ", session, apptest.At(node, "error")))
				}
				return strings.Join(all, ", ") + fmt.Sprint(" ", r.At("component.sessions.pageInfo.hasNextPage")), r.At("component.sessions.pageInfo.endCursor")
			}
			first, cursor := page("(first: 2)")
			second, _ := page(fmt.Sprintf("(first: 2, after: %q)", cursor))
			if first != "c false FAILED c of 1broken, b true TAKEN_OVER b of 0 true" || second != "a true TAKEN_OVER gone false" {
				t.Errorf("pages are %q and %q", first, second)
			}
			for _, wrong := range []string{`sessions(first: 0) { pageInfo { hasNextPage } }`, `sessions(after: "x") { pageInfo { hasNextPage } }`} {
				if r := s.Ask(`{ component(id: "x1") { ` + wrong + ` } }`); fmt.Sprint(r.Codes()) != "[BAD_USER_INPUT]" {
					t.Errorf("%s is answered %s", wrong, r.Body)
				}
			}
			s.Must(`{ components { edges { node { countsIn { name status { counts { failed } } } sessions(first: 1) { edges { node { phases { phase seconds } joined } } } } } } }`).
				Want(t, map[string]any{"components.edges.0.node.countsIn.0.name": "c", "components.edges.0.node.countsIn.0.status.counts.failed": 1.0})
		})
	}
}
