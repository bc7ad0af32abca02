package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// The load of mode mixed: of all sessions some are active, each of which is changed
// ten times a second, as a whole: once a tick, which is as often as bosgraph shows a session.
const (
	mixedSessions   = 200
	mixedActive     = 10
	mixedComponents = 50
	mixedEvery      = 100 * time.Millisecond
)

// selections are what the clients select, each beside the revision. They differ in cost: some
// need only counters, some the error groups, which take a script. Each is a group of its own, so
// 20 of them are 20 executions for every update of a session.
var selections = []string{
	`status percentSuccessful percentFailed`,
	`managedComponentsCount percentStaged percentSuccessful percentFailed`,
	`phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }`,
	`status phases { percentConfiguring }`,
	`counts { managed successful failed active }`,
	`counts { configuring poweringOff poweringOn }`,
	`errorSummary(first: 1) { message count }`,
	`errorSummary(first: 3) { message count list }`,
	`errorGroupCount errorSummary(first: 5) { message }`,
	`percentFailed errorGroupCount`,
	`timing { startTime duration }`,
	`percentSuccessful timing { durationSeconds }`,
	`status timing { startTime endTime duration durationSeconds }`,
	`status stale asOf`,
	`epoch status fromSnapshot stale`,
	`status percentSuccessful phases { percentComplete } counts { managed active }`,
	`counts { complete active } errorSummary(first: 2) { count list }`,
	`percentSuccessful phases { percentPoweringOn } counts { poweringOn } timing { duration }`,
	`epoch stale status phases { percentComplete percentConfiguring } errorSummary { message count }`,
	`epoch status managedComponentsCount percentStaged percentSuccessful percentFailed
	 phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
	 counts { managed staged successful failed complete configuring poweringOff poweringOn active }
	 timing { startTime endTime duration durationSeconds } fromSnapshot stale asOf`,
}

// mixed measures bosgraph as it is shipped, under all that it does at once: it is
// written to and watched, by clients that want different things of many sessions.
func mixed(ctx context.Context, s *site) error {
	o := s.options.or(settings{servers: []string{"bosgraph"}, clients: []int{2000, 200}, duration: 15 * time.Second})
	if !slices.Contains(o.servers, "bosgraph") {
		return nil // the others can't be written to
	}
	sessions, err := s.fillMixed(ctx)
	if err != nil {
		return err
	}
	writes := mixedActive * float64(time.Second/mixedEvery)
	t := table{
		title: fmt.Sprintf("**Mixed**: %d sessions of %d components, %d selections; %.0f batches/s, into %d of the sessions, each of all its components",
			mixedSessions, mixedComponents, len(selections), writes, mixedActive),
		notes: []string{"Clients that agree in session and selection share executions. One run of each.", s.options.collectors([]string{"bosgraph"})},
		head: []string{"clients", "of them on active sessions", "p50 ms", "p99 ms", "max ms", "never shown", "messages/s", "message bytes",
			"batches/s", "mutation p50 ms", "p99 ms", "session reads/s", "with error groups", "server CPU", "Redis CPU", "load CPU", "clients lost"},
	}
	// Twice: spread over all sessions, most of which never change, and with half of the clients on
	// the few that do. The first shows what many idle subscriptions cost, the second what delivery does.
	for _, clients := range o.clients {
		half := clients / 2
		for _, watched := range [][]string{
			divide(sessions, clients),
			slices.Concat(divide(sessions[:mixedActive], half), divide(sessions[mixedActive:], clients-half)),
		} {
			r, err := s.mixedOnce(ctx, sessions[:mixedActive], watched, o.duration)
			if err != nil {
				return err
			}
			log.Printf("%d clients: p99 %v, %d messages, %d session reads in %v", clients, r.P99, r.Messages, r.Reads, r.Took)
			t.row(r.row(watched, sessions[:mixedActive])...)
		}
	}
	t.print()
	return nil
}

// divide divides clients evenly over sessions. Those of one session are neighbours,
// so that they differ in what they select.
func divide(sessions []string, clients int) []string {
	watched := make([]string, clients)
	for i := range watched {
		watched[i] = sessions[i*len(sessions)/clients]
	}
	return watched
}

// fillMixed creates the sessions. Some components have errors, so that there are
// groups of them to read.
func (s *site) fillMixed(ctx context.Context) ([]string, error) {
	b, err := s.start(ctx, "bosgraph", false)
	if err != nil {
		return nil, err
	}
	defer b.Stop()
	// Half of the components have one of five errors: reading five groups is the usual size of an
	// error summary.
	sessions := make([]string, mixedSessions)
	for i := range sessions {
		sessions[i] = fmt.Sprintf("5b1c2d0e-8a47-4c55-b1de-%012d", i)
		components := make([]map[string]any, mixedComponents)
		for c := range components {
			components[c] = map[string]any{
				"id": mixedComponent(i, c), "enabled": true, "session": sessions[i], "status": map[string]string{"phase": "powering_on"},
			}
			if kind := c % 10; kind < 5 {
				components[c]["error"] = fmt.Sprintf("node is not reachable: error %d", kind)
			}
		}
		if err := create(ctx, b.address, sessions[i], components); err != nil {
			return nil, err
		}
	}
	return sessions, nil
}

func mixedComponent(session, component int) string {
	return fmt.Sprintf("x%dc0s%db0n0", 5000+session, component)
}

// mixedPhases are what components go through, one a batch. None is the end of it:
// no session becomes complete.
var mixedPhases = []string{"powering_off", "configuring", "powering_on"}

// mixedWriters write batches in each of which every component moves to its next
// phase. Components begin at different ones, so that the counts change as well.
func mixedWriters(active []string) ([]load.Writer, error) {
	// Encoded before anything is measured: the writers are in the load process, whose CPU is shared
	// with the server.
	writers := make([]load.Writer, len(active))
	for i, name := range active {
		writers[i].Session = name
		for turn := range mixedPhases {
			patches := make([]map[string]any, mixedComponents)
			for c := range patches {
				phase := mixedPhases[(c+turn)%len(mixedPhases)]
				patches[c] = map[string]any{"id": mixedComponent(i, c), "status": map[string]string{"phase": phase}}
			}
			body, err := json.Marshal(map[string]any{
				"query":     patchComponents,
				"variables": map[string]any{"input": map[string]any{"components": patches}},
			})
			if err != nil {
				return nil, err
			}
			writers[i].Batches = append(writers[i].Batches, body)
		}
	}
	return writers, nil
}

// mixedReading is what was seen while sessions were written to.
type mixedReading struct {
	load.MixOutcome
	server, redis time.Duration // computing time
}

// mixedOnce measures once, with a client for each of the sessions watched.
func (s *site) mixedOnce(ctx context.Context, active, watched []string, d time.Duration) (r mixedReading, err error) {
	writers, err := mixedWriters(active)
	if err != nil {
		return r, err
	}
	server, err := s.start(ctx, "bosgraph", false)
	if err != nil {
		return r, err
	}
	defer server.Stop()
	// A server of its own for each measurement: what an earlier one has allocated would be in this
	// one's memory.
	documents := make([]string, len(selections))
	for i, selection := range selections {
		documents[i] = `subscription ($name: String!) { sessionStatusUpdated(name: $name) { revision ` + selection + ` } }`
	}
	if _, err := s.load.Gather(ctx, load.Crowd{
		Address: server.address, Redis: s.redisURL(server.name), Clients: len(watched), Sessions: watched, Documents: documents,
		SameID: s.options.sameID, Shown: true,
	}); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.load.Leave(ctx)) }()
	mix := load.Mix{Writers: writers, Every: mixedEvery, Duration: time.Second}
	if _, err := s.load.Mix(ctx, mix); err != nil { // so that it is warm
		return r, err
	}
	before, err := s.spent(server)
	if err != nil {
		return r, err
	}
	mix.Duration = d
	if r.MixOutcome, err = s.load.Mix(ctx, mix); err != nil {
		return r, err
	}
	after, err := s.spent(server)
	r.server, r.redis = after.server-before.server, after.redis-before.redis
	return r, err
}

func (r *mixedReading) row(watched, active []string) []string {
	onActive := 0
	for _, session := range watched {
		if slices.Contains(active, session) {
			onActive++
		}
	}
	rate := func(n int) string { return fmt.Sprintf("%.1f", float64(n)/r.Took.Seconds()) }
	ofCore := func(used time.Duration) string { return percent(used.Seconds() / r.Took.Seconds()) }
	return []string{
		fmt.Sprint(len(watched)), fmt.Sprint(onActive), ms(r.P50), ms(r.P99), ms(r.Max), fmt.Sprintf("%d of %d", r.Unseen, r.Due),
		rate(r.Messages), fmt.Sprint(r.Bytes / max(r.Messages, 1)), rate(r.Batches), ms(r.WriteP50), ms(r.WriteP99),
		rate(r.Reads), rate(r.ScriptReads), ofCore(r.server), ofCore(r.redis), ofCore(r.CPU), fmt.Sprint(r.Lost),
	}
}
