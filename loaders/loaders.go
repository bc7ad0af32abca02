// Package loaders batches the reads of one response: what its resolvers ask for
// at the same time goes to the store in one call.
//
// Loaders are installed for a response and not for a connection: a WebSocket is
// one HTTP request, and would be shown for its whole life what it read first.
package loaders

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vikstrous/dataloadgen"

	"github.com/bosgraph/bosgraph/bos"
)

// Source is what is read from; what is not there is nil.
type Source interface {
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error)
}

// wait is how long the first of a batch waits for others: long enough for the
// goroutines of sibling fields to start, and small beside a round trip.
const wait = 50 * time.Microsecond

// Loaders batch the reads of one response.
type Loaders struct {
	sessions *dataloadgen.Loader[bos.SessionRead, *bos.Session]
	short    *dataloadgen.Loader[string, *bos.Component]
	whole    *dataloadgen.Loader[string, *bos.Component]
}

// New makes the loaders of one response.
func New(source Source) *Loaders {
	components := func(detailed bool) *dataloadgen.Loader[string, *bos.Component] {
		return dataloadgen.NewLoader(func(ctx context.Context, ids []string) ([]*bos.Component, []error) {
			found, err := source.ReadComponents(ctx, ids, detailed)
			return found, all(len(ids), err)
		}, dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(bos.MaxPage))
	}
	return &Loaders{
		sessions: dataloadgen.NewLoader(func(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, []error) {
			found, err := source.ReadSessions(ctx, reads)
			return found, all(len(reads), err)
		}, dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(bos.MaxPage)),
		short: components(false),
		whole: components(true),
	}
}

// Session reads one session; nil if there is none.
func (l *Loaders) Session(ctx context.Context, read bos.SessionRead) (*bos.Session, error) {
	return l.sessions.Load(ctx, read)
}

// Component reads one component, whole or only what its status depends on; nil if
// there is none.
func (l *Loaders) Component(ctx context.Context, id string, detailed bool) (*bos.Component, error) {
	if detailed {
		return l.whole.Load(ctx, id)
	}
	return l.short.Load(ctx, id)
}

// all gives each of n keys the same error.
func all(n int, err error) []error {
	if err == nil {
		return nil
	}
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

type contextKey struct{}

// Install is a response middleware that gives every response loaders of its own.
func Install(source Source) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		return next(context.WithValue(ctx, contextKey{}, New(source)))
	}
}

// For returns the loaders of the response that ctx belongs to.
func For(ctx context.Context) *Loaders { return ctx.Value(contextKey{}).(*Loaders) }
