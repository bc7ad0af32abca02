package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// rootActions says what each root field does, by the name of its type and its own. A field
// that is missing here is refused to everybody.
var rootActions = map[string]auth.Action{
	"Query.session":            auth.ReadSessions,
	"Query.sessions":           auth.ReadSessions,
	"Query.component":          auth.ReadComponents,
	"Query.components":         auth.ReadComponents,
	"Query.node":               auth.ReadSessions, // or of components, which the same roles may read
	"Query.sessionTemplates":   auth.ReadTemplates,
	"Query.templates":          auth.ReadSessions,
	"Query.tenants":            auth.ReadSessions,
	"Query.bosOptions":         auth.ReadServer,
	"Query.serverInfo":         auth.ReadServer, // problems and sync need ReadOperations besides
	"Query.__schema":           auth.ReadServer,
	"Query.__type":             auth.ReadServer,
	"Query.__typename":         auth.ReadServer,
	"Query.troubledComponents": auth.ReadComponents,

	"Mutation.createSession":    auth.WriteSessions,
	"Mutation.updateSession":    auth.WriteSessions,
	"Mutation.deleteSession":    auth.WriteSessions,
	"Mutation.putComponents":    auth.WriteComponents,
	"Mutation.patchComponents":  auth.WriteComponents,
	"Mutation.deleteComponents": auth.WriteComponents,
	"Mutation.putTenant":        auth.WriteTenants,
	"Mutation.__typename":       auth.WriteSessions, // as for each of them

	"Subscription.sessionStatusUpdated": auth.ReadSessions,
	"Subscription.sessionsUpdated":      auth.ReadSessions,
	"Subscription.componentsUpdated":    auth.ReadComponents,
	"Subscription.__typename":           auth.ReadServer,
}

var rootTypes = map[ast.Operation]string{ast.Query: "Query.", ast.Mutation: "Mutation.", ast.Subscription: "Subscription."}

// SchemaRights is the extension that refuses a request before it is parsed if its access has no right
// to read the schema, which every role has: errors about a document, with their suggestions, would
// show what is in there.
type SchemaRights struct{}

// ExtensionName names the extension.
func (SchemaRights) ExtensionName() string { return "SchemaRights" }

// Validate has nothing to check.
func (SchemaRights) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses a request as a whole.
func (SchemaRights) MutateOperationParameters(ctx context.Context, _ *graphql.RawParams) *gqlerror.Error {
	if !auth.AccessOf(ctx).Can(auth.ReadServer) {
		err := auth.Forbid(auth.ReadServer)
		return present(&gqlerror.Error{}, err.Message, err.Code)
	}
	return nil
}

// Rights is the extension that refuses operations with a root field that the access of their
// context does not allow at all. Whose sessions and components it reaches is decided by the
// store that the resolvers are given.
type Rights struct{}

// ExtensionName names the extension.
func (Rights) ExtensionName() string { return "Rights" }

// Validate has nothing to check.
func (Rights) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses an operation as a whole, before any of it is executed.
func (Rights) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if err := allowed(auth.AccessOf(ctx), rootTypes[op.Operation.Operation], op.Operation.SelectionSet); err != nil {
		return present(&gqlerror.Error{}, err.Message, err.Code)
	}
	return nil
}

// allowed checks all root fields of a selection, those that are skipped included.
func allowed(access auth.Access, root string, set ast.SelectionSet) *bos.Error {
	for _, name := range rootFields(set) {
		if action, ok := rootActions[root+name]; !ok || !access.Can(action) {
			return access.Forbid(action)
		}
	}
	return nil
}

// rootFields are the names of the root fields of a selection, wherever they are spread, each once.
// Every fragment is looked at once: some that spread each other twice come to 2^30 fields, and
// an operation that the limits of documents refuse is looked at as well, for the audit log.
func rootFields(set ast.SelectionSet) (names []string) {
	seen := map[*ast.FragmentDefinition]bool{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				if s.Definition != nil && !seen[s.Definition] { // nil in a document that is not valid
					seen[s.Definition] = true
					walk(s.Definition.SelectionSet)
				}
			case *ast.Field:
				if !slices.Contains(names, s.Name) {
					names = append(names, s.Name)
				}
			}
		}
	}
	walk(set)
	return names
}
