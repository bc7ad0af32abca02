package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestHostile sends requests that are made to hurt. Each is answered with an error,
// soon, and the server goes on as if nothing had been.
func TestHostile(t *testing.T) {
	t.Parallel()
	s := furnished(t)
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
			if test.status == 0 {
				test.status = http.StatusOK
			}
			s := s.with(t)
			got := s.post(test.body)
			if len(got.codes()) == 0 || got.codes()[0] != "BAD_USER_INPUT" || got.status != test.status || got.Data != nil {
				t.Errorf("status %d: %s", got.status, clip(string(got.body)))
			}
			if limit := 2 * time.Second; got.took > limit {
				t.Errorf("it took %v, want less than %v", got.took, limit)
			}
			if len(got.body) > 20_000 {
				t.Errorf("the answer has %d bytes", len(got.body))
			}
			if name := s.must(`{ session(name: "running") { name } }`).at("session.name"); name != "running" {
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

// TestTooManyComponents sends one component more than a call may have, and just as
// many as it may.
func TestTooManyComponents(t *testing.T) {
	t.Parallel()
	s := serveRedis(t)
	const most = 5_000
	components, ids := make([]vars, most+1), make([]string, most+1)
	for i := range components {
		ids[i] = xname(i)
		components[i] = vars{"id": ids[i]}
	}
	for _, test := range []refused{
		{name: "put", query: putComponents, vars: vars{"in": components}},
		{name: "patch", query: patchComponents, vars: vars{"in": components}},
		{name: "delete", query: deleteComponents, vars: vars{"in": ids}},
		{name: "filter", query: `query($in: [ID!]) { components(filter: {ids: $in}) { totalCount } }`, vars: vars{"in": ids}},
	} {
		t.Run(test.name, func(t *testing.T) { test.check(t, s) })
	}
	for _, test := range []struct{ name, query, applied string }{
		{"put", putComponents, "putComponents.applied"},
		{"patch", patchComponents, "patchComponents.applied"},
		{"delete", deleteComponents, "deleteComponents.applied"},
	} {
		in := any(components[:most])
		if test.name == "delete" {
			in = ids[:most]
		}
		if got := s.must(test.query, vars{"in": in}).at(test.applied); got != float64(most) {
			t.Errorf("%s: %v of %d were applied", test.name, got, most)
		}
	}
}

// TestItemByItem shows that what is wrong with one item of a batch leaves the others be.
func TestItemByItem(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	long := strings.Repeat("e", 65_537)
	for _, test := range []struct {
		name, query string
		in          any
		applied     float64
		errors      map[string]string // by field: the code
		then        string
	}{
		{"put", putComponents, []vars{{"id": "a"}, {"id": "b c"}, {"id": "d", "error": long}, {"id": "e", "session": "-"}, {"id": "f"}}, 2,
			map[string]string{"input.components.1.id": "BAD_USER_INPUT", "input.components.2.error": "BAD_USER_INPUT", "input.components.3.session": "BAD_USER_INPUT"},
			"a,f,x1,x2"},
		{"patch", patchComponents, []vars{{"id": "x1", "error": "e"}, {"id": "none", "error": "e"}, {"id": "x2", "error": long}, {"id": "x2", "enabled": false}}, 2,
			map[string]string{"input.components.1.id": "NOT_FOUND", "input.components.2.error": "BAD_USER_INPUT"}, "a,f,x1,x2"},
		{"delete", deleteComponents, []string{"a", "none", "x2", "b c", "a"}, 2,
			map[string]string{"input.ids.1": "NOT_FOUND", "input.ids.3": "BAD_USER_INPUT", "input.ids.4": "NOT_FOUND"}, "f,x1"},
	} {
		got := s.ask(test.query, vars{"in": test.in})
		if applied := got.at(test.name + "Components.applied"); applied != test.applied {
			t.Errorf("%s: %v were applied, want %v", test.name, applied, test.applied)
		}
		codes := map[string]string{}
		for _, e := range userErrors(got.Data) {
			codes[join(e["field"].([]any), ".")] = e["code"].(string)
		}
		for field, code := range test.errors {
			if codes[field] != code && codes[field+".id"] != code {
				t.Errorf("%s: the code of %s is %q, want %s", test.name, field, codes[field], code)
			}
		}
		if len(codes) != len(test.errors) {
			t.Errorf("%s: the errors are %v", test.name, codes)
		}
		if ids := s.ids(`{ c: components { edges { node { id } } } }`, "c"); ids != test.then {
			t.Errorf("%s: there are %s, want %s", test.name, ids, test.then)
		}
	}
	// What was refused of x2 is not applied, what was given after it is.
	if dumped := dump(t, redistest.SharedServer(t), s.namespace); strings.Contains(dumped, ":c:b c") {
		t.Errorf("an id with a space is stored:\n%s", dumped)
	}
}

// ids lists the ids of a connection's nodes, comma-joined.
func (s *site) ids(query, path string) string {
	s.t.Helper()
	var ids []any
	edges, _ := s.must(query).at(path + ".edges").([]any)
	for _, e := range edges {
		ids = append(ids, at(e, "node.id"))
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
