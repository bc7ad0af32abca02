package watch_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// testComponent has a component fail in one session, and another session take it.
func testComponent(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t)
	none := startCommand(t, f, s, "troubled")
	none.exits(t, 0, "")
	if none.reported() != "No component has failed.\n" {
		t.Errorf("without failures it prints %s", none.reported())
	}
	for want, command := range map[string][]string{"There are no sessions.\n": {"list"}, "There are no such sessions.\n": {"list", "--status", "RUNNING"}} {
		w := startCommand(t, f, s, command...)
		w.exits(t, 0, "")
		if w.reported() != want {
			t.Errorf("%v prints %s", command, w.reported())
		}
	}
	s.Session("s")
	s.Session("newer")
	failed := apptest.Powering("x1", "s")
	failed["status"], failed["error"] = apptest.Vars{"statusOverride": "failed"}, "no power\nstate"
	s.Put(apptest.Powering("x1", "s"))
	s.Put(failed)
	s.Put(apptest.Powering("x1", "newer"))

	for _, tc := range []struct {
		command []string
		want    string
	}{
		{[]string{"component", "x1"}, `^x1 is power_on_pending for 0:00:\d\d, enabled
It failed in 1 of 2 sessions\.

SESSION  TENANT  JOINED    FOR      OUTCOME  PHASES +ERROR
newer    -       [\d:]{8}  0:00:\d\d  active  .*
s        -       [\d:]{8}  0:00:\d\d  failed  .* no power state
$`},
		{[]string{"troubled"}, `^COMPONENT  FAILURES  SESSIONS  LAST      LAST ERROR
x1         1         1         [\d:]{8}  no power state
$`},
		{[]string{"troubled", "--days", "1", "--template", "none"}, `^No component has failed in sessions of the template "none" today or in the 1 day before \(UTC\)\.\n$`},
	} {
		w := startCommand(t, f, s, tc.command...)
		w.exits(t, 0, "")
		if !regexp.MustCompile(tc.want).MatchString(w.reported()) {
			t.Errorf("%v prints\n%s", tc.command, w.reported())
		}
	}
	w := startCommand(t, f, s, "component", "x1", "--json")
	w.exits(t, 0, "")
	var one struct {
		Sessions struct {
			Edges []struct {
				Node struct{ Name, Outcome string }
			}
		}
	}
	if err := json.Unmarshal([]byte(w.reported()), &one); err != nil || fmt.Sprint(one.Sessions.Edges) != "[{{newer ACTIVE}} {{s FAILED}}]" {
		t.Errorf("as JSON it prints %s (%v)", w.reported(), err)
	}
	w = startCommand(t, f, s, "troubled", "--json", "--first", "1")
	w.exits(t, 0, "")
	var all []struct{ ID string }
	if err := json.Unmarshal([]byte(w.reported()), &all); err != nil || fmt.Sprint(all) != "[{x1}]" {
		t.Errorf("as JSON it prints %s (%v)", w.reported(), err)
	}
	w = startCommand(t, f, s, "component", "x9")
	w.exits(t, 2, `there is no component "x9"`)
}
