package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/auth/oidctest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// TestGraphQLWSDoesNotStormWhenItsTokenEnds has the real client of graphql-ws, which takes 4403 for
// something that may pass: it reconnects as often as its options say, five times by default, and gives up.
// With another token it continues.
func TestGraphQLWSDoesNotStormWhenItsTokenEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		holders []string // of the tokens, in their order
		closed  int      // how often
	}{
		"the same token":  {[]string{"brief"}, 6}, // the connection, and five attempts
		"a token renewed": {[]string{"brief", "viewer"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Only now, when the test runs: the life of the token begins here, and has to do until
			// the first state has come.
			g := serveGuarded(t, config.Holder{Name: "brief", Roles: []string{"viewer"}, Valid: 10 * time.Second})
			var tokens []string
			for _, holder := range test.holders {
				tokens = append(tokens, g.tokens[holder])
			}
			c := startBrowser(t).open("graphql-ws", apptest.Vars{"tokens": tokens}, g.Base+"/graphql")
			c.subscribe("s", followProgress, apptest.Vars{"name": "s", "tenant": "red"}, nil)
			c.wait("s", "next", 1)
			if len(tokens) > 1 {
				c.wait("s", "next", 2) // the first state of the second connection
			} else if e := c.wait("s", "error", 1)[0]; e.Code != 4403.0 {
				t.Errorf("it ends with %v %q", e.Code, e.Reason)
			}
			closed := c.events(c.name, "", "closed")
			if len(closed) != test.closed || closed[0].Code != 4403.0 {
				t.Errorf("%d connections were closed, want %d: %+v", len(closed), test.closed, closed)
			}
		})
	}
}

// TestKeysRotateInTheMiddleOfAStream has a provider change its key while a stream runs: it continues,
// and tokens of the new key are accepted. When the old key is withdrawn, its tokens end.
func TestKeysRotateInTheMiddleOfAStream(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	g := guardedSite{tokens: map[string]string{}}
	g.Site = apptest.ServeRedis(t, "--auth", "oidc", "--oidc-issuer", p.Issuer, "--oidc-audience", oidctest.Client)
	g.tokens["root"] = p.Login("root").Access
	root := g.as("root")
	root.Session("s")
	running := stream(t, root, `subscription { sessionStatusUpdated(name: "s") { counts { managed } } }`)
	if m := next(t, running); !strings.Contains(m, `"managed":0`) {
		t.Fatal(m)
	}
	p.Rotate()
	g.tokens["rotated"] = p.Login("root").Access
	// Keys are fetched at most every ten seconds, and were at the start.
	apptest.Eventually(t, "the new key is known", func() bool {
		return g.as("rotated").Ask(`{ serverInfo { version } }`).Status == http.StatusOK
	})
	g.as("rotated").Put(apptest.Powering("x1", "s"))
	if m := next(t, running); !strings.Contains(m, `"managed":1`) {
		t.Errorf("after the rotation the stream has %s", m)
	}
	g.as("root").Must(`{ serverInfo { version } }`)
}
