package limits

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxCached is how many bytes a document that is kept may have. [Tokens] does not bound
// them: a document may be mostly comments and texts.
const maxCached = 16 << 10

// Documents are documents that have been parsed and found valid, those used last: clients
// send the same ones again and again.
type Documents struct {
	graphql.Cache[*ast.QueryDocument]
}

// NewDocuments makes room for so many documents.
func NewDocuments(most int) Documents {
	return Documents{lru.New[*ast.QueryDocument](most)}
}

// Add implements graphql.Cache. It does not keep a long document.
func (d Documents) Add(ctx context.Context, text string, document *ast.QueryDocument) {
	if len(text) <= maxCached {
		d.Cache.Add(ctx, text, document)
	}
}

// Once are limits that look at each document once, as long as it is kept.
type Once struct {
	Limits
	Passed Documents // the executor's cache: what is in there has passed
}

// MutateOperationParameters implements graphql.OperationParameterMutator.
func (o Once) MutateOperationParameters(ctx context.Context, request *graphql.RawParams) *gqlerror.Error {
	if _, passed := o.Passed.Get(ctx, request.Query); passed {
		return nil
	}
	return o.Limits.MutateOperationParameters(ctx, request)
}
