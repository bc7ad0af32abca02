package app

import (
	"fmt"
	"testing"
	"time"
)

// followCourse is what a dashboard asks for.
const followCourse = `subscription($name: String!) { sessionStatusUpdated(name: $name) {
	revision status counts { active complete } progress { time counts { managed active complete } } estimatedEndTime
	session { stragglers(first: 2) { id statusSince } previous { name status { progress(maxPoints: 2) { counts { active } } } } } } }`

// TestCourse follows a session to its end, by queries and by a subscription.
func TestCourse(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, b.url(t))
			ask := func(name, selection string) any {
				t.Helper()
				return s.must(fmt.Sprintf(`{ session(name: %q) { %s } }`, name, selection)).at("session")
			}
			s.session("before", "startTime", "2026-11-01T09:00:00")
			s.put(powering("x0", "before"))
			s.update("before", "status", "RUNNING")
			s.must(patchComponents, vars{"in": []vars{{"id": "x0", "enabled": false, "status": vars{"phase": ""}}}})

			s.session("s")
			s.put(powering("x1", "s"), powering("x2", "s"), powering("x3", "s"))
			const all = `status { progress { counts { active complete } } estimatedEndTime } stragglers { id } previous { name }`
			if got := fmt.Sprint(ask("s", all)); got !=
				"map[previous:[map[name:before]] status:map[estimatedEndTime:<nil> progress:[]] stragglers:[map[id:x1] map[id:x2] map[id:x3]]]" {
				t.Errorf("pending it is %s", got)
			}
			s.update("s", "status", "RUNNING")
			w := watch(t, s, followCourse, vars{"name": "s"})
			eventually(t, "the first state", func() bool { return w.now("status") == "RUNNING" })
			s.must(patchComponents, vars{"in": []vars{{"id": "x1", "status": vars{"phase": "configuring"}}}})
			s.must(patchComponents, vars{"in": []vars{{"id": "x2", "enabled": false, "status": vars{"phase": ""}}}})
			eventually(t, "the second component's end", func() bool { return at(w.now("counts"), "complete") == 1.0 })
			if got := fmt.Sprint(at(w.now("session"), "previous")); got != "[map[name:before status:map[progress:[map[counts:map[active:1]] map[counts:map[active:0]]]]]]" {
				t.Errorf("a subscription shows what was before as %s", got)
			}
			eventually(t, "who is left", func() bool {
				left, _ := at(w.now("session"), "stragglers").([]any)
				return len(left) == 2 && at(left, "0.id") != "x2" && at(left, "1.id") != "x2"
			})
			course := w.now("progress").([]any)
			if first, last := at(course, "0.counts"), at(course[len(course)-1], "counts"); fmt.Sprint(first, last) !=
				"map[active:3 complete:0 managed:3] map[active:2 complete:1 managed:3]" {
				t.Errorf("it goes from %v to %v", first, last)
			}
			since, err := time.Parse(time.RFC3339, fmt.Sprint(at(w.now("session"), "stragglers.0.statusSince")))
			if ago := time.Since(since); err != nil || ago < -time.Second || ago > time.Minute {
				t.Errorf("since %v (%v)", since, err)
			}
			s.must(patchComponents, vars{"in": []vars{{"id": "x1", "enabled": false}, {"id": "x3", "enabled": false}}})
			eventually(t, "the end", func() bool { return w.now("status") == "COMPLETE" })
			got := fmt.Sprint(at(w.now("session"), "stragglers"), w.now("estimatedEndTime"))
			if got != "[] <nil>" {
				t.Errorf("complete it shows %s", got)
			}
			kept := ask("s", `status { asOf progress { time counts { active } } } `)
			n := len(at(kept, "status.progress").([]any))
			if last := fmt.Sprint("status.progress.", n-1); at(kept, last+".counts.active") != 0.0 || at(kept, last+".time") != at(kept, "status.asOf") {
				t.Errorf("complete it has gone %v", kept)
			}
		})
	}
}

// TestEstimatedEndTime asks for the end of a session that goes as one before did.
func TestEstimatedEndTime(t *testing.T) {
	t.Parallel()
	s := serveRedis(t)
	const estimate = `{ session(name: "s") { status { asOf estimatedEndTime } } }`
	for day, name := range []string{"before", "s"} {
		s.session(name, "startTime", fmt.Sprintf("2026-11-0%dT09:00:00", 1+day))
		s.put(powering("x1", name), powering("x2", name))
		s.update(name, "status", "RUNNING")
		if name == "before" {
			s.must(patchComponents, vars{"in": []vars{{"id": "x1", "enabled": false}, {"id": "x2", "enabled": false}}})
		}
	}
	r := s.must(estimate)
	end, err := time.Parse(time.RFC3339, fmt.Sprint(r.at("session.status.estimatedEndTime")))
	now, err2 := time.Parse(time.RFC3339, r.at("session.status.asOf").(string))
	if err != nil || err2 != nil || end.Before(now) || end.Sub(now) > time.Minute {
		t.Errorf("at %v (%v) it ends at %v (%v)", now, err2, end, err)
	}
}

func TestCourseRefusals(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	s.session("s")
	for _, selection := range []string{
		`status { progress(maxPoints: 1) { time } }`, `status { progress(maxPoints: 501) { time } }`,
		`stragglers(first: 0) { id }`, `stragglers(first: 1001) { id }`, `previous(first: 0) { name }`,
	} {
		if r := s.ask(`{ session(name: "s") { ` + selection + ` } }`); len(r.codes()) != 1 || r.codes()[0] != "BAD_USER_INPUT" {
			t.Errorf("%s is answered %s", selection, r.body)
		}
	}
	if r := s.must(`{ session(name: "s") { status { progress(maxPoints: null) { time } } stragglers(first: null) { id } previous(first: null) { name } } }`); r.at("session.status.progress") == nil {
		t.Errorf("null is answered %s", r.body)
	}
}
