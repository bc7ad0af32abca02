package guard_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// wayIn is one way to ask a server for something.
type wayIn struct {
	name, method, path string
	fields             string // of the head, besides Host and what is tried
	body               string
	status             int    // where it is allowed
	kind               string // media type of a refusal
}

// waysIn are all ways into a server.
func waysIn(t *testing.T) []wayIn {
	const (
		asJSON, asText = "Content-Type: application/json\r\n", "Content-Type: text/plain\r\n"
		events         = "Accept: text/event-stream\r\n"
		socket         = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
		problem, graph, text = "application/problem+json", "application/json; charset=utf-8", "text/plain; charset=utf-8"
	)
	post := func(query string) string {
		body, err := json.Marshal(apptest.Vars{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	query, deletion := post(`{ __typename }`), post(`mutation { deleteComponents(input: {ids: ["x9"]}) { applied } }`)
	return []wayIn{
		{"a query", "POST", "/graphql", asJSON, query, 200, graph},
		{"a query by GET", "GET", "/graphql?query=%7B__typename%7D", "Accept: application/json\r\n", "", 200, graph},
		{"a query for a GraphQL response", "POST", "/graphql", asJSON + "Accept: application/graphql-response+json\r\n", query, 200,
			"application/graphql-response+json; charset=utf-8"},
		{"a mutation", "POST", "/graphql", asJSON, deletion, 200, graph},
		{"a mutation as a simple request", "POST", "/graphql", asText, deletion, 415, graph},
		{"an event stream", "GET", "/graphql?query=%7B__typename%7D", events, "", 200, graph},
		{"an event stream by POST", "POST", "/graphql", asJSON + events, query, 200, graph},
		{"a WebSocket", "GET", "/graphql", socket, "", 101, graph},
		{"a preflight", "OPTIONS", "/graphql", "Access-Control-Request-Method: POST\r\n", "", 405, graph},
		{"the dashboard", "GET", "/", "Accept: text/html\r\n", "", 200, text},
		{"the playground", "GET", "/graphiql", "Accept: text/html\r\n", "", 200, text},
		{"what is not there", "GET", "/favicon.ico", "", "", 404, text},
		{"REST", "GET", "/v2/components", "", "", 200, problem},
		{"REST below the gateway's path", "GET", "/apis/bos/v2/version", "", "", 200, problem},
		{"REST that is not there", "GET", "/v2/nothing", "", "", 404, problem},
		{"health", "GET", "/healthz", "", "", 200, text},
		{"readiness", "GET", "/readyz", "", "", 200, text},
	}
}

// TestHostAndOriginAreCheckedOnEveryWayIn tries every way in with every form of Host and Origin.
func TestHostAndOriginAreCheckedOnEveryWayIn(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "", "--base-path", "/ops", "--allow-host", "boot.example.com,2.example.com", "--allow-origin", "https://portal.example.com")
	own := s.App.Addr()
	host := func(name string) string { return "Host: " + name + "\r\n" }
	from := func(at, origin string) string { return host(at) + "Origin: " + origin + "\r\n" }
	site := func(site, mode, dest string) string {
		return fmt.Sprintf("%sSec-Fetch-Site: %s\r\nSec-Fetch-Mode: %s\r\nSec-Fetch-Dest: %s\r\n", host(own), site, mode, dest)
	}
	const (
		allowed   = 0
		malformed = http.StatusBadRequest // by net/http
		misled    = http.StatusMisdirectedRequest
		foreign   = http.StatusForbidden
	)
	tried := []struct {
		name, fields string
		status       int
		target       string // scheme and host before the path, for a target in absolute form
		version      string // HTTP/1.1 if empty
		followable   bool   // by a link: a GET is allowed all the same
		says         string
	}{
		{name: "its address", fields: host(own)},
		{name: "localhost", fields: host("localhost")},
		{name: "another port", fields: host("localhost:9999")},
		{name: "capitals and a dot", fields: host("LocalHost.:80")},
		{name: "loopback", fields: host("127.9.9.9:80")},
		{name: "loopback by IPv6", fields: host("[::1]:8080")},
		{name: "the same without a port", fields: host("[::1]")},
		{name: "the same without brackets", fields: host("::1")},
		{name: "a pod's address", fields: host("10.1.2.3:8080")},
		{name: "an IPv6 address with a zone", fields: host("[fe80::1%25eth0]:80")},
		{name: "an allowed name", fields: host("boot.example.com")},
		{name: "an allowed name in another form", fields: host("BOOT.example.com.:443")},
		{name: "a second allowed name", fields: host("2.example.com")},
		{name: "no Host in HTTP/1.0", version: "HTTP/1.0"},
		{name: "an empty Host", fields: "Host:\r\n"},
		{name: "an absolute target", fields: host("evil.test"), target: "http://localhost:80"},

		{name: "another name", fields: host("evil.test"), status: misled, says: "--allow-host=evil.test"},
		{name: "another name with a port", fields: host("Evil.Test.:8080"), status: misled, says: "--allow-host=evil.test"},
		{name: "another name in HTTP/1.0", fields: host("evil.test"), version: "HTTP/1.0", status: misled},
		{name: "an absolute target of another name", fields: host("localhost"), target: "http://evil.test", status: misled},
		{name: "below localhost", fields: host("localhost.evil.test"), status: misled},
		{name: "below an allowed name", fields: host("x.boot.example.com"), status: misled},
		{name: "an allowed name with more", fields: host("boot.example.com.evil.test"), status: misled},
		{name: "below the name localhost", fields: host("evil.localhost"), status: misled},
		{name: "two dots", fields: host("localhost.."), status: misled},
		{name: "an address as a number", fields: host("2130706433"), status: misled},
		{name: "an address cut short", fields: host("127.1"), status: misled},
		{name: "an address in a name", fields: host("127.0.0.1.evil.test"), status: misled},
		{name: "a name in brackets", fields: host("[evil.test]"), status: misled},
		{name: "something after brackets", fields: host("[::1]evil.test"), status: misled},
		{name: "a user", fields: host("localhost@evil.test"), status: malformed},
		{name: "no name but a port", fields: host(":8080"), status: misled, says: "--allow-host="},
		{name: "a port that is none", fields: host("localhost:evil"), status: misled},
		{name: "a forwarded name", fields: host("evil.test") + "X-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\n", status: misled},
		{name: "no Host", status: malformed},
		{name: "several Hosts", fields: host("localhost") + host("localhost"), status: malformed},

		{name: "its own page", fields: from(own, "http://"+own)},
		{name: "its own page, over TLS before it", fields: from("boot.example.com", "https://boot.example.com")},
		{name: "its own page on a port that goes without saying", fields: from("boot.example.com:80", "http://boot.example.com")},
		{name: "its own page by IPv6", fields: from("[::1]:8080", "http://[::1]:8080")},
		{name: "an allowed page", fields: from(own, "https://portal.example.com")},
		{name: "an allowed page on its port", fields: from("", "https://portal.example.com:443"), version: "HTTP/1.0"},
		{name: "a page of the same origin, says the browser", fields: site("same-origin", "cors", "empty")},
		{name: "an address that was typed", fields: site("none", "navigate", "document")},

		{name: "a rebound page", fields: from("evil.test:80", "http://evil.test"), status: misled},
		{name: "a page of another name", fields: from(own, "http://evil.test"), status: foreign, says: "--allow-origin=http://evil.test"},
		{name: "a page of another name of this server", fields: from(own, "http://localhost"), status: foreign},
		{name: "a page of another port", fields: from("localhost:8080", "http://localhost:3000"), status: foreign},
		{name: "an allowed page without TLS", fields: from(own, "http://portal.example.com"), status: foreign},
		{name: "a page of no origin", fields: from(own, "null"), status: foreign},
		{name: "a page without a Host to compare", fields: "Origin: http://evil.test\r\n", version: "HTTP/1.0", status: foreign},
		{name: "another scheme", fields: from("localhost", "chrome-extension://localhost"), status: foreign},
		{name: "two origins", fields: from(own, "http://"+own) + "Origin: http://evil.test\r\n", status: foreign},
		{name: "an empty origin", fields: from(own, ""), status: foreign},
		{name: "what another site embeds", fields: site("cross-site", "no-cors", "image"), status: foreign},
		{name: "what another host of the site embeds", fields: site("same-site", "no-cors", "script"), status: foreign},
		{name: "a frame of another site", fields: site("cross-site", "navigate", "iframe"), status: foreign},
		{name: "a link of another site", fields: site("cross-site", "navigate", "document"), status: foreign, followable: true},
	}
	for _, way := range waysIn(t) {
		t.Run(way.name, func(t *testing.T) {
			for _, try := range tried {
				version := try.version
				if version == "" {
					version = "HTTP/1.1"
				} else if way.status == http.StatusSwitchingProtocols && try.status == allowed {
					continue // WebSockets are of HTTP/1.1
				}
				if way.status == http.StatusSwitchingProtocols && try.target != "" && try.status == allowed {
					continue
				}
				want := try.status
				if want == allowed || try.followable && way.method == "GET" {
					want = way.status
				}
				w := s.Connect(t)
				closing := "Connection: close\r\n"
				if strings.Contains(way.fields, "Upgrade") {
					closing = ""
				}
				w.Write(fmt.Sprintf("%s %s/ops%s %s\r\n%s%s%sContent-Length: %d\r\n\r\n%s",
					way.method, try.target, way.path, version, try.fields, way.fields, closing, len(way.body), way.body))
				w.Where = try.name
				r := w.Response()
				if r.StatusCode != want {
					t.Errorf("%s: %s, want %d", try.name, r.Status, want)
				}
				if r.StatusCode == http.StatusSwitchingProtocols || try.status == malformed {
					continue
				}
				if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
					t.Errorf("%s: the headers are %v", try.name, r.Header)
				}
				if try.status != allowed && want == try.status {
					checkRefusal(t, try.name, r, way.kind, try.says)
				}
			}
		})
	}
}

// checkRefusal wants a refusal in the form of its path, which says what to do.
func checkRefusal(t *testing.T, name string, r *http.Response, kind, says string) {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	message := string(text)
	switch {
	case strings.HasPrefix(kind, "application/problem"):
		var problem struct {
			Status        int
			Detail, Title string
		}
		err = json.Unmarshal(text, &problem)
		if message = problem.Detail; problem.Status != r.StatusCode || problem.Title == "" {
			t.Errorf("%s: the problem is %s", name, text)
		}
	case kind != "text/plain; charset=utf-8":
		var body apptest.Reply
		err = json.Unmarshal(text, &body)
		if codes := body.Codes(); !slices.Equal(codes, []string{"FORBIDDEN"}) {
			t.Fatalf("%s: the codes are %v in %s", name, codes, text)
		}
		message = body.Errors[0].Message
	}
	if err != nil || r.Header.Get("Content-Type") != kind || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: answered with %v: %s, %v", name, r.Header, text, err)
	}
	if !strings.Contains(message, says) || !strings.Contains(message, "server") && !strings.Contains(message, "Origin") {
		t.Errorf("%s: it says %q, not %q", name, message, says)
	}
}

// TestRefusedMutationsChangeNothing shows that a mutation that is refused is not made.
func TestRefusedMutationsChangeNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "")
	s.Put(apptest.Powering("x9", "s"))
	const deletion = `{"query":"mutation { deleteComponents(input: {ids: [\"x9\"]}) { applied } }"}`
	for _, try := range []struct {
		name, fields string
	}{
		{"a rebound page", "Host: evil.test\r\nOrigin: http://evil.test\r\nContent-Type: application/json\r\n"},
		{"a page of another origin", "Host: localhost\r\nOrigin: http://evil.test\r\nContent-Type: application/json\r\n"},
		{"a simple request of such a page", "Host: localhost\r\nOrigin: http://evil.test\r\nContent-Type: text/plain\r\n"},
		{"a simple request that hides where it is from", "Host: localhost\r\nOrigin: null\r\nContent-Type: text/plain\r\n"},
	} {
		w := s.Connect(t)
		w.Write(fmt.Sprintf("POST /graphql HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", try.fields, len(deletion), deletion))
		if r := w.Response(); r.StatusCode != http.StatusMisdirectedRequest && r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", try.name, r.Status)
		}
	}
	if code, _ := s.Get("/v2/components/x9"); code != http.StatusOK {
		t.Errorf("afterwards the component is %d", code)
	}
}
