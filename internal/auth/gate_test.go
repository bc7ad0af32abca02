package auth

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// verifier knows one token, of whom a test says.
type verifier struct {
	principal Principal
	err       error
}

func (v *verifier) Verify(_ context.Context, token string) (Principal, error) {
	switch {
	case v.err != nil:
		return Principal{}, v.err
	case token == "":
		return Principal{}, Refuse(Missing, "no token")
	case token != "good":
		return Principal{}, Refuse(Unknown, "no such token")
	}
	return v.principal, nil
}

func TestGateWithoutVerifierAdmitsEverybody(t *testing.T) {
	g := NewGate(nil, slog.New(slog.DiscardHandler))
	for _, tenant := range []string{"", "red", "no such tenant"} {
		grant, err := g.Admit(t.Context(), Credentials{Token: "any", Tenant: tenant})
		if err != nil || !g.Open() || !grant.Until.IsZero() || grant.Check(t.Context()) != nil || grant.Access.Tenant() != tenant || !grant.Access.Can(WriteComponents) {
			t.Errorf("for tenant %q: %+v, %v", tenant, grant, err)
		}
	}
}

func TestGrantEndsWithItsToken(t *testing.T) {
	viewer := Principal{ID: "v", Roles: Roles(0).With(Viewer), Expires: time.Now().Add(time.Hour)}
	v := &verifier{principal: viewer}
	g := NewGate(v, slog.New(slog.DiscardHandler))
	grant, err := g.Admit(t.Context(), Credentials{Token: "good"})
	if err != nil || !grant.Until.Equal(viewer.Expires) {
		t.Fatalf("%+v, %v", grant, err)
	}
	for _, test := range []struct {
		what      string
		principal Principal
		err       error
		code      bos.Code
		reason    Reason
	}{
		{"as before", viewer, nil, "", ""},
		{"of another name", Principal{Name: "w", Roles: viewer.Roles}, nil, "", ""},
		{"of more rights", Principal{Roles: viewer.Roles.With(Producer)}, nil, bos.Forbidden, ""},
		{"without rights", Principal{}, nil, bos.Forbidden, ""},
		{"withdrawn", viewer, Refuse(Unknown, "no such token"), bos.Internal, Unknown},
		{"not to be checked", viewer, Refuse(Unavailable, "the issuer is down"), "", ""},
	} {
		v.principal, v.err = test.principal, test.err
		if err := grant.Check(t.Context()); bos.CodeOf(err) != test.code || ReasonOf(err) != test.reason {
			t.Errorf("a token %s: %v", test.what, err)
		}
	}
}

// TestBegin shows from where a WebSocket has its token and its tenant.
func TestBegin(t *testing.T) {
	g := NewGate(&verifier{principal: Principal{Roles: Roles(0).With(Tenant), Tenants: []string{"blue", "red"}}}, slog.New(slog.DiscardHandler))
	request := func(c Credentials) Grant {
		t.Helper()
		if c.Token == "" {
			return Later(c)
		}
		grant, err := g.Admit(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return grant
	}
	for _, test := range []struct {
		of     Grant
		init   Credentials
		tenant string
		code   bos.Code
	}{
		{request(Credentials{}), Credentials{}, "", bos.Unauthenticated},
		{request(Credentials{Tenant: "red"}), Credentials{Token: "good"}, "red", ""},
		{request(Credentials{Tenant: "red"}), Credentials{Token: "good", Tenant: "blue"}, "blue", ""},
		{request(Credentials{Token: "good"}), Credentials{Tenant: "blue"}, "blue", ""},
		{request(Credentials{Token: "good", Tenant: "red"}), Credentials{}, "red", ""},
		{request(Credentials{Token: "good"}), Credentials{Token: "bad"}, "", bos.Unauthenticated},
		{request(Credentials{Token: "good"}), Credentials{Tenant: "green"}, "", bos.Forbidden},
	} {
		grant, err := g.Begin(t.Context(), test.of, test.init)
		if bos.CodeOf(err) != test.code || grant.Access.Tenant() != test.tenant {
			t.Errorf("%+v: tenant %q, %v", test.init, grant.Access.Tenant(), err)
		}
	}
}

// TestRefusalsCannotFloodTheLog sends tokens that are not known, and requests without one.
func TestRefusalsCannotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := NewGate(&verifier{}, slog.New(slog.NewTextHandler(&log, nil)))
		send := func(token string) {
			if _, err := g.Admit(t.Context(), Credentials{Token: token}); bos.CodeOf(err) != bos.Unauthenticated {
				t.Error(err)
			}
		}
		for range 1000 {
			send("")
			send("secret")
		}
		time.Sleep(refusalGap) // of the bubble: passes at once
		send("secret")
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "withheld=999") || strings.Contains(log.String(), "secret") {
			t.Errorf("logged %d lines:\n%s", n, log.String())
		}
	})
}

// TestKeysOfNamedTenants shows that no text that somebody names as a tenant makes the key of
// other rights.
func TestKeysOfNamedTenants(t *testing.T) {
	p := Principal{Roles: Roles(0).With(Viewer).With(TenantProducer), Tenants: []string{"red"}}
	seen := map[string]string{}
	for _, tenant := range []string{"", "red", "red red", `red" red`, `"red"`, " "} {
		access, err := p.For(tenant)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[access.Key()]; ok {
			t.Errorf("tenants %q and %q have the key %s", other, tenant, access.Key())
		}
		seen[access.Key()] = tenant
	}
}

// BenchmarkAdmit measures what access control costs a request besides its verifier.
func BenchmarkAdmit(b *testing.B) {
	for name, v := range map[string]Verifier{"none": nil, "tokens": &verifier{principal: Principal{Roles: Roles(0).With(Tenant), Tenants: []string{"blue", "red"}}}} {
		b.Run(name, func(b *testing.B) {
			g := NewGate(v, slog.New(slog.DiscardHandler))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Admit(b.Context(), Credentials{Token: "good"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
