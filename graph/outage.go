package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
)

// Outage is the extension that makes one response wait for a store that is away
// only once: what it needs besides is given up, with the same error. Otherwise a
// request with ten mutations, which run one after the other, would take ten times
// as long to fail.
type Outage struct{}

type outageKey struct{}

// ExtensionName names the extension.
func (Outage) ExtensionName() string { return "Outage" }

// Validate has nothing to check.
func (Outage) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse lets the response be given up.
func (Outage) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return next(context.WithValue(ctx, outageKey{}, giveUp))
}

// givenUp gives up what the response still needs if err says that the store is away.
func givenUp(ctx context.Context, err *bos.Error) {
	if giveUp, ok := ctx.Value(outageKey{}).(context.CancelCauseFunc); ok && err.Code == bos.Unavailable {
		giveUp(err)
	}
}
