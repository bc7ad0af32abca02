package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// stormDialers is how many clients connect at the same time when all of them come back.
const stormDialers = 512

// idleReading is what was seen of connections over which nothing is sent, and of their return.
type idleReading struct {
	reading
	used  time.Duration // computing time of the server while nothing happens
	storm load.Arrived  // from the moment when all were dropped
	spent time.Duration // computing time of the server for that
	after int           // the server's memory after it, in bytes
}

// idle measures connections over which nothing is sent, and then a reconnect storm: all are
// dropped at once and come back.
func idle(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"bare", "bosgraph"}, clients: []int{10_000}, duration: 10 * time.Second, rounds: 5})
	for _, clients := range o.clients {
		readings := map[string][]idleReading{}
		for round := range o.rounds {
			for _, name := range turns(o.servers, round) {
				if !servers[name].shows {
					continue // its clients have nothing by which they know that they are served
				}
				r, err := s.idled(ctx, name, clients, o.duration)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				log.Printf("%d clients, %s: %.1f KB, %.2f %% of a core; all back after %v", clients, name,
					r.perConnection(r.joined), r.ofCore(r.used), r.storm.All)
				readings[name] = append(readings[name], r)
			}
		}
		s.idleTable(o, clients, readings)
	}
	return nil
}

// idled measures a server once.
func (s *site) idled(ctx context.Context, name string, clients int, d time.Duration) (r idleReading, err error) {
	a, err := s.gather(ctx, name, viewing{clients: clients, sessions: s.sessions[:1], shipped: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, a.end(ctx)) }()
	// Without what the server takes by itself: what a connection costs is what is to be
	// compared.
	r.reading = reading{joined: a.joined - a.idle, clients: clients, took: d, arrived: a.arrived}
	start, err := a.server.CPU()
	if err != nil {
		return r, err
	}
	if err := pause(ctx, d); err != nil {
		return r, err
	}
	before, err := a.server.CPU()
	if err != nil {
		return r, err
	}
	r.used = before - start
	if r.storm, err = s.load.Storm(ctx, stormDialers); err != nil {
		return r, err
	}
	after, err := a.server.CPU()
	if err != nil {
		return r, err
	}
	r.spent = after - before
	// Memory is looked at after a moment: right after the storm, the garbage of connecting
	// counts.
	if err := pause(ctx, settle); err != nil {
		return r, err
	}
	rss, err := a.server.RSS()
	r.after = rss - a.idle
	return r, err
}

func (s *site) idleTable(o settings, clients int, readings map[string][]idleReading) {
	to := "to " + o.servers[0]
	t := table{
		title: fmt.Sprintf("**Idle**: %d clients of one session that does not change; then all are dropped and come back, %d connecting at a time; medians of %d alternating rounds",
			clients, stormDialers, o.rounds),
		notes: []string{
			"One session and one selection for all. The first state is read and executed once for all who wait for it. The storm's times are from the drop to a client's first state, connecting included, which takes the load process as much time as the server.",
			s.options.collectors(o.servers),
		},
		head: []string{"server", "KB a connection", to, "CPU while idle, % of a core", "storm: p50 s", "p99 s", to, "all served after s", to, "server CPU s", to, "KB a connection after it"},
	}
	for _, name := range o.servers {
		all, first := readings[name], readings[o.servers[0]]
		if len(all) == 0 {
			continue
		}
		of := func(what func(*idleReading) float64) string { return fmt.Sprintf("%.2f", median(each(all, what))) }
		joined := func(r *idleReading) float64 { return r.perConnection(r.joined) }
		p99 := func(r *idleReading) float64 { return r.storm.P99.Seconds() }
		served := func(r *idleReading) float64 { return r.storm.All.Seconds() }
		spent := func(r *idleReading) float64 { return r.spent.Seconds() }
		t.row(name, of(joined), ratios(all, first, joined), of(func(r *idleReading) float64 { return r.ofCore(r.used) }),
			of(func(r *idleReading) float64 { return r.storm.P50.Seconds() }), of(p99), ratios(all, first, p99),
			of(served), ratios(all, first, served), of(spent), ratios(all, first, spent), of(func(r *idleReading) float64 { return r.perConnection(r.after) }))
	}
	t.print()
}
