package transport_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// expensive costs 9,601.
const expensive = `{ a: components(first: 640) { edges { node { id a: id b: id c: id d: id e: id f: id } } } }`

// spent asks until the budget is spent, and returns the refusal and how many times it has asked.
func spent(t *testing.T, s *apptest.Site, headers ...string) (r apptest.Reply, times int) {
	t.Helper()
	for times = 1; times <= 30; times++ {
		r = s.Send(http.MethodPost, "/graphql", fmt.Sprintf(`{"query":%q}`, expensive), append(headers, "Content-Type", "application/json")...)
		switch r.Status {
		case http.StatusOK:
		case http.StatusTooManyRequests:
			return r, times
		default:
			t.Fatalf("status %d: %s", r.Status, apptest.Clip(string(r.Body)))
		}
	}
	t.Fatal("the budget has no end")
	return r, times
}

// extensions are those of a reply's first error.
func extensions(t *testing.T, r apptest.Reply) map[string]any {
	t.Helper()
	var body struct {
		Errors []struct{ Extensions map[string]any }
	}
	if err := json.Unmarshal(r.Body, &body); err != nil || len(body.Errors) == 0 {
		t.Fatalf("%v: %s", err, r.Body)
	}
	return body.Errors[0].Extensions
}

// TestWhoHasSpentItsBudgetIsRefused shows what a client gets that has asked for more than it may in a
// minute: what it costs, how much it may, and when to ask again; by HTTP, as an event stream and over a
// WebSocket alike.
func TestWhoHasSpentItsBudgetIsRefused(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--max-cost", "10000", "--max-cost-per-minute", "200000")
	w := s.Begin(t)
	r, _ := spent(t, s)
	e := extensions(t, r)
	wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 4 || e["code"] != "UNAVAILABLE" || e["reason"] != "BUDGET_EXHAUSTED" || e["costPerMinute"] != 200_000.0 ||
		e["retryAfter"] != float64(wait) || e["cost"] != 9_601.0 || r.Data != nil || !strings.Contains(r.Errors[0].Message, "--max-cost-per-minute") {
		t.Errorf("refused after %q with %s", r.Header.Get("Retry-After"), r.Body)
	}
	w.Send(apptest.Subscribe("1", expensive))
	if raw, m := w.Message(); m["type"] != "error" || apptest.At(m, "payload.0.extensions.reason") != "BUDGET_EXHAUSTED" {
		t.Errorf("over a WebSocket: %s", raw)
	}
	request, err := http.NewRequest(http.MethodPost, s.Base+"/graphql", strings.NewReader(fmt.Sprintf(`{"query":%q}`, expensive)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(text), "BUDGET_EXHAUSTED") {
		t.Errorf("as an event stream: %v, %s", err, text)
	}
	// What costs little is still there: the budget is not a door that closes.
	s.Must(`{ serverInfo { version } }`)
}

// TestMutationsBeyondTheBudgetAreRecorded shows that a mutation that is refused because its client has spent its budget is a line
// of the audit log, by HTTP and over a WebSocket alike, with the code that the client gets.
func TestMutationsBeyondTheBudgetAreRecorded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	s := apptest.ServeRedis(t, "--max-cost", "10000", "--max-cost-per-minute", "200000", "--audit-log", file)
	w := s.Begin(t)
	spent(t, s)
	mutation := `mutation { deleteSession(input: {name: "s"}) { deletedId } updateSession(input: {name: "s"}) { session ` + expensive + ` } }`
	if r := s.Ask(mutation); r.Status != http.StatusTooManyRequests {
		t.Fatalf("status %d: %s", r.Status, apptest.Clip(string(r.Body)))
	}
	w.Send(apptest.Subscribe("1", mutation))
	if raw, m := w.Message(); m["type"] != "error" {
		t.Fatalf("over a WebSocket: %s", raw)
	}
	apptest.Eventually(t, "both are recorded", func() bool {
		log, err := os.ReadFile(file)
		return err == nil && strings.Count(string(log), `"action":"deleteSession,updateSession","items":0,"applied":0,"outcome":"refused","code":"UNAVAILABLE"`) == 2
	})
}

// TestTheCostOfARequestIsBounded shows the refusal of a request that costs more than one may.
func TestTheCostOfARequestIsBounded(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--max-cost", "10000")
	r := s.Ask(`{ components(first: 1000) { edges { node { ` + strings.Repeat(" id", 20) + ` } } } }`)
	if e := extensions(t, r); r.Status != http.StatusUnprocessableEntity || e["code"] != "BAD_USER_INPUT" || e["cost"] != 28_001.0 || e["maxCost"] != 10_000.0 {
		t.Errorf("status %d: %s", r.Status, r.Body)
	}
}

// TestClientsBehindATrustedProxyHaveBudgetsOfTheirOwn shows that behind a proxy each client spends its own
// budget, and that what a client says of itself counts for nothing.
func TestClientsBehindATrustedProxyHaveBudgetsOfTheirOwn(t *testing.T) {
	t.Parallel()
	options := []string{"--max-cost", "10000", "--max-cost-per-minute", "200000"}
	s := apptest.ServeRedis(t, append(options, "--trusted-proxies", "127.0.0.0/8")...)
	spent(t, s, "X-Forwarded-For", "198.51.100.7")
	for forwarded, fresh := range map[string]bool{
		"198.51.100.7": false, "203.0.113.9, 198.51.100.7": false, "198.51.100.7, 203.0.113.9": true, "203.0.113.10": true,
	} {
		// A budget fills up again meanwhile, so that one or the other request more may be answered.
		if _, times := spent(t, s, "X-Forwarded-For", forwarded); (times > 15) != fresh {
			t.Errorf("from %q: %d requests are answered", forwarded, times-1)
		}
	}
	untrusted := apptest.ServeRedis(t, options...)
	spent(t, untrusted, "X-Forwarded-For", "198.51.100.7")
	if _, times := spent(t, untrusted, "X-Forwarded-For", "198.51.100.8"); times > 15 {
		t.Error("a client has another budget for saying that it is another")
	}
}

// TestABodyThatClaimsTooMuchIsTooLong has a request that claims a body of far more than the budget of a minute, and so would
// be asked to come back later, for ever.
func TestABodyThatClaimsTooMuchIsTooLong(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	w := s.Connect(t)
	w.Write("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 6000000000\r\n\r\n" +
		strings.Repeat(" ", 16<<20+1))
	if r := w.Response(); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", r.StatusCode)
	}
}
