package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// maker is an executor that counts how many operations it makes, and answers with the variable that an
// operation has.
type maker struct {
	executions
	made int
}

func (m *maker) CreateOperationContext(_ context.Context, p *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	m.made++
	return &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: ast.Query}, Variables: p.Variables}, nil
}

func (m *maker) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	return graphql.OneShot(&graphql.Response{Data: fmt.Appendf(nil, `"%v"`, op.Variables["n"])}), ctx
}

// TestAKnownQueryIsNotMadeAgain shows that the same bytes with the same rights are decoded and validated once,
// unless they are many.
func TestAKnownQueryIsNotMadeAgain(t *testing.T) {
	m := &maker{}
	h := NewHTTP(m, func(*http.Request) int64 { return 1 << 20 })
	long := strings.Repeat("9", maxMade)
	access, _ := auth.Anyone().For("")
	writer := auth.WithAccess(t.Context(), access)
	for i, test := range []struct {
		ctx  context.Context
		n    string
		made int // operations by then
	}{
		{t.Context(), "1", 1}, {t.Context(), "1", 1},
		{t.Context(), "2", 2},
		{writer, "1", 3}, {writer, "1", 3},
		{t.Context(), "1", 3}, {t.Context(), "2", 3},
		{t.Context(), long, 4}, {t.Context(), long, 5},
	} {
		r := httptest.NewRequestWithContext(test.ctx, http.MethodPost, "/",
			strings.NewReader(`{"query":"query($n: String) { x }","variables":{"n":"`+test.n+`"}}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got, want := w.Body.String(), `{"data":"`+test.n+`"}`; got != want {
			t.Errorf("request %d: answered %s, want %s", i, got, want)
		}
		if m.made != test.made {
			t.Errorf("request %d: %d operations were made, want %d", i, m.made, test.made)
		}
	}
}

// oneSession is a store of one session, whose reads are counted.
type oneSession struct {
	graph.Store
	reads int
}

func (s *oneSession) ReadSessions(context.Context, []bos.SessionRead) ([]*bos.Session, error) {
	s.reads++
	return []*bos.Session{{SessionKey: bos.SessionKey{Name: "a"}}}, nil
}

// TestAQueryIsAnsweredDirectly shows that what answers a query in place of the executor is made once, and not
// again for the same bytes.
func TestAQueryIsAnsweredDirectly(t *testing.T) {
	store, made := &oneSession{}, 0
	schema := graph.NewSchema(&graph.Resolver{Store: store})
	exec := executor.New(schema) // without loaders, so that it could not answer
	h := NewHTTP(exec, func(*http.Request) int64 { return 1 << 20 })
	h.Direct = func(op *graphql.OperationContext) *graph.Direct {
		made++
		return schema.Direct(op)
	}
	for i := range 3 {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"query":"{ session(name: \"a\") { name } }"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got, want := w.Body.String(), `{"data":{"session":{"name":"a"}}}`; got != want || w.Code != http.StatusOK {
			t.Errorf("request %d: answered %d %s, want %s", i, w.Code, got, want)
		}
		if made != 1 || store.reads != i+1 {
			t.Errorf("request %d: made %d times, with %d reads", i, made, store.reads)
		}
	}
}
