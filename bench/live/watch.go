package main

import (
	"context"
	"errors"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// settle is how long memory is given to come to rest before it is read.
const settle = 2 * time.Second

// viewing says who watches what, and of which kind of server.
type viewing struct {
	clients, stuck int
	sessions       []string // watched by turns
	documents      []string // by turns; none for all of the status
	list           bool     // the documents are about all sessions
	shipped        bool     // bosgraph has the tick that it is shipped with
	dialers        int      // clients that connect at the same time; 0 for a few
}

// audience is a server with its clients connected.
type audience struct {
	viewing
	site    *site
	server  *running
	arrived load.Arrived
	idle    int // the server's memory before they connected, in bytes
	joined  int // and after
}

// gather starts a server and connects clients to it.
func (s *site) gather(ctx context.Context, name string, v viewing) (*audience, error) {
	server, err := s.start(ctx, name, !v.shipped)
	if err != nil {
		return nil, err
	}
	a := &audience{site: s, server: server, viewing: v}
	if err := a.connect(ctx); err != nil {
		server.Stop()
		return nil, err
	}
	return a, nil
}

// connect measures the server's memory around the connecting of the clients. It waits before each
// reading, because memory is freed some time after its use.
func (a *audience) connect(ctx context.Context) error {
	if err := pause(ctx, settle/2); err != nil {
		return err
	}
	var err error
	if a.idle, err = a.server.RSS(); err != nil {
		return err
	}
	kind := servers[a.server.name]
	if a.arrived, err = a.site.load.Gather(ctx, load.Crowd{
		Address: a.server.address, Redis: a.site.redisURL(a.server.name), Clients: a.clients, Stuck: a.stuck,
		Sessions: a.sessions, Documents: a.documents, List: a.list, Dialers: a.dialers,
		SameID: kind.sameID || a.site.options.sameID, Shown: kind.shows && !a.list, Protocol: kind.protocol,
	}); err != nil {
		return err
	}
	if err := pause(ctx, settle); err != nil {
		return errors.Join(err, a.site.load.Leave(ctx))
	}
	a.joined, err = a.server.RSS()
	return err
}

// end disconnects the clients and stops the server.
func (a *audience) end(ctx context.Context) error {
	defer a.server.Stop()
	return a.site.load.Leave(ctx)
}

// reading is what was seen while updates were offered.
type reading struct {
	load.Outcome
	server, redis time.Duration // computing time
	joined        int           // the server's memory since its start, in bytes: with clients connected,
	served        int           // and after the updates
	took          time.Duration // in which they were offered
	clients       int
	arrived       load.Arrived
}

// offer offers so many messages a second to all clients together, by updates of all sessions at
// the same moment.
func (a *audience) offer(ctx context.Context, rate float64, d time.Duration) (reading, error) {
	// Rates are given in messages, as that is what a delivery costs; the load process publishes updates.
	perUpdate := float64(a.clients) / float64(len(a.sessions))
	return a.change(ctx, load.Offer{PerSecond: rate / perUpdate, Duration: d})
}

// change has sessions updated.
func (a *audience) change(ctx context.Context, o load.Offer) (reading, error) {
	before, err := a.site.spent(a.server)
	if err != nil {
		return reading{}, err
	}
	outcome, err := a.site.load.Offer(ctx, o)
	if err != nil {
		return reading{}, err
	}
	after, err := a.site.spent(a.server)
	return reading{
		Outcome: outcome, server: after.server - before.server, redis: after.redis - before.redis,
		joined: a.joined - a.idle, served: after.rss - a.idle, clients: a.clients,
		took: o.Duration, arrived: a.arrived,
	}, err
}

// warmUp offers what is offered later, for a second that does not count.
func (a *audience) warmUp(ctx context.Context, rate float64) error {
	_, err := a.offer(ctx, rate, time.Second)
	return err
}

// delivered measures a server once.
func (s *site) delivered(ctx context.Context, name string, v viewing, rate float64, d time.Duration) (reading, error) {
	a, err := s.gather(ctx, name, v)
	if err != nil {
		return reading{}, err
	}
	if err := a.warmUp(ctx, rate); err != nil {
		return reading{}, errors.Join(err, a.end(ctx))
	}
	r, err := a.offer(ctx, rate, d)
	return r, errors.Join(err, a.end(ctx))
}

// per100k is computing time in seconds for 100,000 messages delivered.
func (r *reading) per100k(used time.Duration) float64 {
	return used.Seconds() / float64(max(r.Delivered, 1)) * 1e5
}

// ofCore is computing time in percent of one core.
func (r *reading) ofCore(used time.Duration) float64 { return used.Seconds() / r.took.Seconds() * 100 }

// share is how much of what was due has been delivered.
func (r *reading) share() float64 { return float64(r.Delivered) / float64(max(r.Due, 1)) }

// perConnection is memory in KB.
func (r *reading) perConnection(bytes int) float64 { return float64(bytes) / 1024 / float64(r.clients) }
