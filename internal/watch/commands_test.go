package watch_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestWatchAndFailedAsPeopleAndScriptsRunThem runs the commands that people and scripts follow sessions with.
func TestWatchAndFailedAsPeopleAndScriptsRunThem(t *testing.T) {
	t.Parallel()
	binary := apptest.Command(t)
	redis := redistest.Server(t)
	for name, test := range map[string]func(*testing.T, *apptest.Fleet){
		"in a pipe":              testWatchPipe,
		"its statuses":           testWatchStatuses,
		"over a restart":         testWatchRestart,
		"on a terminal":          testWatchTerminal,
		"on terminals of a kind": testWatchTerminals,
		"failed":                 testFailed,
		"why":                    testWhy,
		"component and troubled": testComponent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &apptest.Fleet{Binary: binary, Redis: redis, Namespace: "test-" + rand.Text()})
		})
	}
}

func testWatchPipe(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t)
	s.Session("s")
	lines, objects := startCommand(t, f, s, "watch", "s"), startCommand(t, f, s, "watch", "--json", "s")
	lines.reports(t, "PENDING")
	runSession(s, "s")
	lines.reports(t, "RUNNING")
	finish(s, "s", 0, 1, 1)
	lines.reports(t, "no power")
	objects.reports(t, `"failed":1`)
	finish(s, "s", 1, watched, 0)
	lines.exits(t, 1, "")
	objects.exits(t, 1, "")
	compared(t, "pipe.txt", lines.reported())

	var last struct {
		Time       time.Time
		Event      string
		Outcome    string
		ExitStatus int
		Status     struct {
			Status string
			Counts struct{ Successful, Failed int }
			Timing struct{ EndTime time.Time }
		}
	}
	status := last.Status
	for line := range strings.Lines(objects.reported()) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v in the line %q", err, line)
		}
		if last.Event == "status" {
			status = last.Status
		}
	}
	if last.Event != "end" || last.Outcome != "failures" || last.ExitStatus != 1 {
		t.Errorf("at the end comes %+v", last)
	}
	if status.Status != "COMPLETE" || status.Counts.Successful != watched-1 || status.Counts.Failed != 1 || status.Timing.EndTime.IsZero() {
		t.Errorf("the last status is %+v", status)
	}
}

// testWatchStatuses goes through the statuses that scripts act on.
func testWatchStatuses(t *testing.T, f *apptest.Fleet) {
	s, kill := f.Serve(t)
	for _, name := range []string{"well", "deleted", "interrupted", "terminated", "lost"} {
		boot(s, name)
	}
	s.Session("owned", "tenant", "blue")
	s.Session("broken")
	s.Update("broken", "status", "COMPLETE", "error", "no boot set")

	well := startCommand(t, f, s, "watch", "well")
	well.reports(t, "RUNNING")
	finish(s, "well", 0, watched, 0)
	well.exits(t, 0, "")
	startCommand(t, f, s, "watch", "well").exits(t, 0, "") // once more, now that it is frozen

	broken := startCommand(t, f, s, "watch", "broken")
	broken.exits(t, 1, "")
	broken.reports(t, "set-up failed: no boot set")

	startCommand(t, f, s, "watch", "nobody").exits(t, 2, `there is no session "nobody"`)
	startCommand(t, f, s, "watch", "owned").exits(t, 2, `there is no session "owned" without a tenant: if it belongs to a tenant, give --tenant`)
	startCommand(t, f, s, "watch", "owned", "--tenant", "red").exits(t, 2, `tenant "red" has no session "owned"`)
	startCommand(t, f, &apptest.Site{Base: s.Base + "/base"}, "watch", "well").exits(t, 2, "there is no bosgraph at "+s.Base+"/base: is the base path right?")
	startCommand(t, f, &apptest.Site{Base: "http://127.0.0.1:1"}, "watch", "well", "--patience", "10ms").exits(t, 2, "connection refused")
	startCommand(t, f, s, "watch", "well", "--token-file", "/nowhere").exits(t, 2, "/nowhere")

	deleted := startCommand(t, f, s, "watch", "deleted")
	deleted.reports(t, "RUNNING")
	s.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "deleted"}})
	deleted.exits(t, 2, `no session "deleted"`)

	for name, signal := range map[string]os.Signal{"interrupted": os.Interrupt, "terminated": syscall.SIGTERM} {
		w := startCommand(t, f, s, "watch", name)
		w.reports(t, "RUNNING")
		if err := w.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		w.exits(t, 130, "")
		w.reports(t, "interrupted")
	}

	lost, objects := startCommand(t, f, s, "watch", "lost", "--patience", "300ms"), startCommand(t, f, s, "watch", "lost", "--patience", "300ms", "--json")
	lost.reports(t, "RUNNING")
	objects.reports(t, "RUNNING")
	kill()
	lost.exits(t, 2, "out of reach for")
	lost.reports(t, "no connection, trying again")
	objects.exits(t, 2, "out of reach for")
	objects.reports(t, `"connected":false`)
	objects.reports(t, `"outcome":"lost","exitStatus":2`)
}

// testWatchRestart follows a session while its server is killed and another takes the
// address.
func testWatchRestart(t *testing.T, f *apptest.Fleet) {
	s, kill := f.Serve(t)
	boot(s, "s")
	boot(s, "quiet")
	var all []*follower
	for _, words := range [][]string{{"watch", "s"}, {"watch", "s", "--json"}, {"watch", "quiet"}, {"watch", "quiet", "--json"}} {
		w := startCommand(t, f, s, words...)
		w.reports(t, "RUNNING")
		all = append(all, w)
	}
	kill()
	for _, w := range all {
		apptest.Eventually(t, "it notices", func() bool {
			return strings.Contains(w.reported(), "no connection") || strings.Contains(w.reported(), `"connected":false`)
		})
	}
	again, _ := f.ServeAt(t, strings.TrimPrefix(s.Base, "http://"))
	finish(again, "s", 0, 1, 0)
	for _, w := range all[2:] { // nothing has happened to this one meanwhile
		apptest.Eventually(t, "it is back", func() bool {
			return strings.Contains(w.reported(), "connected again") || strings.Contains(w.reported(), `"connected":true`)
		})
	}
	finish(again, "s", 1, watched, 0)
	finish(again, "quiet", 0, watched, 0)
	for _, w := range all {
		w.exits(t, 0, "")
	}
	all[0].reports(t, "all 20 components successful")
}

func testWhy(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t)
	// One before it, whose component was configured for a moment.
	s.Session("before", "startTime", "2026-11-22T09:00:00Z")
	s.Put(apptest.Powering("x1000c0s0b0n0", "before"))
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1000c0s0b0n0", "status": apptest.Vars{"phase": "configuring"}}}})
	s.Update("before", "status", "COMPLETE", "endTime", "2026-11-22T09:30:00Z")
	s.Session("s")
	node := func(i int) string { return fmt.Sprintf("x3000c0s%db0n0", i) }
	var all []apptest.Vars
	for i := range 7 {
		all = append(all, apptest.Powering(node(i), "s"))
	}
	held := apptest.Powering("x9", "s")
	held["status"], held["error"] = apptest.Vars{"statusOverride": "on_hold"}, "no power\nstate"
	s.Put(append(all, held)...)

	w := startCommand(t, f, s, "why", "s")
	w.exits(t, 0, "")
	for _, want := range []string{
		"s is PENDING: 0 of 8 components successful, 0 failed, 8 active\n", "      7  POWER_ON, the first for 0:00:0", "BOS waits 20 min for a node",
		"         and 2 more\n", "      1  ON_HOLD, ", "         x9: no power state\n",
	} {
		if !strings.Contains(w.reported(), want) {
			t.Errorf("%q is not in\n%s", want, w.reported())
		}
	}
	if strings.Contains(w.reported(), "Time in each phase") {
		t.Errorf("nothing has left a phase, and it prints\n%s", w.reported())
	}
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": node(0), "status": apptest.Vars{"phase": "configuring"}}}})
	w = startCommand(t, f, s, "why", "s")
	w.exits(t, 0, "")
	for _, want := range []string{
		`Time in each phase \(stays that have ended; half within, 95 % within, longest\), and in before:\n +1  POWERING_ON  0:00:0\d  0:00:0\d  0:00:0\d   before: 0:00:0\d  `,
		`Active in 2 of 2 cabinets, most in:\n +7  x\d+, of 7; 0 failed\n +1  other, of 1; 0 failed\n`,
	} {
		if !regexp.MustCompile(want).MatchString(w.reported()) {
			t.Errorf("%q is not in\n%s", want, w.reported())
		}
	}
	w = startCommand(t, f, s, "why", "s", "--json")
	w.exits(t, 0, "")
	var answer struct {
		Status struct {
			WaitingFor []struct {
				Reason string
				Count  int
			}
			PhaseDurations []struct{ Phase string }
			ByCabinet      []struct{ Cabinet string }
		}
		Previous []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(w.reported()), &answer); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(answer.Status.WaitingFor, answer.Status.PhaseDurations, len(answer.Status.ByCabinet), answer.Previous); got != "[{POWER_ON 6} {ON_HOLD 1} {CONFIGURING 1}] [{POWERING_ON}] 2 [{before}]" {
		t.Errorf("as JSON it prints %s", got)
	}
	w = startCommand(t, f, s, "list")
	w.exits(t, 0, "")
	if got := regexp.MustCompile(`s +- +PENDING +0.00 % +0 +8 +boot `); !got.MatchString(w.reported()) {
		t.Errorf("the list is\n%s", w.reported())
	}
	w = startCommand(t, f, s, "list", "--status", "complete", "--json")
	w.exits(t, 0, "")
	if got := w.reported(); !strings.HasPrefix(got, `[{"name":"before",`) || strings.Contains(got, `"name":"s"`) {
		t.Errorf("of complete sessions it prints %s", got)
	}
	latest := startCommand(t, f, s, "watch", "--latest")
	latest.reports(t, "session s: ")
	s.Update("s", "status", "RUNNING")
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x9", "enabled": false}}})
	s.Update("s", "status", "COMPLETE")
	latest.exits(t, 1, "")
	ended := startCommand(t, f, s, "watch", "s")
	ended.exits(t, 1, "")
	if n := strings.Count(ended.reported(), "COMPLETE "); n != 1 {
		t.Errorf("the result of a session that has ended is printed %d times:\n%s", n, ended.reported())
	}
	s.Session("later")
	w = startCommand(t, f, s, "why", "later")
	w.exits(t, 0, "")
	if want := "later is PENDING: 0 of 0 components successful, 0 failed, 0 active\nIt is not running yet: BOS, or the producer, has yet to set it up.\n"; w.reported() != want {
		t.Errorf("of a session that is not set up it prints\n%s", w.reported())
	}
	w = startCommand(t, f, s, "why", "nobody")
	w.exits(t, 2, "there is no session")
}

func testFailed(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t)
	const most = 2345 // three pages
	var components []apptest.Vars
	var want []string
	for i := range most {
		c := apptest.Powering(apptest.Xname(i), "s")
		if i%10 != 0 {
			c["error"], c["status"] = fmt.Sprint("error ", i%3), apptest.Vars{"statusOverride": "failed"}
			want = append(want, apptest.Xname(i))
		}
		components = append(components, c)
	}
	s.Session("s")
	s.Put(components...)
	boot(s, "well")

	w := startCommand(t, f, s, "failed", "s")
	w.exits(t, 0, "")
	if got := w.reported(); got != strings.Join(want, ",")+"\n" {
		t.Errorf("it prints %s", apptest.Clip(got))
	}
	// A newer session takes them over once this one has ended: who failed in it stays the same.
	s.Update("s", "status", "RUNNING")
	var disabled []apptest.Vars
	for i := range most {
		disabled = append(disabled, apptest.Vars{"id": apptest.Xname(i), "enabled": false})
	}
	s.Must(apptest.PatchComponents, apptest.Vars{"in": disabled})
	s.Session("newer")
	s.Put(apptest.Powering(apptest.Xname(1), "newer"))
	w = startCommand(t, f, s, "failed", "s")
	w.exits(t, 0, "")
	if got := w.reported(); got != strings.Join(want, ",")+"\n" {
		t.Errorf("after the end it prints %s", apptest.Clip(got))
	}
	w = startCommand(t, f, s, "failed", "s", "--json")
	w.exits(t, 0, "")
	var objects []struct{ ID, Error string }
	if err := json.Unmarshal([]byte(w.reported()), &objects); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, o.ID)
		if !strings.HasPrefix(o.Error, "error ") && o.ID != apptest.Xname(1) {
			t.Errorf("the error of %s is %q", o.ID, o.Error)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("as JSON it prints %d components, not %d", len(got), len(want))
	}
	for _, test := range []struct {
		words               []string
		status              int
		reported, complaint string
	}{
		{[]string{"failed", "well"}, 0, "\n", ""},
		{[]string{"failed", "well", "--json"}, 0, "[]\n", ""},
		{[]string{"failed", "nobody"}, 2, "", `there is no session "nobody"`},
		{[]string{"failed", "s", "--tenant", "blue"}, 2, "", `tenant "blue" has no session "s"`},
	} {
		w := startCommand(t, f, s, test.words...)
		w.exits(t, test.status, test.complaint)
		if got := w.reported(); got != test.reported {
			t.Errorf("%v prints %q", test.words, got)
		}
	}
	startCommand(t, f, &apptest.Site{Base: "http://127.0.0.1:1"}, "failed", "s", "--patience", "10ms").exits(t, 2, "connection refused")
}
