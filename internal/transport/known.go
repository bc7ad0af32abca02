package transport

import (
	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bosgraph/bosgraph/graph"
)

// What is remembered of requests, to know a query before it is decoded.
const (
	knownQueries = 1000
	maxKnown     = 8 << 10 // bytes of one
	maxMade      = 2 << 10 // bytes of one that is kept as it was made, as its document takes many times as much
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
	// operation is executed again as it is, by several at a time: executions only read it, and share what
	// gqlgen notes in it about selections. Nil for a long one, to be made again from the beginning.
	operation *graphql.OperationContext
	direct    *graph.Direct // answers it without an execution; nil if that can't be
}

// newKnown remembers an operation that is about to be executed, of a body of that length.
func newKnown(op *graphql.OperationContext, direct *graph.Direct, price, length int) *known {
	if length > maxMade {
		return &known{price: price}
	}
	return &known{price, op, direct}
}

// newQueries makes room for queries that are known.
func newQueries() *lru.Cache[asked, *known] {
	c, err := lru.New[asked, *known](knownQueries)
	if err != nil {
		panic(err) // not for a positive size
	}
	return c
}
