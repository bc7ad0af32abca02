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
		servers: []string{"bare", "bosgraph", "gqlgen", "mercurius"}, clients: []int{500, 2000},
		rate: 5000, duration: 5 * time.Second, rounds: 3,
	})
	for _, clients := range o.clients {
		title := fmt.Sprintf("**Fan-out**: %d clients of one session, %.0f messages/s offered", clients, o.rate)
		if err := s.pairs(ctx, o, title, clients, 1); err != nil {
			return err
		}
	}
	return nil
}

// groups measures the same when the clients are divided over many sessions.
func groups(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "bosgraph"}, clients: []int{2000}, rate: 5000, duration: 5 * time.Second, rounds: 3,
	})
	for _, clients := range o.clients {
		n := s.options.groups
		title := fmt.Sprintf("**Groups**: %d clients, %d of each of %d sessions, %.0f messages/s offered", clients, clients/n, n, o.rate)
		if err := s.pairs(ctx, o, title, clients, n); err != nil {
			return err
		}
	}
	return nil
}

// pairs lets servers take turns. bare and bosgraph, which are close, are compared
// in every round, the others in the first only.
func (s *site) pairs(ctx context.Context, o settings, title string, clients, groups int) error {
	readings := map[string][]reading{} // in order of rounds
	for round := range o.rounds {
		for _, name := range o.servers {
			if round > 0 && name != "bare" && name != "bosgraph" {
				continue
			}
			r, err := s.watched(ctx, name, clients, groups, o.rate, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			readings[name] = append(readings[name], r)
			log.Printf("%d clients, %d groups, %s: %.2f CPU s/100k, p99 %v, %.1f KB a connection, %s delivered, %d lost",
				clients, groups, name, r.per100k(r.server), r.P99, r.perConnection(r.joined), percent(r.share()), r.Lost)
		}
	}
	t := table{title: title + fmt.Sprintf("; medians of %d rounds, of one where marked *", o.rounds), head: []string{
		"server", "CPU s per 100,000", "to bare", "p50 ms", "p99 ms", "delivered",
		"message bytes", "KB a connection", "to bare", "after delivering", "to bare", "Redis CPU s", "load CPU s",
	}}
	for _, name := range o.servers {
		if all := readings[name]; len(all) > 0 {
			t.row(pairRow(name, all, readings["bare"], o.rounds)...)
		}
	}
	t.print()
	return nil
}

// pairRow shows a server's medians. Ratios are those of pairs: one round each.
func pairRow(name string, all, bare []reading, rounds int) []string {
	of := func(what func(*reading) float64) string { return fmt.Sprintf("%.2f", median(each(all, what))) }
	toBare := func(what func(*reading) float64) string {
		var ratios []float64
		for i := range min(len(all), len(bare)) {
			ratios = append(ratios, what(&all[i])/what(&bare[i]))
		}
		if ratios == nil {
			return ""
		}
		return fmt.Sprintf("%.2f", median(ratios))
	}
	cpu := func(r *reading) float64 { return r.per100k(r.server) }
	joined := func(r *reading) float64 { return r.perConnection(r.joined) }
	served := func(r *reading) float64 { return r.perConnection(r.served) }
	if len(all) < rounds {
		name += " *"
	}
	return slices.Concat([]string{
		name, of(cpu), toBare(cpu),
		ms(median(each(all, func(r *reading) time.Duration { return r.P50 }))),
		ms(median(each(all, func(r *reading) time.Duration { return r.P99 }))),
		percent(median(each(all, (*reading).share))),
		fmt.Sprint(median(each(all, func(r *reading) int { return r.Size }))),
		of(joined), toBare(joined), of(served), toBare(served),
		of(func(r *reading) float64 { return r.per100k(r.redis) }),
		of(func(r *reading) float64 { return r.per100k(r.CPU) }),
	})
}
