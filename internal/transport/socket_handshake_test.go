package transport_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// TestWhichHandshakesOpenASocket shows who may open a WebSocket, and how, and what becomes of
// the others.
func TestWhichHandshakesOpenASocket(t *testing.T) {
	s := apptest.ServeLive(t, func(c *config.Config) { c.AllowOrigins = []string{"https://ops.example.com"} })
	own := s.App.Addr()
	protocols := func(lines ...string) (all []apptest.Header) {
		for _, line := range lines {
			all = append(all, apptest.Header{"Sec-WebSocket-Protocol", line})
		}
		return all
	}
	origin := func(o string) []apptest.Header { return []apptest.Header{{"Origin", o}} }
	for _, test := range []struct {
		name    string
		request string // GET /graphql if empty
		headers []apptest.Header
		status  int    // 101 if 0
		code    string // of the error, if it is one
		closed  int    // how the socket is closed at once, if it is
	}{
		{name: "an ordinary client"},
		{name: "a header in other letters", headers: []apptest.Header{{"Connection", "keep-alive, upgrade"}, {"Upgrade", "WebSocket"}}},
		{name: "both subprotocols, the old one first", headers: protocols("graphql-ws, graphql-transport-ws")},
		{name: "both subprotocols, the new one first", headers: protocols("graphql-transport-ws, graphql-ws")},
		{name: "both subprotocols on lines of their own", headers: protocols("graphql-ws", "graphql-transport-ws")},
		{name: "no subprotocol", headers: protocols(""), closed: 4406},
		{name: "only the old subprotocol", headers: protocols("graphql-ws"), closed: 4406},
		{name: "an unknown subprotocol", headers: protocols("mqtt"), closed: 4406},
		{name: "compression is not taken", headers: []apptest.Header{{"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}}},

		{name: "a page of this server", headers: origin("http://" + own)},
		{name: "a page of this server, over TLS before it", headers: origin("https://" + own)},
		{name: "a page of an allowed origin", headers: origin("https://ops.example.com")},
		{name: "a page of another origin", headers: origin("https://evil.example.com"), status: 403, code: "FORBIDDEN"},
		{name: "an allowed origin without TLS", headers: origin("http://ops.example.com"), status: 403, code: "FORBIDDEN"},
		{name: "more than an allowed origin", headers: origin("https://ops.example.com.evil.org"), status: 403, code: "FORBIDDEN"},
		{name: "an allowed origin as a user", headers: origin("https://ops.example.com@evil.org"), status: 403, code: "FORBIDDEN"},
		{name: "the origin null", headers: origin("null"), status: 403, code: "FORBIDDEN"},
		{name: "an origin that is none", headers: origin("%"), status: 403, code: "FORBIDDEN"},

		{name: "an old version", headers: []apptest.Header{{"Sec-WebSocket-Version", "8"}}, status: 400, code: "BAD_USER_INPUT"},
		{name: "no version", headers: []apptest.Header{{"Sec-WebSocket-Version", ""}}, status: 400, code: "BAD_USER_INPUT"},
		{name: "no key", headers: []apptest.Header{{"Sec-WebSocket-Key", ""}}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a key that is none", headers: []apptest.Header{{"Sec-WebSocket-Key", "short"}}, status: 400, code: "BAD_USER_INPUT"},
		{name: "no upgrade of the connection", headers: []apptest.Header{{"Connection", "keep-alive"}}, status: 400, code: "BAD_USER_INPUT"},
		{name: "POST", request: "POST /graphql", headers: []apptest.Header{{"Content-Length", "0"}}, status: 405, code: "BAD_USER_INPUT"},
		{name: "PUT", request: "PUT /graphql", headers: []apptest.Header{{"Content-Length", "0"}}, status: 405, code: "BAD_USER_INPUT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.request == "" {
				test.request = "GET /graphql"
			}
			w := s.Connect(t)
			r := w.Upgrade(test.request, test.headers...)
			if test.status != 0 {
				wantError(t, r, test.status, test.code)
				if strings.Contains(test.name, "version") && r.Header.Get("Sec-WebSocket-Version") != "13" {
					t.Errorf("it does not say which version it speaks: %v", r.Header)
				}
				if r.StatusCode == http.StatusMethodNotAllowed && !strings.Contains(r.Header.Get("Allow"), "GET") {
					t.Errorf("allowed is %q", r.Header.Get("Allow"))
				}
				return
			}
			if r.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
				r.Header.Get("Sec-WebSocket-Extensions") != "" {
				t.Fatalf("answered %s with %v", r.Status, r.Header)
			}
			if test.closed != 0 {
				if r.Header.Get("Sec-WebSocket-Protocol") == "graphql-transport-ws" {
					t.Errorf("the subprotocol is taken although it was not offered: %v", r.Header)
				}
				closed(test.closed, "graphql-transport-ws")(w)
			} else {
				if r.Header.Get("Sec-WebSocket-Protocol") != "graphql-transport-ws" {
					t.Errorf("the subprotocol is %q", r.Header.Get("Sec-WebSocket-Protocol"))
				}
				w.Send(apptest.Initialize)
				w.Expect(apptest.Acknowledged)
			}
			w.Finish()
		})
	}
}

// wantError wants an answer that is an error of that code, as JSON.
func wantError(t *testing.T, r *http.Response, status int, code string) {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	var body apptest.Reply
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil || r.StatusCode != status || r.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
		len(body.Codes()) != 1 || body.Codes()[0] != code {
		t.Errorf("answered %s, %s: %s, %v; want %d %s", r.Status, r.Header.Get("Content-Type"), apptest.Clip(string(text)), err, status, code)
	}
	body.CheckMessages(t)
	if waits := r.Header.Get("Retry-After") != ""; waits != (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) {
		t.Errorf("it is to be tried again after %q", r.Header.Get("Retry-After"))
	}
}
