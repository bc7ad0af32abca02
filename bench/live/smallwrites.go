package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// What is written by mode small-writes: so many connections, and as fast as answers come or at a
// fixed rate.
const (
	writeConnections = 32
	writeRate        = 3000 // calls a second
)

// writeReading is what came of patches.
type writeReading struct {
	load.CallsOutcome
	server, redis time.Duration // computing time
}

func (r *writeReading) perSecond() float64 { return float64(r.Calls) / r.Took.Seconds() }

// per10k is computing time in seconds for 10,000 calls.
func (r *writeReading) per10k(used time.Duration) float64 {
	return used.Seconds() / float64(max(r.Calls, 1)) * 1e4
}

// smallWrites measures mutations that each change one component.
func smallWrites(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"bosgraph"}, sessions: []int{1000}, rate: writeRate, duration: 5 * time.Second, rounds: 5})
	for _, sessions := range o.sessions {
		if _, err := s.smallSessions(ctx, writtenCabinet, sessions); err != nil {
			return err
		}
		bodies, err := patches(sessions)
		if err != nil {
			return err
		}
		fast, paced := map[string][]writeReading{}, map[string][]writeReading{}
		var names []string
		for _, name := range o.servers {
			if name == "bosgraph" || name == "before" {
				names = append(names, name) // the others can't be written to
			}
		}
		for round := range o.rounds {
			for _, name := range turns(names, round) {
				a, b, err := s.written(ctx, name, bodies, o)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				log.Printf("%s: %.0f calls/s; at %.0f/s p99 %v", name, a.perSecond(), o.rate, b.P99)
				fast[name], paced[name] = append(fast[name], a), append(paced[name], b)
			}
		}
		s.writesTable(o, names, sessions, fast, paced)
	}
	return nil
}

// patches are requests for one component each, by turns of another session. Every one changes what
// it finds, as long as they are sent in about this order.
func patches(sessions int) ([][]byte, error) {
	var bodies [][]byte
	// All sessions once for each phase, so that two patches of one component are as far apart
	// as can be.
	for _, phase := range mixedPhases {
		for i := range sessions {
			patch := map[string]any{"id": smallComponent(writtenCabinet, i), "status": map[string]string{"phase": phase}}
			body, err := json.Marshal(map[string]any{
				"query": patchComponents, "variables": map[string]any{"input": map[string]any{"components": []any{patch}}},
			})
			if err != nil {
				return nil, err
			}
			bodies = append(bodies, body)
		}
	}
	return bodies, nil
}

// written measures a server once, as fast as answers come and at a rate.
func (s *site) written(ctx context.Context, name string, bodies [][]byte, o settings) (fast, paced writeReading, err error) {
	server, err := s.start(ctx, name, false)
	if err != nil {
		return fast, paced, err
	}
	defer server.Stop()
	calls := load.Calls{Address: server.address, Bodies: bodies, Want: load.Changed, Connections: writeConnections, Duration: time.Second}
	if _, err := s.load.Call(ctx, calls); err != nil { // so that it is warm
		return fast, paced, err
	}
	// Both ways: as fast as answers come shows what a call costs, and at a fixed rate latencies
	// can be compared, which are otherwise those of a full queue.
	calls.Duration = o.duration
	if fast, err = s.called(ctx, server, calls); err != nil {
		return fast, paced, err
	}
	calls.PerSecond = o.rate
	paced, err = s.called(ctx, server, calls)
	return fast, paced, err
}

// called makes calls, and checks that each of them has changed something: each gives its session
// a revision.
func (s *site) called(ctx context.Context, server *running, calls load.Calls) (r writeReading, err error) {
	revision, err := s.revision(ctx, server.name)
	if err != nil {
		return r, err
	}
	before, err := s.spent(server)
	if err != nil {
		return r, err
	}
	if r.CallsOutcome, err = s.load.Call(ctx, calls); err != nil {
		return r, err
	}
	after, err := s.spent(server)
	if err != nil {
		return r, err
	}
	r.server, r.redis = after.server-before.server, after.redis-before.redis
	now, err := s.revision(ctx, server.name)
	// Not all: with several connections two patches of one component may overtake each other,
	// and the second changes nothing. A server that skips writes would look fast.
	if changed := int(now - revision); err == nil && changed*10 < r.Calls*9 {
		err = fmt.Errorf("%d calls have made only %d revisions", r.Calls, changed)
	}
	if err == nil && r.Wrong > 0 {
		err = fmt.Errorf("%d of %d answers are not %s", r.Wrong, r.Calls, load.Changed)
	}
	return r, err
}

func (s *site) writesTable(o settings, names []string, sessions int, fast, paced map[string][]writeReading) {
	to := "to " + names[0]
	t := table{
		title: fmt.Sprintf("**Small writes**: patchComponents of one component, of %d sessions by turns, %d connections; medians of %d alternating rounds",
			sessions, writeConnections, o.rounds),
		notes: []string{
			"Each connection waits for its answer before it sends the next request. No two concurrent requests are of one session. Nobody watches. Latencies at a rate are from the scheduled moment.",
			s.options.collectors(names),
		},
		head: []string{"server", "offered", "calls/s", to, "p50 ms", "p99 ms", to, "max ms", "server CPU s per 10,000", to, "Redis CPU s per 10,000", "load CPU s per 10,000"},
	}
	for _, pace := range []struct {
		offered string
		of      map[string][]writeReading
	}{{"as fast as answers come", fast}, {fmt.Sprintf("%.0f/s", o.rate), paced}} {
		for _, name := range names {
			all, first := pace.of[name], pace.of[names[0]]
			lasting := func(what func(*writeReading) time.Duration) string { return ms(median(each(all, what))) }
			cpu := func(r *writeReading) float64 { return r.per10k(r.server) }
			p99 := func(r *writeReading) time.Duration { return r.P99 }
			t.row(name, pace.offered, fmt.Sprintf("%.0f", median(each(all, (*writeReading).perSecond))), ratios(all, first, (*writeReading).perSecond),
				lasting(func(r *writeReading) time.Duration { return r.P50 }), lasting(p99),
				ratios(all, first, func(r *writeReading) float64 { return p99(r).Seconds() }), lasting(func(r *writeReading) time.Duration { return r.Max }),
				fmt.Sprintf("%.2f", median(each(all, cpu))), ratios(all, first, cpu),
				fmt.Sprintf("%.2f", median(each(all, func(r *writeReading) float64 { return r.per10k(r.redis) }))),
				fmt.Sprintf("%.2f", median(each(all, func(r *writeReading) float64 { return r.per10k(r.CPU) }))))
		}
	}
	t.print()
}
