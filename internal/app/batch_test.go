package app

import (
	"fmt"
	"strings"
	"testing"
)

// among puts an item into the middle of a list so long that it is decoded apart
// from the rest of the request.
func among(item any) []any {
	var list []any
	for i := range 100 {
		list = append(list, vars{"id": xname(i), "error": strings.Repeat("e", 50), "enabled": true})
	}
	return append(append(list[:50:50], item), list[50:]...)
}

// TestBadItemOfALongList shows that a long list is checked like a short one.
func TestBadItemOfALongList(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	for name, item := range map[string]any{
		"an unknown field":             vars{"id": "x9", "color": "red"},
		"a name in another case":       vars{"id": "x9", "Enabled": true},
		"an unknown field of a status": vars{"id": "x9", "status": vars{"status": "stable"}},
		"a text for a boolean":         vars{"id": "x9", "enabled": "yes"},
		"a text for a number":          vars{"id": "x9", "retryPolicy": "3"},
		"a fraction for a number":      vars{"id": "x9", "retryPolicy": 1.5},
		"a number beyond 32 bits":      vars{"id": "x9", "retryPolicy": 3_000_000_000},
		"a number for a text":          vars{"id": "x9", "error": 1},
		"a list for a text":            vars{"id": "x9", "error": []string{"a"}},
		"a text for an object":         vars{"id": "x9", "status": "stable"},
		"a time that is none":          vars{"id": "x9", "actualState": vars{"lastUpdated": "yesterday"}},
		"a number for a time":          vars{"id": "x9", "actualState": vars{"lastUpdated": 1}},
		"no id":                        vars{"enabled": true},
		"null for an id":               vars{"id": nil},
		"null":                         nil,
		"a text":                       "x9",
		"a list":                       []any{vars{"id": "x9"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, query := range []string{putComponents, patchComponents,
				`mutation($in: PutComponentsInput!) { putComponents(input: $in) { applied userErrors { code } } }`} {
				in := any(among(item))
				if strings.Contains(query, "PutComponentsInput!") {
					in = vars{"components": in}
				}
				refused{name: name, query: query, vars: vars{"in": in}}.check(t, s)
			}
		})
	}
	for name, test := range map[string]refused{
		"a list where there is none": {query: `query($in: [String!]!) { sessions(filter: {name: $in}) { totalCount } }`},
		"of another type":            {query: `mutation($in: [Int!]!) { deleteComponents(input: {ids: $in}) { applied } }`},
		"as a single item":           {query: `mutation($in: ComponentInput!) { putComponents(input: {components: [$in]}) { applied } }`},
		"in lists of lists":          {query: `mutation($in: [[ComponentInput!]!]!) { putComponents(input: {components: $in}) { applied } }`},
	} {
		t.Run(name, func(t *testing.T) {
			test.vars = vars{"in": among(vars{"id": "x9"})}
			test.check(t, s)
		})
	}
}

// TestLongListsAreTakenAnywhere shows that it does not matter how a long list comes.
func TestLongListsAreTakenAnywhere(t *testing.T) {
	t.Parallel()
	s := serveRedis(t)
	item := vars{"id": "x9", "error": "é \U0001F680", "retryPolicy": 3, "status": nil,
		"lastAction": vars{"action": "powering_on", "lastUpdated": "2026-11-22T10:00:00+01:00"}}
	for i, test := range []struct {
		query string
		in    any
	}{
		{putComponents, among(item)},
		{`mutation($in: PutComponentsInput!) { putComponents(input: $in) { applied userErrors { code } } }`, vars{"components": among(item)}},
	} {
		item["error"] = fmt.Sprint(item["error"], i) // so that every turn writes
		got := s.must(test.query, vars{"in": test.in})
		if applied := got.at("putComponents.applied"); fmt.Sprint(applied) != "101" {
			t.Errorf("%s: applied %v", test.query, applied)
		}
		found := s.must(`{ component(id: "x9") { error retryPolicy lastAction { action failed lastUpdated } } }`)
		if got, want := fmt.Sprint(found.at("component.error"), found.at("component.retryPolicy"), found.at("component.lastAction.lastUpdated")),
			fmt.Sprint(item["error"], 3, "2026-11-22T09:00:00Z"); got != want {
			t.Errorf("%s: stored %s, want %s", test.query, got, want)
		}
	}
	// A long list of anything else is held back in vain, and comes through.
	ids := []string{}
	for i := range 1000 {
		ids = append(ids, xname(i))
	}
	got := s.must(`mutation($in: [ID!]!) { putTenant(input: {name: "blue", components: $in}) { owned } }`, vars{"in": ids})
	if owned := got.at("putTenant.owned"); fmt.Sprint(owned) != "1000" {
		t.Errorf("owned %v", owned)
	}
}
