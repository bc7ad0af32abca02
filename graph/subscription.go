package graph

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
)

// Live is what subscriptions follow.
type Live interface {
	WatchStatus(key bos.SessionKey, want bos.Want) bos.Watch[*bos.Status]
	WatchSessions(f bos.SessionFilter, want bos.Want) bos.Watch[*bos.SessionsUpdate]
	WatchComponents(key bos.SessionKey, detailed bool, pace Pace) bos.Watch[*bos.ComponentsUpdate]
}

func (r subscriptionResolver) SessionStatusUpdated(ctx context.Context, name string, tenant *string, _ *int, _ *int64, _ *string) (<-chan *bos.Status, error) {
	k := key(tenant, name)
	if err := k.Check(); err != nil {
		return nil, err
	}
	want := wantedOfStatus(ctx)
	want.Epoch = true // whoever comes back compares it
	return drive(ctx, r.Live.WatchStatus(k, want)), nil
}

func (r subscriptionResolver) SessionsUpdated(ctx context.Context, filter *bos.SessionFilter) (<-chan *bos.SessionsUpdate, error) {
	return drive(ctx, r.Live.WatchSessions(orEmpty(filter), wanted(ctx, "session"))), nil
}

func (r subscriptionResolver) ComponentsUpdated(ctx context.Context, session string, tenant *string, minInterval *int) (<-chan *bos.ComponentsUpdate, error) {
	k := key(tenant, session)
	if err := k.Check(); err != nil {
		return nil, err
	}
	pace, err := paceOf(orEmpty(minInterval))
	if err != nil {
		return nil, err
	}
	return drive(ctx, r.Live.WatchComponents(k, detailed(ctx, "components"), pace)), nil
}

// Driver moves one subscription on. Execution by itself would wait for the next
// value without telling anything of it; whoever sends its responses to many has to
// know how each stands to those before.
type Driver interface {
	// Next waits for what is newer than the last. Its error ends the subscription.
	Next(ctx context.Context) (Turn, error)
	// Fresh asks for a state that is read from now on; see [bos.Watch].
	Fresh() (read uint64)
	Close()
}

// Turn is the next step of a subscription.
type Turn struct {
	bos.Standing
	Accept func() // gives its value to the execution, whose next response shows it
}

type driverKey struct{}

// WithDriver returns a context for the execution of a subscription, and where its
// driver is once its resolver has run; nil if that failed.
func WithDriver(ctx context.Context) (context.Context, *Driver) {
	var d Driver
	return context.WithValue(ctx, driverKey{}, &d), &d
}

// drive leaves a driver of the watch for whoever runs the subscription.
func drive[T any](ctx context.Context, w bos.Watch[T]) <-chan T {
	values := make(chan T, 1)
	*ctx.Value(driverKey{}).(*Driver) = driver[T]{w, values}
	return values
}

type driver[T any] struct {
	bos.Watch[T]
	values chan T
}

// Next implements [Driver].
func (d driver[T]) Next(ctx context.Context) (Turn, error) {
	s, err := d.Watch.Next(ctx)
	return Turn{s.Standing, func() { d.values <- s.Value }}, err
}
