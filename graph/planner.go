package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
)

// planner executes the objects of one operation by plans.
type planner struct {
	*planned
	ec *executionContext

	mu  sync.Mutex
	own map[*ast.Field]any // plans that depend on the operation's variables, or on nobody else
}

// plannedDocuments is how many plans are kept for later operations, of as many fields.
const plannedDocuments = 2000

type plannerKey struct{}

// Plans is the extension that has plans execute the objects that resolvers return. Without it a
// schema of [NewSchema] leaves them to gqlgen.
type Plans struct{}

// ExtensionName names the extension.
func (Plans) ExtensionName() string { return "Plans" }

// Validate has nothing to check.
func (Plans) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext puts plans around all field middleware, which so still sees the objects of the
// domain. It is done once for an operation: an extension for fields would cost each field a closure.
func (Plans) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.ResolverMiddleware = aroundFields(op.ResolverMiddleware)
	return nil
}

// aroundFields puts results of plans in place of the objects that resolvers return.
func aroundFields(next graphql.FieldMiddleware) graphql.FieldMiddleware {
	return func(ctx context.Context, resolve graphql.Resolver) (any, error) {
		// After the resolver and all that was installed around it, which decides on the value
		// itself.
		v, err := next(ctx, resolve)
		if err != nil {
			return v, err
		}
		var execute func(p *planner) graphql.Marshaler
		switch v := v.(type) {
		case *bos.Session:
			execute = func(p *planner) graphql.Marshaler {
				return executed(ctx, p, p.session, graphql.GetFieldContext(ctx).Field, v)
			}
		case *bos.Status:
			execute = func(p *planner) graphql.Marshaler {
				return executed(ctx, p, p.status, graphql.GetFieldContext(ctx).Field, v)
			}
		case []bos.Session:
			execute = func(p *planner) graphql.Marshaler { return listed(ctx, p, p.session, v) }
		case []ErrorSummary:
			execute = func(p *planner) graphql.Marshaler { return listed(ctx, p, p.errors, v) }
		case []bos.CabinetCounts:
			execute = func(p *planner) graphql.Marshaler { return listed(ctx, p, p.cabinets, v) }
		case []bos.Point:
			execute = func(p *planner) graphql.Marshaler { return listed(ctx, p, p.points, v) }
		default: // nearly all fields: the planner is not even looked for
			return v, nil
		}
		if p, ok := ctx.Value(plannerKey{}).(*planner); ok {
			if result := execute(p); result != nil {
				return result, nil
			}
		}
		return v, nil
	}
}

// executed executes a field that is an object; nil leaves it to gqlgen.
func executed[T any](ctx context.Context, p *planner, o *object[T], f graphql.CollectedField, v *T) graphql.Marshaler {
	// A field may return a session as an interface (node): which fields apply is gqlgen's to
	// decide.
	if v == nil || f.Definition.Type.NamedType != o.name {
		return nil
	}
	made := planOf(p, o, f)
	if made == nil {
		return nil
	}
	return made.execute(ctx, p.ec, v)
}

// subscription is the generated execution of a subscription, but for the status of a session,
// whose values no resolver returns that could be replaced. Data of the length nulled has to be null.
func (p *planner) subscription(ctx context.Context, set ast.SelectionSet) (resolve func(context.Context) graphql.Marshaler, nulled int) {
	fields := graphql.CollectFields(p.ec.OperationContext, set, subscriptionImplementors)
	if len(fields) != 1 {
		return p.ec._Subscription(ctx, set), 0 // which refuses it
	}
	var next func(context.Context) graphql.Marshaler
	if fields[0].Name == "sessionStatusUpdated" {
		next = p.statuses(ctx, fields[0])
	} else {
		next = p.ec._Subscription(ctx, set)
	}
	resolve = func(ctx context.Context) graphql.Marshaler {
		// gqlgen executes what is selected of a value in the context of its response, which has no
		// field: paths of errors would begin within the root field.
		return next(graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription", Field: fields[0]}))
	}
	// gqlgen also writes the root field when it is null, though none may be. They are objects, which are
	// never as short as that.
	return resolve, len(`{"":null}`) + len(fields[0].Alias)
}

// statuses is the execution of sessionStatusUpdated.
func (p *planner) statuses(ctx context.Context, field graphql.CollectedField) func(context.Context) graphql.Marshaler {
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription"})
	return graphql.ResolveFieldStream(ctx, p.ec.OperationContext, field, p.ec.fieldContext_Subscription_sessionStatusUpdated,
		func(ctx context.Context) (any, error) {
			args := graphql.GetFieldContext(ctx).Args
			values, err := p.ec.Resolvers.Subscription().SessionStatusUpdated(ctx, args["name"].(string), args["tenant"].(*string),
				args["minInterval"].(*int), args["sinceRevision"].(*int64), args["sinceEpoch"].(*string))
			if err == nil {
				p.shorten(ctx, field)
			}
			return values, err
		}, nil,
		func(ctx context.Context, set ast.SelectionSet, v *bos.Status) graphql.Marshaler {
			if r := executed(ctx, p, p.status, field, v); r != nil {
				return r
			}
			return p.ec._SessionStatus(ctx, set, v)
		}, true, true)
}

// shorten lets a driver write the responses of a subscription that selects nothing but what a plan
// knows: then each needs no execution around it.
func (p *planner) shorten(ctx context.Context, f graphql.CollectedField) {
	driving := ctx.Value(driverKey{}).(*driving)
	d, ok := driving.Driver.(*driver[*bos.Status])
	if !ok || !driving.plan {
		return
	}
	made := planOf(p, p.status, f)
	if made == nil || made.others != nil {
		return
	}
	head := dataPrefix + `{"` + f.Alias + `":`
	d.write = func(ctx context.Context, to []byte, v *bos.Status) []byte {
		// What is longer is counted against what an answer may have.
		if b := made.try(ctx, append(to, head...), nil, v); b != nil && len(b) < fullPart/2 {
			return append(b, "}}"...)
		}
		return nil
	}
}

// listed executes a field that is a list of objects.
func listed[T any](ctx context.Context, p *planner, o *object[T], items []T) graphql.Marshaler {
	made := planOf(p, o, graphql.GetFieldContext(ctx).Field)
	// A list is written at once. One with a field that gqlgen executes is left to it as a
	// whole.
	if made == nil || made.others != nil {
		return nil
	}
	b := append(make([]byte, 0, 2+len(items)*(1+made.size)), '[')
	for i := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b = made.try(ctx, b, nil, &items[i]); b == nil {
			return nil
		}
	}
	return &result{b: append(b, ']')}
}

// planOf finds the plan of a field's selection, or makes it; nil if there is none.
func planOf[T any](p *planner, o *object[T], f graphql.CollectedField) *plan[T] {
	if len(f.Selections) != len(f.SelectionSet) {
		return nil // the field is selected in several places
	}
	if known, ok := p.plans.Get(f.Field); ok {
		return known.(*plan[T])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.own[f.Field]
	if !ok {
		made := o.plan(lookedAt(p.ec.OperationContext), f.Selections)
		// Not kept for others: a subscription's document was rewritten for its group alone, and
		// where directives decide, another operation's variables decide otherwise.
		if known = made; p.ec.Operation.Operation == ast.Subscription || conditional(f.Selections) {
			if p.own == nil {
				p.own = map[*ast.Field]any{}
			}
			p.own[f.Field] = known
		} else {
			p.plans.Add(f.Field, known)
		}
	}
	return known.(*plan[T])
}

// lookedAt is an operation to collect fields of that is dropped afterwards: the operation itself
// keeps what was collected, which for a subscription is for as long as anybody follows it.
func lookedAt(op *graphql.OperationContext) *graphql.OperationContext {
	return &graphql.OperationContext{Doc: op.Doc, Variables: op.Variables}
}

// conditional says whether a selection has directives.
func conditional(set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if len(s.Directives) > 0 || conditional(s.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if len(s.Directives) > 0 || conditional(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread: // validated: fragments do not contain themselves
			if len(s.Directives) > 0 || conditional(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// newPlans makes the cache of plans.
func newPlans() *lru.Cache[*ast.Field, any] {
	c, err := lru.New[*ast.Field, any](plannedDocuments)
	if err != nil {
		panic(err) // not for a positive size
	}
	return c
}
