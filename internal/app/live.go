package app

import (
	"context"
	"net/http"
	"time"

	"github.com/bosgraph/bosgraph/internal/cost"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/hub"
	"github.com/bosgraph/bosgraph/internal/transport"
)

// How often the notices of Redis prove that all of them come, and how often revisions are
// compared at most because some did not.
const (
	probeEvery  = time.Second
	repairEvery = 4 * time.Second
)

// longestDrain is over how long those who watch are sent elsewhere at most.
const longestDrain = 3 * time.Second

// drain sends all who watch elsewhere. A quarter of the time is left for what comes afterwards: requests under way would be cut
// off if watchers that do not close their connections took all of it.
func (a *App) drain(ctx context.Context) {
	over := longestDrain
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		over = min(over, left/2)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, over+min(goodbye, left/4))
		defer cancel()
	}
	a.streams.Drain(ctx, over)
}

// goodbye is how long clients are given to close what the server has closed.
const goodbye = 2 * time.Second

// live makes what subscriptions need: the hub, which follows what is watched, and
// the feed of notices, which reports changes to it.
func (a *App) live() {
	a.hub = hub.New(a.store, hub.Options{Tick: a.config.Tick, Interval: probeEvery, Repair: repairEvery, Log: a.log})
	a.feed = a.store.NewFeed(a.hub, probeEvery)
}

// follow runs it.
func (a *App) follow() {
	a.tasks.run("feed of notices", a.feed.Run)
	a.tasks.run("hub", a.hub.Run)
	if a.traces != nil {
		a.tasks.run("traces", func(ctx context.Context) { a.store.FollowTraces(ctx, a.traces.Written) })
	}
}

// Executions is how many distinct subscriptions are being executed.
func (a *App) Executions() int { return a.fanout.Executions() }

// stream puts subscriptions in front of what answers requests.
func (a *App) stream(h transport.HTTP) http.Handler {
	h.Bounds, h.Timeout, h.Budget, h.Audit = a.bounds, a.config.OperationTimeout, cost.NewBudget(a.config.MaxCostPerMinute), a.audit
	h.Observe, h.Log = a.metrics.Answered, a.log
	options := fanout.Options{
		Executor: h.Executor, Fresh: a.config.Tick, Bounds: &cost.Limits{Response: a.config.MaxResponse, Scan: a.config.MaxScan},
		Timeout: a.config.OperationTimeout,
		Groups:  a.config.MaxDistinctSubscriptions, PerAddress: a.config.MaxDistinctSubscriptionsPerAddress,
		Memory: cost.NewPool(a.config.MaxResponseMemory),
	}
	if a.traces != nil {
		options.Published = a.traces.Delivered
	}
	a.fanout = fanout.New(options)
	a.streams = transport.NewStreams(transport.StreamOptions{
		HTTP: h, Fanout: a.fanout, Log: a.log,
		Authorize:   a.authorize,
		MaxMessage:  a.config.MaxMessage,
		InitTimeout: a.config.InitTimeout, PingInterval: a.config.PingInterval, WriteDeadline: a.config.WriteDeadline,
		Subscriptions: a.config.MaxSubscriptions, Connections: a.config.MaxConnections, PerAddress: a.config.MaxConnectionsPerAddress,
		CompleteWithin: goodbye,
	})
	return a.streams
}
