package app

import (
	"context"
	"net/http"
	"time"

	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/hub"
	"github.com/bosgraph/bosgraph/internal/transport"
)

// How often the notices of Redis prove that they come, and how often revisions are
// compared in case that some do not all the same.
const (
	probeEvery = time.Second
	pollEvery  = 5 * time.Second
)

// longestDrain is over how long those who watch are sent elsewhere at most.
const longestDrain = 3 * time.Second

// drain sends all who watch elsewhere.
func (a *App) drain(ctx context.Context) {
	over := longestDrain
	if deadline, ok := ctx.Deadline(); ok {
		over = min(over, time.Until(deadline)/2)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, over+goodbye)
		defer cancel()
	}
	a.streams.Drain(ctx, over)
}

// goodbye is how long clients are given to close what the server has closed.
const goodbye = 2 * time.Second

// live makes what subscriptions need: the hub, which follows what is watched, and
// the feed of notices, which tells it of changes.
func (a *App) live() {
	a.hub = hub.New(a.store, hub.Options{Tick: a.config.Tick, Interval: probeEvery, Poll: pollEvery, Log: a.log})
	a.feed = a.store.NewFeed(a.hub, probeEvery)
	a.hub.Use(a.feed)
}

// follow runs it until ctx ends.
func (a *App) follow(ctx context.Context) {
	a.running.Go(func() { a.feed.Run(ctx) })
	a.running.Go(func() { a.hub.Run(ctx) })
}

// stream puts subscriptions in front of what answers requests.
func (a *App) stream(h transport.HTTP) http.Handler {
	a.fanout = fanout.New(fanout.Options{Executor: h.Executor, Encode: transport.Encode, Fresh: a.config.Tick})
	a.streams = transport.NewStreams(transport.StreamOptions{
		HTTP: h, Fanout: a.fanout, Log: a.log,
		// No access control is configured: who opens a socket may do what its request may.
		Authorize: func(p graph.Principal, _ []byte) (graph.Principal, error) { return p, nil },
		Origins:   a.config.AllowOrigins, MaxMessage: a.config.MaxMessage,
		InitTimeout: a.config.InitTimeout, PingInterval: a.config.PingInterval, WriteDeadline: a.config.WriteDeadline,
		Subscriptions: a.config.MaxSubscriptions, Connections: a.config.MaxConnections, PerAddress: a.config.MaxConnectionsPerAddress,
		CompleteWithin: goodbye,
	})
	return a.streams
}
