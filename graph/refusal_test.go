package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestNamesThatBOSDoesNotHaveAreRefused tries names and ids that BOS does not have, wherever one is given.
func TestNamesThatBOSDoesNotHaveAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	for what, name := range map[string]string{
		"empty": "", "too long": strings.Repeat("n", 128), "a dash first": "-a", "a dot last": "a.", "a space": "a b",
		"a slash": "a/b", "a comma": "a,b", "a brace": "a}b", "a line end": "a\n", "an umlaut": "ä", "NUL": "a\x00b",
	} {
		t.Run(what, func(t *testing.T) {
			tests := []apptest.Refused{
				{Name: "session", Query: apptest.CreateSession, Vars: apptest.Vars{"in": apptest.Vars{"name": name, "operation": "BOOT", "templateName": "t"}}},
				{Name: "tenant", Query: apptest.PutTenant, Vars: apptest.Vars{"name": name, "in": []string{"x1"}}},
			}
			if name != "" { // empty means none here
				tests = append(tests,
					apptest.Refused{Name: "tenant of a session", Query: apptest.CreateSession, Vars: apptest.Vars{"in": apptest.Vars{"name": "n", "tenant": name, "operation": "BOOT", "templateName": "t"}}},
					apptest.Refused{Name: "session of a component", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x9", "session": name}}}},
					apptest.Refused{Name: "staged session", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x9", "stagedState": apptest.Vars{"session": name}}}}},
					apptest.Refused{Name: "session of a patch", Query: apptest.PatchComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x1", "session": name}}}},
					apptest.Refused{Name: "filter", Query: `query($n: String) { components(filter: {session: $n}) { totalCount } }`, Vars: apptest.Vars{"n": name}},
				)
			}
			for _, test := range tests {
				t.Run(test.Name, func(t *testing.T) { test.Check(t, s) })
			}
		})
	}
	for what, id := range map[string]string{
		"empty": "", "too long": strings.Repeat("x", 128), "a comma": "x1,x2", "a space": "x 1", "a line end": "x1\n", "NUL": "x\x001",
	} {
		t.Run("id: "+what, func(t *testing.T) {
			for _, test := range []apptest.Refused{
				{Name: "put", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": id}}}},
				{Name: "patch", Query: apptest.PatchComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": id, "enabled": false}}}},
				{Name: "delete", Query: apptest.DeleteComponents, Vars: apptest.Vars{"in": []string{id}}},
				{Name: "tenant", Query: apptest.PutTenant, Vars: apptest.Vars{"name": "t", "in": []string{"x1", id}}},
				{Name: "component", Query: `query($id: ID!) { component(id: $id) { id } }`, Vars: apptest.Vars{"id": id}},
				{Name: "filter", Query: `query($id: ID!) { components(filter: {ids: [$id]}) { totalCount } }`, Vars: apptest.Vars{"id": id}},
			} {
				t.Run(test.Name, func(t *testing.T) { test.Check(t, s) })
			}
		})
	}
}

// TestWhatIsNoTimeIsRefused tries what is no time, in every way that one can be given.
func TestWhatIsNoTimeIsRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	for _, text := range []string{"", "yesterday", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z",
		"2026-11-22T09:00:00+25:00", "1969-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "10000-01-01T00:00:00Z", "2026-11-22T09:00:00Z\x00"} {
		t.Run("text "+text, func(t *testing.T) {
			for _, test := range []apptest.Refused{
				{Name: "variable", Query: apptest.CreateSession, Vars: apptest.Vars{"in": apptest.Vars{"operation": "BOOT", "templateName": "t", "startTime": text}}},
				{Name: "end", Query: apptest.UpdateSession, Vars: apptest.Vars{"in": apptest.Vars{"name": "running", "endTime": text}}},
				{Name: "literal", Query: fmt.Sprintf(`mutation { createSession(input: {operation: BOOT, templateName: "t", startTime: %q}) {
					userErrors { code } } }`, strings.ReplaceAll(text, "\x00", ""))},
				{Name: "component", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x9", "actualState": apptest.Vars{"lastUpdated": text}}}}},
				{Name: "argument", Query: `query($t: DateTime) { session(name: "running", startedAt: $t) { id } }`, Vars: apptest.Vars{"t": text}},
				{Name: "filter", Query: `query($t: DateTime) { sessions(filter: {startedAfter: $t}) { totalCount } }`, Vars: apptest.Vars{"t": text}},
			} {
				if test.Name == "literal" && strings.Contains(text, "\x00") {
					continue // %q would write an escape that GraphQL does not have
				}
				t.Run(test.Name, func(t *testing.T) { test.Check(t, s) })
			}
		})
	}
	for _, test := range []apptest.Refused{
		{Name: "number as a variable", Query: apptest.CreateSession, Vars: apptest.Vars{"in": apptest.Vars{"operation": "BOOT", "templateName": "t", "startTime": 1}}},
		{Name: "number as a literal", Query: `{ session(name: "running", startedAt: 1764000000) { id } }`},
		{Name: "boolean", Query: `{ session(name: "running", startedAt: true) { id } }`},
		{Name: "list", Query: `{ session(name: "running", startedAt: ["2026-11-22T09:00:00Z"]) { id } }`},
		{Name: "object", Query: apptest.CreateSession, Vars: apptest.Vars{"in": apptest.Vars{"operation": "BOOT", "templateName": "t", "startTime": apptest.Vars{"at": 1}}}},
		{Name: "an end before the start", Query: apptest.UpdateSession, Vars: apptest.Vars{"in": apptest.Vars{"name": "running", "endTime": "2026-11-22T08:59:59Z"}}},
		{Name: "an end before the start that completes", Query: apptest.UpdateSession,
			Vars: apptest.Vars{"in": apptest.Vars{"name": "running", "status": "COMPLETE", "endTime": "2026-11-22T08:59:59.999Z"}}},
		{Name: "an end before the start in another zone", Query: apptest.UpdateSession, Vars: apptest.Vars{"in": apptest.Vars{"name": "running", "endTime": "2026-11-22T10:00:00+02:00"}}},
	} {
		t.Run(test.Name, func(t *testing.T) { test.Check(t, s) })
	}
}

// TestChangesThatAStateDoesNotAllowAreRefused tries changes of sessions that their state does not allow, and of
// things that are not there.
func TestChangesThatAStateDoesNotAllowAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	update := func(in apptest.Vars) apptest.Vars { return apptest.Vars{"in": in} }
	for _, test := range []apptest.Refused{
		{Name: "a duplicate", Code: "CONFLICT", Query: apptest.CreateSession, Vars: update(apptest.Vars{"name": "pending", "operation": "BOOT", "templateName": "t"})},
		{Name: "a duplicate of a complete one", Code: "CONFLICT", Query: apptest.CreateSession, Vars: update(apptest.Vars{"name": "complete", "operation": "BOOT", "templateName": "t"})},
		{Name: "back to pending", Code: "CONFLICT", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "running", "status": "PENDING"})},
		{Name: "complete to running", Code: "CONFLICT", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "complete", "status": "RUNNING"})},
		{Name: "complete to pending", Code: "CONFLICT", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "complete", "status": "PENDING"})},
		{Name: "another end of a complete one", Code: "CONFLICT", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "complete", "endTime": "2026-11-22T09:31:00Z"})},
		{Name: "an error of a complete one", Code: "CONFLICT", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "complete", "error": "late"})},
		{Name: "an unknown session", Code: "NOT_FOUND", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "none", "status": "RUNNING"})},
		{Name: "another tenant's session", Code: "NOT_FOUND", Query: apptest.UpdateSession, Vars: update(apptest.Vars{"name": "running", "tenant": "blue", "status": "COMPLETE"})},
		{Name: "delete an unknown session", Code: "NOT_FOUND", Query: apptest.DeleteSession, Vars: update(apptest.Vars{"name": "none"})},
		{Name: "patch an unknown component", Code: "NOT_FOUND", Query: apptest.PatchComponents, Vars: update(apptest.Vars{"id": "x9", "enabled": true})},
		{Name: "delete an unknown component", Code: "NOT_FOUND", Query: apptest.DeleteComponents, Vars: apptest.Vars{"in": []string{"x9"}}},
		{Name: "an operation that is none", Query: apptest.CreateSession, Vars: update(apptest.Vars{"operation": "EXPLODE", "templateName": "t"})},
		{Name: "an operation in lower case", Query: apptest.CreateSession, Vars: update(apptest.Vars{"operation": "boot", "templateName": "t"})},
		{Name: "no operation", Query: apptest.CreateSession, Vars: update(apptest.Vars{"templateName": "t"})},
		{Name: "null for a name that must be", Query: apptest.CreateSession, Vars: update(apptest.Vars{"operation": "BOOT", "templateName": nil})},
		{Name: "an unknown field", Query: apptest.CreateSession, Vars: update(apptest.Vars{"operation": "BOOT", "templateName": "t", "color": "red"})},
		{Name: "an unknown field of a component", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "status": apptest.Vars{"status": "stable"}})},
		{Name: "a text for a boolean", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "enabled": "yes"})},
		{Name: "a text for a number", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "retryPolicy": "many"})},
		{Name: "a fraction for a number", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "retryPolicy": 1.5})},
		{Name: "a fraction for an id", Query: apptest.DeleteComponents, Vars: apptest.Vars{"in": []any{1.5}}},
		{Name: "an exponent for an id", Query: `query($i: ID!) { component(id: $i) { id } }`, Vars: apptest.Vars{"i": json.RawMessage("1e2")}},
		{Name: "a fraction for an id of a filter", Query: `query($i: [ID!]) { components(filter: {ids: $i}) { totalCount } }`, Vars: apptest.Vars{"i": []any{1.5}}},
		{Name: "a number beyond 64 bits", Query: `mutation { putComponents(input: {components: [{id: "x9", retryPolicy: 99999999999999999999}]}) { applied } }`},
		{Name: "a number for a text", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "error": 1})},
		{Name: "a list for a text", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "error": []string{"a"}})},
		{Name: "a text for an object", Query: apptest.PutComponents, Vars: update(apptest.Vars{"id": "x9", "status": "stable"})},
		{Name: "no id", Query: apptest.PutComponents, Vars: update(apptest.Vars{"enabled": true})},
		{Name: "null for the components", Query: apptest.PutComponents, Vars: apptest.Vars{"in": nil}},
		{Name: "null among the components", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []any{apptest.Vars{"id": "x9"}, nil}}},
		{Name: "a variable that is missing", Query: apptest.PutComponents},
		{Name: "an unknown mutation", Query: `mutation { reboot(all: true) }`},
		{Name: "a template's name of 128 bytes", Query: apptest.CreateSession, Vars: update(apptest.Vars{"operation": "BOOT", "templateName": strings.Repeat("t", 128)})},
	} {
		t.Run(test.Name, func(t *testing.T) {
			if in, ok := test.Vars["in"].(apptest.Vars); ok && strings.Contains(test.Query, "omponents") {
				test.Vars = apptest.Vars{"in": []apptest.Vars{in}}
			}
			test.Check(t, s)
		})
	}
}

// TestPagesThatWereNotGivenOutAreRefused tries page sizes and cursors that no connection has given out.
func TestPagesThatWereNotGivenOutAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	s.Session("another")
	cursor := func(field string) string {
		return s.Must(`{ c: ` + field + `(first: 1) { pageInfo { endCursor } } }`).At("c.pageInfo.endCursor").(string)
	}
	sessions, components := cursor("sessions"), cursor("components")
	fields := map[string]string{
		"sessions":     `{ sessions(ARGS) { edges { cursor } } }`,
		"components":   `{ components(ARGS) { edges { cursor } } }`,
		"of a session": `{ session(name: "running") { components(ARGS) { edges { cursor } } } }`,
		"errorSummary": `{ session(name: "running") { status { errorSummary(ARGS) { message } } } }`,
		"of an error":  `{ session(name: "failed") { status { errorSummary { components(ARGS) { edges { cursor } } } } } }`,
	}
	s.Session("failed")
	failed := apptest.Powering("x3", "failed")
	failed["error"] = "it broke"
	s.Put(failed)

	for field, query := range fields {
		for _, first := range []string{"0", "-1", "1001", "2147483648", "99999999999999999999", "-99999999999999999999", "1.5", `"10"`, "true", "[1]"} {
			t.Run(field+" first "+first, func(t *testing.T) {
				apptest.Refused{Query: strings.ReplaceAll(query, "ARGS", "first: "+first)}.Check(t, s)
			})
		}
		for _, first := range []any{0, -1, 1001, 1 << 40, 1.5, "many", true, []int{1}} {
			t.Run(fmt.Sprintf("%s variable %v", field, first), func(t *testing.T) {
				apptest.Refused{Query: `query($n: Int) ` + strings.ReplaceAll(query, "ARGS", "first: $n"), Vars: apptest.Vars{"n": first}}.Check(t, s)
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
				apptest.Refused{Query: `query($after: String) ` + strings.ReplaceAll(query, "ARGS", "after: $after"), Vars: apptest.Vars{"after": after}}.Check(t, s)
			})
		}
	}
}
