package oidc

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/auth/oidctest"
)

// TestRealProvider logs in to a real provider, as a browser does, and verifies what it issues:
// with discovery, through a rotation of its keys, and after it has ended.
func TestRealProvider(t *testing.T) {
	p := oidctest.Start(t)
	var ahead atomic.Int64 // of this server's clock, so that nothing has to wait
	var fetches atomic.Int64
	log := &logged{}
	v, err := New(Options{
		Issuers: []Issuer{{Name: p.Issuer}}, Audiences: []string{oidctest.Client}, Claims: CSM(), Leeway: testLeeway, Log: logTo(log),
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/keys") {
				fetches.Add(1)
			}
			return http.DefaultTransport.RoundTrip(r)
		}),
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{"root": "admin  ", "vera": "viewer  ", "tina": "tenant vcluster-red vcluster-red", "otto": "  "} {
		tokens := p.Login(user)
		for _, token := range []string{tokens.Access, tokens.ID} {
			principal := expect(t, v, token, "")
			access, err := principal.For("")
			if got := principal.Roles.String() + " " + access.Tenant() + " " + strings.Join(principal.Tenants, " "); got != want || err != nil {
				t.Errorf("%s: got %q, want %q (%v)", user, got, want, err)
			}
			if principal.Name != user || principal.ID != p.Issuer+" "+user {
				t.Errorf("%s: name %q, id %q", user, principal.Name, principal.ID)
			}
		}
	}
	if got := fetches.Load(); got != 1 {
		t.Errorf("%d fetches of keys for eight tokens, want 1", got)
	}

	old := p.Login("vera").Access
	expect(t, v, old, "")
	p.Rotate()
	ahead.Add(int64(refreshGap))
	expect(t, v, p.Login("vera").Access, "")
	expect(t, v, old, "")
	if got := fetches.Load(); got != 2 {
		t.Errorf("%d fetches of keys after one rotation, want 2", got)
	}
	p.Retire()
	if err := v.sets[0].refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(refreshGap))
	expect(t, v, old, auth.UnknownKey)

	current := p.Login("tina").Access
	p.Stop()
	expect(t, v, current, "")
	if err := v.sets[0].refresh(t.Context()); err == nil {
		t.Error("keys come from a provider that has ended")
	}
	expect(t, v, current, "")
	expect(t, v, old, auth.Unavailable)
	ahead.Add(int64(5*time.Minute + testLeeway))
	expect(t, v, current, auth.Expired)
}
