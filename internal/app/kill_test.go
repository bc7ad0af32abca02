package app_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// whole is the size of the batches of testKilled.
const whole = 500

// producer writes batches over its own components. Each batch gives all of them
// one error text, so a batch that was applied is a group of exactly that many.
type producer struct {
	number   int
	sent     string // the last text that may have been applied
	answered string // the last one that was
}

// testKilled kills a server again and again while producers are in the middle of
// their batches.
func testKilled(t *testing.T, f *apptest.Fleet) {
	const producers = 6
	rounds := 5
	if longTests {
		rounds = 100
	}
	s, kill := f.Serve(t)
	s.Session("big")
	s.Session("big", "tenant", "blue")
	all := make([]*producer, producers)
	for i := range all {
		all[i] = &producer{number: i, sent: fmt.Sprint("producer ", i)}
		all[i].answered = all[i].sent
		s.Put(all[i].records(all[i].sent)...)
	}
	for round := range rounds {
		var answers atomic.Int64
		var running sync.WaitGroup
		for _, p := range all {
			running.Go(func() { p.ingest(s, round, &answers) })
		}
		running.Go(func() { churnTenant(s) })
		enough := int64(2*producers + mathrand.IntN(4*producers))
		apptest.Eventually(t, "the ingest is under way", func() bool { return answers.Load() >= enough })
		kill()
		running.Wait()

		f.NoDrift(t)
		s, kill = f.Serve(t)
		checkWhole(t, s, all)
	}
	redistest.Figure(t, "%d kills under ingest: batches half-done 0, drift 0", rounds)
}

func (p *producer) id(i int) string { return apptest.Xname(p.number*whole + i) }

// records are all of its components, whole.
func (p *producer) records(text string) []apptest.Vars {
	all := make([]apptest.Vars, whole)
	for i := range all {
		all[i] = apptest.Powering(p.id(i), "big")
		all[i]["error"] = text
	}
	return all
}

// ingest sends batches until the server has ended.
func (p *producer) ingest(s *apptest.Site, round int, answers *atomic.Int64) {
	for n := 0; ; n++ {
		text := fmt.Sprintf("producer %d, round %d, batch %d", p.number, round, n)
		mutation, batch := apptest.PatchComponents, make([]apptest.Vars, whole)
		for i := range batch {
			batch[i] = apptest.Vars{"id": p.id(i), "error": text}
		}
		if n%4 == 0 {
			mutation, batch = apptest.PutComponents, p.records(text)
		}
		p.sent = text
		codes, err := apptest.Try(s, mutation, apptest.Vars{"in": batch})
		switch {
		case err != nil:
			return
		case len(codes) > 0 && retried(codes[0]):
			n--
		case len(codes) > 0:
			s.T.Errorf("a batch was answered %v", codes)
			return
		default:
			p.answered = text
			answers.Add(1)
		}
	}
}

// retried says whether a producer sends again what is answered with that code: the tenant's changes came between, and nothing was
// applied, or Redis was too busy to say whether it was.
func retried(code string) bool { return code == "CONFLICT" || code == "UNAVAILABLE" }

// churnTenant gives components to a tenant and takes them away, which is many
// writes, until the server has ended.
func churnTenant(s *apptest.Site) {
	ids := []string{}
	for i := range 2 * whole {
		ids = append(ids, apptest.Xname(i))
	}
	for n := 0; ; n++ {
		codes, err := apptest.Try(s, apptest.PutTenant, apptest.Vars{"name": "blue", "in": ids[:n%2*len(ids)]})
		if err != nil {
			return
		}
		if len(codes) > 0 && !retried(codes[0]) {
			s.T.Errorf("putTenant was answered %v", codes)
			return
		}
	}
}

// checkWhole wants every producer's components to be as one batch made them: the
// last that was answered, or the one under way.
func checkWhole(t *testing.T, s *apptest.Site, all []*producer) {
	t.Helper()
	r := s.Must(`{ session(name: "big") { status { managedComponentsCount errorSummary(first: 1000) { message count list } } } }`)
	groups := map[string]any{}
	for _, g := range r.At("session.status.errorSummary").([]any) {
		groups[apptest.At(g, "message").(string)] = apptest.At(g, "count")
	}
	if n := r.At("session.status.managedComponentsCount"); len(groups) != len(all) || n != float64(len(all)*whole) {
		t.Fatalf("%v components have these errors: %v", n, groups)
	}
	for _, p := range all {
		sent, answered := groups[p.sent], groups[p.answered]
		switch {
		case sent == float64(whole): // which is what is there, if none is answered until the next kill
			p.answered = p.sent
		case sent != nil || answered != float64(whole):
			t.Errorf("%v components are as the batch under way made them (%s), %v as the last before (%s)", sent, p.sent, answered, p.answered)
		}
	}
}
