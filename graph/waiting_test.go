package graph_test

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestAStatusSaysWhatItsSessionWaitsFor asks for the counts of each status, for groups and their pages, by a
// query and by a subscription.
func TestAStatusSaysWhatItsSessionWaitsFor(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			s.Session("s")
			s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"), apptest.Powering("x3", "s"))
			s.Update("s", "status", "RUNNING")
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{
				{"id": "x2", "status": apptest.Vars{"statusOverride": "on_hold"}}, {"id": "x3", "enabled": false},
			}})
			const selection = `counts { onHold disabled } statusCounts { status count } waitingFor { reason count }
				progress { counts { onHold disabled } }`
			const want = "map[counts:map[disabled:1 onHold:1] progress:%v statusCounts:[map[count:1 status:ON_HOLD] map[count:2 status:POWER_ON_PENDING]] " +
				"waitingFor:[map[count:1 reason:ON_HOLD] map[count:1 reason:POWER_ON]]]"
			got := s.Must(`{ session(name: "s") { status { ` + selection + ` } } }`).At("session.status")
			if progress := apptest.At(got, "progress"); fmt.Sprint(got) != fmt.Sprintf(want, progress) {
				t.Errorf("a query shows %v", got)
			} else if last := progress.([]any)[len(progress.([]any))-1]; fmt.Sprint(last) != "map[counts:map[disabled:1 onHold:1]]" {
				t.Errorf("the progress ends with %v", last)
			}
			w := apptest.Watch(t, s, `subscription($name: String!) { sessionStatusUpdated(name: $name) { counts { onHold disabled } statusCounts { status count } waitingFor { reason count } } }`,
				apptest.Vars{"name": "s"})
			apptest.Eventually(t, "the same by a subscription", func() bool { return fmt.Sprint(w.Now("waitingFor")) == fmt.Sprint(apptest.At(got, "waitingFor")) })
			if have := fmt.Sprint(w.Now("counts"), w.Now("statusCounts")); have != fmt.Sprint(apptest.At(got, "counts"), apptest.At(got, "statusCounts")) {
				t.Errorf("a subscription shows %s", have)
			}

			page := func(arguments string) (string, any) {
				t.Helper()
				r := s.Must(`{ session(name: "s") { status { waitingFor(first: 1) { components` + arguments + ` { totalCount pageInfo { hasNextPage endCursor } edges { node { id } } } } } } }`)
				c := r.At("session.status.waitingFor.0.components")
				return fmt.Sprint(apptest.At(c, "totalCount"), apptest.At(c, "edges"), apptest.At(c, "pageInfo.hasNextPage")), apptest.At(c, "pageInfo.endCursor")
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x2", "status": apptest.Vars{"statusOverride": ""}}}})
			first, cursor := page("(first: 1)")
			second, _ := page(fmt.Sprintf("(first: 1, after: %q)", cursor))
			if first+second != "2 [map[node:map[id:x1]]] true2 [map[node:map[id:x2]]] false" {
				t.Errorf("pages are %s and %s", first, second)
			}
			for _, wrong := range []string{`waitingFor(first: 0) { count }`, `waitingFor { components(after: "x") { totalCount } }`} {
				if r := s.Ask(`{ session(name: "s") { status { ` + wrong + ` } } }`); fmt.Sprint(r.Codes()) != "[BAD_USER_INPUT]" {
					t.Errorf("%s is answered %s", wrong, r.Body)
				}
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": false}, {"id": "x2", "enabled": false}}})
			s.Must(`{ session(name: "s") { status { waitingFor { reason } status } } }`).Want(t, map[string]any{"session.status.status": "COMPLETE"})
		})
	}
}
