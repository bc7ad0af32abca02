package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// among puts an item into the middle of a list so long that it is decoded apart
// from the rest of the request.
func among(item any) []any {
	var list []any
	for i := range 100 {
		list = append(list, apptest.Vars{"id": apptest.Xname(i), "error": strings.Repeat("e", 50), "enabled": true})
	}
	return append(append(list[:50:50], item), list[50:]...)
}

// TestBadItemOfALongList shows that a long list is checked like a short one, and so is a short one
// that is decoded without validation.
func TestBadItemOfALongList(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	for name, item := range map[string]any{
		"an unknown field":             apptest.Vars{"id": "x9", "color": "red"},
		"a name in another case":       apptest.Vars{"id": "x9", "Enabled": true},
		"an unknown field of a status": apptest.Vars{"id": "x9", "status": apptest.Vars{"status": "stable"}},
		"a text for a boolean":         apptest.Vars{"id": "x9", "enabled": "yes"},
		"a text for a number":          apptest.Vars{"id": "x9", "retryPolicy": "3"},
		"a fraction for a number":      apptest.Vars{"id": "x9", "retryPolicy": 1.5},
		"a number beyond 32 bits":      apptest.Vars{"id": "x9", "retryPolicy": 3_000_000_000},
		"a number for a text":          apptest.Vars{"id": "x9", "error": 1},
		"a list for a text":            apptest.Vars{"id": "x9", "error": []string{"a"}},
		"a text for an object":         apptest.Vars{"id": "x9", "status": "stable"},
		"a time that is none":          apptest.Vars{"id": "x9", "actualState": apptest.Vars{"lastUpdated": "yesterday"}},
		"a number for a time":          apptest.Vars{"id": "x9", "actualState": apptest.Vars{"lastUpdated": 1}},
		"no id":                        apptest.Vars{"enabled": true},
		"null for an id":               apptest.Vars{"id": nil},
		"null":                         nil,
		"a text":                       "x9",
		"a list":                       []any{apptest.Vars{"id": "x9"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, query := range []string{apptest.PutComponents, apptest.PatchComponents,
				`mutation($in: PutComponentsInput!) { putComponents(input: $in) { applied userErrors { code } } }`} {
				for _, list := range [][]any{among(item), {item}} {
					in := any(list)
					if strings.Contains(query, "PutComponentsInput!") {
						in = apptest.Vars{"components": in}
					}
					apptest.Refused{Name: name, Query: query, Vars: apptest.Vars{"in": in}}.Check(t, s)
				}
			}
		})
	}
	for name, test := range map[string]apptest.Refused{
		"a list where there is none": {Query: `query($in: [String!]!) { sessions(filter: {name: $in}) { totalCount } }`},
		"of another type":            {Query: `mutation($in: [Int!]!) { deleteComponents(input: {ids: $in}) { applied } }`},
		"as a single item":           {Query: `mutation($in: ComponentInput!) { putComponents(input: {components: [$in]}) { applied } }`},
		"in lists of lists":          {Query: `mutation($in: [[ComponentInput!]!]!) { putComponents(input: {components: $in}) { applied } }`},
	} {
		t.Run(name, func(t *testing.T) {
			test.Vars = apptest.Vars{"in": among(apptest.Vars{"id": "x9"})}
			test.Check(t, s)
		})
	}
}

// TestLongListsAreTakenAnywhere shows that it does not matter how a long list comes.
func TestLongListsAreTakenAnywhere(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	item := apptest.Vars{"id": "x9", "error": "é \U0001F680", "retryPolicy": 3, "status": nil,
		"lastAction": apptest.Vars{"action": "powering_on", "lastUpdated": "2026-11-22T10:00:00+01:00"}}
	for i, test := range []struct {
		query string
		in    any
	}{
		{apptest.PutComponents, among(item)},
		{`mutation($in: PutComponentsInput!) { putComponents(input: $in) { applied userErrors { code } } }`, apptest.Vars{"components": among(item)}},
	} {
		item["error"] = fmt.Sprint(item["error"], i) // so that every turn writes
		got := s.Must(test.query, apptest.Vars{"in": test.in})
		if applied := got.At("putComponents.applied"); fmt.Sprint(applied) != "101" {
			t.Errorf("%s: applied %v", test.query, applied)
		}
		found := s.Must(`{ component(id: "x9") { error retryPolicy lastAction { action failed lastUpdated } } }`)
		if got, want := fmt.Sprint(found.At("component.error"), found.At("component.retryPolicy"), found.At("component.lastAction.lastUpdated")),
			fmt.Sprint(item["error"], 3, "2026-11-22T09:00:00Z"); got != want {
			t.Errorf("%s: stored %s, want %s", test.query, got, want)
		}
	}
	// A long list of anything else is held back in vain, and comes through.
	ids := []string{}
	for i := range 1000 {
		ids = append(ids, apptest.Xname(i))
	}
	got := s.Must(`mutation($in: [ID!]!) { putTenant(input: {name: "blue", components: $in}) { owned } }`, apptest.Vars{"in": ids})
	if owned := got.At("putTenant.owned"); fmt.Sprint(owned) != "1000" {
		t.Errorf("owned %v", owned)
	}
}
