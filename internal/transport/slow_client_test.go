package transport_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// TestSlowClientsHarmNobodyAndAreDisconnected shows that clients that never read harm nobody: the others get what
// there is, and the stuck ones are disconnected once their time is up, and all that was
// kept for them with them.
func TestSlowClientsHarmNobodyAndAreDisconnected(t *testing.T) {
	const healthy, stuck, changes = 9, 2, 25
	s := apptest.ServeLive(t, func(c *config.Config) {
		c.WriteDeadline = 300 * time.Millisecond
		c.MaxConnections = healthy + 2*stuck
	})
	s.Running("running", "x1")
	const query = `{ sessionStatusUpdated(name: "running") { errorSummary { message } } }`

	for range stuck {
		w := s.Connect(t)
		if r := w.Upgrade("GET /graphql"); r.StatusCode != 101 {
			t.Fatalf("answered %s", r.Status)
		}
		w.Send(apptest.Initialize)
		w.Send(apptest.Subscribe("1", "subscription "+query))
		w.Send(apptest.Subscribe("2", "subscription "+strings.Replace(query, "{ message }", "{ message count }", 1)))
		s.Connect(t).Write(byGET("subscription "+query) + "Accept: text/event-stream\r\n\r\n")
	}
	clients := make([]*apptest.Wire, healthy)
	for i := range clients {
		clients[i] = s.Begin(t)
		clients[i].Send(apptest.Subscribe("1", "subscription "+query))
		clients[i].Message() // the first state
	}
	// One place for each is taken, also by those that have not read a byte.
	wantError(t, s.Connect(t).Upgrade("GET /graphql"), 503, "UNAVAILABLE")

	// Every state is as large as an update gets, far more than the kernel holds
	// for one client.
	text := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000)) }
	var all sync.WaitGroup
	for _, w := range clients {
		all.Go(func() {
			last := 0
			for last < changes {
				_, m := w.Message()
				message, _ := apptest.At(m, "payload.data.sessionStatusUpdated.errorSummary.0.message").(string)
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
		s.Put(apptest.Failing("x1", "running", text(i)))
	}
	all.Wait()
	var places []*apptest.Wire
	for range 2 * stuck { // what they have given up
		places = append(places, admitted(t, s))
	}
	if _, metrics := s.Get("/metrics"); !strings.Contains(metrics, fmt.Sprintf("\nbosgraph_slow_clients_disconnected_total %d\n", 2*stuck)) {
		t.Error("the metrics do not count the stuck clients, and nobody else")
	}
	for _, w := range append(clients, places...) {
		w.Finish()
	}
	s.Deserted(t)
}

// TestASlowReaderGetsWholeMessagesAndTheLastState shows that one who reads slowly, but does, gets whole messages, only
// newer ones, and the last of them.
func TestASlowReaderGetsWholeMessagesAndTheLastState(t *testing.T) {
	s := apptest.ServeLive(t)
	s.Running("running", "x1")
	w := s.Connect(t)
	if r := w.Upgrade("GET /graphql"); r.StatusCode != 101 {
		t.Fatalf("answered %s", r.Status)
	}
	w.Send(apptest.Initialize)
	w.Expect(apptest.Acknowledged)
	w.Send(apptest.Subscribe("1", `subscription { sessionStatusUpdated(name: "running") { status revision errorSummary { message } } }`))
	_, m := w.Message()
	first := apptest.At(m, "payload.data.sessionStatusUpdated.revision").(float64)
	const changes = 60
	for i := range changes { // nothing is read meanwhile
		s.Put(apptest.Failing("x1", "running", fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000))))
	}
	s.Update("running", "status", "COMPLETE")
	w.Send(`{"type":"ping","payload":{"behind":true}}`) // the answer may stand anywhere in between
	revision, seen, ponged := first, 0, false
	for complete := false; !complete; {
		_, m := w.Message()
		switch m["type"] {
		case "pong":
			ponged = true
		case "next":
			r := apptest.At(m, "payload.data.sessionStatusUpdated.revision").(float64)
			if r <= revision {
				t.Fatalf("after revision %v came %v", revision, r)
			}
			revision = r
			seen++
		case "complete":
			complete = true
			if !ponged {
				w.Expect(`{"type":"pong","payload":{"behind":true}}`)
			}
		}
	}
	if end := s.Must(`{ session(name: "running") { status { revision } } }`).At("session.status.revision"); revision != end {
		t.Errorf("the last revision that came is %v, want %v", revision, end)
	}
	if seen > changes/2 {
		t.Errorf("%d states of %d were kept for one who did not read", seen, changes)
	}
	_, metrics := s.Get("/metrics")
	if !strings.Contains(metrics, fmt.Sprintf("\nbosgraph_results_delivered_total %d\n", seen+1)) || strings.Contains(metrics, "\nbosgraph_results_coalesced_total 0\n") {
		t.Errorf("of %d states that were sent, and others that were left out, the metrics are %s", seen+1, metrics)
	}
	w.Finish()
}

// TestAReaderGetsAllOfALargeAnswer shows that one who reads gets all that it has asked for, however
// much that is at once.
func TestAReaderGetsAllOfALargeAnswer(t *testing.T) {
	s := apptest.ServeLive(t)
	s.Session("s")
	for i := range 20 {
		s.Put(apptest.Failing(apptest.Xname(i), "s", fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000))))
	}
	w := s.Begin(t)
	const many = 4
	revision := func() float64 {
		return s.Must(`{ session(name: "s") { status { revision } } }`).At("session.status.revision").(float64)
	}
	before := revision()
	for i := range many { // each is answered with 1.2 MB
		w.Send(apptest.Subscribe(fmt.Sprint(i), `mutation($in: UpdateSessionInput!) { updateSession(input: $in) {
			session { components(first: 20) { edges { node { id error } } } } } }`, apptest.Vars{"in": apptest.Vars{"name": "s", "error": fmt.Sprint(i)}}))
	}
	// It is all on its way when the client begins to read.
	apptest.Eventually(t, "all are executed", func() bool { return revision() == before+many })
	open := map[any]bool{}
	for range many {
		for range 2 { // in any order among the operations, but none within another
			_, m := w.Message()
			switch id := m["id"]; {
			case m["type"] == "next" && !open[id]:
				if n := len(apptest.At(m, "payload.data.updateSession.session.components.edges").([]any)); n != 20 {
					t.Errorf("%v has %d components", id, n)
				}
				open[id] = true
			case m["type"] == "complete" && open[id]:
			default:
				t.Fatalf("of %v came %v", id, m["type"])
			}
		}
	}
	w.Finish()
}
