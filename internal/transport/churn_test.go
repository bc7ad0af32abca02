package transport_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestOneWhoSubscribesAndLeavesHarmsNobody lets a client begin subscriptions and end them at once, as fast as its socket can,
// beside one that watches. TEST_BOSGRAPH_LONG=1 does it 20,000 times.
func TestOneWhoSubscribesAndLeavesHarmsNobody(t *testing.T) {
	const change, query = "the last", "subscription { sessionStatusUpdated(name: %q) { errorSummary { message } } }"
	times := 1000
	if os.Getenv("TEST_BOSGRAPH_LONG") == "1" {
		times = 20_000
	}
	s := apptest.ServeLive(t)
	for i := range 10 {
		s.Running(fmt.Sprint("s", i), apptest.Xname(i))
	}
	watching, restless := s.Begin(t), s.Begin(t)
	watching.Send(apptest.Subscribe("1", fmt.Sprintf(query, "s0")))
	watching.Message() // the first state

	began := time.Now()
	for i := range times {
		// An id of its own: one that is ended may have a message under way.
		id := fmt.Sprint(i)
		restless.Send(apptest.Subscribe(id, fmt.Sprintf(query, fmt.Sprint("s", i%10))))
		restless.Send(`{"type":"complete","id":"` + id + `"}`)
	}
	restless.Send(`{"type":"ping"}`)
	received := 0
	for {
		_, m := restless.Message()
		if m["type"] == "pong" {
			break
		}
		if m["type"] != "next" {
			t.Fatalf("a message is %v", m)
		}
		received++
	}
	took := time.Since(began)

	changed := time.Now()
	s.Put(apptest.Failing(apptest.Xname(0), "s0", change))
	_, m := watching.Message()
	if got := apptest.At(m, "payload.data.sessionStatusUpdated.errorSummary.0.message"); got != change {
		t.Errorf("the one that watches gets %v", m)
	}
	if took := time.Since(changed); took > 2*time.Second {
		t.Errorf("the one that watches gets it after %v", took)
	}
	redistest.Figure(t, "%d subscriptions begun and ended, %.0f a second: a watcher got the next state after %v; left over 0",
		times, float64(times)/took.Seconds(), time.Since(changed).Round(time.Millisecond))
	restless.Finish()
	apptest.Eventually(t, "one subscription is left", func() bool { return s.App.Executions() == 1 })
	watching.Finish()
	s.Deserted(t)
}
