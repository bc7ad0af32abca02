// Package loaders batches the reads of one response: what its resolvers ask for
// at the same time goes to the store in one call. What is expensive to compute of that is computed once.
//
// Loaders are installed for a response and not for a connection: a WebSocket is
// one HTTP request, and would be shown for its whole life what it read first.
//
// What is shared across requests is not here but in internal/coalesce: round trips are
// shared below loaders, by package cache, and whole answers above them, by the transport.
package loaders

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
)

// Source is what is read from; what is not there is nil.
type Source interface {
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error)
	ReadTemplates(ctx context.Context, keys []bos.TemplateKey) ([]*bos.SessionTemplate, error)
}

// Loaders batch the reads of one response.
type Loaders struct {
	sessions  loader[bos.SessionRead, *bos.Session]
	short     loader[string, *bos.Component]
	whole     loader[string, *bos.Component]
	templates loader[bos.TemplateKey, *bos.SessionTemplate]
	patterns  loader[*bos.Status, []bos.ErrorPattern]

	source Source
}

// New makes the loaders of one response in which so many root fields load a
// session, and so many a component.
func New(source Source, sessions, components int) *Loaders {
	l := &Loaders{source: source}
	l.sessions.init(source.ReadSessions, sessions)
	l.short.init(func(ctx context.Context, ids []string) ([]*bos.Component, error) {
		return source.ReadComponents(ctx, ids, false)
	}, components)
	l.whole.init(func(ctx context.Context, ids []string) ([]*bos.Component, error) {
		return source.ReadComponents(ctx, ids, true)
	}, components)
	l.templates.init(source.ReadTemplates, sessions)
	l.patterns.init(patterns, 1) // nothing is read that a batch would help with
	return l
}

// Session reads one session; nil if there is none.
func (l *Loaders) Session(ctx context.Context, read bos.SessionRead) (*bos.Session, error) {
	return l.sessions.load(ctx, read)
}

// Component reads one component, whole or only what its status depends on; nil if
// there is none.
func (l *Loaders) Component(ctx context.Context, id string, detailed bool) (*bos.Component, error) {
	if detailed {
		return l.whole.load(ctx, id)
	}
	return l.short.load(ctx, id)
}

// Template reads the session template of a key; nil if there is none.
func (l *Loaders) Template(ctx context.Context, key bos.TemplateKey) (*bos.SessionTemplate, error) {
	return l.templates.load(ctx, key)
}

// Templates reads the session templates of a list of sessions at once, so that each of these
// then finds its own. Few of the list are resolved at a time, and would ask in many batches.
func (l *Loaders) Templates(ctx context.Context, keys []bos.TemplateKey) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := l.source.ReadTemplates(ctx, keys)
	if err != nil {
		return err
	}
	for i, key := range keys {
		l.templates.prime(key, found[i])
	}
	return nil
}

// Patterns makes the patterns of a status' errors, once however often a document asks for them: that can take as long as
// some thousand other fields. The result is shared and must not be changed.
func (l *Loaders) Patterns(ctx context.Context, of *bos.Status) ([]bos.ErrorPattern, error) {
	return l.patterns.load(ctx, of)
}

func patterns(_ context.Context, of []*bos.Status) ([][]bos.ErrorPattern, error) {
	made := make([][]bos.ErrorPattern, len(of))
	for i, status := range of {
		made[i] = bos.Patterns(status.Errors)
	}
	return made, nil
}

type contextKey struct{}

type sessionKey struct{}

// session is what a read of one has come to.
type session struct {
	read  bos.SessionRead
	found *bos.Session
	err   error
}

// WithSession returns a context in which the next response does not read that session, which has been read for it. It is for
// responses that load one session and no other.
func WithSession(ctx context.Context, read bos.SessionRead, found *bos.Session, err error) context.Context {
	return context.WithValue(ctx, sessionKey{}, session{read, found, err})
}

// Install is a response middleware that gives every response loaders of its own.
func Install(source Source) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		sessions, components := loading(ctx)
		l := New(source, sessions, components)
		if known, ok := ctx.Value(sessionKey{}).(session); ok {
			l.sessions.remember(known.read, func() (*bos.Session, error) { return known.found, known.err })
		}
		return next(context.WithValue(ctx, contextKey{}, l))
	}
}

// queries is the type of root fields that load. Execution collects the fields for the same types, and
// so finds them collected.
var queries = []string{"Query"}

// loading counts the root fields that load something.
func loading(ctx context.Context) (sessions, components int) {
	// Refused, maybe without variables, by which directives could not be decided.
	if len(graphql.GetErrors(ctx)) > 0 {
		return 0, 0
	}
	op := graphql.GetOperationContext(ctx)
	for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, queries) {
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
