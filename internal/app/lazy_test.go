package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// The parts of Redis that a query is to leave alone unless it selects what they
// hold, as patterns of a command: its name, its first key without the namespace,
// and its other words.
var (
	// counters are the fields of a session's hash that only a status needs.
	counters = []string{"r", "m", "t", "s", "f", "c", "o", "p", "a", "b", "Fr", "Fm", "Ft", "Fs", "Ff", "Fc", "Fo", "Fp", "Fa", "Fb"}
	// errorKeys begin the keys of error groups and of their members.
	errorKeys = []string{"g:", "e:", "fg:", "fe:", "ei", "tx"}
	// courseKeys begin those of courses, of who is active, and of what can be compared.
	courseKeys = []string{"co:", "a:", "al:"}
)

// reads is what a query has asked Redis for.
type reads struct {
	trips    int
	commands []redistest.Command
	prefix   string
}

// keyed says whether a command names a key that begins so.
func (r reads) keyed(beginning string) bool {
	return slices.ContainsFunc(r.commands, func(c redistest.Command) bool {
		return slices.ContainsFunc(c, func(word string) bool { return strings.HasPrefix(word, r.prefix+beginning) })
	})
}

// fields says whether a hash of a session is asked for one of those fields.
func (r reads) fields(names ...string) bool {
	return slices.ContainsFunc(r.commands, func(c redistest.Command) bool {
		return slices.ContainsFunc(c[1:], func(word string) bool { return slices.Contains(names, word) })
	})
}

// named says whether a command of such a name was sent.
func (r reads) named(part string) bool {
	return slices.ContainsFunc(r.commands, func(c redistest.Command) bool { return strings.Contains(c.Name(), part) })
}

func (r reads) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d round trips:", r.trips)
	for _, c := range r.commands[:min(len(r.commands), 10)] {
		fmt.Fprintf(&b, "\n  %s", clip(strings.Join(c, " ")))
	}
	return b.String()
}

// metered is a server whose Redis is behind a meter.
type metered struct {
	*site
	meter *redistest.Meter
}

func serveMetered(t *testing.T) metered {
	t.Helper()
	meter := redistest.NewMeter(t, redistest.SharedServer(t))
	return metered{serve(t, "redis://"+meter.Addr()), meter}
}

// measure runs a query that has been run before: connections are made, and Redis
// knows the scripts.
func (m metered) measure(t *testing.T, query string) reads {
	t.Helper()
	s := m.with(t)
	warm := s.must(query)
	for {
		m.meter.Reset()
		if again := s.must(query); string(again.body) != string(warm.body) {
			t.Fatalf("the second answer differs:\n%s\n%s", warm.body, again.body)
		}
		traffic := m.meter.Snapshot()
		if !slices.ContainsFunc(traffic.Commands, probing) {
			return reads{traffic.RoundTrips, traffic.Commands, "{" + m.namespace + "}:"}
		}
	}
}

// probing says whether a command is one of those with which the server proves, once
// a second, that the notices of Redis come: no query's.
func probing(c redistest.Command) bool {
	return c.Name() == "PUBLISH" || c.Name() == "HMGET" && strings.HasSuffix(c.Key(), ":meta") && slices.Contains(c, "schema")
}

// TestLazy counts what queries cost: what is not selected is not read, and a list
// is one read, not one a session.
func TestLazy(t *testing.T) {
	t.Parallel()
	m := serveMetered(t)
	const sessions = 150
	for i := range sessions {
		m.session(fmt.Sprintf("s%03d", i), "startTime", fmt.Sprintf("2026-11-01T%02d:%02d:00", i/60, i%60))
	}
	m.put(stored()...)
	m.update("s001", "status", "RUNNING", "initialComponents", "x1,x2")
	m.update("s002", "status", "COMPLETE")
	eventually(t, "the search for expired sessions has ended", func() bool {
		return slices.ContainsFunc(m.meter.Snapshot().Commands, func(c redistest.Command) bool { return strings.HasSuffix(c.Key(), "rx") })
	})

	const counted = `status { status percentSuccessful counts { active } phases { percentComplete } timing { startTime } }`
	noStatus := func(r reads) bool { return !r.fields(counters...) && !r.named("EVAL") }
	noErrors := func(r reads) bool { return !r.named("EVAL") && !slices.ContainsFunc(errorKeys, r.keyed) }
	noCourse := func(r reads) bool { return !slices.ContainsFunc(courseKeys, r.keyed) && !r.fields("k", "w") }
	commands := func(n int) func(reads) bool { return func(r reads) bool { return len(r.commands) == n } }
	noExtras := func(r reads) bool { return !r.keyed("x:") }
	noDetails := func(r reads) bool { return !r.keyed("d:") && r.keyed("c:") }
	noTotal := func(r reads) bool { return !r.named("CARD") && !r.named("COUNT") }

	type rule struct {
		says string
		ok   func(reads) bool
	}
	tests := []struct {
		name, query string
		trips       int
		rules       []rule
	}{
		{"a session's name", `{ session(name: "s001") { name operation tenant } }`, 1,
			[]rule{{"no counters", noStatus}, {"no errors", noErrors}, {"no long parts", noExtras}}},
		{"a status without errors", `{ session(name: "s001") { ` + counted + ` } }`, 1,
			[]rule{{"no errors", noErrors}, {"no long parts", noExtras}, {"no course", noCourse}, {"one command", commands(1)},
				{"no epoch", func(r reads) bool { return !r.keyed("meta") }}}},
		{"a status with its epoch", `{ session(name: "s001") { status { epoch } } }`, 1, []rule{{"the epoch", func(r reads) bool { return r.keyed("meta") }}}},
		{"a status with errors", `{ session(name: "s001") { status { errorSummary { message list } } } }`, 1,
			[]rule{{"one script", func(r reads) bool { return r.named("EVALSHA_RO") && len(r.commands) == 1 }}}},
		{"how many error groups", `{ session(name: "s001") { status { errorGroupCount } } }`, 1, []rule{{"no script", func(r reads) bool { return !r.named("EVAL") }}}},
		{"a completed status", `{ session(name: "s002") { ` + counted + ` } }`, 1, []rule{{"no errors", noErrors}}},
		{"all of a completed status", `{ session(name: "s002") { initialComponents status { epoch fromSnapshot errorGroupCount errorSummary { message list } } } }`, 1, nil},
		{"a course", `{ session(name: "s001") { status { percentSuccessful progress { counts { active } } } } }`, 1,
			[]rule{{"one command more", commands(2)}, {"no errors", noErrors}, {"nothing to compare with", func(r reads) bool { return !r.keyed("al:") }}}},
		{"a course twice, and errors", `{ session(name: "s001") { status { a: progress { counts { active } } b: progress(maxPoints: 2) { counts { failed } }
			errorSummary { message } } } }`, 1, []rule{{"one command more", commands(2)}}},
		{"a completed course", `{ session(name: "s002") { status { progress { time } } } }`, 1, []rule{{"one command more", commands(2)}}},
		{"an estimate whose comparison is known", `{ session(name: "s001") { status { estimatedEndTime } } }`, 1, []rule{{"one command more", commands(2)}}},
		{"courses in a list", `{ sessions(first: 100) { edges { node { status { progress(maxPoints: 50) { counts { active } } } } } } }`, 2,
			[]rule{{"one command more a session", commands(1 + 2*101)}, {"no errors", noErrors}}},
		{"stragglers", `{ session(name: "s001") { stragglers { id statusSince } } }`, 3,
			[]rule{{"no details", noDetails}, {"no counters", noStatus}, {"no members", func(r reads) bool { return !r.keyed("m:") }}}},
		{"previous sessions", `{ session(name: "s149") { previous(first: 3) { name } } }`, 3, []rule{{"no course", func(r reads) bool { return !r.keyed("co:") }}}},
		{"a session that is not there", `{ session(name: "none") { status { percentFailed } } }`, 1, nil},
		{"20 sessions by their names", twentySessions("status { percentFailed }"), 1, nil},
		{"one session 3 times", `{ a: session(name: "s001") { name } b: session(name: "s001") { name } c: session(name: "s001") { limit } }`, 1, nil},

		{"a list of statuses", `{ sessions(first: 100) { edges { node { name status { percentSuccessful phases { percentComplete } } } } } }`, 2,
			[]rule{{"no errors", noErrors}, {"no courses", noCourse}, {"no long parts", noExtras}, {"no total", noTotal}}},
		{"a list of names", `{ sessions(first: 100) { edges { node { name } } } }`, 2,
			[]rule{{"no counters", noStatus}, {"no errors", noErrors}, {"no long parts", noExtras}, {"no total", noTotal}}},
		{"a list and its total", `{ sessions(first: 100) { totalCount edges { node { name } } } }`, 2, []rule{{"the total", func(r reads) bool { return r.named("ZCARD") }}}},
		{"a list with errors", `{ sessions(first: 100) { edges { node { status { errorSummary(first: 3) { message } } } } } }`, 2, nil},
		{"a list of initial components", `{ sessions(first: 100) { edges { node { initialComponents } } } }`, 2,
			[]rule{{"long parts", func(r reads) bool { return r.fields("initial") }}}},
		{"a list of limits", `{ sessions(first: 100) { edges { node { limit error } } } }`, 2,
			[]rule{{"no initial components", func(r reads) bool { return r.keyed("x:") && !r.fields("initial") }}}},

		{"components", `{ components(first: 100) { edges { node { id enabled error session status { status } } } } }`, 2,
			[]rule{{"no details", noDetails}, {"no total", noTotal}}},
		{"components with details", `{ components(first: 100) { edges { node { id lastAction { action } } } } }`, 2,
			[]rule{{"details", func(r reads) bool { return r.keyed("d:") }}}},
		{"a session's components", `{ session(name: "s001") { components(first: 100) { edges { node { id } } } } }`, 3,
			[]rule{{"no details", noDetails}, {"no counters", noStatus}}},
		{"components by their ids", `{ a: component(id: "x1000c0s0b0n0") { id } b: component(id: "x1001c0s0b0n0") { id } }`, 1, []rule{{"no details", noDetails}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := m.measure(t, test.query)
			if got.trips != test.trips {
				t.Errorf("want %d: %s", test.trips, got)
			}
			for _, rule := range test.rules {
				if !rule.ok(got) {
					t.Errorf("want %s: %s", rule.says, got)
				}
			}
		})
	}
}

// twentySessions asks for as many by their names, under as many aliases.
func twentySessions(selection string) string {
	query := "{"
	for i := range 20 {
		query += fmt.Sprintf(" a%d: session(name: \"s%03d\") { %s }", i, i, selection)
	}
	return query + "}"
}

// stored are components of a running session and of a completed one, some with errors.
func stored() []vars {
	var all []vars
	for i := range 120 {
		c := powering(xname(i), "s001")
		if i%4 == 0 {
			c["session"] = "s002"
		}
		if i%3 == 0 {
			c["error"] = fmt.Sprintf("it failed in way %d", i%5)
		}
		c["lastAction"] = vars{"action": "powering_on"}
		all = append(all, c)
	}
	return all
}
