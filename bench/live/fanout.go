package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"time"
)

// fanOut measures what a delivery costs when all clients watch one session.
func fanOut(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "lean", "bosgraph", "gqlgen", "mercurius"}, clients: []int{500, 2000},
		rate: 5000, duration: 4 * time.Second, rounds: 5,
	})
	for _, clients := range o.clients {
		t := table{
			title: fmt.Sprintf("**Fan-out**: %d clients of one session, %.0f messages/s offered", clients, o.rate),
			notes: []string{"One session and one selection for all: bosgraph shares each execution, " + s.identifiers()},
		}
		if err := s.pairs(ctx, o, t, viewing{clients: clients, sessions: s.sessions[:1]}); err != nil {
			return err
		}
	}
	return nil
}

// groups measures the same when the clients are divided over many sessions.
func groups(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "bosgraph"}, clients: []int{2000}, rate: 5000, duration: 4 * time.Second, rounds: 5,
	})
	for _, clients := range o.clients {
		n := s.options.groups
		t := table{
			title: fmt.Sprintf("**Groups**: %d clients, %d of each of %d sessions, %.0f messages/s offered", clients, clients/n, n, o.rate),
			notes: []string{"One selection; the clients of a session share its executions in bosgraph, " + s.identifiers()},
		}
		if err := s.pairs(ctx, o, t, viewing{clients: clients, sessions: s.sessions[:n]}); err != nil {
			return err
		}
	}
	return nil
}

// identifiers says, for captions, what the ids of subscriptions are.
func (s *site) identifiers() string {
	if s.options.sameID {
		return "and all clients use one subscription id."
	}
	return "not the bytes: each client has a subscription id of its own, but for bare and lean, whose clients use one, and Centrifugo, which has none."
}

// pairs lets servers take turns. Those that are close are compared in every round, the others in
// the first only: one round shows it, and more would take the longest.
func (s *site) pairs(ctx context.Context, o settings, t table, v viewing) error {
	readings := map[string][]reading{} // in order of rounds
	for round := range o.rounds {
		for _, name := range turns(o.servers, round) {
			if round > 0 && !servers[name].always {
				continue
			}
			r, err := s.delivered(ctx, name, v, o.rate, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			readings[name] = append(readings[name], r)
			log.Printf("%d clients, %d sessions, %s: %.2f CPU s/100k, p99 %v, %.1f KB a connection, %s delivered, %d lost",
				v.clients, len(v.sessions), name, r.per100k(r.server), r.P99, r.perConnection(r.joined), percent(r.share()), r.Lost)
		}
	}
	to := "to " + o.servers[0]
	t.title += fmt.Sprintf("; medians of %d alternating rounds, of one where marked *", o.rounds)
	t.notes = append(t.notes, s.options.collectors(o.servers))
	t.head = []string{
		"server", "CPU s per 100,000", to, "p50 ms", "p99 ms", "delivered",
		"message bytes", "KB a connection", to, "after delivering", to, "joined after s", "Redis CPU s", "load CPU s",
	}
	for _, name := range o.servers {
		if all := readings[name]; len(all) > 0 {
			t.row(pairRow(name, all, readings[o.servers[0]], o.rounds)...)
		}
	}
	t.print()
	return nil
}

// pairRow shows a server's medians. Ratios to the first server are those of pairs: one round each.
func pairRow(name string, all, first []reading, rounds int) []string {
	of := func(what func(*reading) float64) string { return fmt.Sprintf("%.2f", median(each(all, what))) }
	to := func(what func(*reading) float64) string { return ratios(all, first, what) }
	cpu := func(r *reading) float64 { return r.per100k(r.server) }
	joined := func(r *reading) float64 { return r.perConnection(r.joined) }
	served := func(r *reading) float64 { return r.perConnection(r.served) }
	// Marked, as the median of one round is no median.
	if len(all) < rounds {
		name += " *"
	}
	return slices.Concat([]string{
		name, of(cpu), to(cpu),
		ms(median(each(all, func(r *reading) time.Duration { return r.P50 }))),
		ms(median(each(all, func(r *reading) time.Duration { return r.P99 }))),
		percent(median(each(all, (*reading).share))),
		fmt.Sprint(median(each(all, func(r *reading) int { return r.Size }))),
		of(joined), to(joined), of(served), to(served),
		of(func(r *reading) float64 { return r.arrived.All.Seconds() }),
		of(func(r *reading) float64 { return r.per100k(r.redis) }),
		of(func(r *reading) float64 { return r.per100k(r.CPU) }),
	})
}
