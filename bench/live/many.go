package main

import (
	"context"
	"fmt"
	"time"
)

// many measures a server that has very many clients.
func many(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "bosgraph"}, clients: []int{10_000}, rate: 100_000, duration: 6 * time.Second,
	})
	t := table{
		title: fmt.Sprintf("**Many**: clients of one session, %.0f messages/s offered", o.rate),
		head: []string{"server", "clients", "delivered", "p50 ms", "p99 ms", "max ms", "CPU s per 100,000", "KB a connection",
			"after delivering", "clients lost"},
	}
	for _, clients := range o.clients {
		for _, name := range o.servers {
			r, err := s.watched(ctx, name, clients, 1, o.rate, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			t.row(name, fmt.Sprint(clients), percent(r.share()), ms(r.P50), ms(r.P99), ms(r.Max),
				fmt.Sprintf("%.2f", r.per100k(r.server)), fmt.Sprintf("%.1f", r.perConnection(r.joined)),
				fmt.Sprintf("%.1f", r.perConnection(r.served)), fmt.Sprint(r.Lost))
		}
	}
	t.print()
	return nil
}
