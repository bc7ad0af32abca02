package transport

import (
	"net/http"
	"weak"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// What is remembered of requests, to know a query before it is decoded.
const (
	knownQueries = 1000
	maxKnown     = 8 << 10 // bytes of one
)

// asked is what makes two requests the same: they are answered alike.
type asked struct {
	body, mediaType string
	rights          string // of [auth.Access.Key]
}

// known is a query that was executed before, with the same rights. Clients that poll send the
// same bytes again and again: decoding and validating them again would come to the same.
type known struct {
	price int
	// The operation without its document, which is held for as long as the executor keeps it: a thousand
	// bodies would hold a thousand documents besides.
	operation *graphql.OperationContext
	document  weak.Pointer[ast.QueryDocument]
}

// newKnown remembers an operation that is about to be executed.
func newKnown(op *graphql.OperationContext, price int) *known {
	k := &known{price: price, operation: unexecuted(op), document: weak.Make(op.Doc)}
	k.operation.Doc, k.operation.Operation, k.operation.Headers = nil, nil, nil
	return k
}

// again makes the operation for another request; nil if it has to be made from the beginning.
func (k *known) again(header http.Header) *graphql.OperationContext {
	if k == nil {
		return nil
	}
	document := k.document.Value()
	if document == nil {
		return nil
	}
	op := unexecuted(k.operation)
	op.Doc, op.Operation, op.Headers = document, document.Operations.ForName(op.OperationName), header
	return op
}

// unexecuted is an operation as it was made: its execution notes things in its own. What is shared, such as
// the values of variables, is only read.
func unexecuted(op *graphql.OperationContext) *graphql.OperationContext {
	return &graphql.OperationContext{
		RawQuery: op.RawQuery, Variables: op.Variables, OperationName: op.OperationName, Doc: op.Doc, Extensions: op.Extensions,
		Headers: op.Headers, Operation: op.Operation, DisableIntrospection: op.DisableIntrospection, RecoverFunc: op.RecoverFunc,
		ResolverMiddleware: op.ResolverMiddleware, RootResolverMiddleware: op.RootResolverMiddleware, Stats: op.Stats,
	}
}

// newQueries makes room for queries that are known.
func newQueries() *lru.Cache[asked, *known] {
	c, err := lru.New[asked, *known](knownQueries)
	if err != nil {
		panic(err) // not for a positive size
	}
	return c
}
