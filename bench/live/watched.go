package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// watched measures what it costs that very many sessions are watched, few of which change: each
// client watches another one.
func watched(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"bare", "bosgraph"}, clients: []int{10_000}, duration: 5 * time.Second, rounds: 5})
	for _, clients := range o.clients {
		sessions, err := s.smallSessions(ctx, updatedCabinet, clients)
		if err != nil {
			return err
		}
		readings := make([]map[string][]reading, len(s.options.changes)) // by rate, then by server in order of rounds
		for i := range readings {
			readings[i] = map[string][]reading{}
		}
		for round := range o.rounds {
			for _, name := range turns(o.servers, round) {
				all, err := s.watchedOnce(ctx, name, sessions, o.duration)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				for i, r := range all {
					readings[i][name] = append(readings[i][name], r)
				}
			}
		}
		s.watchedTable(o, clients, readings)
	}
	return nil
}

// watchedOnce measures a server once, with a client for each session: a reading for each rate of
// changes.
func (s *site) watchedOnce(ctx context.Context, name string, sessions []string, d time.Duration) (all []reading, err error) {
	// Its tick as shipped: no session changes twice within one, so that nothing is coalesced.
	a, err := s.gather(ctx, name, viewing{clients: len(sessions), sessions: sessions, shipped: true})
	if err != nil {
		return nil, err
	}
	defer func() {
		if left := a.end(ctx); err == nil {
			err = left
		}
	}()
	if _, err := a.change(ctx, load.Offer{PerSecond: float64(s.options.changes[0]), Duration: time.Second, Together: 1}); err != nil {
		return nil, err // so that it is warm
	}
	// With the same clients for all rates: connecting 10,000 takes longer than measuring.
	for _, rate := range s.options.changes {
		r, err := a.change(ctx, load.Offer{PerSecond: float64(rate), Duration: d, Together: 1})
		if err != nil {
			return nil, err
		}
		log.Printf("%d sessions, %s: at %d changes/s %.1f %% of a core, p99 %v, %s delivered, %d lost; joined after %v",
			len(sessions), name, rate, r.ofCore(r.server), r.P99, percent(r.share()), r.Lost, r.arrived.All)
		all = append(all, r)
	}
	return all, nil
}

func (s *site) watchedTable(o settings, clients int, readings []map[string][]reading) {
	to := "to " + o.servers[0]
	t := table{
		title: fmt.Sprintf("**Watched**: %d clients, each of another session; medians of %d alternating rounds", clients, o.rounds),
		notes: []string{
			"Nothing is shared: each session has one client. bosgraph's tick is as shipped, and no session changes more than once in it: nothing is coalesced. The changes are spread evenly over time.",
			s.options.collectors(o.servers),
		},
		head: []string{
			"sessions changing/s", "server", "CPU, % of a core", to, "p50 ms", "p99 ms", "max ms", "delivered", "KB a connection", to,
			"joined after s", "Redis CPU, % of a core", "load CPU",
		},
	}
	for i, rate := range s.options.changes {
		for _, name := range o.servers {
			all, first := readings[i][name], readings[i][o.servers[0]]
			of := func(what func(*reading) float64) string { return fmt.Sprintf("%.1f", median(each(all, what))) }
			lasting := func(what func(*reading) time.Duration) string { return ms(median(each(all, what))) }
			cpu := func(r *reading) float64 { return r.ofCore(r.server) }
			joined := func(r *reading) float64 { return r.perConnection(r.joined) }
			t.row(fmt.Sprint(rate), name, of(cpu), ratios(all, first, cpu),
				lasting(func(r *reading) time.Duration { return r.P50 }), lasting(func(r *reading) time.Duration { return r.P99 }),
				lasting(func(r *reading) time.Duration { return r.Max }), percent(median(each(all, (*reading).share))),
				of(joined), ratios(all, first, joined), of(func(r *reading) float64 { return r.arrived.All.Seconds() }),
				of(func(r *reading) float64 { return r.ofCore(r.redis) }), of(func(r *reading) float64 { return r.ofCore(r.CPU) }))
		}
	}
	t.print()
}
