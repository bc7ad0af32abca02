package graph_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// watchProgress is what a dashboard asks for.
const watchProgress = `subscription($name: String!) { sessionStatusUpdated(name: $name) {
	revision status counts { active complete } progress { time counts { managed active complete } } estimatedEndTime
	session { stragglers(first: 2) { id statusSince } previous { name status { progress(maxPoints: 2) { counts { active } } } } } } }`

// TestProgressOverTime follows a session to its end, by queries and by a subscription.
func TestProgressOverTime(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			ask := func(name, selection string) any {
				t.Helper()
				return s.Must(fmt.Sprintf(`{ session(name: %q) { %s } }`, name, selection)).At("session")
			}
			s.Session("before", "startTime", "2026-11-01T09:00:00")
			s.Put(apptest.Powering("x0", "before"))
			s.Update("before", "status", "RUNNING")
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x0", "enabled": false, "status": apptest.Vars{"phase": ""}}}})

			s.Session("s")
			s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"), apptest.Powering("x3", "s"))
			const all = `status { progress { counts { active complete } } estimatedEndTime } stragglers { id } previous { name }`
			if got := fmt.Sprint(ask("s", all)); got !=
				"map[previous:[map[name:before]] status:map[estimatedEndTime:<nil> progress:[]] stragglers:[map[id:x1] map[id:x2] map[id:x3]]]" {
				t.Errorf("pending it is %s", got)
			}
			s.Update("s", "status", "RUNNING")
			w := apptest.Watch(t, s, watchProgress, apptest.Vars{"name": "s"})
			apptest.Eventually(t, "the first state", func() bool { return w.Now("status") == "RUNNING" })
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "status": apptest.Vars{"phase": "configuring"}}}})
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x2", "enabled": false, "status": apptest.Vars{"phase": ""}}}})
			apptest.Eventually(t, "the second component's end", func() bool { return apptest.At(w.Now("counts"), "complete") == 1.0 })
			if got := fmt.Sprint(apptest.At(w.Now("session"), "previous")); got != "[map[name:before status:map[progress:[map[counts:map[active:1]] map[counts:map[active:0]]]]]]" {
				t.Errorf("a subscription shows what was before as %s", got)
			}
			apptest.Eventually(t, "who is left", func() bool {
				left, _ := apptest.At(w.Now("session"), "stragglers").([]any)
				return len(left) == 2 && apptest.At(left, "0.id") != "x2" && apptest.At(left, "1.id") != "x2"
			})
			progress := w.Now("progress").([]any)
			if first, last := apptest.At(progress, "0.counts"), apptest.At(progress[len(progress)-1], "counts"); fmt.Sprint(first, last) !=
				"map[active:3 complete:0 managed:3] map[active:2 complete:1 managed:3]" {
				t.Errorf("it goes from %v to %v", first, last)
			}
			since, err := time.Parse(time.RFC3339, fmt.Sprint(apptest.At(w.Now("session"), "stragglers.0.statusSince")))
			if ago := time.Since(since); err != nil || ago < -time.Second || ago > time.Minute {
				t.Errorf("since %v (%v)", since, err)
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": false}, {"id": "x3", "enabled": false}}})
			apptest.Eventually(t, "the end", func() bool { return w.Now("status") == "COMPLETE" })
			got := fmt.Sprint(apptest.At(w.Now("session"), "stragglers"), w.Now("estimatedEndTime"))
			if got != "[] <nil>" {
				t.Errorf("complete it shows %s", got)
			}
			ended := ask("s", `status { asOf progress { time counts { active } } } `)
			n := len(apptest.At(ended, "status.progress").([]any))
			if last := fmt.Sprint("status.progress.", n-1); apptest.At(ended, last+".counts.active") != 0.0 || apptest.At(ended, last+".time") != apptest.At(ended, "status.asOf") {
				t.Errorf("complete its progress is %v", ended)
			}
		})
	}
}

// TestEstimatedEndTime asks for the end of a session that goes as one before did.
func TestEstimatedEndTime(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	const estimate = `{ session(name: "s") { status { asOf estimatedEndTime estimatedEnd { earliest likely latest remaining } } } }`
	for day, name := range []string{"before", "s"} {
		s.Session(name, "startTime", fmt.Sprintf("2026-11-0%dT09:00:00", 1+day))
		s.Put(apptest.Powering("x1", name), apptest.Powering("x2", name))
		s.Update(name, "status", "RUNNING")
		if name == "before" {
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": false}, {"id": "x2", "enabled": false}}})
		}
	}
	r := s.Must(estimate)
	end, err := time.Parse(time.RFC3339, fmt.Sprint(r.At("session.status.estimatedEndTime")))
	now, err2 := time.Parse(time.RFC3339, r.At("session.status.asOf").(string))
	if err != nil || err2 != nil || end.Before(now) || end.Sub(now) > time.Minute {
		t.Errorf("at %v (%v) it ends at %v (%v)", now, err2, end, err)
	}
	within := r.At("session.status.estimatedEnd").(map[string]any)
	if likely := within["likely"]; likely != r.At("session.status.estimatedEndTime") || within["remaining"] != 2.0 {
		t.Errorf("the range is %v", within)
	}
	var bounds []time.Time
	for _, name := range []string{"earliest", "likely", "latest"} {
		at, err := time.Parse(time.RFC3339, fmt.Sprint(within[name]))
		if err != nil || len(bounds) > 0 && at.Before(bounds[len(bounds)-1]) {
			t.Errorf("the range is %v (%v)", within, err)
		}
		bounds = append(bounds, at)
	}
}

func TestBadArgumentsOfProgressAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "")
	s.Session("s")
	for _, selection := range []string{
		`status { progress(maxPoints: 1) { time } }`, `status { progress(maxPoints: 501) { time } }`,
		`stragglers(first: 0) { id }`, `stragglers(first: 1001) { id }`, `previous(first: 0) { name }`,
	} {
		if r := s.Ask(`{ session(name: "s") { ` + selection + ` } }`); len(r.Codes()) != 1 || r.Codes()[0] != "BAD_USER_INPUT" {
			t.Errorf("%s is answered %s", selection, r.Body)
		}
	}
	if r := s.Must(`{ session(name: "s") { status { progress(maxPoints: null) { time } } stragglers(first: null) { id } previous(first: null) { name } } }`); r.At("session.status.progress") == nil {
		t.Errorf("null is answered %s", r.Body)
	}
}
