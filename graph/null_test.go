package graph_test

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestNullIsRefusedWhereNoneMayBe gives null to variables that have a default and are used where no null may be: none may be taken for an
// empty value, and nothing may be stored.
func TestNullIsRefusedWhereNoneMayBe(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	s.Must(apptest.PutTenant, apptest.Vars{"name": "owner", "in": []string{"x1"}})
	const says = `{ applied userErrors { message } } }`
	for _, query := range []string{
		// Fields of an input object, and items of a list in one.
		`mutation($n: [ID!] = []) { putTenant(input: {name: "owner", components: $n}) { owned userErrors { message } } }`,
		`mutation($n: ID = "x1") { putTenant(input: {name: "owner", components: ["x1", $n]}) { owned userErrors { message } } }`,
		`mutation($n: String = "other") { putTenant(input: {name: $n, components: []}) { owned userErrors { message } } }`,
		`mutation($n: SessionOperation = BOOT) { createSession(input: {operation: $n, templateName: "t"}) { session { name } userErrors { message } } }`,
		`mutation($n: String = "t") { createSession(input: {operation: BOOT, templateName: $n}) { session { name } userErrors { message } } }`,
		`mutation($n: String = "running") { updateSession(input: {name: $n, status: COMPLETE}) { session { name } userErrors { message } } }`,
		`mutation($n: String = "running") { deleteSession(input: {name: $n}) { deletedId userErrors { message } } }`,
		`mutation($n: [ID!] = ["x1"]) { deleteComponents(input: {ids: $n}) ` + says,
		`mutation($n: ID = "x1") { deleteComponents(input: {ids: [$n]}) ` + says,
		`mutation($n: ID = "x1") { deleteComponents(input: {ids: ["x1", $n]}) ` + says,
		`mutation($n: [ComponentInput!] = []) { putComponents(input: {components: $n}) ` + says,
		`mutation($n: ComponentInput = {id: "x1"}) { putComponents(input: {components: [$n]}) ` + says,
		`mutation($n: ID = "x1") { putComponents(input: {components: [{id: "x1"}, {id: $n}]}) ` + says,
		`mutation($n: ID = "x1") { putComponents(input: {components: {id: $n}}) ` + says,
		`mutation($n: [ComponentPatch!] = []) { patchComponents(input: {components: $n}) ` + says,
		`mutation($n: ID = "x1") { patchComponents(input: {components: [{id: $n, enabled: false}]}) ` + says,
		`query($n: ID = "x1") { components(filter: {ids: [$n]}) { totalCount } }`,

		// Arguments.
		`mutation($n: CreateSessionInput = {operation: BOOT, templateName: "t"}) { createSession(input: $n) { session { name } userErrors { message } } }`,
		`mutation($n: UpdateSessionInput = {name: "running", status: COMPLETE}) { updateSession(input: $n) { session { name } userErrors { message } } }`,
		`mutation($n: DeleteSessionInput = {name: "running"}) { deleteSession(input: $n) { deletedId userErrors { message } } }`,
		`mutation($n: PutComponentsInput = {components: []}) { putComponents(input: $n) ` + says,
		`mutation($n: PatchComponentsInput = {components: []}) { patchComponents(input: $n) ` + says,
		`mutation($n: DeleteComponentsInput = {ids: ["x1"]}) { deleteComponents(input: $n) ` + says,
		`mutation($n: PutTenantInput = {name: "owner", components: []}) { putTenant(input: $n) { owned userErrors { message } } }`,
		`query($n: ID = "x1") { component(id: $n) { id } }`,
		`query($n: ID = "x1") { node(id: $n) { id } }`,
		`query($n: String = "running") { session(name: $n) { name } }`,
		`query($n: ComponentsAsOf = NOW) { session(name: "running") { componentsAsOf(at: $n) { nodes { id } } } }`,
		`query($n: ComponentsAsOf) { session(name: "running") { componentsAsOf(at: $n) { nodes { id } } } }`,
		`query($n: String = "Session") { __type(name: $n) { name } }`,

		// In fragments, among other operations, and of directives.
		`query($n: ID = "x1") { ...f } fragment f on Query { ... { component(id: $n) { id } } }`,
		`mutation($n: Boolean = true) { deleteSession(input: {name: "running"}) @skip(if: $n) { deletedId } }`,
		`mutation($n: Boolean = true) { deleteSession(input: {name: "running"}) { ... @include(if: $n) { deletedId } } }`,
	} {
		t.Run(query, func(t *testing.T) {
			apptest.Refused{Query: query, Vars: apptest.Vars{"n": nil}}.Check(t, s)
			got := s.With(t).Ask(query, apptest.Vars{"n": nil})
			if got.Status != 422 || !strings.Contains(string(got.Body), "$n is null, but a value of the type ") || strings.Contains(string(got.Body), `"data"`) {
				t.Errorf("answered %d %s", got.Status, got.Body)
			}
		})
	}
}

// TestNullIsAsGoodAsNothingWhereItMayBe gives null, and nothing, to variables that are used where null may be.
func TestNullIsAsGoodAsNothingWhereItMayBe(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	for _, query := range []string{
		`query($n: String) { session(name: "running", tenant: $n) { name } }`,
		`query($n: SessionState) { sessions(filter: {status: $n}) { totalCount } }`,
		`query($n: SessionOperation) { sessions(filter: {operation: $n}) { totalCount } }`,
		`query($n: ComponentPhase) { components(filter: {phase: $n}) { totalCount } }`,
		`query($n: ComponentStatusLabel) { components(filter: {status: $n}) { totalCount } }`,
		`query($n: [ID!]) { components(filter: {ids: $n}) { totalCount } }`,
		`query($n: ComponentFilter) { components(filter: $n) { totalCount } }`,
		`query($n: Int) { sessions(first: $n) { totalCount } }`,
		`query($n: DateTime) { session(name: "running", startedAt: $n) { name } }`,
		`mutation($n: String) { patchComponents(input: {components: [{id: "x1", error: $n}]}) { applied userErrors { message } } }`,
		`mutation($n: SessionState) { updateSession(input: {name: "running", status: $n}) { session { name } userErrors { message } } }`,
	} {
		with, without := s.With(t).Must(query, apptest.Vars{"n": nil}), s.With(t).Must(query)
		if string(with.Body) != string(without.Body) {
			t.Errorf("%s: null is answered %s, and nothing %s", query, with.Body, without.Body)
		}
	}
	// A default stands in for what is not given.
	for query, path := range map[string]string{
		`query($n: ComponentsAsOf) { session(name: "running") { componentsAsOf(at: $n) { totalCount } } }`: "session.componentsAsOf.totalCount",
		`query($n: ID = "x1") { component(id: $n) { id } }`:                                                "component.id",
		`query($n: Boolean = true) { session(name: "running") @include(if: $n) { name } }`:                 "session.name",
	} {
		if got := s.With(t).Must(query); got.At(path) == nil {
			t.Errorf("%s: answered %s", query, got.Body)
		}
	}
}
