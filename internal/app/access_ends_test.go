package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// initiate opens a WebSocket, with a token in its request or in its connection_init, and returns
// the answer to that: an acknowledgement, or how it was closed.
func initiate(t *testing.T, s *apptest.Site, header http.Header, init string) (*websocket.Conn, string) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 30 * time.Second}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.Base, "http")+"/graphql", header)
	if err != nil {
		return nil, err.Error()
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_init","payload":`+init+`}`)); err != nil {
		t.Fatal(err)
	}
	_, text, err := conn.ReadMessage()
	if err != nil {
		return conn, closedWith(err)
	}
	return conn, string(text)
}

func closedWith(err error) string {
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return fmt.Sprint(closed.Code)
	}
	return err.Error()
}

// TestSocketTokens shows where the token of a WebSocket may be.
func TestSocketTokens(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	bearer := func(name string) string { return "Bearer " + g.tokens[name] }
	const ack = `{"type":"connection_ack"}`
	for _, test := range []struct{ what, header, init, want string }{
		{"nowhere", "", `null`, "4403"},
		{"in connection_init", "", `{"Authorization":"` + bearer("tenant") + `"}`, ack},
		{"in connection_init, in other letters", "", `{"authorization":"` + bearer("tenant") + `","cray-tenant-name":"red"}`, ack},
		{"for another tenant", "", `{"Authorization":"` + bearer("tenant") + `","Cray-Tenant-Name":"blue"}`, "4403"},
		{"unknown", "", `{"Authorization":"Bearer bosgraph_x"}`, "4403"},
		{"no text", "", `{"Authorization":1}`, "4403"},
		{"in the request", bearer("tenant"), `null`, ack},
		{"in the request, for a tenant of connection_init", bearer("tenant"), `{"Cray-Tenant-Name":"blue"}`, "4403"},
		{"unknown in the request", "Bearer bosgraph_x", `null`, "websocket: bad handshake"},
	} {
		header := http.Header{}
		if test.header != "" {
			header.Set("Authorization", test.header)
		}
		if _, got := initiate(t, g.Site, header, test.init); got != test.want {
			t.Errorf("token %s: %s, want %s", test.what, got, test.want)
		}
	}
}

// TestSocketRightsAreThoseOfItsToken runs operations of all kinds over one WebSocket.
func TestSocketRightsAreThoseOfItsToken(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	conn, got := initiate(t, g.Site, nil, `{"Authorization":"Bearer `+g.tokens["tenant"]+`"}`)
	if !strings.Contains(got, "ack") {
		t.Fatal(got)
	}
	for _, test := range []struct{ query, want string }{
		{`{ sessions { edges { node { tenant } } } }`, `"edges":[{"node":{"tenant":"red"}}]`},
		{`mutation { deleteComponents(input: {ids: [\"x1\"]}) { applied } }`, `FORBIDDEN`},
		{`subscription { sessionStatusUpdated(name: \"s\", tenant: \"blue\") { revision } }`, `NOT_FOUND`},
	} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"subscribe","id":"1","payload":{"query":"`+test.query+`"}}`)); err != nil {
			t.Fatal(err)
		}
		for ended := false; !ended; {
			_, text, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			m := string(text)
			ended = strings.Contains(m, `"type":"complete"`) || strings.Contains(m, `"type":"error"`)
			if !strings.Contains(m, `"complete"`) && !strings.Contains(m, test.want) {
				t.Errorf("%s: %s", test.query, m)
			}
		}
	}
}

// TestConnectionsEndWithTheirToken lets a token end while 1,000 subscriptions run: on 100
// WebSockets, and beside them an event stream.
func TestConnectionsEndWithTheirToken(t *testing.T) {
	t.Parallel()
	const sockets, each = 100, 10
	g := serveGuarded(t, config.Holder{Name: "brief", Roles: []string{"viewer"}, Valid: 8 * time.Second})
	end := expiryOf(t, g, "brief")
	events := stream(t, g.as("brief"), `subscription { sessionStatusUpdated(name: "s", tenant: "red") { revision } }`)
	if m := next(t, events); !strings.Contains(m, "data") {
		t.Fatal(m)
	}
	conns := make([]*websocket.Conn, sockets)
	for i := range conns {
		var got string
		if conns[i], got = initiate(t, g.Site, nil, `{"Authorization":"Bearer `+g.tokens["brief"]+`"}`); !strings.Contains(got, "ack") {
			t.Fatal(got)
		}
		for id := range each {
			subscribe := fmt.Sprintf(`{"type":"subscribe","id":"%d","payload":{"query":"subscription { sessionStatusUpdated(name: \"s\", tenant: \"red\") { revision } }"}}`, id)
			if err := conns[i].WriteMessage(websocket.TextMessage, []byte(subscribe)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var mu sync.Mutex
	var last time.Time
	var all sync.WaitGroup
	for _, conn := range conns {
		all.Go(func() {
			began := 0
			for {
				_, text, err := conn.ReadMessage()
				if err == nil {
					if strings.Contains(string(text), `"next"`) {
						began++
					}
					continue
				}
				if got := closedWith(err); got != "4403" || began != each {
					t.Errorf("ended with %s after %d of %d subscriptions began", got, began, each)
				}
				mu.Lock()
				defer mu.Unlock()
				if now := time.Now(); now.After(last) {
					last = now
				}
				return
			}
		})
	}
	all.Wait()
	took := last.Sub(end)
	t.Logf("the last of %d sockets with %d subscriptions was closed %v after the token's end", sockets, sockets*each, took.Round(time.Millisecond))
	if took < 0 || took > 2*time.Second {
		t.Errorf("closed %v after the token's end", took)
	}
	if m := next(t, events); !strings.Contains(m, "UNAUTHENTICATED") {
		t.Errorf("the event stream ended with %s", m)
	}
	apptest.Eventually(t, "nothing is executed for nobody", func() bool { return g.App.Executions() == 0 })
}

// expiryOf is when a token ends, as the file has it.
func expiryOf(t *testing.T, g guardedSite, name string) time.Time {
	t.Helper()
	_, line, _ := strings.Cut(readFile(t, g.file), "name="+name+" ")
	_, text, _ := strings.Cut(line, "expires=")
	end, err := time.Parse(time.RFC3339, strings.Fields(text)[0])
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// TestWithdrawnTokenIsRefused takes a token out of the file.
func TestWithdrawnTokenIsRefused(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	lines := strings.Split(strings.TrimSpace(readFile(t, g.file)), "\n")
	var left []string
	for _, line := range lines {
		if !strings.Contains(line, "name=viewer ") {
			left = append(left, line)
		}
	}
	const query = `{ serverInfo { version } }`
	g.as("viewer").Must(query)
	g.write(t, left)
	apptest.Eventually(t, "the token is refused", func() bool { return g.as("viewer").Ask(query).Status == http.StatusUnauthorized })
	g.as("admin").Must(query)
}
