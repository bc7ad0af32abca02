package main

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"
)

// optional are what one selection or another leaves out of a status, each for itself. With
// twelve there are 4,096 different ones. The last are left out by few.
var optional = []string{
	"epoch", "status", "managedComponentsCount", "percentStaged", "percentSuccessful", "percentFailed", "fromSnapshot", "stale",
	"phases { percentPoweringOff percentPoweringOn }", "counts { staged successful failed }", "timing { duration }", "asOf",
}

// selection is one of up to 4,096 different subscriptions. All show the revision.
func selection(i int) string {
	var text strings.Builder
	text.WriteString("subscription ($name: String!) { sessionStatusUpdated(name: $name) { revision phases { percentComplete } counts { managed } timing { startTime }")
	for bit, field := range optional {
		if i>>bit&1 == 0 {
			text.WriteString(" " + field)
		}
	}
	return text.String() + " } }"
}

// selectionRates are the messages a second that are offered.
var selectionRates = []float64{5000, 18_000}

// differentSelections measures what it costs when the clients of one session differ in what they
// select, so that each is an execution of its own.
func differentSelections(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"bosgraph", "gqlgen"}, clients: []int{2000}, duration: 5 * time.Second, rounds: 3})
	rates := selectionRates
	if o.rate > 0 {
		rates = []float64{o.rate}
	}
	for _, clients := range o.clients {
		if clients > 1<<len(optional) {
			return fmt.Errorf("there are only %d selections", 1<<len(optional))
		}
		documents := make([]string, clients)
		for i := range documents {
			documents[i] = selection(i)
		}
		t := table{
			title: fmt.Sprintf("**Selections**: %d clients of one session, each with another selection, beside all with the first of them; medians of %d alternating rounds", clients, o.rounds),
			notes: []string{"With different selections nothing is executed for two clients. Shared in bosgraph are then the reads of the session, and with one selection its executions.", s.options.collectors(o.servers)},
			head: []string{"messages/s offered", "server", "selections", "CPU s per 100,000", "p50 ms", "p99 ms", "delivered", "message bytes", "KB a client",
				"after delivering", "joined after s", "Redis CPU s", "load CPU s"},
		}
		for _, rate := range rates {
			for _, texts := range [][]string{documents, documents[:1]} {
				if err := s.selected(ctx, o, rate, viewing{clients: clients, sessions: s.sessions[:1], documents: texts}, &t); err != nil {
					return err
				}
			}
		}
		t.print()
	}
	return nil
}

// selected adds rows: one for each server.
func (s *site) selected(ctx context.Context, o settings, rate float64, v viewing, t *table) error {
	readings := map[string][]reading{}
	for round := range o.rounds {
		for _, name := range turns(o.servers, round) {
			if name == "bare" || name == "lean" || name == "centrifugo" || round > 0 && !servers[name].always {
				continue // they know no selections
			}
			r, err := s.delivered(ctx, name, v, rate, o.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			readings[name] = append(readings[name], r)
			log.Printf("%d clients, %d selections, %s: at %.0f/s %.2f CPU s/100k, p99 %v, %.1f KB a client, %s delivered, %d lost; joined after %v",
				v.clients, len(v.documents), name, rate, r.per100k(r.server), r.P99, r.perConnection(r.joined), percent(r.share()), r.Lost, r.arrived.All)
		}
	}
	for _, name := range o.servers {
		all := readings[name]
		if len(all) == 0 {
			continue
		}
		of := func(what func(*reading) float64) string { return fmt.Sprintf("%.2f", median(each(all, what))) }
		shown := name
		if len(all) < o.rounds {
			shown += " *"
		}
		t.row(fmt.Sprintf("%.0f", rate), shown, fmt.Sprint(len(v.documents)), of(func(r *reading) float64 { return r.per100k(r.server) }),
			ms(median(each(all, func(r *reading) time.Duration { return r.P50 }))), ms(median(each(all, func(r *reading) time.Duration { return r.P99 }))),
			percent(median(each(all, (*reading).share))), fmt.Sprint(median(each(all, func(r *reading) int { return r.Size }))),
			of(func(r *reading) float64 { return r.perConnection(r.joined) }), of(func(r *reading) float64 { return r.perConnection(r.served) }),
			of(func(r *reading) float64 { return r.arrived.All.Seconds() }),
			of(func(r *reading) float64 { return r.per100k(r.redis) }), of(func(r *reading) float64 { return r.per100k(r.CPU) }))
	}
	return nil
}
