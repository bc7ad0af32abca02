package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"time"
)

// What a server has to keep for a rate to count as borne.
const (
	leastDelivered = 0.97
	mostLatency    = time.Second
)

// firstRates are where the search for the highest rate begins; elsewhere than at a
// server's peak it only takes longer.
var firstRates = map[string]float64{"bare": 64_000, "bosgraph": 64_000, "gqlgen": 4000, "mercurius": 4000}

// The bounds of the search: so many doublings or halvings, then so many attempts to
// get higher, each half as far as the one before. With three, what is found is at
// most 9 % too low.
const (
	mostDoublings = 6
	refinements   = 3
)

// peak measures the highest rate that each server bears, and what it does when much
// more is offered.
func peak(ctx context.Context, s *site) error {
	o := s.options.or(settings{
		servers: []string{"bare", "bosgraph", "gqlgen", "mercurius"}, clients: []int{500, 2000}, duration: 2500 * time.Millisecond,
	})
	peaks := table{
		title: fmt.Sprintf("**Peak**: clients of one session, the highest rate with at least %s delivered and p99 below %v",
			percent(leastDelivered), mostLatency),
		head: []string{"server", "clients", "peak messages/s", "to bare", "p50 ms", "p99 ms", "delivered", "updates late, p99 ms", "CPU s per 100,000"},
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

// highest finds the highest rate that a server bears, and how it bore it; 0 for none.
func (s *site) highest(ctx context.Context, name string, clients int, d time.Duration) (rate float64, at reading, err error) {
	a, err := s.gather(ctx, name, clients, 0, 1)
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
	if err := c.warmUp(ctx, rate/4); err != nil {
		return err
	}
	first, err := c.bears(ctx, rate)
	if err != nil {
		return err
	}
	factor := 0.5
	if first {
		factor = 2
	}
	for borne, n := first, 0; borne == first && n < mostDoublings; n++ {
		rate *= factor
		if borne, err = c.bears(ctx, rate); err != nil {
			return err
		}
	}
	step := 2.0
	for range refinements {
		step = math.Sqrt(step)
		if _, err := c.bears(ctx, c.best*step); err != nil {
			return err
		}
	}
	return nil
}

// bears tries a rate. What has piled up by one that is not borne may go by.
func (c *climb) bears(ctx context.Context, rate float64) (bool, error) {
	if rate == 0 { // nothing is borne at all
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

// beyond offers given rates, whether or not they can be borne.
func (s *site) beyond(ctx context.Context, o settings) error {
	clients := o.clients[len(o.clients)-1]
	t := table{
		title: fmt.Sprintf("**Offered**: %d clients of one session; latest wins", clients),
		head:  []string{"server", "messages/s offered", "delivered", "messages/s delivered", "p50 ms", "p99 ms", "max ms", "updates late, p99 ms", "clients lost"},
	}
	for _, rate := range s.options.offered {
		for _, name := range o.servers {
			r, err := s.watched(ctx, name, clients, 1, float64(rate), o.duration)
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
