package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
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
func testKilled(t *testing.T, f *fleet) {
	const rounds, producers = 5, 6
	s, kill := f.serve(t)
	s.session("big")
	s.session("big", "tenant", "blue")
	all := make([]*producer, producers)
	for i := range all {
		all[i] = &producer{number: i, sent: fmt.Sprint("producer ", i)}
		all[i].answered = all[i].sent
		s.put(all[i].records(all[i].sent)...)
	}
	for round := range rounds {
		var answers atomic.Int64
		var running sync.WaitGroup
		for _, p := range all {
			running.Go(func() { p.ingest(s, round, &answers) })
		}
		running.Go(func() { churnTenant(s) })
		enough := int64(2*producers + mathrand.IntN(4*producers))
		eventually(t, "the ingest is under way", func() bool { return answers.Load() >= enough })
		kill()
		running.Wait()

		f.noDrift(t)
		s, kill = f.serve(t)
		checkWhole(t, s, all)
	}
}

func (p *producer) id(i int) string { return xname(p.number*whole + i) }

// records are all of its components, whole.
func (p *producer) records(text string) []vars {
	all := make([]vars, whole)
	for i := range all {
		all[i] = powering(p.id(i), "big")
		all[i]["error"] = text
	}
	return all
}

// ingest sends batches until the server is gone.
func (p *producer) ingest(s *site, round int, answers *atomic.Int64) {
	for n := 0; ; n++ {
		text := fmt.Sprintf("producer %d, round %d, batch %d", p.number, round, n)
		mutation, batch := patchComponents, make([]vars, whole)
		for i := range batch {
			batch[i] = vars{"id": p.id(i), "error": text}
		}
		if n%4 == 0 {
			mutation, batch = putComponents, p.records(text)
		}
		before := p.sent
		p.sent = text
		codes, err := try(s, mutation, vars{"in": batch})
		switch {
		case err != nil:
			return
		case slices.Equal(codes, []string{"CONFLICT"}): // the tenant's changes came between: nothing was applied
			p.sent = before
		case len(codes) > 0:
			s.t.Errorf("a batch was answered %v", codes)
			return
		default:
			p.answered = text
			answers.Add(1)
		}
	}
}

// churnTenant gives components to a tenant and takes them away, which is many
// writes, until the server is gone.
func churnTenant(s *site) {
	ids := []string{}
	for i := range 2 * whole {
		ids = append(ids, xname(i))
	}
	for n := 0; ; n++ {
		codes, err := try(s, putTenant, vars{"name": "blue", "in": ids[:n%2*len(ids)]})
		if err != nil {
			return
		}
		if len(codes) > 0 && !slices.Equal(codes, []string{"CONFLICT"}) {
			s.t.Errorf("putTenant was answered %v", codes)
			return
		}
	}
}

// try sends a mutation to a server that may be gone.
func try(s *site, mutation string, v vars) (codes []string, err error) {
	body, err := json.Marshal(map[string]any{"query": mutation, "variables": v})
	if err != nil {
		return nil, err
	}
	response, err := s.client.Post(s.base+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var r reply
	if err := json.NewDecoder(response.Body).Decode(&r); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	return r.codes(), nil
}

// checkWhole wants every producer's components to be as one batch made them: the
// last that was answered, or the one under way.
func checkWhole(t *testing.T, s *site, all []*producer) {
	t.Helper()
	r := s.must(`{ session(name: "big") { status { managedComponentsCount errorSummary(first: 1000) { message count list } } } }`)
	groups := map[string]any{}
	for _, g := range r.at("session.status.errorSummary").([]any) {
		groups[at(g, "message").(string)] = at(g, "count")
	}
	if n := r.at("session.status.managedComponentsCount"); len(groups) != len(all) || n != float64(len(all)*whole) {
		t.Fatalf("%v components have these errors: %v", n, groups)
	}
	for _, p := range all {
		sent, answered := groups[p.sent], groups[p.answered]
		if sent != float64(whole) && (sent != nil || answered != float64(whole)) {
			t.Errorf("%v components are as the batch under way made them (%s), %v as the last before (%s)", sent, p.sent, answered, p.answered)
		}
	}
}
