package graph

import (
	"context"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/bosgraph/bosgraph/bos"
)

// selecting is the context in which the first root field of a document is resolved.
func selecting(t *testing.T, document string) context.Context {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(NewExecutableSchema(Config{}).Schema(), document, rules.NewDefaultRules())
	if errs != nil {
		t.Fatal(errs)
	}
	op := &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0], Variables: map[string]any{}}
	field := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"})[0]
	return graphql.WithFieldContext(graphql.WithOperationContext(t.Context(), op), &graphql.FieldContext{Field: field})
}

// TestTheRoughEstimateIsNeverTooLow shows that the rough estimate of a single object is at least what the exact one is,
// and that there is none for what can be large.
func TestTheRoughEstimateIsNeverTooLow(t *testing.T) {
	aliases := ""
	for i := range 90 {
		aliases += " a" + strings.Repeat("b", i) + ": limit"
	}
	plain := &bos.Session{SessionKey: bos.SessionKey{Name: "friday"}, TemplateName: "compute", Details: &bos.SessionDetails{}}
	long := &bos.Session{SessionKey: bos.SessionKey{Name: "friday"}, Details: &bos.SessionDetails{Limit: strings.Repeat("x", 60_000)}}
	odd := &bos.Session{SessionKey: bos.SessionKey{Name: "friday"}, Details: &bos.SessionDetails{Error: strings.Repeat("\x01", 100)}}
	for _, test := range []struct {
		name, document string
		session        *bos.Session
		rough          bool
	}{
		{"a status", `{ session(name: "a") { name status { status percentSuccessful phases { percentPoweringOn } timing { startTime duration } } } }`, plain, true},
		{"fragments", `{ session(name: "a") { ...F ... on Session { templateName } } } fragment F on Session { a: name b: name status { session { name } } }`, plain, true},
		{"with a node", `{ node(id: "a") { id ... on Session { name status { revision } } ... on Component { id error } } }`, plain, true},
		{"lists", `{ session(name: "a") { name components(first: 10) { edges { node { id error } } } status { errorSummary { message list } } } }`, plain, true},
		{"control characters", `{ session(name: "a") { error a: error b: error } }`, odd, true},
		{"a long text", `{ session(name: "a") { limit a: limit } }`, long, false},
		{"very many fields", `{ session(name: "a") {` + aliases + ` ` + strings.Repeat("c: limit ", 200) + `} }`, odd, false},
	} {
		ctx := selecting(t, test.document)
		exact := weighSessions(ctx).of(test.session)
		n, ok := roughly(ctx, test.session, sessionTexts)
		if ok != test.rough || ok && n < exact {
			t.Errorf("%s: %d, %v; exactly %d", test.name, n, ok, exact)
		}
	}
}
