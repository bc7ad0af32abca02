package limits

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// newExecutor checks documents as the server does, against the real schema.
func newExecutor(t testing.TB, l Limits) *executor.Executor {
	t.Helper()
	schema := readSchema(t)
	e := executor.New(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }})
	e.SetParserTokenLimit(Tokens)
	e.Use(l)
	return e
}

// readSchema reads the real schema.
func readSchema(t testing.TB) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
}

func check(e *executor.Executor, document string, variables map[string]any) (*graphql.OperationContext, gqlerror.List) {
	ctx := graphql.StartOperationTrace(context.Background())
	return e.CreateOperationContext(ctx, &graphql.RawParams{Query: document, Variables: variables})
}

// wantRefusal checks the first error's code and a part of its message; no code means
// that the document is to be accepted.
func wantRefusal(t *testing.T, errs gqlerror.List, code, message string) {
	t.Helper()
	switch {
	case code == "" && len(errs) > 0:
		t.Fatalf("refused: %v", errs[0])
	case code == "":
	case len(errs) == 0:
		t.Fatal("accepted")
	case errs[0].Extensions["code"] != code || !strings.Contains(errs[0].Message, message):
		t.Fatalf("refused with %v, %q; want %s, %q", errs[0].Extensions["code"], errs[0].Message, code, message)
	}
}

// numbered repeats text n times, with # replaced by 0, 1, 2…
func numbered(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "#", fmt.Sprint(i)))
	}
	return b.String()
}

// chain is fragments F0 to Fn with this body, in which NEXT spreads the next one; the
// last has the body last.
func chain(n int, on, body, last string) string {
	var b strings.Builder
	for i := range n {
		next := fmt.Sprintf("...F%d", i+1)
		fmt.Fprintf(&b, " fragment F%d on %s { %s }", i, on, strings.ReplaceAll(body, "NEXT", next))
	}
	fmt.Fprintf(&b, " fragment F%d on %s { %s }", n, on, last)
	return b.String()
}

// doubling is a query of fragments that each spread the next one twice, n times over.
func doubling(n int) string {
	return "{ ...F0 }" + chain(n, "Query", "NEXT NEXT", "serverInfo { version }")
}
