package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// listed is what the clients of mode list subscribe to: every change of every session.
const listed = `subscription { sessionsUpdated { session { name status {
  revision status percentSuccessful percentFailed phases { percentComplete percentConfiguring percentPoweringOn }
} } deletedId } }`

// list measures whether following the list of all sessions costs more the more there are.
func list(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bosgraph"}, clients: []int{500}, sessions: []int{100, 10_000}, rate: 10_000, duration: 5 * time.Second, rounds: 5,
	})
	sites := make([]*site, len(o.sessions)) // a database for each number: a list is one of all sessions
	for i, n := range o.sessions {
		sites[i] = s.elsewhere(i + 1)
		if _, err := sites[i].smallSessions(ctx, updatedCabinet, n); err != nil {
			return err
		}
	}
	servers := slices.DeleteFunc(slices.Clone(o.servers), func(name string) bool { return name != "bosgraph" && name != "before" }) // the others have no list
	readings := map[string][][]reading{}                                                                                            // by server, then by number of sessions in order of rounds
	for _, name := range servers {
		readings[name] = make([][]reading, len(sites))
	}
	for round := range o.rounds {
		// Numbers of sessions take turns like servers do: a machine that slows down during a
		// round must not look like the cost of more sessions.
		for _, i := range turns(numbered(len(sites)), round) {
			for _, name := range turns(servers, round) {
				r, err := sites[i].listedOnce(ctx, name, sites[i].small[updatedCabinet], o)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				log.Printf("%d sessions, %s: %.2f CPU s/100k, p99 %v, %s delivered", o.sessions[i], name, r.per100k(r.server), r.P99, percent(r.share()))
				readings[name][i] = append(readings[name][i], r)
			}
		}
	}
	t := table{
		title: fmt.Sprintf("**List**: %d clients of sessionsUpdated, %.0f messages/s offered, changes of one session after the other; medians of %d alternating rounds", o.clients[0], o.rate, o.rounds),
		notes: []string{"One selection for all, without a filter: each change is executed once for all clients. bosgraph's tick is as shipped.", s.options.collectors(servers)},
		head: []string{"server", "sessions", "CPU s per 100,000", fmt.Sprintf("to %d sessions", o.sessions[0]), "p50 ms", "p99 ms", "delivered", "message bytes",
			"RSS MB", "Redis CPU s"},
	}
	for _, name := range servers {
		for i, all := range readings[name] {
			cpu := func(r *reading) float64 { return r.per100k(r.server) }
			t.row(name, fmt.Sprint(o.sessions[i]), fmt.Sprintf("%.2f", median(each(all, cpu))), ratios(all, readings[name][0], cpu),
				ms(median(each(all, func(r *reading) time.Duration { return r.P50 }))), ms(median(each(all, func(r *reading) time.Duration { return r.P99 }))),
				percent(median(each(all, (*reading).share))), fmt.Sprint(median(each(all, func(r *reading) int { return r.Size }))),
				megabytes(median(each(all, func(r *reading) int { return r.served }))),
				fmt.Sprintf("%.2f", median(each(all, func(r *reading) float64 { return r.per100k(r.redis) }))))
		}
	}
	t.print()
	return nil
}

// listedOnce measures a server once, on the sessions of a database.
func (s *site) listedOnce(ctx context.Context, name string, sessions []string, o settings) (reading, error) {
	clients := o.clients[0]
	a, err := s.gather(ctx, name, viewing{clients: clients, sessions: sessions, documents: []string{listed}, list: true, shipped: true})
	if err != nil {
		return reading{}, err
	}
	offer := load.Offer{PerSecond: o.rate / float64(clients), Duration: time.Second, Together: 1}
	if _, err := a.change(ctx, offer); err != nil { // so that it is warm
		return reading{}, errors.Join(err, a.end(ctx))
	}
	offer.Duration = o.duration
	r, err := a.change(ctx, offer)
	return r, errors.Join(err, a.end(ctx))
}
