package graph_test

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestASessionShowsHowItEnded has another session take over, and somebody delete, the components of one that is complete.
func TestASessionShowsHowItEnded(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			s.Session("s")
			s.Session("next")
			s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"), apptest.Powering("x3", "s"))
			s.Update("s", "status", "RUNNING")
			list := func(field string) string {
				return fmt.Sprint(s.Must(`{ session(name: "s") { ` + field + ` { totalCount edges { node { id enabled session error status { status rawStatus statusOverride } } } } } }`).At("session"))
			}
			for _, at := range []string{"NOW", "END"} { // the same while it runs
				if got, want := list("list: componentsAsOf(at: "+at+")"), list("list: components"); got != want {
					t.Errorf("%s is %s, and now is %s", at, got, want)
				}
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{
				{"id": "x1", "enabled": false, "status": apptest.Vars{"phase": ""}},
				{"id": "x2", "enabled": false, "error": "no power", "status": apptest.Vars{"phase": "", "statusOverride": "failed"}},
				{"id": "x3", "enabled": false, "status": apptest.Vars{"phase": ""}},
			}})
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{
				{"id": "x1", "session": "next", "enabled": true}, {"id": "x2", "session": "next", "enabled": true, "error": "", "status": apptest.Vars{"statusOverride": ""}},
			}})
			s.Must(`mutation { deleteComponents(input: {ids: ["x3"]}) { applied } }`)
			one := func(id, status, override, err string) string {
				return fmt.Sprintf("map[node:map[enabled:false error:%s id:%s session:s status:map[rawStatus:%s status:%s statusOverride:%s]]]", err, id, map[string]string{"STABLE": "stable", "FAILED": "failed"}[status], status, override)
			}
			x1, x2, x3 := one("x1", "STABLE", "", ""), one("x2", "FAILED", "failed", "no power"), one("x3", "STABLE", "", "")
			for field, want := range map[string]string{
				"componentsAsOf":                                      "[" + x1 + " " + x2 + " " + x3 + "] totalCount:3",
				"componentsAsOf(first: 1)":                            "[" + x1 + "] totalCount:3",
				`componentsAsOf(filter: {status: FAILED})`:            "[" + x2 + "] totalCount:1",
				`componentsAsOf(filter: {error: "no power"})`:         "[" + x2 + "] totalCount:1",
				`componentsAsOf(filter: {status: STABLE})`:            "[" + x1 + " " + x3 + "] totalCount:<nil>",
				`componentsAsOf(filter: {ids: ["x3", "x4"]})`:         "[" + x3 + "] totalCount:1",
				"failedComponents":                                    "[" + x2 + "] totalCount:1",
				"componentsAsOf(at: NOW)":                             "[] totalCount:0",
				`componentsAsOf(filter: {enabled: true})`:             "[] totalCount:<nil>",
				`componentsAsOf(filter: {session: "s", ids: ["x1"]})`: "[" + x1 + "] totalCount:1",
			} {
				if got := list("list: " + field); got != "map[list:map[edges:"+want+"]]" {
					t.Errorf("%s is\n%s, want\n%s", field, got, want)
				}
			}
		})
	}
}
