package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/audit"
)

// Audit is the extension that records every mutation that is executed: each root field is one.
// What these write through an [Audited] store is recorded in detail.
type Audit struct{ Log *audit.Log }

type eventKey struct{}

// ExtensionName names the extension.
func (Audit) ExtensionName() string { return "Audit" }

// Validate has nothing to check.
func (Audit) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptRootField records a mutation when its answer is made.
func (a Audit) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	field := graphql.GetRootFieldContext(ctx).Field
	event := &audit.Event{Action: field.Name}
	answer := next(context.WithValue(ctx, eventKey{}, event))
	if event.Outcome == "" { // refused by its arguments, or a panic
		event.Done(0, errorOf(graphql.GetErrors(ctx), field.Alias))
	}
	a.Log.Record(ctx, *event)
	return answer
}

// errorOf is the first error of a root field, by the name that it has in the answer.
func errorOf(errs gqlerror.List, alias string) error {
	for _, e := range errs {
		if len(e.Path) > 0 && e.Path[0] == ast.PathName(alias) {
			code, _ := e.Extensions["code"].(string)
			return bos.Errorf(bos.Code(code), "%s", e.Message)
		}
	}
	return bos.Errorf(bos.Internal, "no answer")
}

// RecordRefused records an operation that is refused before it is executed, if it is a mutation:
// one event for all of its fields, of which a hostile request may have very many. errs are what its client gets.
func RecordRefused(ctx context.Context, log *audit.Log, op *graphql.OperationContext, errs gqlerror.List) {
	if op.Operation == nil || op.Operation.Operation != ast.Mutation {
		return
	}
	code, _ := errs[0].Extensions["code"].(string)
	log.Record(ctx, audit.Event{
		Action:  strings.Join(rootFields(op.Operation.SelectionSet), ","),
		Outcome: audit.Refused, // whatever the code is: it was not executed
		Code:    bos.Code(code), Error: errs[0].Message,
	})
}

// Audited is a store whose writes are noted in the event of the mutation that makes them.
type Audited struct{ Store }

// noted is the event of a mutation; one that nobody looks at outside of mutations.
func noted(ctx context.Context) *audit.Event {
	if event, ok := ctx.Value(eventKey{}).(*audit.Event); ok {
		return event
	}
	return new(audit.Event)
}

// one notes a write of one session.
func (Audited) one(ctx context.Context, key bos.SessionKey, err error) {
	event, applied := noted(ctx), 1
	if err != nil {
		applied = 0
	}
	event.Session, event.Items = &key, 1
	event.Done(applied, err)
}

// batch notes a write of some components, of which the first have those ids.
func (Audited) batch(ctx context.Context, items int, ids []string, result bos.BatchResult, err error) {
	event := noted(ctx)
	event.IDs, event.Items = ids, items
	if err == nil && len(result.Refused) > 0 {
		err = result.Refused[0].Err
	}
	event.Done(result.Applied, err)
}

// CreateSession implements [Store], as do the others.
func (s Audited) CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error) {
	created, err := s.Store.CreateSession(ctx, n)
	s.one(ctx, n.SessionKey, err)
	return created, err
}

// UpdateSession notes the session.
func (s Audited) UpdateSession(ctx context.Context, key bos.SessionKey, u bos.SessionUpdate) (*bos.Session, error) {
	updated, err := s.Store.UpdateSession(ctx, key, u)
	s.one(ctx, key, err)
	return updated, err
}

// DeleteSession notes the session.
func (s Audited) DeleteSession(ctx context.Context, key bos.SessionKey) (string, error) {
	id, err := s.Store.DeleteSession(ctx, key)
	s.one(ctx, key, err)
	return id, err
}

// PutComponents notes the components and how many were applied.
func (s Audited) PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error) {
	result, err := s.Store.PutComponents(ctx, components)
	s.batch(ctx, len(components), idsOf(components), result, err)
	return result, err
}

// PatchComponents does so, too.
func (s Audited) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	result, err := s.Store.PatchComponents(ctx, patches)
	s.batch(ctx, len(patches), idsOf(patches), result, err)
	return result, err
}

// DeleteComponents does so, too.
func (s Audited) DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error) {
	result, err := s.Store.DeleteComponents(ctx, ids)
	s.batch(ctx, len(ids), ids, result, err)
	return result, err
}

// PutTenant notes the tenant and what it owns.
func (s Audited) PutTenant(ctx context.Context, name string, ids []string) (int, error) {
	owned, err := s.Store.PutTenant(ctx, name, ids)
	s.batch(ctx, len(ids), ids, bos.BatchResult{Applied: owned}, err)
	noted(ctx).Tenant = name
	return owned, err
}

// idsOf returns the ids of the first few.
func idsOf(patches []bos.ComponentPatch) []string {
	ids := make([]string, min(len(patches), audit.MaxIDs))
	for i := range ids {
		ids[i] = patches[i].ID
	}
	return ids
}
