package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestHostileRequestsGetAnErrorSoon sends requests that are made to hurt. Each is answered with an error,
// soon, and the server continues undisturbed.
func TestHostileRequestsGetAnErrorSoon(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	numbered := func(n int, text string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(text, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	ask := func(query string) string {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	variables := func(json string) string {
		return `{"query":"query($in: [ComponentInput!]!) { serverInfo { version } }","variables":{"in":` + json + `}}`
	}
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, test := range []struct {
		name, body string
		status     int // 200 if 0
	}{
		{name: "2 MB of fields within fields", body: ask(strings.Repeat("{a", 1<<20))},
		{name: "2 MB of lists within lists", body: ask("{ component(id: " + strings.Repeat("[", 2<<20))},
		{name: "2 MB of a type", body: ask("query($a: " + strings.Repeat("[", 2<<20) + ") { a }")},
		{name: "10,000 aliases", body: ask("{" + numbered(10_000, " a#: serverInfo { version }") + "}")},
		{name: "300 aliases", body: ask("{" + numbered(300, " a#: __typename") + "}")},
		{name: "10,000 directives", body: ask("{ serverInfo " + strings.Repeat("@skip(if: false) ", 10_000) + "{ version } }")},
		{name: "10,000 unknown directives", body: ask("{ serverInfo " + numbered(10_000, "@d# ") + "{ version } }")},
		{name: "fragments spread twice, 28 deep", body: ask("{ serverInfo { ...F28 } } fragment F0 on ServerInfo { version }" + doubling(28))},
		{name: "a fragment that spreads itself", body: ask("{ serverInfo { ...F } } fragment F on ServerInfo { ...F }")},
		{name: "4,000 equal fields", body: ask("{ serverInfo {" + strings.Repeat(" version", 4_000) + " } }")},
		{name: "900 equal fields", body: ask("{" + strings.Repeat(" __typename", 900) + " }")},
		{name: "pages within pages", body: ask("{ sessions(first: 1000) { edges { node { components(first: 1000) { edges { node { id } } } } } } }")},
		{name: "a name of 1 MB", body: ask("{ " + strings.Repeat("a", 1<<20) + " }")},
		{name: "1 MB of digits", body: ask("{ components(first: " + strings.Repeat("9", 1<<20) + ") { totalCount } }")},
		{name: "1 MB of comments", body: ask(strings.Repeat("#\n", 1<<19))},
		{name: "100,000 variables", body: ask("query(" + numbered(100_000, "$v#: Int ") + ") { serverInfo { version } }")},
		{name: "variables 100,000 deep", body: variables(nested(100_000)), status: http.StatusBadRequest},
		{name: "variables 9,000 deep", body: variables(nested(9_000))},
		{name: "a body 100,000 deep", body: nested(100_000), status: http.StatusBadRequest},
		{name: "an error text in a name", body: `{"query":"query A { serverInfo { version } }","operationName":"` + strings.Repeat("B", 1<<20) + `"}`},
		{name: "20 MB", body: ask(strings.Repeat(" ", 20<<20)), status: http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.With(t)
			got := s.Post(test.body)
			if len(got.Codes()) == 0 || got.Codes()[0] != "BAD_USER_INPUT" || test.status != 0 && got.Status != test.status ||
				got.Status != http.StatusBadRequest && got.Status != http.StatusUnprocessableEntity && test.status == 0 || got.Data != nil {
				t.Errorf("status %d: %s", got.Status, apptest.Clip(string(got.Body)))
			}
			if limit := 2 * time.Second; got.Took > limit {
				t.Errorf("it took %v, want less than %v", got.Took, limit)
			}
			if len(got.Body) > 20_000 {
				t.Errorf("the answer has %d bytes", len(got.Body))
			}
			if name := s.Must(`{ session(name: "running") { name } }`).At("session.name"); name != "running" {
				t.Errorf("after that the server answers %v", name)
			}
		})
	}
}

// doubling is n fragments that spread the one before twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on ServerInfo { ...F%d ...F%d }", i+1, i, i)
	}
	return b.String()
}

// TestACallTakesUpTo5000Components sends one component more than a call may have, and just as
// many as it may.
func TestACallTakesUpTo5000Components(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	const most = 5_000
	components, ids := make([]apptest.Vars, most+1), make([]string, most+1)
	for i := range components {
		ids[i] = apptest.Xname(i)
		components[i] = apptest.Vars{"id": ids[i]}
	}
	for _, test := range []apptest.Refused{
		{Name: "put", Query: apptest.PutComponents, Vars: apptest.Vars{"in": components}},
		{Name: "patch", Query: apptest.PatchComponents, Vars: apptest.Vars{"in": components}},
		{Name: "delete", Query: apptest.DeleteComponents, Vars: apptest.Vars{"in": ids}},
		{Name: "filter", Query: `query($in: [ID!]) { components(filter: {ids: $in}) { totalCount } }`, Vars: apptest.Vars{"in": ids}},
	} {
		t.Run(test.Name, func(t *testing.T) { test.Check(t, s) })
	}
	for _, test := range []struct{ name, query, applied string }{
		{"put", apptest.PutComponents, "putComponents.applied"},
		{"patch", apptest.PatchComponents, "patchComponents.applied"},
		{"delete", apptest.DeleteComponents, "deleteComponents.applied"},
	} {
		in := any(components[:most])
		if test.name == "delete" {
			in = ids[:most]
		}
		if got := s.Must(test.query, apptest.Vars{"in": in}).At(test.applied); got != float64(most) {
			t.Errorf("%s: %v of %d were applied", test.name, got, most)
		}
	}
}

// TestOneBadItemLeavesTheOthersOfABatchAlone shows that what is wrong with one item of a batch leaves the others be.
func TestOneBadItemLeavesTheOthersOfABatchAlone(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	long := strings.Repeat("e", 65_537)
	for _, test := range []struct {
		name, query string
		in          any
		applied     float64
		errors      map[string]string // by field: the code
		then        string
	}{
		{"put", apptest.PutComponents, []apptest.Vars{{"id": "a"}, {"id": "b c"}, {"id": "d", "error": long}, {"id": "e", "session": "-"}, {"id": "f"}}, 2,
			map[string]string{"input.components.1.id": "BAD_USER_INPUT", "input.components.2.error": "BAD_USER_INPUT", "input.components.3.session": "BAD_USER_INPUT"},
			"a,f,x1,x2"},
		{"patch", apptest.PatchComponents, []apptest.Vars{{"id": "x1", "error": "e"}, {"id": "none", "error": "e"}, {"id": "x2", "error": long}, {"id": "x2", "enabled": false}}, 2,
			map[string]string{"input.components.1.id": "NOT_FOUND", "input.components.2.error": "BAD_USER_INPUT"}, "a,f,x1,x2"},
		{"delete", apptest.DeleteComponents, []string{"a", "none", "x2", "b c", "a"}, 2,
			map[string]string{"input.ids.1": "NOT_FOUND", "input.ids.3": "BAD_USER_INPUT", "input.ids.4": "NOT_FOUND"}, "f,x1"},
	} {
		got := s.Ask(test.query, apptest.Vars{"in": test.in})
		if applied := got.At(test.name + "Components.applied"); applied != test.applied {
			t.Errorf("%s: %v were applied, want %v", test.name, applied, test.applied)
		}
		codes := map[string]string{}
		for _, e := range apptest.UserErrors(got.Data) {
			codes[join(e["field"].([]any), ".")] = e["code"].(string)
		}
		for field, code := range test.errors {
			if codes[field] != code {
				t.Errorf("%s: the code of %s is %q, want %s", test.name, field, codes[field], code)
			}
		}
		if len(codes) != len(test.errors) {
			t.Errorf("%s: the errors are %v", test.name, codes)
		}
		if ids := idsOf(s, `{ c: components { edges { node { id } } } }`, "c"); ids != test.then {
			t.Errorf("%s: there are %s, want %s", test.name, ids, test.then)
		}
	}
	// What was refused of x2 is not applied, what was given after it is.
	if dumped := apptest.Dump(t, redistest.SharedServer(t), s.Namespace); strings.Contains(dumped, ":c:b c") {
		t.Errorf("an id with a space is stored:\n%s", dumped)
	}
}

// idsOf lists the ids of a connection's nodes, comma-joined.
func idsOf(s *apptest.Site, query, path string) string {
	s.T.Helper()
	var ids []any
	edges, _ := s.Must(query).At(path + ".edges").([]any)
	for _, e := range edges {
		ids = append(ids, apptest.At(e, "node.id"))
	}
	return join(ids, ",")
}

func join(words []any, by string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = fmt.Sprint(w)
	}
	return strings.Join(all, by)
}

// TestARefusedMutationThatDoublesIsAnsweredAtOnce spreads fragments 2^40 times: what is noted of the
// mutation for the audit log must not follow each of them.
func TestARefusedMutationThatDoublesIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	const doublings = 40
	document := "mutation { ...f0 }"
	for i := range doublings {
		document += fmt.Sprintf(" fragment f%d on Mutation { ...f%d ...f%d }", i, i+1, i+1)
	}
	document += fmt.Sprintf(" fragment f%d on Mutation { __typename }", doublings)
	if r := s.Ask(document); !slices.Equal(r.Codes(), []string{"BAD_USER_INPUT"}) {
		t.Errorf("answered %s", apptest.Clip(string(r.Body)))
	}
}
