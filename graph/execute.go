package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// gqlparser puts @defer into every schema, and no transport here has it: a client that found it there
// would wait for parts that never come.
func init() { delete(parsedSchema.Directives, "defer") }

// NewSchema makes the schema whose responses are written to an [Answer], where the
// context has one. The generated execution writes each to a buffer without a bound. With [Plans] installed,
// plans execute what they can.
func NewSchema(resolvers *Resolver) Schema {
	generated := NewExecutableSchema(Config{Resolvers: resolvers})
	return Schema{generated, generated.(*executableSchema), newPlanned(resolvers), resolvers.Store}
}

// Schema is bosgraph's schema, ready to be executed.
type Schema struct {
	graphql.ExecutableSchema
	generated *executableSchema
	planned   *planned
	store     Store
}

// inAnswer stands for the data that an answer has.
var inAnswer = []byte("null")

// Exec implements graphql.ExecutableSchema. It is what the generated one does, but for
// where the data goes, for what plans execute, and for @defer, which the schema does not have.
func (s Schema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	ec := newExecutionContext(op, s.generated, make(chan graphql.DeferredResult))
	p := &planner{planned: s.planned, ec: ec}
	var resolve func(context.Context) graphql.Marshaler
	nulled := 0 // the length of data that null takes the place of
	switch op.Operation.Operation {
	case ast.Query:
		resolve = func(ctx context.Context) graphql.Marshaler { return ec._Query(ctx, op.Operation.SelectionSet) }
	case ast.Mutation:
		resolve = func(ctx context.Context) graphql.Marshaler { return ec._Mutation(ctx, op.Operation.SelectionSet) }
	default:
		resolve, nulled = p.subscription(ctx, op.Operation.SelectionSet)
	}
	once, over := op.Operation.Operation != ast.Subscription, false
	return func(ctx context.Context) *graphql.Response {
		if over {
			return nil
		}
		// A query and a mutation answer once; gqlgen calls until nil is returned.
		over = once
		data := resolve(context.WithValue(ctx, plannerKey{}, p))
		if data == nil {
			return nil
		}
		if a, ok := ctx.Value(answerKey{}).(*Answer); ok {
			a.write(data)
			if a.size == int64(nulled) {
				a.write(graphql.Null)
			}
			return &graphql.Response{Data: inAnswer}
		}
		var w plainWriter
		data.MarshalGQL(&w)
		if len(w.b) == nulled {
			w.b = inAnswer
		}
		return &graphql.Response{Data: w.b}
	}
}
