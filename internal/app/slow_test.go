package app

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestSlowClients shows that clients that never read harm nobody: the others get what
// there is, and the stuck ones are let go once their time is up, and all that was
// kept for them with them.
func TestSlowClients(t *testing.T) {
	const healthy, stuck, changes = 9, 2, 25
	s := serveLive(t, func(c *config.Config) {
		c.WriteDeadline = 300 * time.Millisecond
		c.MaxConnections = healthy + 2*stuck
	})
	s.running("running", "x1")
	const query = `{ sessionStatusUpdated(name: "running") { errorSummary { message } } }`

	for range stuck {
		w := s.connect(t)
		if r := w.upgrade("GET /graphql"); r.StatusCode != 101 {
			t.Fatalf("answered %s", r.Status)
		}
		w.send(initialize)
		w.send(subscribe("1", "subscription "+query))
		w.send(subscribe("2", "subscription "+strings.Replace(query, "{ message }", "{ message count }", 1)))
		s.connect(t).write(byGET("subscription "+query) + "Accept: text/event-stream\r\n\r\n")
	}
	clients := make([]*wire, healthy)
	for i := range clients {
		clients[i] = s.begin(t)
		clients[i].send(subscribe("1", "subscription "+query))
		clients[i].message() // the first state
	}
	// One place for each is taken, also by those that have not read a byte.
	wantError(t, s.connect(t).upgrade("GET /graphql"), 503, "UNAVAILABLE")

	// Every state is as large as an update gets, far more than the kernel shall hold
	// for one client.
	text := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000)) }
	var all sync.WaitGroup
	for _, w := range clients {
		all.Go(func() {
			last := 0
			for last < changes {
				_, m := w.message()
				message, _ := at(m, "payload.data.sessionStatusUpdated.errorSummary.0.message").(string)
				number := 0
				if _, err := fmt.Sscanf(message, "%d ", &number); err != nil || number <= last || message != text(number) {
					t.Errorf("after %d came %.40q, %v", last, message, err)
					return
				}
				last = number
			}
		})
	}
	for i := 1; i <= changes; i++ {
		s.put(failing("x1", "running", text(i)))
	}
	all.Wait()
	var places []*wire
	for range 2 * stuck { // what they have given up
		places = append(places, s.admitted(t))
	}
	for _, w := range append(clients, places...) {
		w.finish()
	}
	s.deserted(t)
}

// TestSlowReader shows that one who reads slowly, but does, gets whole messages, only
// newer ones, and the last of them.
func TestSlowReader(t *testing.T) {
	s := serveLive(t)
	s.running("running", "x1")
	w := s.connect(t)
	if r := w.upgrade("GET /graphql"); r.StatusCode != 101 {
		t.Fatalf("answered %s", r.Status)
	}
	w.send(initialize)
	w.expect(acknowledged)
	w.send(subscribe("1", `subscription { sessionStatusUpdated(name: "running") { status revision errorSummary { message } } }`))
	_, m := w.message()
	first := at(m, "payload.data.sessionStatusUpdated.revision").(float64)
	const changes = 60
	for i := range changes { // nothing is read meanwhile
		s.put(failing("x1", "running", fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000))))
	}
	s.update("running", "status", "COMPLETE")
	w.send(`{"type":"ping","payload":{"behind":true}}`) // the answer may stand anywhere in between
	revision, seen, ponged := first, 0, false
	for complete := false; !complete; {
		_, m := w.message()
		switch m["type"] {
		case "pong":
			ponged = true
		case "next":
			r := at(m, "payload.data.sessionStatusUpdated.revision").(float64)
			if r <= revision {
				t.Fatalf("after revision %v came %v", revision, r)
			}
			revision = r
			seen++
		case "complete":
			complete = true
			if !ponged {
				w.expect(`{"type":"pong","payload":{"behind":true}}`)
			}
		}
	}
	if end := s.must(`{ session(name: "running") { status { revision } } }`).at("session.status.revision"); revision != end {
		t.Errorf("the last revision that came is %v, want %v", revision, end)
	}
	if seen > changes/2 {
		t.Errorf("%d states of %d were kept for one who did not read", seen, changes)
	}
	w.finish()
}

// TestLargeAnswers shows that one who reads gets all that it has asked for, however
// much that is at once.
func TestLargeAnswers(t *testing.T) {
	s := serveLive(t)
	s.session("s")
	for i := range 20 {
		s.put(failing(xname(i), "s", fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000))))
	}
	w := s.begin(t)
	const many = 4
	revision := func() float64 {
		return s.must(`{ session(name: "s") { status { revision } } }`).at("session.status.revision").(float64)
	}
	before := revision()
	for i := range many { // each is answered with 1.2 MB
		w.send(subscribe(fmt.Sprint(i), `mutation($in: UpdateSessionInput!) { updateSession(input: $in) {
			session { components(first: 20) { edges { node { id error } } } } } }`, vars{"in": vars{"name": "s", "error": fmt.Sprint(i)}}))
	}
	// It is all on its way when the client begins to read.
	eventually(t, "all are executed", func() bool { return revision() == before+many })
	open := map[any]bool{}
	for range many {
		for range 2 { // in any order among the operations, but none within another
			_, m := w.message()
			switch id := m["id"]; {
			case m["type"] == "next" && !open[id]:
				if n := len(at(m, "payload.data.updateSession.session.components.edges").([]any)); n != 20 {
					t.Errorf("%v has %d components", id, n)
				}
				open[id] = true
			case m["type"] == "complete" && open[id]:
			default:
				t.Fatalf("of %v came %v", id, m["type"])
			}
		}
	}
	w.finish()
}
