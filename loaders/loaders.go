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

// wait is how long a batch waits at most to be complete. It is complete, and goes
// at once, when every root field that loads something has asked for it; only one
// that asks twice for the same, or for nothing, leaves a batch to wait.
const wait = 5 * time.Millisecond

// Loaders batch the reads of one response.
type Loaders struct {
	sessions *dataloadgen.Loader[bos.SessionRead, *bos.Session]
	short    *dataloadgen.Loader[string, *bos.Component]
	whole    *dataloadgen.Loader[string, *bos.Component]
}

// New makes the loaders of one response in which so many root fields load a
// session, and so many a component.
func New(source Source, sessions, components int) *Loaders {
	ofComponents := func(detailed bool) *dataloadgen.Loader[string, *bos.Component] {
		return dataloadgen.NewLoader(func(ctx context.Context, ids []string) ([]*bos.Component, []error) {
			found, err := source.ReadComponents(ctx, ids, detailed)
			return found, ofAll(err)
		}, dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(max(1, components)))
	}
	return &Loaders{
		sessions: dataloadgen.NewLoader(func(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, []error) {
			found, err := source.ReadSessions(ctx, reads)
			return found, ofAll(err)
		}, dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(max(1, sessions))),
		short: ofComponents(false),
		whole: ofComponents(true),
	}
}

// ofAll makes an error that of every key of a batch.
func ofAll(err error) []error {
	if err == nil {
		return nil
	}
	return []error{err}
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

type contextKey struct{}

// Install is a response middleware that gives every response loaders of its own.
func Install(source Source) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		sessions, components := loading(ctx)
		return next(context.WithValue(ctx, contextKey{}, New(source, sessions, components)))
	}
}

// loading counts the root fields that load something.
func loading(ctx context.Context) (sessions, components int) {
	op := graphql.GetOperationContext(ctx)
	if op.Operation == nil { // refused
		return 0, 0
	}
	for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, nil) {
		switch f.Name {
		case "session", "node":
			sessions++
		case "component":
			components++
		}
	}
	return sessions, components
}

// For returns the loaders of the response that ctx belongs to.
func For(ctx context.Context) *Loaders { return ctx.Value(contextKey{}).(*Loaders) }
