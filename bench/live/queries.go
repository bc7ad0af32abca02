package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os/exec"
	"strings"
	"time"
)

const wrkConnections = "64"

// queryReading is what came of one run of wrk.
type queryReading struct {
	queries, errors int
	took            time.Duration
	p50, p99        time.Duration
	server, redis   time.Duration // computing time
}

func (r *queryReading) perSecond() float64 { return float64(r.queries) / r.took.Seconds() }

// per10k is computing time in seconds for 10,000 queries.
func (r *queryReading) per10k(used time.Duration) float64 {
	return used.Seconds() / float64(max(r.queries, 1)) * 1e4
}

// queries measures how fast one status is answered, as the servers are shipped.
func queries(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"gqlgen", "mercurius", "bosgraph"}, duration: 5 * time.Second, rounds: 3})
	readings := map[string][]queryReading{}
	for range o.rounds {
		for _, name := range o.servers {
			if name == "bare" {
				continue // it answers no queries
			}
			r, err := s.queried(ctx, name, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			log.Printf("%s: %.0f queries/s, %d errors", name, r.perSecond(), r.errors)
			readings[name] = append(readings[name], r)
		}
	}
	t := table{
		title: fmt.Sprintf("**Queries**: one status, wrk with %s connections; medians of %d interleaved runs", wrkConnections, o.rounds),
		head: []string{"server", "queries/s", "p50 ms", "p99 ms", "server CPU s per 10,000", "Redis CPU s per 10,000", "errors",
			"bosgraph's queries/s to it", "server CPU", "Redis CPU"},
	}
	for _, name := range o.servers {
		if all := readings[name]; len(all) > 0 {
			t.row(queryRow(name, all, readings["bosgraph"])...)
		}
	}
	t.print()
	return nil
}

// queryRow shows a server's medians, and those of bosgraph's ratio to it in each
// round.
func queryRow(name string, all, bosgraph []queryReading) []string {
	server := func(r *queryReading) float64 { return r.per10k(r.server) }
	redis := func(r *queryReading) float64 { return r.per10k(r.redis) }
	compared := func(what func(*queryReading) float64) string {
		var ratios []float64
		for i := range min(len(all), len(bosgraph)) {
			ratios = append(ratios, what(&bosgraph[i])/what(&all[i]))
		}
		if ratios == nil {
			return ""
		}
		return fmt.Sprintf("%.2f", median(ratios))
	}
	errors := 0
	for _, r := range all {
		errors += r.errors
	}
	return []string{
		name, fmt.Sprintf("%.0f", median(each(all, (*queryReading).perSecond))),
		ms(median(each(all, func(r *queryReading) time.Duration { return r.p50 }))),
		ms(median(each(all, func(r *queryReading) time.Duration { return r.p99 }))),
		fmt.Sprintf("%.2f", median(each(all, server))), fmt.Sprintf("%.3f", median(each(all, redis))), fmt.Sprint(errors),
		compared((*queryReading).perSecond), compared(server), compared(redis),
	}
}

// queried measures a server once.
func (s *site) queried(ctx context.Context, name string, d time.Duration) (queryReading, error) {
	server, err := s.start(ctx, name, false)
	if err != nil {
		return queryReading{}, err
	}
	defer server.Stop()
	query := fmt.Sprintf(`{session(name:%q){status{status percentSuccessful phases{percentComplete}}}}`, s.sessions[0])
	if err := ask(ctx, server.address, query, nil, `{"data":{"session":{"status":{"status":"RUNNING","percentSuccessful":`); err != nil {
		return queryReading{}, err
	}
	if _, err := wrk(ctx, server.address, query, 2*time.Second); err != nil { // so that it is warm
		return queryReading{}, err
	}
	before, err := s.spent(server)
	if err != nil {
		return queryReading{}, err
	}
	r, err := wrk(ctx, server.address, query, d)
	if err != nil {
		return queryReading{}, err
	}
	after, err := s.spent(server)
	r.server, r.redis = after.server-before.server, after.redis-before.redis
	return r, err
}

// wrk sends a query again and again.
func wrk(ctx context.Context, address, query string, d time.Duration) (queryReading, error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return queryReading{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "wrk", "-t", "1", "-c", wrkConnections, "-d", fmt.Sprint(max(int(d.Seconds()), 1)), "-s", "queries.lua",
		"http://"+address+"/graphql", "--", string(body)).CombinedOutput()
	if err != nil {
		return queryReading{}, fmt.Errorf("wrk (of the package wrk): %w\n%s", err, out)
	}
	_, result, _ := strings.Cut(string(out), "RESULT ")
	var r queryReading
	var took, p50, p99 int // in µs
	if _, err := fmt.Sscan(result, &r.queries, &took, &r.errors, &p50, &p99); err != nil {
		return queryReading{}, fmt.Errorf("wrk says: %w\n%s", err, out)
	}
	r.took, r.p50, r.p99 = time.Duration(took)*time.Microsecond, time.Duration(p50)*time.Microsecond, time.Duration(p99)*time.Microsecond
	return r, nil
}
