package app

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// refused is a request that is at fault, and how it is answered.
type refused struct {
	name  string
	query string
	vars  vars
	code  string // BAD_USER_INPUT if empty
}

// check sends the request, and compares what Redis holds before and after.
func (r refused) check(t *testing.T, s *site) {
	t.Helper()
	if r.code == "" {
		r.code = "BAD_USER_INPUT"
	}
	s = s.with(t)
	addr := redistest.SharedServer(t)
	before := dump(t, addr, s.namespace)
	got := s.ask(r.query, r.vars)
	if codes := got.codes(); len(codes) == 0 || slices.ContainsFunc(codes, func(c string) bool { return c != r.code }) {
		t.Errorf("answered %v, want %s: %s", codes, r.code, clip(string(got.body)))
	}
	if after := dump(t, addr, s.namespace); after != before {
		t.Errorf("something was stored:\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// furnished is a server with a pending, a running and a complete session, and
// with components x1 and x2.
func furnished(t *testing.T) *site {
	t.Helper()
	s := serveRedis(t)
	for _, name := range []string{"pending", "running", "complete"} {
		s.session(name, "startTime", "2026-11-22T09:00:00Z")
	}
	s.put(powering("x1", "running"), powering("x2", "running"))
	s.update("running", "status", "RUNNING")
	s.update("complete", "status", "COMPLETE", "endTime", "2026-11-22T09:30:00Z")
	return s
}

// TestBadNames tries names and ids that BOS does not have, wherever one is given.
func TestBadNames(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	for what, name := range map[string]string{
		"empty": "", "too long": strings.Repeat("n", 128), "a dash first": "-a", "a dot last": "a.", "a space": "a b",
		"a slash": "a/b", "a comma": "a,b", "a brace": "a}b", "a line end": "a\n", "an umlaut": "ä", "NUL": "a\x00b",
	} {
		t.Run(what, func(t *testing.T) {
			tests := []refused{
				{name: "session", query: createSession, vars: vars{"in": vars{"name": name, "operation": "BOOT", "templateName": "t"}}},
				{name: "tenant", query: putTenant, vars: vars{"name": name, "in": []string{"x1"}}},
			}
			if name != "" { // empty means none here
				tests = append(tests,
					refused{name: "tenant of a session", query: createSession, vars: vars{"in": vars{"name": "n", "tenant": name, "operation": "BOOT", "templateName": "t"}}},
					refused{name: "session of a component", query: putComponents, vars: vars{"in": []vars{{"id": "x9", "session": name}}}},
					refused{name: "staged session", query: putComponents, vars: vars{"in": []vars{{"id": "x9", "stagedState": vars{"session": name}}}}},
					refused{name: "session of a patch", query: patchComponents, vars: vars{"in": []vars{{"id": "x1", "session": name}}}},
					refused{name: "filter", query: `query($n: String) { components(filter: {session: $n}) { totalCount } }`, vars: vars{"n": name}},
				)
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) { test.check(t, s) })
			}
		})
	}
	for what, id := range map[string]string{
		"empty": "", "too long": strings.Repeat("x", 128), "a comma": "x1,x2", "a space": "x 1", "a line end": "x1\n", "NUL": "x\x001",
	} {
		t.Run("id: "+what, func(t *testing.T) {
			for _, test := range []refused{
				{name: "put", query: putComponents, vars: vars{"in": []vars{{"id": id}}}},
				{name: "patch", query: patchComponents, vars: vars{"in": []vars{{"id": id, "enabled": false}}}},
				{name: "delete", query: deleteComponents, vars: vars{"in": []string{id}}},
				{name: "tenant", query: putTenant, vars: vars{"name": "t", "in": []string{"x1", id}}},
				{name: "component", query: `query($id: ID!) { component(id: $id) { id } }`, vars: vars{"id": id}},
				{name: "filter", query: `query($id: ID!) { components(filter: {ids: [$id]}) { totalCount } }`, vars: vars{"id": id}},
			} {
				t.Run(test.name, func(t *testing.T) { test.check(t, s) })
			}
		})
	}
}

// TestBadTimes tries what is no time, in every way that one can be given.
func TestBadTimes(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	for _, text := range []string{"", "yesterday", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z",
		"2026-11-22T09:00:00+25:00", "1969-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "10000-01-01T00:00:00Z", "2026-11-22T09:00:00Z\x00"} {
		t.Run("text "+text, func(t *testing.T) {
			for _, test := range []refused{
				{name: "variable", query: createSession, vars: vars{"in": vars{"operation": "BOOT", "templateName": "t", "startTime": text}}},
				{name: "end", query: updateSession, vars: vars{"in": vars{"name": "running", "endTime": text}}},
				{name: "literal", query: fmt.Sprintf(`mutation { createSession(input: {operation: BOOT, templateName: "t", startTime: %q}) {
					userErrors { code } } }`, strings.ReplaceAll(text, "\x00", ""))},
				{name: "component", query: putComponents, vars: vars{"in": []vars{{"id": "x9", "actualState": vars{"lastUpdated": text}}}}},
				{name: "argument", query: `query($t: DateTime) { session(name: "running", startedAt: $t) { id } }`, vars: vars{"t": text}},
				{name: "filter", query: `query($t: DateTime) { sessions(filter: {startedAfter: $t}) { totalCount } }`, vars: vars{"t": text}},
			} {
				if test.name == "literal" && strings.Contains(text, "\x00") {
					continue // %q would write an escape that GraphQL does not have
				}
				t.Run(test.name, func(t *testing.T) { test.check(t, s) })
			}
		})
	}
	for _, test := range []refused{
		{name: "number as a variable", query: createSession, vars: vars{"in": vars{"operation": "BOOT", "templateName": "t", "startTime": 1}}},
		{name: "number as a literal", query: `{ session(name: "running", startedAt: 1764000000) { id } }`},
		{name: "boolean", query: `{ session(name: "running", startedAt: true) { id } }`},
		{name: "list", query: `{ session(name: "running", startedAt: ["2026-11-22T09:00:00Z"]) { id } }`},
		{name: "object", query: createSession, vars: vars{"in": vars{"operation": "BOOT", "templateName": "t", "startTime": vars{"at": 1}}}},
		{name: "an end before the start", query: updateSession, vars: vars{"in": vars{"name": "running", "endTime": "2026-11-22T08:59:59Z"}}},
		{name: "an end before the start that completes", query: updateSession,
			vars: vars{"in": vars{"name": "running", "status": "COMPLETE", "endTime": "2026-11-22T08:59:59.999Z"}}},
		{name: "an end before the start in another zone", query: updateSession, vars: vars{"in": vars{"name": "running", "endTime": "2026-11-22T10:00:00+02:00"}}},
	} {
		t.Run(test.name, func(t *testing.T) { test.check(t, s) })
	}
}

// TestBadChanges tries changes of sessions that their state does not allow, and of
// things that are not there.
func TestBadChanges(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	update := func(in vars) vars { return vars{"in": in} }
	for _, test := range []refused{
		{name: "a duplicate", code: "CONFLICT", query: createSession, vars: update(vars{"name": "pending", "operation": "BOOT", "templateName": "t"})},
		{name: "a duplicate of a complete one", code: "CONFLICT", query: createSession, vars: update(vars{"name": "complete", "operation": "BOOT", "templateName": "t"})},
		{name: "back to pending", code: "CONFLICT", query: updateSession, vars: update(vars{"name": "running", "status": "PENDING"})},
		{name: "complete to running", code: "CONFLICT", query: updateSession, vars: update(vars{"name": "complete", "status": "RUNNING"})},
		{name: "complete to pending", code: "CONFLICT", query: updateSession, vars: update(vars{"name": "complete", "status": "PENDING"})},
		{name: "another end of a complete one", code: "CONFLICT", query: updateSession, vars: update(vars{"name": "complete", "endTime": "2026-11-22T09:31:00Z"})},
		{name: "an error of a complete one", code: "CONFLICT", query: updateSession, vars: update(vars{"name": "complete", "error": "late"})},
		{name: "an unknown session", code: "NOT_FOUND", query: updateSession, vars: update(vars{"name": "none", "status": "RUNNING"})},
		{name: "another tenant's session", code: "NOT_FOUND", query: updateSession, vars: update(vars{"name": "running", "tenant": "blue", "status": "COMPLETE"})},
		{name: "delete an unknown session", code: "NOT_FOUND", query: deleteSession, vars: update(vars{"name": "none"})},
		{name: "patch an unknown component", code: "NOT_FOUND", query: patchComponents, vars: update(vars{"id": "x9", "enabled": true})},
		{name: "delete an unknown component", code: "NOT_FOUND", query: deleteComponents, vars: vars{"in": []string{"x9"}}},
		{name: "an operation that is none", query: createSession, vars: update(vars{"operation": "EXPLODE", "templateName": "t"})},
		{name: "an operation in lower case", query: createSession, vars: update(vars{"operation": "boot", "templateName": "t"})},
		{name: "no operation", query: createSession, vars: update(vars{"templateName": "t"})},
		{name: "null for a name that must be", query: createSession, vars: update(vars{"operation": "BOOT", "templateName": nil})},
		{name: "an unknown field", query: createSession, vars: update(vars{"operation": "BOOT", "templateName": "t", "color": "red"})},
		{name: "an unknown field of a component", query: putComponents, vars: update(vars{"id": "x9", "status": vars{"status": "stable"}})},
		{name: "a text for a boolean", query: putComponents, vars: update(vars{"id": "x9", "enabled": "yes"})},
		{name: "a text for a number", query: putComponents, vars: update(vars{"id": "x9", "retryPolicy": "many"})},
		{name: "a fraction for a number", query: putComponents, vars: update(vars{"id": "x9", "retryPolicy": 1.5})},
		{name: "a number beyond 64 bits", query: `mutation { putComponents(input: {components: [{id: "x9", retryPolicy: 99999999999999999999}]}) { applied } }`},
		{name: "a number for a text", query: putComponents, vars: update(vars{"id": "x9", "error": 1})},
		{name: "a list for a text", query: putComponents, vars: update(vars{"id": "x9", "error": []string{"a"}})},
		{name: "a text for an object", query: putComponents, vars: update(vars{"id": "x9", "status": "stable"})},
		{name: "no id", query: putComponents, vars: update(vars{"enabled": true})},
		{name: "null for the components", query: putComponents, vars: vars{"in": nil}},
		{name: "null among the components", query: putComponents, vars: vars{"in": []any{vars{"id": "x9"}, nil}}},
		{name: "a variable that is missing", query: putComponents},
		{name: "an unknown mutation", query: `mutation { reboot(all: true) }`},
		{name: "a template's name of 128 bytes", query: createSession, vars: update(vars{"operation": "BOOT", "templateName": strings.Repeat("t", 128)})},
	} {
		t.Run(test.name, func(t *testing.T) {
			if in, ok := test.vars["in"].(vars); ok && strings.Contains(test.query, "omponents") {
				test.vars = vars{"in": []vars{in}}
			}
			test.check(t, s)
		})
	}
}

// TestBadPages tries page sizes and cursors that no connection has given out.
func TestBadPages(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	s.session("another")
	cursor := func(field string) string {
		return s.must(`{ c: ` + field + `(first: 1) { pageInfo { endCursor } } }`).at("c.pageInfo.endCursor").(string)
	}
	sessions, components := cursor("sessions"), cursor("components")
	fields := map[string]string{
		"sessions":     `{ sessions(ARGS) { edges { cursor } } }`,
		"components":   `{ components(ARGS) { edges { cursor } } }`,
		"of a session": `{ session(name: "running") { components(ARGS) { edges { cursor } } } }`,
		"errorSummary": `{ session(name: "running") { status { errorSummary(ARGS) { message } } } }`,
		"of an error":  `{ session(name: "failed") { status { errorSummary { components(ARGS) { edges { cursor } } } } } }`,
	}
	s.session("failed")
	failed := powering("x3", "failed")
	failed["error"] = "it broke"
	s.put(failed)

	for field, query := range fields {
		for _, first := range []string{"0", "-1", "1001", "2147483648", "99999999999999999999", "-99999999999999999999", "1.5", `"10"`, "true", "[1]"} {
			t.Run(field+" first "+first, func(t *testing.T) {
				refused{query: strings.ReplaceAll(query, "ARGS", "first: "+first)}.check(t, s)
			})
		}
		for _, first := range []any{0, -1, 1001, 1 << 40, 1.5, "many", true, []int{1}} {
			t.Run(fmt.Sprintf("%s variable %v", field, first), func(t *testing.T) {
				refused{query: `query($n: Int) ` + strings.ReplaceAll(query, "ARGS", "first: $n"), vars: vars{"n": first}}.check(t, s)
			})
		}
		if field == "errorSummary" {
			continue // it has no cursors
		}
		foreign := sessions
		if field == "sessions" {
			foreign = components
		}
		for what, after := range map[string]string{
			"foreign": foreign, "empty": "", "garbage": "%%%", "of a made up kind": base64.RawURLEncoding.EncodeToString([]byte("things\x00x1")),
			"cut": components[:8], "an id": "x1", "with NUL": "a\x00b", "long": strings.Repeat("A", 100_000),
		} {
			t.Run(field+" after "+what, func(t *testing.T) {
				refused{query: `query($after: String) ` + strings.ReplaceAll(query, "ARGS", "after: $after"), vars: vars{"after": after}}.check(t, s)
			})
		}
	}
}
