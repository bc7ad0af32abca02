package oidc

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-jose/go-jose/v4"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// TestAnswers has answers of a provider that are not what they should be. None of them gives
// keys, and none takes those away that are known.
func TestAnswers(t *testing.T) {
	redirect := func(to string) func(*http.Request) *http.Response {
		return func(r *http.Request) *http.Response {
			if !strings.HasSuffix(r.URL.Path, "/certs") {
				return nil
			}
			response := respond(http.StatusFound, "")
			response.Header.Set("Location", to)
			return response
		}
	}
	certs := func(status int, body string) func(*http.Request) *http.Response {
		return func(r *http.Request) *http.Response {
			if !strings.HasSuffix(r.URL.Path, "/certs") {
				return nil
			}
			return respond(status, body)
		}
	}
	document := func(name, value string) func(*provider) {
		return func(p *provider) { p.document[name] = value }
	}
	answers := func(a func(*http.Request) *http.Response) func(*provider) { return func(p *provider) { p.answer = a } }
	tests := map[string]func(*provider){
		"redirect to another host": answers(redirect("https://evil.test/certs")),
		"redirect to another port": answers(redirect("https://keycloak.test:8443/certs")),
		"redirect without TLS":     answers(redirect("http://keycloak.test/certs")),
		"redirect in a circle":     answers(redirect(testIssuer + "/certs")),
		"an error":                 answers(certs(http.StatusInternalServerError, `{"keys":[]}`)),
		"no keys":                  answers(certs(http.StatusOK, `{"keys":[]}`)),
		"only keys of other kinds": answers(certs(http.StatusOK, `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"1","alg":"HS256"},{"kty":"OKP","crv":"X448","x":"AA"}]}`)),
		"no JSON":                  answers(certs(http.StatusOK, `<html>`)),
		"too long":                 answers(certs(http.StatusOK, `{"keys":[],"x":"`+strings.Repeat("x", maxAnswer)+`"}`)),
		"another issuer":           document("issuer", "https://evil.test"),
		"keys without TLS":         document("jwks_uri", "http://keycloak.test/certs"),
		"keys in a file":           document("jwks_uri", "file:///etc/keys"),
		"no address of keys":       document("jwks_uri", ""),
	}
	for what, spoil := range tests {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good := signs(jose.RS256, rsaKey(), "1")
				p := newProvider(good)
				v, log := newVerifier(t, p)
				p.set(spoil)
				expect(t, v, good.sign(nil), auth.Unavailable)
				if log.count("cannot fetch the token issuer's keys") != 1 {
					t.Error("not logged")
				}
				if got := p.hosts(); got != "map[keycloak.test:true]" && what != "redirect to another port" {
					t.Errorf("asked %s", got)
				}

				known := newProvider(good)
				v, _ = newVerifier(t, known)
				expect(t, v, good.sign(nil), "")
				known.set(spoil)
				if err := v.sets[0].refresh(t.Context()); err == nil {
					t.Error("the fetch succeeded")
				}
				expect(t, v, good.sign(nil), "")
			})
		})
	}
}

// TestMixedKeys shows that keys which can't be used are no reason to do without the others.
func TestMixedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "1")
		p := newProvider(good)
		key := string(must(jose.JSONWebKey{Key: good.public, KeyID: "1", Use: "sig"}.MarshalJSON()))
		private := string(must(jose.JSONWebKey{Key: rsaKey(), KeyID: "private"}.MarshalJSON()))
		p.set(func(p *provider) {
			p.answer = func(r *http.Request) *http.Response {
				if !strings.HasSuffix(r.URL.Path, "/certs") {
					return nil
				}
				return respond(http.StatusOK, `{"keys":[{"kty":"oct","k":"AA"},{"kty":"new"},`+private+`,{"kty":"RSA"},{"kty":"RSA","use":"enc"},`+key+`]}`)
			}
		})
		v, _ := newVerifier(t, p)
		expect(t, v, good.sign(nil), "")
		asPrivate := good
		asPrivate.kid = "private"
		expect(t, v, asPrivate.sign(nil), auth.UnknownKey)
	})
}

// TestOptions has options that would leave a door open, or never let anybody in.
func TestOptions(t *testing.T) {
	p := newProvider()
	tests := map[string]func(*Options){
		"no issuer":                func(o *Options) { o.Issuers = nil },
		"an issuer twice":          func(o *Options) { o.Issuers = append(o.Issuers, o.Issuers[0]) },
		"no audience":              func(o *Options) { o.Audiences = nil },
		"an empty audience":        func(o *Options) { o.Audiences = []string{""} },
		"no claims":                func(o *Options) { o.Claims = Claims{} },
		"a claim without a name":   func(o *Options) { o.Claims.Roles = []RoleClaim{{Path: "realm_access..roles"}} },
		"no TLS":                   func(o *Options) { o.Issuers = []Issuer{{Name: "http://keycloak.test"}} },
		"keys without TLS":         func(o *Options) { o.Issuers = []Issuer{{Name: testIssuer, JWKS: "http://keycloak.test/certs"}} },
		"an issuer that is a name": func(o *Options) { o.Issuers = []Issuer{{Name: "keycloak"}} },
		"a password in the URL":    func(o *Options) { o.Issuers = []Issuer{{Name: "https://u:secret@keycloak.test"}} },
		"one that does not end":    func(o *Options) { o.Issuers = []Issuer{{Name: "https://u:%secret@keycloak.test"}} },
		"one beside the keys":      func(o *Options) { o.Issuers = []Issuer{{Name: "https://u:secret@keycloak.test", JWKS: testIssuer}} },
		"one of the keys":          func(o *Options) { o.Issuers = []Issuer{{Name: testIssuer, JWKS: "https://u:secret@keycloak.test"}} },
	}
	good := func() Options {
		return Options{Issuers: []Issuer{{Name: testIssuer}}, Audiences: []string{testAudience}, Claims: CSM(), Transport: p, Log: discard()}
	}
	for what, change := range tests {
		o := good()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s is accepted", what)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s is shown: %v", what, err)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
	for what, change := range map[string]func(*Options){
		"as it is":                  func(*Options) {},
		"loopback without TLS":      func(o *Options) { o.Issuers = []Issuer{{Name: "http://127.0.0.1:8081/realms/shasta"}} },
		"a network that is trusted": func(o *Options) { o.Issuers[0].JWKS, o.PlainHTTP = "http://keycloak.services/certs", true },
	} {
		o := good()
		change(&o)
		if _, err := New(o); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
