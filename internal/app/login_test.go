package app_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// person is somebody whose browser shows pages of a site.
type person struct {
	*apptest.Site
	header http.Header // of a WebSocket that a page opens
}

// logIn logs in by a token, as the pages do.
func (g guardedSite) logIn(t *testing.T, name string) person {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	site := *g.Site
	site.Client = &http.Client{Jar: jar, Transport: sender{header: []string{"Origin", g.Base}, to: g.Client.Transport}}
	response, err := site.Client.Post(g.Base+"/auth/token", "application/json", strings.NewReader(`{"token":"`+g.tokens[name]+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("logging in as %s: %s", name, response.Status)
	}
	at, err := url.Parse(g.Base)
	if err != nil {
		t.Fatal(err)
	}
	p := person{&site, http.Header{"Origin": {g.Base}}}
	for _, cookie := range jar.Cookies(at) {
		p.header.Add("Cookie", cookie.String())
	}
	return p
}

// TestLogOutEndsConnections has people watch who have logged in, and log out: their WebSockets and
// event streams end, and nobody else's.
func TestLogOutEndsConnections(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	const query = `{ sessions { edges { node { tenant } } } }`
	const watch = `subscription { sessionsUpdated { deletedId session { name } } }`
	tenant, viewer, again := g.logIn(t, "tenant"), g.logIn(t, "viewer"), g.logIn(t, "tenant")
	if found := tenant.Must(query).At("sessions.edges").([]any); len(found) != 1 {
		t.Errorf("a tenant sees %v", found)
	}
	if found := viewer.Must(query).At("sessions.edges").([]any); len(found) != 3 {
		t.Errorf("a viewer sees %v", found)
	}
	open := func(p person) *websocket.Conn {
		t.Helper()
		conn, got := initiate(t, g.Site, p.header, `{}`)
		if !strings.Contains(got, "ack") {
			t.Fatalf("a WebSocket with a cookie: %s", got)
		}
		return conn
	}
	ends, stays, other := open(tenant), open(again), open(viewer)
	events := stream(t, tenant.Site, watch)
	for name, header := range map[string]http.Header{
		"no page":               {},
		"a page of another one": {"Origin": {g.Base}, "Sec-Fetch-Site": {"same-site"}},
	} {
		header["Cookie"] = tenant.header["Cookie"]
		if _, got := initiate(t, g.Site, header, `{}`); got != "4403" {
			t.Errorf("a cookie counts for a WebSocket that is of %s: %s", name, got)
		}
	}
	response, err := tenant.Client.Post(g.Base+"/auth/logout", "application/json", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if _, _, err := ends.ReadMessage(); closedWith(err) != "4403" {
		t.Errorf("its WebSocket: %v", err)
	}
	if text := next(t, events); !strings.Contains(text, "UNAUTHENTICATED") || !strings.Contains(text, "logged out") {
		t.Errorf("its event stream: %s", text)
	}
	for who, conn := range map[string]*websocket.Conn{"another login of the same person": stays, "somebody else": other} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)); err != nil {
			t.Fatal(err)
		}
		if _, text, err := conn.ReadMessage(); err != nil || !strings.Contains(string(text), "pong") {
			t.Errorf("%s: %s %v", who, text, err)
		}
	}
	if r := tenant.Ask(query); r.Status != http.StatusUnauthorized {
		t.Errorf("after logging out: %d %s", r.Status, r.Body)
	}
}
