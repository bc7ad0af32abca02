package limits

import (
	"math"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestOnce(t *testing.T) {
	once := Once{Default(500_000), NewDocuments(10)}
	loose := Limits{math.MaxInt - 1, math.MaxInt - 1, math.MaxInt - 1, math.MaxInt - 1}
	e := newExecutor(t, loose)
	e.SetQueryCache(once.Passed)
	e.Use(once)

	// What is refused, for whatever reason, is not kept: it is looked at every time.
	equal := "{serverInfo{" + strings.Repeat("version ", 990) + "}}"
	for range 2 {
		_, errs := check(e, equal, nil)
		wantRefusal(t, errs, bad, "comparisons")
		for _, text := range []string{equal, "{nothing}", "{"} {
			_, errs := check(e, text, nil)
			if _, cached := once.Passed.Get(t.Context(), text); cached || len(errs) == 0 {
				t.Errorf("%.20s: kept %v, errors %v", text, cached, errs)
			}
		}
	}

	// What is kept is measured every time: that depends on the variables.
	const page = `query($n: Int) { sessions(first: $n) { edges { node { components(first: 1000) { totalCount } } } } }`
	for n, code := range map[int]string{1: "", 1000: bad} {
		for range 2 {
			_, errs := check(e, page, map[string]any{"n": n})
			wantRefusal(t, errs, code, "this costs")
		}
	}
	if _, cached := once.Passed.Get(t.Context(), page); !cached {
		t.Error("a good document is not kept")
	}

	// What is kept is not looked at again.
	once.Passed.Add(t.Context(), equal, &ast.QueryDocument{})
	if err := once.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: equal}); err != nil {
		t.Errorf("it was looked at: %v", err)
	}
}

func TestLongDocumentsAreNotCached(t *testing.T) {
	documents := NewDocuments(10)
	for length, want := range map[int]bool{maxCached: true, maxCached + 1: false} {
		text := strings.Repeat("#", length)
		documents.Add(t.Context(), text, &ast.QueryDocument{})
		if _, cached := documents.Get(t.Context(), text); cached != want {
			t.Errorf("%d bytes are kept: %v", length, cached)
		}
	}
}
