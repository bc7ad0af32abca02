package main

import (
	"context"
	"fmt"
	"log"
	"time"
)

// goodLatency is what 99 of 100 messages to very many clients should not take longer than.
const goodLatency = 250 * time.Millisecond

// many measures a server that has very many clients.
func many(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "bosgraph"}, clients: []int{10_000}, rate: 100_000, duration: 5 * time.Second, rounds: 5,
	})
	for _, clients := range o.clients {
		readings := map[string][]reading{}
		for round := range o.rounds {
			for _, name := range turns(o.servers, round) {
				r, err := s.delivered(ctx, name, viewing{clients: clients, sessions: s.sessions[:1]}, o.rate, o.duration)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				log.Printf("%d clients, %s: p99 %v, %s delivered, updates late by %v", clients, name, r.P99, percent(r.share()), r.Late)
				readings[name] = append(readings[name], r)
			}
		}
		s.manyTable(o, clients, readings)
	}
	return nil
}

func (s *site) manyTable(o settings, clients int, readings map[string][]reading) {
	to := "to " + o.servers[0]
	t := table{
		title: fmt.Sprintf("**Many**: %d clients of one session, %.0f messages/s offered; medians of %d alternating rounds", clients, o.rate, o.rounds),
		notes: []string{"One session and one selection for all: bosgraph shares each execution, " + s.identifiers(), s.options.collectors(o.servers)},
		head: []string{"server", "delivered", "p50 ms", "p99 ms", to, fmt.Sprintf("rounds with p99 of at most %d ms", goodLatency.Milliseconds()), "max ms",
			"CPU s per 100,000", to, "KB a connection", to, "after delivering", to, "clients lost"},
	}
	for _, name := range o.servers {
		all, first := readings[name], readings[o.servers[0]]
		lasting := func(what func(*reading) time.Duration) string { return ms(median(each(all, what))) }
		of := func(what func(*reading) float64) string { return fmt.Sprintf("%.2f", median(each(all, what))) }
		cpu := func(r *reading) float64 { return r.per100k(r.server) }
		joined := func(r *reading) float64 { return r.perConnection(r.joined) }
		served := func(r *reading) float64 { return r.perConnection(r.served) }
		// Rounds are counted, too: with very many clients single rounds go wrong, which a
		// median hides.
		good, lost := 0, 0
		for _, r := range all {
			if r.P99 <= goodLatency {
				good++
			}
			lost += r.Lost
		}
		t.row(name, percent(median(each(all, (*reading).share))), lasting(func(r *reading) time.Duration { return r.P50 }),
			lasting(func(r *reading) time.Duration { return r.P99 }), ratios(all, first, func(r *reading) float64 { return r.P99.Seconds() }),
			fmt.Sprintf("%d of %d", good, len(all)), lasting(func(r *reading) time.Duration { return r.Max }), of(cpu), ratios(all, first, cpu),
			of(joined), ratios(all, first, joined), of(served), ratios(all, first, served), fmt.Sprint(lost))
	}
	t.print()
}
