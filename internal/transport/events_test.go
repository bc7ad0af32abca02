package transport_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// stream asks for an event stream by a request as it goes over the wire.
func stream(t *testing.T, s *apptest.Site, head, body string) (*apptest.Wire, *http.Response) {
	t.Helper()
	w := s.Connect(t)
	if body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	w.Write(head + "Accept: text/event-stream\r\n\r\n" + body)
	return w, w.Response()
}

// byGET and byPOST are the heads of requests, to which more fields may be added.
func byGET(query string) string {
	return "GET /graphql?" + url.Values{"query": {query}}.Encode() + " HTTP/1.1\r\nHost: localhost\r\n"
}

const byPOST = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

// events are read one after the other; comments have the kind "".
type eventReader struct {
	*bufio.Reader
	t *testing.T
}

// next reads an event, or the end of the stream.
func (r eventReader) next() (kind string, data any, err error) {
	r.t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", nil, err
		}
		name, value, field := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "event":
			kind = value
		case name == "data" && value == "" && kind == "complete":
		case name == "data":
			if err := json.Unmarshal([]byte(value), &data); err != nil {
				r.t.Fatalf("the data are %q, %v", value, err)
			}
		case line == "\n":
			return kind, data, nil
		case name == "" && field: // a comment
		default:
			r.t.Fatalf("a line of the stream is %q", line)
		}
	}
}

// want wants an event next that is not a comment.
func (r eventReader) want(kind string, path string, value any) {
	r.t.Helper()
	for {
		got, data, err := r.next()
		if got == "" && err == nil {
			continue
		}
		if err != nil || got != kind || path != "" && !reflect.DeepEqual(apptest.At(data, path), value) {
			r.t.Fatalf("came %q %v, %v; want %s with %s %v", got, data, err, kind, path, value)
		}
		return
	}
}

func (r eventReader) wantEnd() {
	r.t.Helper()
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		r.t.Errorf("at the end came %q, %v", rest, err)
	}
}

// TestWhichRequestsBecomeEventStreams goes through what may be asked for as an event stream, and what not.
func TestWhichRequestsBecomeEventStreams(t *testing.T) {
	s := sessions(t)
	const (
		ended   = `subscription { sessionStatusUpdated(name: "complete") { status } }`
		bad     = "errors.0.extensions.code"
		status  = "data.sessionStatusUpdated.status"
		foreign = "Origin: https://evil.example.com\r\n"
	)
	post := func(query string) string {
		text, err := json.Marshal(apptest.Vars{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range []struct {
		name, head, body string
		path             string // in the first event
		value            any
		status           int    // of an answer that is no stream
		code             string // of it
	}{
		{name: "GET", head: byGET(ended), path: status, value: "COMPLETE"},
		{name: "POST", head: byPOST, body: post(ended), path: status, value: "COMPLETE"},
		{name: "a page of this server", head: byGET(ended) + "Origin: http://localhost\r\n", path: status, value: "COMPLETE"},
		{name: "a query", head: byGET(`{ __typename }`), path: "data.__typename", value: "Query"},
		{name: "a mutation", head: byPOST, body: post(`mutation { __typename }`), path: "data.__typename", value: "Mutation"},
		{name: "a query that fails in part", head: byGET(`{ sessions(first: 0) { totalCount } }`), path: bad, value: "BAD_USER_INPUT"},
		{name: "no GraphQL", head: byPOST, body: post(`subscription {`), path: bad, value: "BAD_USER_INPUT"},
		{name: "an unknown field", head: byGET(`subscription { rebooted }`), path: bad, value: "BAD_USER_INPUT"},
		{name: "__typename alone", head: byGET(`subscription { __typename }`), path: bad, value: "BAD_USER_INPUT"},
		{name: "nothing", head: byGET(``), path: bad, value: "BAD_USER_INPUT"},
		{name: "a negative interval", head: byGET(`subscription { sessionStatusUpdated(name: "running", minInterval: -1) { status } }`), path: bad, value: "BAD_USER_INPUT"},
		{name: "null for an argument that has to be", head: byPOST, body: `{"query":"subscription($n: String = \"running\") { sessionStatusUpdated(name: $n) { status } }","variables":{"n":null}}`,
			path: "errors.0.message", value: "$n is null, but a value of the type String! is needed where it is used: give one, or leave the variable out for its default"},
		{name: "an unknown session", head: byGET(`subscription { sessionStatusUpdated(name: "nobody") { status } }`), path: bad, value: "NOT_FOUND"},

		{name: "a mutation by GET", head: byGET(`mutation { __typename }`), status: 405, code: "BAD_USER_INPUT"},
		{name: "another origin", head: byGET(ended) + foreign, status: 403, code: "FORBIDDEN"},
		{name: "another origin by POST", head: byPOST + foreign, body: post(ended), status: 403, code: "FORBIDDEN"},
		{name: "the origin null", head: byGET(ended) + "Origin: null\r\n", status: 403, code: "FORBIDDEN"},
		{name: "plain text", head: strings.Replace(byPOST, "application/json", "text/plain", 1), body: post(ended), status: 415, code: "BAD_USER_INPUT"},
		{name: "broken JSON", head: byPOST, body: `{"query":`, status: 400, code: "BAD_USER_INPUT"},
		{name: "broken variables", head: strings.Replace(byGET(ended), " HTTP", "&variables=%7B HTTP", 1), status: 400, code: "BAD_USER_INPUT"},
		{name: "PUT", head: strings.Replace(byPOST, "POST", "PUT", 1), body: post(ended), status: 405, code: "BAD_USER_INPUT"},
		{name: "DELETE", head: "DELETE /graphql HTTP/1.1\r\nHost: localhost\r\n", status: 405, code: "BAD_USER_INPUT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, r := stream(t, s, test.head, test.body)
			if test.status != 0 {
				wantError(t, r, test.status, test.code)
				if allow := r.Header.Get("Allow"); test.status == 405 && !strings.Contains(allow, "POST") {
					t.Errorf("allowed is %q", allow)
				}
				return
			}
			if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") || r.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("answered %s with %v", r.Status, r.Header)
			}
			events := eventReader{bufio.NewReader(r.Body), t}
			events.want("next", test.path, test.value)
			events.want("complete", "", nil)
			events.wantEnd()
		})
	}
	s.Deserted(t)
	t.Run("HEAD", func(t *testing.T) {
		w, r := stream(t, s, strings.Replace(byGET(ended), "GET", "HEAD", 1), "")
		if r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("answered %s", r.Status)
		}
		w.Finish() // with no body
	})
}

// TestAnEventStreamFollowsASessionToItsEnd follows a session to its end, with comments in between that keep
// what lies between from taking the stream for dead.
func TestAnEventStreamFollowsASessionToItsEnd(t *testing.T) {
	const interval = 50 * time.Millisecond
	s := apptest.ServeLive(t, func(c *config.Config) { c.PingInterval = interval })
	for _, test := range []struct{ name, version string }{
		{"in chunks", "HTTP/1.1"}, {"without", "HTTP/1.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, id := "to-the-end-"+test.version[7:], "x"+test.version[7:]
			s.Running(name, id)
			query := `subscription { sessionStatusUpdated(name: "` + name + `") { status counts { active } } }`
			w, r := stream(t, s, strings.Replace(byGET(query), "HTTP/1.1", test.version, 1), "")
			if chunked := len(r.TransferEncoding) > 0; chunked != (test.version == "HTTP/1.1") {
				t.Errorf("chunked: %v", chunked)
			}
			events := eventReader{bufio.NewReader(r.Body), t}
			events.want("next", "data.sessionStatusUpdated.counts.active", 1.0)
			for comments := 0; comments < 3; comments++ {
				if kind, data, err := events.next(); err != nil || kind != "" {
					t.Fatalf("instead of a comment came %q %v, %v", kind, data, err)
				}
			}
			s.Put(apptest.Powering(id+"a", name))
			events.want("next", "data.sessionStatusUpdated.counts.active", 2.0)
			s.Update(name, "status", "COMPLETE")
			events.want("next", "data.sessionStatusUpdated.status", "COMPLETE")
			events.want("complete", "", nil)
			start := time.Now()
			events.wantEnd()
			if took := time.Since(start); took > time.Second {
				t.Errorf("the end of the stream came %v after its last event", took)
			}
			w.Silent(300 * time.Millisecond) // nothing may follow it
			s.Deserted(t)
		})
	}
}

// TestAnEventStreamEndsWithItsClient shows that a client that goes is noticed, however it goes, and
// that one that asks for more on the same connection is not answered.
func TestAnEventStreamEndsWithItsClient(t *testing.T) {
	s := sessions(t)
	query := byGET(`subscription { sessionStatusUpdated(name: "running") { status } }`)
	for name, leave := range map[string]func(*apptest.Wire){
		"in order":      func(w *apptest.Wire) { _ = w.Close() },
		"by its half":   func(w *apptest.Wire) { _ = w.CloseWrite() },
		"without words": func(w *apptest.Wire) { _ = w.SetLinger(0); _ = w.Close() },
		"after more":    func(w *apptest.Wire) { w.Write(byGET(`{ __typename }`) + "\r\n"); _ = w.CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			w, r := stream(t, s, query, "")
			eventReader{bufio.NewReader(r.Body), t}.want("next", "data.sessionStatusUpdated.status", "RUNNING")
			if n := s.App.Executions(); n != 1 {
				t.Errorf("%d subscriptions are executed", n)
			}
			leave(w)
			s.Deserted(t)
		})
	}
}

// TestAnEventStreamEndsWhenItsClientGoesOnSending has a client send more and more, and read nothing but the end.
func TestAnEventStreamEndsWhenItsClientGoesOnSending(t *testing.T) {
	s := sessions(t)
	w, r := stream(t, s, byGET(`subscription { sessionStatusUpdated(name: "running") { status } }`), "")
	eventReader{bufio.NewReader(r.Body), t}.want("next", "data.sessionStatusUpdated.status", "RUNNING")
	w.Write(strings.Repeat("x", 2<<10))
	s.Deserted(t)
}

// TestAnEventStreamIsInterruptedWhenTheServerStops shows that a stream is interrupted when the server stops: it has
// not come to its end, so that the client comes back.
func TestAnEventStreamIsInterruptedWhenTheServerStops(t *testing.T) {
	s := sessions(t)
	_, r := stream(t, s, byGET(`subscription { sessionStatusUpdated(name: "running") { status } }`), "")
	events := eventReader{bufio.NewReader(r.Body), t}
	events.want("next", "data.sessionStatusUpdated.status", "RUNNING")
	s.Stop(time.Second)
	if kind, data, err := events.next(); err != io.ErrUnexpectedEOF {
		t.Errorf("came %q %v, %v", kind, data, err)
	}
}
