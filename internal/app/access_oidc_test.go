package app_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/auth/oidctest"
)

// TestLoginAtAProvider has people log in at a real provider, and send what they get to a server.
func TestLoginAtAProvider(t *testing.T) {
	t.Parallel()
	p := oidctest.Start(t)
	g := guardedSite{tokens: map[string]string{}}
	g.Site = apptest.ServeRedis(t, "--auth", "oidc", "--oidc-issuer", p.Issuer, "--oidc-audience", oidctest.Client)
	for _, user := range []string{"root", "vera", "tina", "otto"} {
		g.tokens[user] = p.Login(user).Access
	}
	root := g.as("root")
	for _, tenant := range []any{nil, "vcluster-red", "vcluster-blue"} {
		root.Session("s", "tenant", tenant)
	}
	const query = `{ sessions { edges { node { tenant } } } }`
	for user, want := range map[string]int{"root": 3, "vera": 3, "tina": 1} {
		if found := g.as(user).Must(query).At("sessions.edges").([]any); len(found) != want {
			t.Errorf("%s sees %v", user, found)
		}
	}
	for _, query := range []string{query, `{ serverInfo { version } }`, `{ __schema { queryType { name } } }`, `subscription { sessionsUpdated { deletedId } }`} {
		if r := g.as("otto").Ask(query); !slices.Equal(r.Codes(), []string{"FORBIDDEN"}) {
			t.Errorf("%s by somebody without a role: %s", query, r.Body)
		}
	}
	// A token that cannot be checked is refused until it can be; those that can stay good.
	p.Rotate()
	fresh := p.Login("vera").Access
	p.Stop()
	g.tokens["fresh"] = fresh
	g.as("vera").Must(query)
	if r := g.as("fresh").Ask(query); r.Status != http.StatusServiceUnavailable && r.Status != http.StatusUnauthorized {
		t.Errorf("a key that cannot be fetched: %d %s", r.Status, r.Body)
	}
}
