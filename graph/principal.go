package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
)

// Principal is on whose behalf a request is made.
type Principal struct {
	Write bool // may change things, and send the large bodies that takes
}

type principalKey struct{}

// WithPrincipal returns a context for requests of p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns on whose behalf ctx is: somebody without any right, unless
// [WithPrincipal] has said so.
func PrincipalOf(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Rights is the extension that refuses what the principal has no right to.
type Rights struct{}

// ExtensionName names the extension.
func (Rights) ExtensionName() string { return "Rights" }

// Validate has nothing to check.
func (Rights) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses mutations to those who may not write.
func (Rights) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if op.Operation.Operation == ast.Mutation && !PrincipalOf(ctx).Write {
		return present(&gqlerror.Error{}, "you have no right to change anything here", bos.Forbidden)
	}
	return nil
}
