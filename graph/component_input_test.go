package graph_test

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestAnEmptyListOfComponentsAppliesNothing shows that an empty list is a list, in the document as in variables.
func TestAnEmptyListOfComponentsAppliesNothing(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, field := range []string{"putComponents", "patchComponents"} {
		for query, vars := range map[string]apptest.Vars{
			`mutation { m: ` + field + `(input: {components: []}) { applied } }`:                                     nil,
			`mutation($i: ` + inputOf[field] + `!) { m: ` + field + `(input: $i) { applied } }`:                      {"i": apptest.Vars{"components": []any{}}},
			`mutation($c: [` + itemOf[field] + `!]!) { m: ` + field + `(input: {components: $c}) { applied } }`:      {"c": []any{}},
			`mutation($c: [` + itemOf[field] + `!]! = []) { m: ` + field + `(input: {components: $c}) { applied } }`: nil,
			`mutation($i: ` + inputOf[field] + `! = {components: []}) { m: ` + field + `(input: $i) { applied } }`:   nil,
		} {
			s.With(t).Must(query, vars).Want(t, map[string]any{"m.applied": 0.0})
		}
	}
}

// TestASingleComponentIsAListOfOne shows that a component that is in no list is one of its own, as GraphQL coerces it.
func TestASingleComponentIsAListOfOne(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, field := range []string{"putComponents", "patchComponents"} {
		for query, vars := range map[string]apptest.Vars{
			`mutation { m: ` + field + `(input: {components: {id: "x1"}}) { applied } }`:                        nil,
			`mutation($i: ` + inputOf[field] + `!) { m: ` + field + `(input: $i) { applied } }`:                 {"i": apptest.Vars{"components": apptest.Vars{"id": "x1"}}},
			`mutation($c: [` + itemOf[field] + `!]!) { m: ` + field + `(input: {components: $c}) { applied } }`: {"c": apptest.Vars{"id": "x1"}},
		} {
			s.With(t).Must(query, vars).Want(t, map[string]any{"m.applied": 1.0})
		}
	}
}

// TestAnEmptyIDIsRefusedByItself shows that a component with an empty id leaves the others of its batch alone.
func TestAnEmptyIDIsRefusedByItself(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, field := range []string{"putComponents", "patchComponents"} {
		for query, vars := range map[string]apptest.Vars{
			`mutation { m: ` + field + `(input: {components: [{id: "", enabled: true}, {id: "x1"}]}) { applied userErrors { field code } } }`: nil,
			`mutation($c: [` + itemOf[field] + `!]!) { m: ` + field + `(input: {components: $c}) { applied userErrors { field code } } }`: {
				"c": []apptest.Vars{{"id": "", "enabled": true}, {"id": "x1"}}},
		} {
			got := s.With(t).Ask(query, vars)
			if want := `{"m":{"applied":1,"userErrors":[{"field":["input","components","0","id"],"code":"BAD_USER_INPUT"}]}}`; !strings.Contains(string(got.Body), want) {
				t.Errorf("%s: answered %s", query, got.Body)
			}
		}
	}
}

// TestUserErrorsNameFieldsThatTheInputHas shows that an id in a list of ids is named by its place in that list.
func TestUserErrorsNameFieldsThatTheInputHas(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for mutation, want := range map[string]string{
		`putTenant(input: {name: "blue", components: ["x1", "x 1"]})`:     `[{"field":["input","components","1"]}]`,
		`putTenant(input: {name: "b b", components: ["x1"]})`:             `[{"field":["input","name"]}]`,
		`deleteComponents(input: {ids: ["", "x9"]})`:                      `[{"field":["input","ids","0"]},{"field":["input","ids","1"]}]`,
		`putComponents(input: {components: [{id: "x 1"}]})`:               `[{"field":["input","components","0","id"]}]`,
		`patchComponents(input: {components: [{id: "x 1"}, {id: "x9"}]})`: `[{"field":["input","components","0","id"]},{"field":["input","components","1","id"]}]`,
	} {
		if got := s.With(t).Ask(`mutation { ` + mutation + ` { userErrors { field } } }`); !strings.Contains(string(got.Body), `"userErrors":`+want) {
			t.Errorf("%s: answered %s, want %s", mutation, got.Body, want)
		}
	}
}

// TestAWholeNumberIsTheIDOfAComponent shows that a batch takes a number for an id, as every other ID does, also in a list
// that is so long that it is decoded later.
func TestAWholeNumberIsTheIDOfAComponent(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	long := apptest.Vars{"c": []apptest.Vars{{"id": 14, "error": strings.Repeat("e", 5000)}}}
	for query, vars := range map[string]apptest.Vars{
		`mutation { m: putComponents(input: {components: [{id: 12}]}) { applied } }`:                 nil,
		`mutation($i: PutComponentsInput!) { m: putComponents(input: $i) { applied } }`:              {"i": apptest.Vars{"components": []apptest.Vars{{"id": 13}}}},
		`mutation($c: [ComponentInput!]!) { m: putComponents(input: {components: $c}) { applied } }`: long,
	} {
		s.With(t).Must(query, vars).Want(t, map[string]any{"m.applied": 1.0})
	}
	s.Must(`{ a: component(id: 12) { id } b: component(id: "13") { id } c: component(id: 14) { id } }`).
		Want(t, map[string]any{"a.id": "12", "b.id": "13", "c.id": "14"})
	s.Must(`mutation { patchComponents(input: {components: [{id: 12}]}) { applied } }`).Want(t, map[string]any{"patchComponents.applied": 1.0})
}

// The types of the two mutations that take many components.
var (
	inputOf = map[string]string{"putComponents": "PutComponentsInput", "patchComponents": "PatchComponentsInput"}
	itemOf  = map[string]string{"putComponents": "ComponentInput", "patchComponents": "ComponentPatch"}
)
