package limits

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Every document here is one that could keep a server busy, or fill its memory, if
// something did not stop it early.
func TestHostileDocuments(t *testing.T) {
	const (
		parse    = "GRAPHQL_PARSE_FAILED"
		validate = "GRAPHQL_VALIDATION_FAILED"
		tokens   = "exceeded token limit of 1000"
	)
	rep := strings.Repeat
	walked := func(n int, on, body string) string {
		return "{__typename}" + numbered(n, "fragment A# on "+on+"{...Z}") + "fragment Z on " + on + "{" + body + "}"
	}
	for _, tc := range []struct{ name, document, code, message string }{
		{"2 MB of nesting", rep("{a", 1<<20), parse, tokens},
		{"10,000 aliases", "{" + numbered(10_000, "a#:__typename ") + "}", parse, tokens},
		{"10,000 directives", "{__typename " + rep("@skip(if:true)", 10_000) + "}", parse, tokens},
		{"490 unknown directives", "{__typename " + rep("@a", 490) + "}", validate, `Unknown directive "@a"`},
		{"fragments doubled 28 times", doubling(28), bad, "536870911 fragment spreads"},
		{"fields doubled 25 times", `{session(name:"s"){...F0}}` + chain(25, "Session", "a:status{session{NEXT}} b:status{session{NEXT}}", "id"),
			bad, "52 deep"},
		{"4,000 equal fields", "{serverInfo{" + rep("version ", 4000) + "}}", parse, tokens},
		{"990 equal fields", "{serverInfo{" + rep("version ", 990) + "}}", bad, "980101 comparisons, but at most 100000 are allowed: select each field once"},
		{"315 equal fields", "{serverInfo{" + rep("version ", 315) + "}}", "", ""},
		{"300 equal fields with selections", "{" + rep("serverInfo{version}", 300) + "}", parse, tokens},
		{"200 equal fields with selections", "{" + rep("serverInfo{version}", 200) + "}", "", ""},
		{"equal fields in inline fragments", "{serverInfo{" + rep("...{", 150) + rep("version ", 480) + rep("}", 150) + "}}", bad, "comparisons"},
		{"the same in a fragment", "{...F}fragment F on Query{" + rep("...{", 150) + rep("__typename ", 470) + rep("}", 150) + "}", bad, "comparisons"},
		{"conflicts in inline fragments", "{serverInfo{" + rep("...{", 150) + rep("a:version a:epoch ", 75) + rep("}", 150) + "}}", bad, "comparisons"},
		{"24,000 conflicts", "{serverInfo{" + rep("a:version a:epoch ", 155) + "}}", validate, `Fields "a" conflict`},
		{"equal fields walked 50 times", walked(50, "ServerInfo", rep("version ", 200)), bad, "steps, but at most 4000 are allowed: send each operation"},
		{"unknown fields walked 50 times", walked(50, "Query", numbered(450, "sessio# ")), bad, "steps"},
		{"unknown arguments walked 50 times", walked(50, "Query", "components("+numbered(160, "firs#:1 ")+"){totalCount}"), bad, "steps"},
		{"directives walked 50 times", walked(50, "Query", "__typename"+rep("@a", 230)), bad, "steps"},
		{"a list of 1,000", "query($a:[ID!]=[" + rep("1 ", 1000) + "]){components(filter:{ids:$a}){totalCount}}", parse, tokens},
		{"a list of 960", "query($a:[ID!]=[" + rep("1 ", 960) + "]){components(filter:{ids:$a}){totalCount}}", "", ""},
		{"100,000 nested lists", "{components(filter:{ids:" + rep("[", 100_000) + "}){totalCount}}", parse, tokens},
		{"480 nested lists", "{components(filter:{ids:" + rep("[", 480) + rep("]", 480) + "}){totalCount}}", validate, "ID cannot represent"},
		{"100,000 nested objects", "{components(filter:" + rep("{a:", 100_000) + "){totalCount}}", parse, tokens},
		{"240 nested objects", "{components(filter:" + rep("{a:", 240) + "1" + rep("}", 240) + "){totalCount}}", validate, `Field "a" is not defined`},
		{"1,000 operations", numbered(1000, "query Q#{__typename}"), parse, tokens},
		{"a name of 2 MB", "{" + rep("a", 2<<20) + "}", bad, "a name is 2097152 bytes long, but at most 128 are allowed"},
		{"400 names of 4 KB", "{" + rep(rep("a", 4000)+" ", 400) + "}", bad, "a name is 4000 bytes long"},
		{"a million comments", rep("#\n", 1<<20) + "{__typename}", parse, tokens},
		{"2 MB of space", rep(" \n", 1<<20) + "{__typename}", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := newExecutor(t, Default(500_000))
			start := time.Now()
			_, errs := check(e, tc.document, nil)
			took := time.Since(start)
			wantRefusal(t, errs, tc.code, tc.message)
			t.Logf("%d bytes, %d errors, %v", len(tc.document), len(errs), took)
			for range 2 { // what is left of the shortest is the document's, not the machine's
				if took > 2*time.Second {
					start = time.Now()
					check(newExecutor(t, Default(500_000)), tc.document, nil)
					took = min(took, time.Since(start))
				}
			}
			if took > 2*time.Second { // a safety net: they take milliseconds
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestFewErrorsAreAnswered(t *testing.T) {
	e := newExecutor(t, Default(500_000))
	document := "{serverInfo{" + strings.Repeat("a:version a:epoch ", 155) + "}}"
	op, errs := check(e, document, nil)
	ctx := graphql.WithOperationContext(context.Background(), op)
	if got := len(e.DispatchError(ctx, errs).Errors); len(errs) < 10_000 || got != maxErrors {
		t.Errorf("of %d errors %d are answered, want %d", len(errs), got, maxErrors)
	}
}

// Errors of single fields belong to the data that came with them.
func TestErrorsBesideDataStay(t *testing.T) {
	response := Default(500_000).InterceptResponse(context.Background(), func(context.Context) *graphql.Response {
		return &graphql.Response{Data: []byte(`{"a":null}`), Errors: make(gqlerror.List, maxErrors+1)}
	})
	if got := len(response.Errors); got != maxErrors+1 {
		t.Errorf("%d errors were kept of %d", got, maxErrors+1)
	}
}

func BenchmarkBeforeValidation(b *testing.B) {
	document := `query S($n: String!) { session(name: $n) { name status { status managedComponentsCount percentSuccessful
		percentFailed phases { percentComplete percentConfiguring } errorSummary { message count list } timing { duration } } } }`
	for b.Loop() {
		if err := Default(500_000).MutateOperationParameters(b.Context(), &graphql.RawParams{Query: document}); err != nil {
			b.Fatal(err)
		}
	}
}
