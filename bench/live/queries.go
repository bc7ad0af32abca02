package main

import (
	"context"
	"fmt"
	"log"
	"os/exec"
	"strings"
	"time"
)

// wrkConnections is how many queries are under way at a time: enough to keep each server busy.
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

// question is what wrk asks, as a request's body in which a session's name stands for
// sessionPlace.
type question struct {
	body     string
	sessions []string // asked about by turns
}

const sessionPlace = "SESSION"

// queries measures how fast one status is answered to clients that all send the same
// bytes, as the servers are shipped. bosgraph shares executions among them.
func queries(ctx context.Context, s *site) error {
	o := s.askers()
	body := `{"query":"{session(name:\"` + sessionPlace + `\"){status{status percentSuccessful phases{percentComplete}}}}"}`
	return s.asked(ctx, o, table{
		title: "**Queries**: one status, the same bytes from all clients",
		notes: []string{"bosgraph shares executions among identical requests that wait at the same time; the others execute each."},
	}, question{body, s.sessions[:1]})
}

// different measures the same with requests that nobody shares: each is about another
// session than those before it, by variables or by literals.
func different(ctx context.Context, s *site) error {
	o := s.askers()
	for _, n := range o.sessions {
		sessions, err := s.smallSessions(ctx, updatedCabinet, n)
		if err != nil {
			return err
		}
		const selected = `{status{status percentSuccessful phases{percentComplete}}}`
		for _, form := range []struct{ name, body, note string }{
			{"variables", `{"query":"query($name:String!){session(name:$name)` + selected + `}","variables":{"name":"` + sessionPlace + `"}}`,
				"One document, which every server has parsed and validated already."},
			{"literals", `{"query":"{session(name:\"` + sessionPlace + `\")` + selected + `}"}`,
				fmt.Sprintf("%d documents: as many as the caches of gqlgen (1,000, as its documentation has it), Mercurius (1,024) and bosgraph hold, or more.", n)},
		} {
			if err := s.asked(ctx, o, table{
				title: fmt.Sprintf("**Different**: the status of %d sessions by turns, by %s", n, form.name),
				notes: []string{"No two requests under way are the same, so that no execution is shared. In bosgraph their reads may share a round trip to Redis.", form.note, remembered(n)},
			}, question{form.body, sessions}); err != nil {
				return err
			}
		}
	}
	return nil
}

// remembered says how many of so many requests by turns bosgraph finds among those that it has executed before.
func remembered(n int) string {
	const known = 1000
	found := "all"
	if n > known {
		found = "none"
	}
	return fmt.Sprintf("bosgraph keeps %d requests as it has decoded and validated them, and so finds %s of these.", known, found)
}

// askers is how queries are measured.
func (s *site) askers() settings {
	return s.options.or(settings{
		servers: []string{"gqlgen", "mercurius", "bosgraph"}, sessions: []int{1000}, duration: 4 * time.Second, rounds: 5,
	})
}

// asked measures the servers by turns.
func (s *site) asked(ctx context.Context, o settings, t table, q question) error {
	readings := map[string][]queryReading{}
	for round := range o.rounds {
		for _, name := range turns(o.servers, round) {
			if name == "bare" || name == "lean" || name == "centrifugo" {
				continue // they answer no queries
			}
			r, err := s.queried(ctx, name, q, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			log.Printf("%s: %.0f queries/s, %d errors", name, r.perSecond(), r.errors)
			readings[name] = append(readings[name], r)
		}
	}
	t.title += fmt.Sprintf("; wrk with %s connections; medians of %d alternating rounds", wrkConnections, o.rounds)
	t.notes = append(t.notes, s.options.collectors(o.servers))
	t.head = []string{"server", "queries/s", "p50 ms", "p99 ms", "server CPU s per 10,000", "Redis CPU s per 10,000", "errors",
		"bosgraph's queries/s to it", "server CPU", "Redis CPU"}
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
	compared := func(what func(*queryReading) float64) string { return ratios(bosgraph, all, what) }
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
func (s *site) queried(ctx context.Context, name string, q question, d time.Duration) (queryReading, error) {
	server, err := s.start(ctx, name, false)
	if err != nil {
		return queryReading{}, err
	}
	defer server.Stop()
	// One answer is checked before the load: a server that only answers errors would look fast.
	query := fmt.Sprintf(`{session(name:%q){status{status percentSuccessful phases{percentComplete}}}}`, q.sessions[0])
	if err := ask(ctx, server.address, query, nil, `{"data":{"session":{"status":{"status":"RUNNING","percentSuccessful":`); err != nil {
		return queryReading{}, err
	}
	if _, err := wrk(ctx, server.address, q, 2*time.Second); err != nil { // so that it is warm
		return queryReading{}, err
	}
	before, err := s.spent(server)
	if err != nil {
		return queryReading{}, err
	}
	r, err := wrk(ctx, server.address, q, d)
	if err != nil {
		return queryReading{}, err
	}
	after, err := s.spent(server)
	r.server, r.redis = after.server-before.server, after.redis-before.redis
	return r, err
}

// wrk asks a question again and again.
func wrk(ctx context.Context, address string, q question, d time.Duration) (queryReading, error) {
	// wrk waits for answers for as long as a server keeps it waiting: a hanging one must not
	// hang this.
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	// One thread of wrk is enough, and leaves the other core to the server.
	words := append([]string{"-t", "1", "-c", wrkConnections, "-d", fmt.Sprint(max(int(d.Seconds()), 1)), "-s", "queries.lua",
		"http://" + address + "/graphql", "--", sessionPlace, q.body}, q.sessions...)
	out, err := exec.CommandContext(ctx, "wrk", words...).CombinedOutput()
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
