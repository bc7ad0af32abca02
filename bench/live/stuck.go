package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/proc"
)

// oneIn says which clients never read: one in ten.
const oneIn = 10

// mostPatience is how long after the last update stuck clients are waited for.
const mostPatience = 30 * time.Second

// stuckReading is a [reading] with or without stuck clients.
type stuckReading struct {
	reading
	idle, left int           // the server's memory before anybody came and after everybody had left, in bytes
	gone       time.Duration // until the last stuck client was disconnected; 0 for never
}

// stuck measures whether clients that never read harm those that do.
func stuck(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"bosgraph"}, clients: []int{200}, rate: 18_000, duration: 8 * time.Second, rounds: 5})
	t := table{
		title: fmt.Sprintf("**Stuck**: one client in %d never reads, %.0f messages/s offered to the others; medians of %d alternating pairs",
			oneIn, o.rate, o.rounds),
		head: []string{"server", "clients", "p99 ms without", "with", "ratio", "difference ms", "delivered", "stuck disconnected after s",
			"RSS MB before", "with stuck clients", "after all have left", "without, after all have left"},
	}
	t.notes = []string{"One session and one selection for all.", s.options.collectors(o.servers)}
	for _, clients := range o.clients {
		for _, name := range o.servers {
			var without, with []stuckReading
			// In pairs, one right after the other: the latency of one machine differs more from minute
			// to minute than stuck clients may change it.
			for round := range o.rounds {
				pair := [2]stuckReading{}
				for _, i := range turns([]int{0, 1}, round) {
					var err error
					if pair[i], err = s.withStuck(ctx, name, clients-clients/oneIn, i*clients/oneIn, o); err != nil {
						return fmt.Errorf("%s: %w", name, err)
					}
				}
				log.Printf("%s: p99 %v without, %v with; disconnected after %v", name, pair[0].P99, pair[1].P99, pair[1].gone)
				without, with = append(without, pair[0]), append(with, pair[1])
			}
			t.row(stuckRow(name, clients, without, with)...)
		}
	}
	t.print()
	return nil
}

func stuckRow(name string, clients int, without, with []stuckReading) []string {
	var ratios []float64
	var differences []time.Duration
	gone := fmt.Sprintf("%.1f", median(each(with, func(r *stuckReading) float64 { return r.gone.Seconds() })))
	for i := range with {
		ratios = append(ratios, float64(with[i].P99)/float64(max(without[i].P99, 1)))
		differences = append(differences, with[i].P99-without[i].P99)
		if with[i].gone == 0 {
			gone = "not in every round"
		}
	}
	// Ratios and differences are those of pairs, and only then their median is taken.
	p99 := func(r *stuckReading) time.Duration { return r.P99 }
	left := func(r *stuckReading) int { return r.left }
	return []string{
		name, fmt.Sprint(clients), ms(median(each(without, p99))), ms(median(each(with, p99))), fmt.Sprintf("%.2f", median(ratios)),
		ms(median(differences)), percent(median(each(with, func(r *stuckReading) float64 { return r.share() }))), gone,
		megabytes(median(each(with, func(r *stuckReading) int { return r.idle }))),
		megabytes(median(each(with, func(r *stuckReading) int { return r.idle + r.served }))),
		megabytes(median(each(with, left))), megabytes(median(each(without, left))),
	}
}

// withStuck measures a server once, with so many stuck clients.
func (s *site) withStuck(ctx context.Context, name string, healthy, stuck int, o settings) (stuckReading, error) {
	a, err := s.gather(ctx, name, viewing{clients: healthy, stuck: stuck, sessions: s.sessions[:1]})
	if err != nil {
		return stuckReading{}, err
	}
	defer a.server.Stop()
	// The clock starts with the updates: before them nothing is sent that a client could fail to accept.
	watching, cancel := context.WithTimeout(ctx, o.duration+mostPatience)
	defer cancel()
	gone := make(chan time.Duration, 1)
	if stuck == 0 {
		gone <- 0
	} else {
		go func() { gone <- disconnected(watching, a.server.address, healthy) }()
	}
	r, err := a.offer(ctx, o.rate, o.duration)
	if err != nil {
		return stuckReading{}, errors.Join(err, s.load.Leave(ctx))
	}
	result := stuckReading{reading: r, idle: a.idle, gone: <-gone}
	if err := errors.Join(s.load.Leave(ctx), pause(ctx, settle)); err != nil {
		return result, err
	}
	result.left, err = a.server.RSS()
	return result, err
}

// disconnected waits until a server has no more than so many connections, and returns how
// long that took; 0 if it does not come to that. It counts the kernel's connections: a stuck
// client reads nothing, so it cannot notice by itself that it was disconnected.
func disconnected(ctx context.Context, address string, connections int) time.Duration {
	for start := time.Now(); pause(ctx, 100*time.Millisecond) == nil; {
		n, err := proc.Connections(address)
		if err != nil {
			log.Print(err)
			return 0
		}
		if n <= connections {
			return time.Since(start)
		}
	}
	return 0
}
