package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"time"
)

// What a server has to keep for a rate to count as sustained.
const (
	leastDelivered = 0.97
	mostLatency    = time.Second
)

// firstRates are where the search for the highest rate begins; elsewhere than at a
// server's peak it only takes longer.
var firstRates = map[string]float64{
	"bare": 64_000, "lean": 64_000, "bosgraph": 64_000, "before": 64_000, "centrifugo": 32_000, "gqlgen": 4000, "mercurius": 4000,
}

// The bounds of the search: so many doublings or halvings, then so many attempts to
// get higher, each half as far as the one before. With three, what is found is at
// most 9 % too low.
const (
	mostDoublings = 6
	refinements   = 3
)

// peak measures the highest rate that each server sustains, and what it does when much
// more is offered.
func peak(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "bosgraph", "gqlgen", "mercurius"}, clients: []int{500, 2000}, duration: 2500 * time.Millisecond,
	})
	peaks := table{
		title: fmt.Sprintf("**Peak**: clients of one session, the highest rate with at least %s delivered and p99 below %v",
			percent(leastDelivered), mostLatency),
		notes: []string{"One search for each server. One session and one selection for all: bosgraph shares each execution, " + s.identifiers(), s.options.collectors(o.servers)},
		head:  []string{"server", "clients", "peak messages/s", "to bare", "p50 ms", "p99 ms", "delivered", "updates late, p99 ms", "CPU s per 100,000"},
	}
	for _, clients := range o.clients {
		bare := 0.0
		for _, name := range o.servers {
			rate, r, err := s.highest(ctx, name, clients, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if name == "bare" {
				bare = rate
			}
			peaks.row(name, fmt.Sprint(clients), fmt.Sprintf("%.0f", rate), ratio(rate, bare), ms(r.P50), ms(r.P99),
				percent(r.share()), ms(r.Late), fmt.Sprintf("%.2f", r.per100k(r.server)))
		}
	}
	peaks.print()
	return s.beyond(ctx, s.options.or(settings{servers: []string{"bare", "bosgraph"}, clients: o.clients, duration: o.duration}))
}

// highest finds the highest rate that a server sustains, and how; 0 for none.
func (s *site) highest(ctx context.Context, name string, clients int, d time.Duration) (rate float64, at reading, err error) {
	a, err := s.gather(ctx, name, viewing{clients: clients, sessions: s.sessions[:1]})
	if err != nil {
		return 0, reading{}, err
	}
	c := climb{audience: a, duration: d}
	err = c.search(ctx, firstRates[name])
	return c.best, c.at, errors.Join(err, a.end(ctx))
}

// climb is the search for the highest rate.
type climb struct {
	*audience
	duration time.Duration
	best     float64 // so far
	at       reading
}

func (c *climb) search(ctx context.Context, rate float64) error {
	// Well below the first rate: a server that is still compiling or growing its heap would fail a
	// rate that it sustains later.
	if err := c.warmUp(ctx, rate/4); err != nil {
		return err
	}
	first, err := c.sustains(ctx, rate)
	if err != nil {
		return err
	}
	factor := 0.5
	if first {
		factor = 2
	}
	for sustained, n := first, 0; sustained == first && n < mostDoublings; n++ {
		rate *= factor
		if sustained, err = c.sustains(ctx, rate); err != nil {
			return err
		}
	}
	// Between the best rate and twice that, by square roots: rates are compared by their ratio.
	step := 2.0
	for range refinements {
		step = math.Sqrt(step)
		if _, err := c.sustains(ctx, c.best*step); err != nil {
			return err
		}
	}
	return nil
}

// sustains tries a rate. What has piled up under one that is too high may drain before.
func (c *climb) sustains(ctx context.Context, rate float64) (bool, error) {
	if rate == 0 { // nothing is sustained at all
		return false, nil
	}
	r, err := c.offer(ctx, rate, c.duration)
	if err != nil {
		return false, err
	}
	log.Printf("%d clients, %s: at %.0f/s %s delivered, p99 %v; updates late by %v", c.clients, c.server.name, rate, percent(r.share()), r.P99, r.Late)
	if r.share() >= leastDelivered && r.P99 < mostLatency && r.Lost == 0 {
		c.best, c.at = rate, r
		return true, nil
	}
	return false, pause(ctx, settle/2)
}

// beyond offers given rates, whether or not they can be sustained.
func (s *site) beyond(ctx context.Context, o settings) error {
	clients := o.clients[len(o.clients)-1]
	t := table{
		title: fmt.Sprintf("**Offered**: %d clients of one session; latest wins; one run of each", clients),
		notes: []string{"One session and one selection for all: bosgraph shares each execution, " + s.identifiers(), s.options.collectors(o.servers)},
		head:  []string{"server", "messages/s offered", "delivered", "messages/s delivered", "p50 ms", "p99 ms", "max ms", "updates late, p99 ms", "clients lost"},
	}
	for _, rate := range s.options.offered {
		for _, name := range o.servers {
			r, err := s.delivered(ctx, name, viewing{clients: clients, sessions: s.sessions[:1]}, float64(rate), o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			t.row(name, fmt.Sprint(rate), percent(r.share()), fmt.Sprintf("%.0f", float64(r.Delivered)/o.duration.Seconds()),
				ms(r.P50), ms(r.P99), ms(r.Max), ms(r.Late), fmt.Sprint(r.Lost))
		}
	}
	t.print()
	return nil
}
