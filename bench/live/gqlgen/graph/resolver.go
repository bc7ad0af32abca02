// Package graph resolves what the benchmark asks for, as simply as it can be done
// with gqlgen: each subscriber on its own.
package graph

import (
	"context"
	"errors"
	"log"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// Resolver is the root of all resolvers.
type Resolver struct{ Reader *status.Reader }

// Query returns the resolvers of queries.
func (r *Resolver) Query() QueryResolver { return queries{r} }

// Subscription returns the resolvers of subscriptions.
func (r *Resolver) Subscription() SubscriptionResolver { return subscriptions{r} }

type queries struct{ *Resolver }

// Session reads a session. There is none of that name: null.
func (r queries) Session(ctx context.Context, name string) (*status.Session, error) {
	found, err := r.Reader.Read(ctx, name)
	switch {
	case errors.Is(err, status.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &status.Session{Name: name, Status: *found}, nil
}

type subscriptions struct{ *Resolver }

// SessionStatusUpdated sends the status as it is, then as it is after each notice.
func (r subscriptions) SessionStatusUpdated(ctx context.Context, name string) (<-chan *status.SessionStatus, error) {
	notices := r.Reader.Redis.Subscribe(ctx, status.Channel(name))
	if _, err := notices.Receive(ctx); err != nil { // only then no change is missed
		return nil, errors.Join(err, notices.Close())
	}
	statuses := make(chan *status.SessionStatus)
	go func() {
		defer close(statuses)
		defer notices.Close()
		for arrived := notices.Channel(); ; {
			now, err := r.Reader.Read(ctx, name)
			if err != nil {
				if ctx.Err() == nil {
					log.Print(err)
				}
				return
			}
			select {
			case statuses <- now:
			case <-ctx.Done():
				return
			}
			select {
			case <-arrived:
			case <-ctx.Done():
				return
			}
		}
	}()
	return statuses, nil
}
