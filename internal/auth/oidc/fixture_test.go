package oidc

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/bosgraph/bosgraph/internal/auth"
)

const (
	testIssuer   = "https://keycloak.test/realms/shasta"
	testAudience = "shasta"
	testLeeway   = 30 * time.Second
)

// Keys take long to make, so all tests share some.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey { _, key, err := ed25519.GenerateKey(rand.Reader); return must(key, err) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// provider is the provider's side, reached without a network so that it can be part of a
// test's bubble: it publishes keys, and counts how often it is asked. Safe for concurrent use.
type provider struct {
	mu       sync.Mutex
	document map[string]any // of discovery
	keys     []jose.JSONWebKey
	down     error
	skew     time.Duration                      // of its clock
	slow     time.Duration                      // before it answers
	answer   func(*http.Request) *http.Response // instead of the usual; nil for none
	asked    map[string]int                     // by URL
}

func newProvider(signing ...signer) *provider {
	p := &provider{document: map[string]any{"issuer": testIssuer, "jwks_uri": testIssuer + "/certs"}, asked: map[string]int{}}
	p.publish(signing...)
	return p
}

// publish replaces the keys.
func (p *provider) publish(signing ...signer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = nil
	for _, s := range signing {
		p.keys = append(p.keys, jose.JSONWebKey{Key: s.public, KeyID: s.kid, Use: "sig"})
	}
}

func (p *provider) set(change func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// fetches is how often it was asked for keys.
func (p *provider) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[testIssuer+"/certs"]
}

// hosts are those that were asked for anything.
func (p *provider) hosts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := map[string]bool{}
	for at := range p.asked {
		found[strings.Split(at, "/")[2]] = true
	}
	return fmt.Sprint(found)
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked[r.URL.String()]++
	slow, down, answer := p.slow, p.down, p.answer
	p.mu.Unlock()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(slow):
	}
	switch {
	case down != nil:
		return nil, down
	case answer != nil:
		if special := answer(r); special != nil {
			special.Request = r
			return special, nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var body any
	switch r.URL.String() {
	case testIssuer + "/.well-known/openid-configuration":
		body = p.document
	case testIssuer + "/certs":
		body = jose.JSONWebKeySet{Keys: p.keys}
	default:
		return respond(http.StatusNotFound, ""), nil
	}
	response := respond(http.StatusOK, string(must(json.Marshal(body))))
	response.Header.Set("Date", time.Now().Add(p.skew).UTC().Format(http.TimeFormat))
	response.Request = r
	return response, nil
}

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

var errDown = errors.New("connection refused")

// signer signs tokens.
type signer struct {
	alg     jose.SignatureAlgorithm
	key     any
	public  any
	kid     string
	headers map[jose.HeaderKey]any
}

func signs(alg jose.SignatureAlgorithm, key crypto.Signer, kid string) signer {
	return signer{alg: alg, key: key, public: key.Public(), kid: kid}
}

// sign makes a token of claims that are those of a good one, but for changes; a change to nil
// removes the claim.
func (s signer) sign(changes map[string]any) string {
	now := time.Now()
	claims := map[string]any{
		"iss": testIssuer, "aud": []string{testAudience, "account"}, "sub": "1234", "preferred_username": "vera",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"resource_access": map[string]any{"shasta": map[string]any{"roles": []string{"bosgraph-viewer"}}},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return s.raw(must(json.Marshal(claims)))
}

// raw makes a token of a payload.
func (s signer) raw(payload []byte) string {
	options := (&jose.SignerOptions{}).WithType("JWT")
	if s.kid != "" {
		options = options.WithHeader("kid", s.kid)
	}
	for name, value := range s.headers {
		options = options.WithHeader(name, value)
	}
	made := must(jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, options))
	return must(must(made.Sign(payload)).CompactSerialize())
}

// newVerifier makes a verifier of the provider's tokens, and the log that it writes.
func newVerifier(t testing.TB, p *provider, change ...func(*Options)) (*Verifier, *logged) {
	t.Helper()
	log := &logged{}
	o := Options{Issuers: []Issuer{{Name: testIssuer}}, Audiences: []string{testAudience}, Claims: CSM(), Leeway: testLeeway,
		Transport: p, Log: logTo(log)}
	for _, c := range change {
		c(&o)
	}
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v, log
}

// logged is a log that may be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

func logTo(l *logged) *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// roundTrip is a function that serves as a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// expect verifies a token and compares why it is refused; "" for a token that is good.
func expect(t *testing.T, v *Verifier, token string, want auth.Reason) auth.Principal {
	t.Helper()
	p, err := v.Verify(context.Background(), token)
	if got := auth.ReasonOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("got %v, want %q", err, want)
	}
	if err != nil && p.Roles != 0 {
		t.Errorf("a refused token has the roles %s", p.Roles)
	}
	return p
}
