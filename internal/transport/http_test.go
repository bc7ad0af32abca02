package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// executions is an executor that counts, and lets each operation finish on request.
type executions struct {
	begun atomic.Int64
	letGo chan struct{}
}

func (e *executions) CreateOperationContext(_ context.Context, p *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	kind, _, _ := strings.Cut(p.Query, " ")
	if kind == "wrong" {
		return &graphql.OperationContext{}, gqlerror.List{{Message: "wrong"}}
	}
	return &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: ast.Operation(kind)}}, nil
}

func (e *executions) DispatchOperation(ctx context.Context, _ *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	return func(ctx context.Context) *graphql.Response {
		n := e.begun.Add(1)
		<-e.letGo
		if ctx.Err() != nil {
			return nil
		}
		return &graphql.Response{Data: fmt.Appendf(nil, `{"n":%d,"write":%v}`, n, auth.AccessOf(ctx).Can(auth.WriteTenants))}
	}, ctx
}

func (e *executions) DispatchError(_ context.Context, list gqlerror.List) *graphql.Response {
	return &graphql.Response{Errors: list}
}

// poster sends requests to an HTTP of executions, within a bubble.
type poster struct {
	*executions
	t    *testing.T
	http HTTP
}

func newPoster(t *testing.T) poster {
	e := &executions{letGo: make(chan struct{})}
	return poster{e, t, NewHTTP(e, func(*http.Request) int64 { return 1 << 20 })}
}

// post sends a query in the background; the answer is to be had once it is released.
func (c poster) post(ctx context.Context, query string, header ...string) <-chan *httptest.ResponseRecorder {
	return c.send(ctx, fmt.Sprintf(`{"query":%q}`, query), header...)
}

func (c poster) send(ctx context.Context, body string, header ...string) <-chan *httptest.ResponseRecorder {
	answers := make(chan *httptest.ResponseRecorder, 1)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	go func() {
		w := httptest.NewRecorder()
		c.http.ServeHTTP(w, r)
		answers <- w
	}()
	synctest.Wait()
	return answers
}

// known makes a query known as one.
func (c poster) known(query string) {
	first := c.post(c.t.Context(), query)
	c.letGo <- struct{}{}
	<-first
	c.begun.Store(0)
}

func (c poster) wantBegun(n int64, why string) {
	c.t.Helper()
	if got := c.begun.Load(); got != n {
		c.t.Errorf("%s: %d executions have begun, want %d", why, got, n)
	}
}

func (c poster) want(answers <-chan *httptest.ResponseRecorder, body string) {
	c.t.Helper()
	w := <-answers
	if got := w.Body.String(); got != body {
		c.t.Errorf("answered %s %s, want %s", w.Header(), got, body)
	}
}

// TestIdenticalQueriesShareTheNextExecution shows that the same query, asked again while it is executed,
// is executed once more for all who ask then, and never answered by what had begun.
func TestIdenticalQueriesShareTheNextExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPoster(t)
		c.known("query 1")
		first := c.post(t.Context(), "query 1")
		gone, leave := context.WithCancel(t.Context())
		left := c.post(gone, "query 1")
		second, third := c.post(t.Context(), "query 1"), c.post(t.Context(), "query 1")
		c.wantBegun(1, "the others wait")
		leave()
		if w := <-left; w.Body.Len() != 0 {
			t.Errorf("who has left is sent %s", w.Body)
		}
		c.letGo <- struct{}{}
		c.want(first, `{"data":{"n":1,"write":false}}`)
		c.letGo <- struct{}{}
		c.want(second, `{"data":{"n":2,"write":false}}`)
		c.want(third, `{"data":{"n":2,"write":false}}`)
	})
}

// TestALongQueryIsShared shows that a known query which is too long to be kept as it was made, and so is decoded
// each time, waits for its execution that is under way like any other.
func TestALongQueryIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, query := newPoster(t), "query "+strings.Repeat("1", maxMade)
		c.known(query)
		first := c.post(t.Context(), query)
		second, third := c.post(t.Context(), query), c.post(t.Context(), query)
		c.wantBegun(1, "the others wait")
		c.letGo <- struct{}{}
		c.want(first, `{"data":{"n":1,"write":false}}`)
		c.letGo <- struct{}{}
		c.want(second, `{"data":{"n":2,"write":false}}`)
		c.want(third, `{"data":{"n":2,"write":false}}`)
	})
}

// TestOnlyIdenticalQueriesAreShared shows what is never shared: two of these run at the same time.
func TestOnlyIdenticalQueriesAreShared(t *testing.T) {
	const long = maxKnown
	writer := func(ctx context.Context) context.Context {
		access, _ := auth.Anyone().For("")
		return auth.WithAccess(ctx, access)
	}
	for _, test := range []struct {
		name, query, other string
		as                 func(context.Context) context.Context
		header             []string
	}{
		{name: "mutations", query: "mutation 1"},
		{name: "other queries", query: "query 1", other: "query 2"},
		{name: "long ones", query: "query " + strings.Repeat("1", long)},
		{name: "other principals", query: "query 1", as: writer},
		{name: "other types of answer", query: "query 1", header: []string{"Accept", typeResponse}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newPoster(t)
				c.known(test.query)
				other, ctx := test.query, t.Context()
				if test.other != "" {
					other = test.other
					c.known(other)
				}
				if test.as != nil {
					ctx = test.as(ctx)
				}
				first, second := c.post(t.Context(), test.query), c.post(ctx, other, test.header...)
				c.wantBegun(2, "neither waits")
				c.letGo <- struct{}{}
				c.letGo <- struct{}{}
				<-first
				w := <-second
				if writes := strings.Contains(w.Body.String(), `"write":true`); writes != (test.as != nil) {
					t.Errorf("answered %s", w.Body)
				}
				if kind := w.Header().Get("Content-Type"); strings.HasPrefix(kind, typeResponse) != (test.header != nil) {
					t.Errorf("answered %s", kind)
				}
			})
		})
	}
}

// knows says whether a body is known to be a query.
func (c poster) knows(body string) bool {
	return c.http.queries.Contains(asked{body, typeJSON, auth.AccessOf(c.t.Context()).Key()})
}

// TestRefusedAndLongQueriesAreNotShared shows what is not taken for a query that can be shared: what was
// refused, and what has a long list in it.
func TestRefusedAndLongQueriesAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newPoster(t)
		for _, query := range []string{"wrong 1", "subscription 1", `query \ud83d`} {
			<-c.post(t.Context(), query)
			if body := fmt.Sprintf(`{"query":%q}`, query); c.knows(body) {
				t.Errorf("%s is known", query)
			}
		}
		c.wantBegun(0, "all were refused")
		held := fmt.Sprintf(`{"query":"query 1","variables":{"list":[%s1]}}`, strings.Repeat("1,", heldFrom/2))
		answer := c.send(t.Context(), held)
		c.letGo <- struct{}{}
		<-answer
		if c.knows(held) {
			t.Error("a long list is known")
		}
	})
}
