package limits

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// What validation may have to do. It walks every operation and every fragment with all
// fragments they reach, and compares every two fields of one name, again for every
// inline fragment around them: the third power of the document's length, so that 3 KB
// within the token limit kept it busy for 5 s. It also measures how far an unknown name
// is from every known one.
const (
	maxName        = 128     // bytes of a name
	maxVisits      = 4_000   // selections, arguments and directives walked over
	maxComparisons = 100_000 // twice the comparisons of fields
	maxErrors      = 20      // answered for a document that is not executed; 3 KB can have 25,000
)

// MutateOperationParameters implements graphql.OperationParameterMutator: it changes
// nothing, and refuses a document whose validation would take long. A document that does
// not parse is left to the executor, which reports where.
func (l Limits) MutateOperationParameters(_ context.Context, request *graphql.RawParams) *gqlerror.Error {
	source := &ast.Source{Input: request.Query}
	if n := longestName(source); n > maxName {
		return refuse("a name is %d bytes long, but at most %d are allowed: put long values into variables", n, maxName)
	}
	// Parsed here and again by the executor: a document that passes is cached, so this happens
	// once.
	doc, err := parser.ParseQueryWithTokenLimit(source, Tokens)
	if err != nil {
		return nil
	}
	visits, comparisons := effort(doc)
	switch {
	case visits > maxVisits:
		return refuse("checking the operations and fragments, with all they spread, takes %d steps, but at most %d are allowed: "+
			"send each operation with its own fragments only", visits, maxVisits)
	case comparisons > maxComparisons:
		return refuse("fields of the same name make for %d comparisons, but at most %d are allowed: "+
			"select each field once, nest fewer inline fragments, or send several requests", comparisons, maxComparisons)
	}
	return nil
}

// InterceptResponse implements graphql.ResponseInterceptor: of a document that is not
// executed the first errors are enough.
func (l Limits) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response != nil && response.Data == nil && len(response.Errors) > maxErrors {
		response.Errors = response.Errors[:maxErrors]
	}
	return response
}

// longestName looks at tokens before anything is parsed: validation measures how far each
// unknown name is from every known one, which takes the product of their lengths.
func longestName(source *ast.Source) int {
	longest, l := 0, lexer.New(source)
	for range Tokens {
		token, err := l.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		if token.Kind == lexer.Name {
			longest = max(longest, len(token.Value))
		}
	}
	return longest
}

// walk is what validation meets on its way from one operation or fragment.
type walk struct {
	fragments map[string]*ast.FragmentDefinition
	entered   map[string]bool
	names     map[string]int // how many fields would be answered under a name
	visits    int
	nested    int // inline fragments within one another, at most
}

// effort is what validation would have to do, by the counts of the document itself. Numbers are
// small: the document has at most Tokens tokens.
func effort(doc *ast.QueryDocument) (visits, comparisons int) {
	fragments := map[string]*ast.FragmentDefinition{}
	for _, f := range doc.Fragments {
		fragments[f.Name] = f
	}
	add := func(set ast.SelectionSet) {
		w := walk{fragments: fragments, entered: map[string]bool{}, names: map[string]int{}}
		w.over(set, 0)
		visits += w.visits
		for _, n := range w.names {
			comparisons += n * n * (1 + w.nested)
		}
	}
	for _, operation := range doc.Operations {
		add(operation.SelectionSet)
	}
	for _, f := range doc.Fragments {
		add(f.SelectionSet)
	}
	return visits, comparisons
}

// over walks a selection set as validation does.
func (w *walk) over(set ast.SelectionSet, nested int) {
	w.nested = max(w.nested, nested)
	w.visits += len(set)
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			w.names[s.Alias]++
			w.visits += len(s.Arguments) + len(s.Directives)
			w.over(s.SelectionSet, nested)
		case *ast.InlineFragment:
			w.visits += len(s.Directives)
			w.over(s.SelectionSet, nested+1)
		case *ast.FragmentSpread:
			w.visits += len(s.Directives)
			// Once for each operation or fragment that begins here, which is how validation
			// visits them.
			if f := w.fragments[s.Name]; f != nil && !w.entered[s.Name] {
				w.entered[s.Name] = true
				w.over(f.SelectionSet, nested)
			}
		}
	}
}
