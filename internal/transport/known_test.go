package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// keeper is an executor that counts how many operations it makes, keeps their documents as
// long as it is to, and answers with the header and the variable that an operation has.
type keeper struct {
	made      int
	documents []*ast.QueryDocument
}

func (k *keeper) CreateOperationContext(_ context.Context, p *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	k.made++
	operation := &ast.OperationDefinition{Operation: ast.Query, Name: p.OperationName}
	document := &ast.QueryDocument{Operations: ast.OperationList{{Operation: ast.Mutation, Name: "Other"}, operation}}
	k.documents = append(k.documents, document)
	return &graphql.OperationContext{
		Doc: document, Operation: operation, OperationName: p.OperationName, Variables: p.Variables, Headers: p.Headers,
	}, nil
}

func (k *keeper) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	op.ResolverMiddleware = func(context.Context, graphql.Resolver) (any, error) { return nil, nil } // as executions do
	return graphql.OneShot(&graphql.Response{Data: fmt.Appendf(nil, `"%s %s %v %s"`,
		op.Operation.Operation, op.Operation.Name, op.Variables["n"], op.Headers.Get("X-Who"))}), ctx
}

func (k *keeper) DispatchError(_ context.Context, list gqlerror.List) *graphql.Response {
	return &graphql.Response{Errors: list}
}

// TestAKnownQueryIsNotMadeAgain shows that the same bytes with the same rights are decoded and validated once, for as
// long as the executor keeps the document, and that each request is still executed as its own.
func TestAKnownQueryIsNotMadeAgain(t *testing.T) {
	k := &keeper{}
	h := NewHTTP(k, func(*http.Request) int64 { return 1 << 20 })
	ask := func(who, n string, made int, as func(context.Context) context.Context) {
		t.Helper()
		r := httptest.NewRequestWithContext(as(t.Context()), http.MethodPost, "/",
			strings.NewReader(`{"query":"query One { x }","operationName":"One","variables":{"n":"`+n+`"}}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Who", who)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got, want := w.Body.String(), fmt.Sprintf(`{"data":"query One %s %s"}`, n, who); got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
		if k.made != made {
			t.Errorf("%s, %s: %d operations were made, want %d", who, n, k.made, made)
		}
	}
	nobody := func(ctx context.Context) context.Context { return ctx }
	writer := func(ctx context.Context) context.Context {
		access, _ := auth.Anyone().For("")
		return auth.WithAccess(ctx, access)
	}
	ask("first", "1", 1, nobody)
	ask("second", "1", 1, nobody)
	ask("third", "2", 2, nobody)
	ask("fourth", "1", 3, writer)
	ask("fifth", "1", 3, nobody)

	k.documents = nil
	runtime.GC()
	ask("sixth", "1", 4, nobody)
	ask("seventh", "1", 4, nobody)
}
