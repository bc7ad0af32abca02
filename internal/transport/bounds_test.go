package transport_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestListsThatAreCutOffCanBeReadOn shows that a list that would make its answer too large is cut off, and
// that reading on as the error says brings all of it.
func TestListsThatAreCutOffCanBeReadOn(t *testing.T) {
	t.Parallel()
	const most, components = 200_000, 30
	// What a page of 1,000 could cost is more than this server's few components do.
	s := apptest.ServeRedis(t, "--max-response", fmt.Sprint(most), "--max-cost", "1000000")
	s.Session("s")
	for i := range components {
		s.Put(apptest.Failing(apptest.Xname(i), "s", fmt.Sprint(i, " ")+strings.Repeat("e", 20_000)))
	}
	for name, test := range map[string]struct{ query, list, id string }{
		"of a session": {`query($after: String) { session(name: "s") { list: components(first: 1000, after: $after) { pageInfo { hasNextPage endCursor } edges { node { id error } } } } }`, "session.list", "node.id"},
		"filtered":     {`query($after: String) { list: components(first: 1000, after: $after, filter: {enabled: true}) { pageInfo { hasNextPage endCursor } edges { node { id error a: error } } } }`, "list", "node.id"},
		"of all":       {`query($after: String) { list: components(first: 1000, after: $after) { pageInfo { hasNextPage endCursor } edges { node { id error retryPolicy } } } }`, "list", "node.id"},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.With(t)
			var ids []string
			var after any
			for pages := 1; ; pages++ {
				got := s.Ask(test.query, apptest.Vars{"after": after})
				if len(got.Body) > most {
					t.Fatalf("an answer has %d bytes", len(got.Body))
				}
				edges, _ := got.At(test.list + ".edges").([]any)
				for _, e := range edges {
					ids = append(ids, apptest.At(e, test.id).(string))
				}
				if got.At(test.list+".pageInfo.hasNextPage") == false {
					if len(got.Codes()) > 0 || pages < 3 {
						t.Errorf("page %d is the last, with %v", pages, got.Codes())
					}
					break
				}
				path := fmt.Sprint(got.Errors[0].Path)
				if len(edges) == 0 || len(got.Codes()) != 1 || got.Codes()[0] != "BAD_USER_INPUT" || path != fmt.Sprint(strings.Split(test.list, ".")) ||
					!strings.Contains(got.Errors[0].Message, fmt.Sprintf("cut off after %d items", len(edges))) {
					t.Fatalf("page %d has %d components, and %s", pages, len(edges), apptest.Clip(string(got.Body)))
				}
				after = got.At(test.list + ".pageInfo.endCursor")
			}
			if len(ids) != components || ids[0] != apptest.Xname(0) || ids[components-1] != apptest.Xname(components-1) {
				t.Errorf("%d components were read: %v", len(ids), ids)
			}
		})
	}
	got := s.Ask(`{ session(name: "s") { status { errorGroupCount errorSummary { message count } } } }`)
	if groups := got.At("session.status.errorSummary").([]any); len(groups) < 5 || len(groups) >= components ||
		len(got.Codes()) != 1 || fmt.Sprint(got.Errors[0].Path) != "[session status errorSummary]" {
		t.Errorf("%d groups, and %v", len(groups), got.Errors)
	}
}

// TestRESTListsOfLongRecordsAreWhole shows that a REST list ends in order whatever its last
// page holds: fewer records than are usually read without asking for their sizes, each with
// texts as long as they may be.
func TestRESTListsOfLongRecordsAreWhole(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	long := func(i int) string { return fmt.Sprint(i, " ") + strings.Repeat("\U0001F525", 65_000) }
	artifacts := apptest.Vars{"kernel": long(0), "kernelParameters": long(0), "initrd": long(0)}
	const components = 19
	for i := range components {
		s.Put(apptest.Vars{"id": apptest.Xname(i), "session": "s", "error": long(i), "desiredState": apptest.Vars{"bootArtifacts": artifacts, "configuration": long(0)},
			"actualState": apptest.Vars{"bootArtifacts": artifacts}})
	}
	response, err := s.Client.Get(s.Base + "/v2/components")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list []struct{ ID, Error string }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatalf("the list is interrupted: %v", err)
	}
	if len(list) != components || list[components-1].Error != long(components-1) {
		t.Errorf("%d of %d components", len(list), components)
	}
}

// TestScansAreCounted shows that what has to be looked through without an index is bounded
// for one request, and that the error names what is indexed.
func TestScansAreCounted(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--max-scan", "100")
	s.Session("s")
	for i := range 60 {
		s.Put(apptest.Powering(apptest.Xname(i), "s"))
	}
	const scan = `components(filter: {status: FAILED}) { edges { node { id } } }`
	s.Must(`{ ` + scan + ` }`)
	for name, query := range map[string]string{
		"of all": `{ a: ` + scan + ` b: ` + scan + ` }`, "of a session": `{ session(name: "s") { a: ` + scan + ` b: ` + scan + ` } }`,
	} {
		got := s.Ask(query)
		if len(got.Codes()) != 1 || got.Codes()[0] != "BAD_USER_INPUT" || !strings.Contains(got.Errors[0].Message, "session, stagedSession or error, which are indexed") {
			t.Errorf("%s: %s", name, apptest.Clip(string(got.Body)))
		}
	}
	s.Must(`{ a: components(filter: {session: "s"}) { totalCount } b: components(filter: {session: "s"}) { totalCount } c: components { totalCount } }`)
}

// TestOperationsEndInTime shows that an operation ends in time, with an error that says so.
func TestOperationsEndInTime(t *testing.T) {
	t.Parallel()
	redis := redistest.New(t)
	redis.Start()
	s := apptest.Serve(t, "redis://"+redis.Addr(), "--operation-timeout", "200ms")
	s.Session("s")
	redis.Pause()
	defer redis.Resume()
	got := s.Ask(`{ session(name: "s") { status { revision } } }`)
	if got.Status != 503 || len(got.Codes()) != 1 || got.Codes()[0] != "UNAVAILABLE" || !strings.Contains(got.Errors[0].Message, "longer than 200ms") {
		t.Errorf("status %d: %s", got.Status, apptest.Clip(string(got.Body)))
	}
}

// TestUnreadAnswersEnd shows that clients that never read are disconnected, whatever they
// have asked for.
func TestUnreadAnswersEnd(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--write-deadline", "300ms")
	s.Session("s")
	for i := range 200 {
		s.Put(apptest.Failing(apptest.Xname(i), "s", strings.Repeat("e", 60_000)))
	}
	query := `{"query":"{ components(first: 200) { edges { node { id error } } } }"}`
	for name, request := range map[string]string{
		"GraphQL": fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(query), query),
		"REST":    "GET /v2/components HTTP/1.1\r\nHost: h\r\n\r\n",
		"a page":  "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"health":  "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", strings.TrimPrefix(s.Base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			// One request after the other, until the server neither reads nor writes.
			if err := c.SetWriteDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = c.Write([]byte(request))
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("it is not disconnected")
			}
		})
	}
}

// TestOneSocketHoldsOneUnreadAnswer shows that a socket whose client does not read takes no more than one large
// answer of what all of them may hold together: others are answered meanwhile.
func TestOneSocketHoldsOneUnreadAnswer(t *testing.T) {
	t.Parallel()
	const operations = 6
	s := apptest.ServeRedis(t, "--max-response", fmt.Sprint(12<<20), "--max-response-memory", fmt.Sprint(36<<20), "--operation-timeout", "2s")
	s.Session("s")
	for i := range 160 { // more than a connection's buffers have room for
		s.Put(apptest.Failing(apptest.Xname(i), "s", fmt.Sprint(i, " ")+strings.Repeat("e", 60_000)))
	}
	const query = `query($i: Int!) { components(first: $i) { edges { node { id error } } } }`
	w := s.Begin(t)
	for i := range operations {
		w.Send(apptest.Subscribe(fmt.Sprint(i), query, apptest.Vars{"i": 150 + i}))
	}
	answered := 0
	refused := func() bool {
		got := s.Ask(query, apptest.Vars{"i": 160})
		if len(got.Codes()) > 0 {
			t.Errorf("others are refused: %s", apptest.Clip(string(got.Body)))
		}
		answered++
		_, metrics := s.Get("/metrics")
		return strings.Contains(metrics, fmt.Sprintf("\nbosgraph_requests_total{operation=\"query\",outcome=\"failed\"} %d\n", operations-1))
	}
	apptest.Eventually(t, "all but one have waited in vain", refused)
	whole := 0
	for open := operations; open > 0; {
		_, m := w.Message()
		switch m["type"] {
		case "complete":
			open--
		case "next":
			if errs := fmt.Sprint(apptest.At(m, "payload.errors")); errs == "<nil>" {
				whole++
			} else if !strings.Contains(errs, "UNAVAILABLE") {
				t.Errorf("answered %s", errs)
			}
		}
	}
	if whole != 1 || answered == 0 {
		t.Errorf("%d answers are whole, and others asked %d times", whole, answered)
	}
	w.Finish()
}

// TestTooManyDistinctSubscriptionsAreRefused shows the refusal of a client that follows too many different
// things.
func TestTooManyDistinctSubscriptionsAreRefused(t *testing.T) {
	s := apptest.ServeLive(t, func(c *config.Config) { c.MaxDistinctSubscriptionsPerAddress = 2 })
	s.Running("running", "x1")
	w := s.Begin(t)
	for i := range 3 {
		w.Send(apptest.Subscribe(fmt.Sprint(i), fmt.Sprintf(`subscription { sessionStatusUpdated(name: "running") { f%d: revision } }`, i)))
		_, m := w.Message()
		if i < 2 && m["type"] != "next" || i == 2 && (m["type"] != "error" || apptest.At(m, "payload.0.extensions.code") != "UNAVAILABLE") {
			t.Errorf("the answer to subscription %d is %v", i, m)
		}
	}
	// As an event stream, whose client would otherwise come back at once, again and again.
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
		_, r := stream(t, s, strings.Replace(byGET(`subscription { sessionStatusUpdated(name: "running") { other: revision } }`), "HTTP/1.1", version, 1), "")
		events := eventReader{bufio.NewReader(r.Body), t}
		events.want("next", "errors.0.extensions.code", "UNAVAILABLE")
		events.want("complete", "", nil)
		start := time.Now()
		events.wantEnd()
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: the end of the stream came %v after its last event", version, took)
		}
	}
	w.Finish()
	s.Deserted(t)
}
