package graph

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// TestEveryRootFieldHasAnAction compares the table with the schema, in both directions.
func TestEveryRootFieldHasAnAction(t *testing.T) {
	schema := NewSchema(&Resolver{}).Schema()
	found := map[string]bool{}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		found[root.Name+".__typename"] = true
		for _, field := range root.Fields {
			found[root.Name+"."+field.Name] = true
		}
	}
	for name := range found {
		if _, ok := rootActions[name]; !ok {
			t.Errorf("%s has no action in rights.go, so it is refused to everybody", name)
		}
	}
	for name := range rootActions {
		if !found[name] {
			t.Errorf("rights.go has an action for %s, which the schema does not have", name)
		}
	}
}

// refusal returns with which code an operation is refused to an access, "" if it is not.
func refusal(t *testing.T, access auth.Access, query string) string {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(NewSchema(&Resolver{}).Schema(), query, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	err := Rights{}.MutateOperationContext(auth.WithAccess(context.Background(), access), &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0]})
	if err == nil {
		return ""
	}
	return err.Extensions["code"].(string)
}

func TestRightsLookThroughFragmentsAndDirectives(t *testing.T) {
	viewer, err := auth.Principal{Roles: auth.Roles(0).With(auth.Viewer)}.For("")
	if err != nil {
		t.Fatal(err)
	}
	const put = `putTenant(input: {name: "a", components: []}) { owned }`
	for query, want := range map[string]bos.Code{
		`{ serverInfo { version } }`:                 "",
		`{ __typename __schema { types { name } } }`: "",
		`mutation { ` + put + ` }`:                   bos.Forbidden,
		`mutation { a: ` + put + ` }`:                bos.Forbidden,
		`mutation { ...f } fragment f on Mutation { ...g } fragment g on Mutation { ` + put + ` }`: bos.Forbidden,
		`mutation { ... on Mutation { ... { ` + put + ` } } }`:                                     bos.Forbidden,
		`mutation($no: Boolean = false) { ` + put[:len(put)-10] + ` @include(if: $no) { owned } }`: bos.Forbidden,
		`subscription { sessionsUpdated { deletedId } }`:                                           "",
	} {
		if got := refusal(t, viewer, query); got != string(want) {
			t.Errorf("%s: refused with %q, want %q", query, got, want)
		}
	}
}

// TestNoRightWithoutAGrant shows what an operation may do that nobody was admitted for.
func TestNoRightWithoutAGrant(t *testing.T) {
	for _, query := range []string{`{ serverInfo { version } }`, `{ __schema { types { name } } }`, `{ __typename }`, `{ sessions { totalCount } }`,
		`subscription { sessionsUpdated { deletedId } }`} {
		if got := refusal(t, auth.Access{}, query); got != string(bos.Forbidden) {
			t.Errorf("%s: refused with %q", query, got)
		}
	}
}

// TestWhoHasNoRoleIsRefusedBeforeItsDocumentIsRead shows that every role may learn the schema, from
// introspection and from suggestions in errors, and that nobody else may.
func TestWhoHasNoRoleIsRefusedBeforeItsDocumentIsRead(t *testing.T) {
	for _, name := range append(auth.RoleNames(), "") {
		var p auth.Principal
		if role, ok := auth.ParseRole(name); ok {
			p.Roles = p.Roles.With(role)
		}
		access, err := p.For("")
		if err != nil {
			t.Fatal(err)
		}
		refused := SchemaRights{}.MutateOperationParameters(auth.WithAccess(t.Context(), access), &graphql.RawParams{Query: "{ sesion }"})
		if name == "" && (refused == nil || refused.Extensions["code"] != string(bos.Forbidden)) || name != "" && refused != nil {
			t.Errorf("role %q: %v", name, refused)
		}
	}
}
