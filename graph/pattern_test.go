package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestErrorPatterns puts errors together that differ by an xname, by a query and by a subscription, live and frozen.
func TestErrorPatterns(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Session("s")
		failing := func(id, message string) apptest.Vars {
			c := apptest.Powering(id, "s")
			c["error"] = message
			return c
		}
		s.Put(failing("x1000c0s0b0n0", "no answer of x1000c0s0b0n0"), failing("x1001c0s0b0n1", "no answer of x1001c0s0b0n1"),
			failing("x1000c0s0b0n1", "no answer of x1000c0s0b0n1"), failing("x1000c0s1b0n0", "cfs 3 failed"))
		s.Update("s", "status", "RUNNING")
		const selection = `errorGroupCount errorPatterns { pattern count variants list byCabinet { cabinet count }
			messages(first: 1) { message count components { totalCount nodes { id } } } }`
		const want = "[map[byCabinet:[map[cabinet:x1000 count:2] map[cabinet:x1001 count:1]] count:3 list:x1000c0s0b0n0,x1000c0s0b0n1,x1001c0s0b0n1 " +
			"messages:[map[components:map[nodes:[map[id:x1000c0s0b0n0]] totalCount:1] count:1 message:no answer of x1000c0s0b0n0]] pattern:no answer of <xname> variants:3] " +
			"map[byCabinet:[map[cabinet:x1000 count:1]] count:1 list:x1000c0s1b0n0 " +
			"messages:[map[components:map[nodes:[map[id:x1000c0s1b0n0]] totalCount:1] count:1 message:cfs 3 failed]] pattern:cfs 3 failed variants:1]]"
		ask := func(what string) {
			t.Helper()
			if got := fmt.Sprint(s.Must(`{ session(name: "s") { status { ` + selection + ` } } }`).At("session.status.errorPatterns")); got != want {
				t.Errorf("%s: the patterns are\n%s\nwant\n%s", what, got, want)
			}
		}
		ask("live")
		w := apptest.Watch(t, s, `subscription($name: String!) { sessionStatusUpdated(name: $name) { `+selection+` } }`, apptest.Vars{"name": "s"})
		apptest.Eventually(t, "the same by a subscription", func() bool { return fmt.Sprint(w.Now("errorPatterns")) == want })
		s.Update("s", "status", "COMPLETE")
		ask("frozen")
		r := s.Must(`{ session(name: "s") { status { errorPatterns(first: 1) { count } errorSummary(first: 2) { message } } } }`)
		if got := fmt.Sprint(r.At("session.status.errorPatterns"), len(r.At("session.status.errorSummary").([]any))); got != "[map[count:3]] 2" {
			t.Errorf("the first pattern, and groups beside it, are %s", got)
		}
		for _, wrong := range []string{`errorPatterns(first: 0) { count }`, `errorPatterns { messages(first: 1001) { count } }`} {
			if r := s.Ask(`{ session(name: "s") { status { ` + wrong + ` } } }`); fmt.Sprint(r.Codes()) != "[BAD_USER_INPUT]" {
				t.Errorf("%s is answered %s", wrong, r.Body)
			}
		}
	})
}

// TestPatternsThatAreCutOffSayWhatToRead has messages that are too long to be read together, and reads what the error names.
func TestPatternsThatAreCutOffSayWhatToRead(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--max-response", "100000")
	s.Session("s")
	for i := range 10 {
		s.Put(apptest.Failing(apptest.Xname(i), "s", fmt.Sprint(string(rune('a'+i)))+strings.Repeat("e", 20_000)))
	}
	r := s.Ask(`{ session(name: "s") { status { errorPatterns { count } } } }`)
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, "read components(filter: {hasError: true}) with their errors page by page") {
		t.Fatalf("answered %s", apptest.Clip(string(r.Body)))
	}
	read := 0
	for after := any(nil); ; {
		const page = `query($after: String) { session(name: "s") { components(first: 1, after: $after, filter: {hasError: true}) { nodes { error } pageInfo { hasNextPage endCursor } } } }`
		r := s.Must(page, apptest.Vars{"after": after})
		read += len(r.At("session.components.nodes").([]any))
		if r.At("session.components.pageInfo.hasNextPage") != true {
			break
		}
		after = r.At("session.components.pageInfo.endCursor")
	}
	if read != 10 {
		t.Errorf("%d components were read, not 10", read)
	}
}

// TestPatternsAddUpWhoFailedBefore has messages of one pattern on components of which some failed in the session before.
func TestPatternsAddUpWhoFailedBefore(t *testing.T) {
	s := apptest.Serve(t, "")
	for day, session := range []string{"first", "second"} {
		s.Session(session, "startTime", fmt.Sprintf("2026-11-0%dT09:00:00", day+1))
		for i := range 4 {
			id := fmt.Sprintf("x%d", i)
			s.Put(apptest.Powering(id, session))
			if i >= day { // x0 in the first session alone
				s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": id, "status": apptest.Vars{"statusOverride": "failed"}, "error": fmt.Sprintf("no answer within %d s", 10+i%2)}}})
			}
		}
		s.Update(session, "status", "RUNNING")
		if day == 0 {
			s.Update(session, "status", "COMPLETE")
		}
	}
	got := s.Must(`{ session(name: "second") { status { errorPatterns { pattern count failedBefore messages { count failedBefore } } } } }`).At("session.status.errorPatterns")
	const want = "[map[count:3 failedBefore:3 messages:[map[count:2 failedBefore:2] map[count:1 failedBefore:1]] pattern:no answer within <number> s]]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}
