package graph_test

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestWhoFailedAgainIsShown runs two sessions of one template, in which some of the same components fail.
func TestWhoFailedAgainIsShown(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			fail := func(session, start string, ids ...string) {
				s.Session(session, "startTime", start)
				for _, id := range []string{"x1", "x2", "x3", "x4"} {
					s.Put(apptest.Powering(id, session))
				}
				s.Update(session, "status", "RUNNING")
				for _, id := range ids {
					s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": id, "status": apptest.Vars{"statusOverride": "failed"}, "error": "broken " + session}}})
				}
			}
			fail("first", "2026-11-01T09:00:00", "x1", "x2", "x4")
			s.Update("first", "status", "COMPLETE")
			const query = `{ session(name: "%s") { failedComponents { edges { failedBefore node { id } } } status { errorSummary { count failedBefore } } } }`
			first := s.Must(fmt.Sprintf(query, "first"))
			if got := fmt.Sprint(first.At("session.failedComponents.edges.0.failedBefore"), first.At("session.status.errorSummary")); got != "false [map[count:3 failedBefore:0]]" {
				t.Errorf("without a session before, it is %s", got)
			}
			fail("second", "2026-11-02T09:00:00", "x1", "x2", "x3")
			shows := func() string {
				r := s.Must(fmt.Sprintf(query, "second"))
				return fmt.Sprint(r.At("session.failedComponents.edges"), r.At("session.status.errorSummary"))
			}
			const want = "[map[failedBefore:true node:map[id:x1]] map[failedBefore:true node:map[id:x2]] map[failedBefore:false node:map[id:x3]]] [map[count:3 failedBefore:2]]"
			if got := shows(); got != want {
				t.Errorf("while it runs, it is %s", got)
			}
			w := apptest.Watch(t, s, `subscription($name: String!) { sessionStatusUpdated(name: $name) { errorSummary { count failedBefore } } }`, apptest.Vars{"name": "second"})
			apptest.Eventually(t, "the same by a subscription", func() bool { return fmt.Sprint(w.Now("errorSummary")) == "[map[count:3 failedBefore:2]]" })
			s.Update("second", "status", "COMPLETE")
			s.Put(apptest.Powering("x1", "third"), apptest.Powering("x2", "third"))
			if got := shows(); got != want {
				t.Errorf("once it is complete, it is %s", got)
			}
			s.Must(`{ components(first: 1) { edges { failedBefore } } }`).Want(t, map[string]any{"components.edges.0.failedBefore": nil})

			s.Must(`{ troubledComponents(first: 2) { id failures sessions lastError component { session } } none: troubledComponents(template: "none") { id } since: troubledComponents(since: "2026-11-01T00:00:00Z") { id lastFailure component { id } } }`).
				Want(t, map[string]any{
					"troubledComponents.0.id": "x1", "troubledComponents.0.failures": 2.0, "troubledComponents.0.sessions": 2.0, "troubledComponents.0.lastError": "broken second",
					"troubledComponents.0.component.session": "third", "troubledComponents.1.id": "x2", "since.3.id": "x4",
				})
			for _, wrong := range []string{`troubledComponents(first: 0) { id }`, `troubledComponents(first: 1001) { id }`, `troubledComponents(since: "soon") { id }`} {
				if r := s.Ask(`{ ` + wrong + ` }`); fmt.Sprint(r.Codes()) == "[]" {
					t.Errorf("%s is answered %s", wrong, r.Body)
				}
			}
		})
	}
}
