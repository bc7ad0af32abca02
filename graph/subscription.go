package graph

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// Live is what subscriptions follow, as far as the access of a context allows: a session that
// it does not allow ends as one that there is not.
type Live interface {
	WatchStatus(ctx context.Context, key bos.SessionKey, want bos.Want) live.Watch[*bos.Status]
	WatchSessions(ctx context.Context, f bos.SessionFilter, want bos.Want) (live.Watch[*live.SessionsUpdate], error)
	WatchComponents(ctx context.Context, key bos.SessionKey, detailed bool, pace Pace) live.Watch[*live.ComponentsUpdate]
}

func (r subscriptionResolver) SessionStatusUpdated(ctx context.Context, name string, tenant *string, _ *int, _ *int64, _ *string) (<-chan *bos.Status, error) {
	k := key(tenant, name)
	if err := k.Check(); err != nil {
		return nil, err
	}
	// minInterval and what follows it are not looked at: they say how things are delivered,
	// which is each subscriber's own, while this is executed once for many.
	want := wantedOfStatus(ctx)
	want.Epoch = true // clients that reconnect compare it
	return drive(ctx, r.Live.WatchStatus(ctx, k, want)), nil
}

func (r subscriptionResolver) SessionsUpdated(ctx context.Context, filter *bos.SessionFilter) (<-chan *live.SessionsUpdate, error) {
	watch, err := r.Live.WatchSessions(ctx, orEmpty(filter), wanted(ctx, "session"))
	if err != nil {
		return nil, err
	}
	return drive(ctx, watch), nil
}

func (r subscriptionResolver) ComponentsUpdated(ctx context.Context, session string, tenant *string, minInterval *int) (<-chan *live.ComponentsUpdate, error) {
	k := key(tenant, session)
	if err := k.Check(); err != nil {
		return nil, err
	}
	pace, err := paceOf(orEmpty(minInterval))
	if err != nil {
		return nil, err
	}
	watch := r.Live.WatchComponents(ctx, k, detailed(ctx, "components"), pace)
	return drive(ctx, boundedUpdates{watch, weighComponents(ctx, "components"), r.MaxUpdate}), nil
}

// boundedUpdates replaces an update of more bytes than one message may have by one that makes
// clients read the components in pages.
type boundedUpdates struct {
	live.Watch[*live.ComponentsUpdate]
	weigher *weigher[bos.Component]
	most    int64 // 0 for any
}

// Next implements [live.Watch].
func (b boundedUpdates) Next() (live.Update[*live.ComponentsUpdate], bool, error) {
	s, ok, err := b.Watch.Next()
	if !ok || s.Value == nil || b.most == 0 {
		return s, ok, err
	}
	var n int64
	for _, c := range s.Value.Components {
		if c != nil {
			n += b.weigher.of(c)
		}
	}
	for _, id := range s.Value.Removed {
		n += int64(len(id)) + around
	}
	if n > b.most-planReserve {
		s.Value = &live.ComponentsUpdate{Revision: s.Value.Revision, Resync: true}
	}
	return s, true, nil
}

// planReserve is for what is around the components of an update.
const planReserve = 4 << 10

// Driver moves one subscription on. Execution by itself would wait for the next
// value and report nothing of it, while the fan-out, which sends a response to many, has to
// know how each relates to those before.
type Driver interface {
	// Next returns what is newer than the last; ok is false if there is nothing yet. Its error ends
	// the subscription.
	Next() (turn Turn, ok bool, err error)
	// Wake says what to call when Next has something again; see [live.Watch].
	Wake(wake func())
	// Fresh asks for a state that is read from now on; see [live.Watch].
	Fresh() (read uint64)
	// Ended says whether nothing fresh comes any more; see [live.Watch].
	Ended() bool
	// Planned says whether a plan writes the responses; see [Shown].
	Planned() bool
	Close()
}

// Turn is the next step of a subscription.
type Turn struct {
	live.Metadata
	Shown
}

// Shown is the value of a turn. Either method makes it a response.
type Shown interface {
	// Accept gives it to the execution, whose next response shows it.
	Accept()
	// Write appends the response, without the execution, if that is planned. It returns nil for a
	// value that only the execution can show.
	Write(ctx context.Context, to []byte) []byte
}

type driverKey struct{}

// driving is where the resolver of a subscription leaves its driver.
type driving struct {
	Driver
	plan bool // whether a plan may write the responses
}

// WithDriver returns a context for the execution of a subscription, and what returns its
// driver once its resolver has run; nil if that failed. plan says whether a plan may write the
// responses; otherwise only the execution does.
func WithDriver(ctx context.Context, plan bool) (context.Context, func() Driver) {
	d := &driving{plan: plan}
	return context.WithValue(ctx, driverKey{}, d), func() Driver { return d.Driver }
}

// drive leaves a driver of the watch for the caller that runs the subscription.
func drive[T any](ctx context.Context, w live.Watch[T]) <-chan T {
	// Room for one: Accept must not wait for the execution, which reads it in its own time.
	values := make(chan T, 1)
	ctx.Value(driverKey{}).(*driving).Driver = &driver[T]{w, values, nil}
	return values
}

// driver is a watch together with the channel that its values go to the execution by.
type driver[T any] struct {
	live.Watch[T]
	values chan T                                               // to the execution
	write  func(ctx context.Context, to []byte, value T) []byte // nil if there is no plan
}

// Next implements [Driver].
func (d *driver[T]) Next() (Turn, bool, error) {
	s, ok, err := d.Watch.Next()
	return Turn{s.Metadata, shown[T]{d, s.Value}}, ok, err
}

// Planned implements [Driver].
func (d *driver[T]) Planned() bool { return d.write != nil }

type shown[T any] struct {
	driver *driver[T]
	value  T
}

func (s shown[T]) Accept() { s.driver.values <- s.value }

func (s shown[T]) Write(ctx context.Context, to []byte) []byte {
	if s.driver.write == nil {
		return nil
	}
	return s.driver.write(ctx, to, s.value)
}
