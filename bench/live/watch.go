package main

import (
	"context"
	"errors"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// settle is how long memory is given to come to rest before it is read.
const settle = 2 * time.Second

// audience is a server with its clients connected.
type audience struct {
	site    *site
	server  *running
	clients int
	groups  int
	idle    int // the server's memory before they connected, in bytes
	joined  int // and after
}

// gather starts a server and connects clients to it, divided over groups of one
// session each.
func (s *site) gather(ctx context.Context, name string, clients, stuck, groups int) (*audience, error) {
	server, err := s.start(ctx, name, true)
	if err != nil {
		return nil, err
	}
	a := &audience{site: s, server: server, clients: clients, groups: groups}
	if err := a.connect(ctx, stuck); err != nil {
		server.Stop()
		return nil, err
	}
	return a, nil
}

func (a *audience) connect(ctx context.Context, stuck int) error {
	if err := pause(ctx, settle/2); err != nil {
		return err
	}
	var err error
	if a.idle, err = a.server.RSS(); err != nil {
		return err
	}
	if err := a.site.load.Gather(ctx, load.Crowd{
		Address: a.server.address, Redis: a.site.redisURL, Clients: a.clients, Stuck: stuck,
		Sessions: a.site.sessions[:a.groups], SameID: a.server.name == "bare" || a.site.options.sameID,
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
	clients       int
}

// offer offers so many messages a second to all clients together.
func (a *audience) offer(ctx context.Context, rate float64, d time.Duration) (reading, error) {
	before, err := a.site.spent(a.server)
	if err != nil {
		return reading{}, err
	}
	perUpdate := float64(a.clients) / float64(a.groups)
	outcome, err := a.site.load.Offer(ctx, load.Offer{PerSecond: rate / perUpdate, Duration: d})
	if err != nil {
		return reading{}, err
	}
	after, err := a.site.spent(a.server)
	return reading{
		Outcome: outcome, server: after.server - before.server, redis: after.redis - before.redis,
		joined: a.joined - a.idle, served: after.rss - a.idle, clients: a.clients,
	}, err
}

// warmUp offers what is offered later, for a second that does not count.
func (a *audience) warmUp(ctx context.Context, rate float64) error {
	_, err := a.offer(ctx, rate, time.Second)
	return err
}

// watched measures a server once.
func (s *site) watched(ctx context.Context, name string, clients, groups int, rate float64, d time.Duration) (reading, error) {
	a, err := s.gather(ctx, name, clients, 0, groups)
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

// share is how much of what was due has been delivered.
func (r *reading) share() float64 { return float64(r.Delivered) / float64(max(r.Due, 1)) }

// perConnection is memory in KB.
func (r *reading) perConnection(bytes int) float64 { return float64(bytes) / 1024 / float64(r.clients) }
