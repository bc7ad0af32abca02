package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestAStatusCountsByCabinet asks for the counts of each cabinet, and the times of phases, by a query and by a subscription, while the session runs
// and after another has taken over its components.
func TestAStatusCountsByCabinet(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			s.Session("s", "startTime", "2026-11-22T09:00:00Z")
			s.Session("next")
			ids := []string{"x1000c0s0b0n0", "x1000c0s0b0n1", "x999c0s0b0n0", "nid000001"}
			for _, id := range ids {
				s.Put(apptest.Powering(id, "s"))
			}
			s.Update("s", "status", "RUNNING")
			const selection = `byCabinet { cabinet counts { managed active poweringOn successful onHold } }`
			counted := func(cabinet string, managed, active, on, successful, held int) string {
				return fmt.Sprintf("map[cabinet:%s counts:map[active:%d managed:%d onHold:%d poweringOn:%d successful:%d]]", cabinet, active, managed, held, on, successful)
			}
			w := apptest.Watch(t, s, `subscription($name: String!) { sessionStatusUpdated(name: $name) { `+selection+` } }`, apptest.Vars{"name": "s"})
			shown := func(name string) string {
				return fmt.Sprint(s.Must(`{ session(name: "` + name + `") { status { ` + selection + ` } } }`).At("session.status.byCabinet"))
			}
			want := "[" + counted("x999", 1, 1, 1, 0, 0) + " " + counted("x1000", 2, 2, 2, 0, 0) + " " + counted("other", 1, 1, 1, 0, 0) + "]"
			if got := shown("s"); got != want {
				t.Errorf("at first %s, want %s", got, want)
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{
				{"id": ids[0], "status": apptest.Vars{"statusOverride": "on_hold"}}, {"id": ids[1], "enabled": false, "status": apptest.Vars{"phase": ""}},
			}})
			want = "[" + counted("x999", 1, 1, 1, 0, 0) + " " + counted("x1000", 2, 1, 0, 1, 1) + " " + counted("other", 1, 1, 1, 0, 0) + "]"
			if got := shown("s"); got != want {
				t.Errorf("later %s, want %s", got, want)
			}
			apptest.Eventually(t, "the same by a subscription", func() bool { return fmt.Sprint(w.Now("byCabinet")) == want })

			var done, taken []apptest.Vars
			for _, id := range ids {
				done = append(done, apptest.Vars{"id": id, "enabled": false, "status": apptest.Vars{"phase": "", "statusOverride": ""}})
				taken = append(taken, apptest.Vars{"id": id, "session": "next"})
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": done})
			s.Must(apptest.PatchComponents, apptest.Vars{"in": taken})
			want = "[" + counted("x999", 1, 0, 0, 1, 0) + " " + counted("x1000", 2, 0, 0, 2, 0) + " " + counted("other", 1, 0, 0, 1, 0) + "]"
			// Times are whole seconds, of which none may pass here.
			got := s.Must(`{ session(name: "s") { status { phaseDurations { phase count medianSeconds p95Seconds longestSeconds } } } }`).At("session.status.phaseDurations.0")
			if fmt.Sprint(apptest.At(got, "phase"), apptest.At(got, "count")) != "POWERING_ON4" || fmt.Sprint(apptest.At(got, "longestSeconds")) < fmt.Sprint(apptest.At(got, "medianSeconds")) {
				t.Errorf("durations %v", got)
			}
			s.Session("later")
			before := s.Must(`{ session(name: "later") { status { phaseDurations { count } } previous(first: 5) { name status { phaseDurations { phase count } } } } }`)
			if text := fmt.Sprint(before.At("session")); !strings.Contains(text, "map[name:s status:map[phaseDurations:[map[count:4 phase:POWERING_ON]]]]") {
				t.Errorf("beside those of previous sessions: %s", text)
			}
			for _, name := range []string{"s", "next"} {
				if got := shown(name); got != want {
					t.Errorf("%s, in the end: %s, want %s", name, got, want)
				}
			}
		})
	}
}
