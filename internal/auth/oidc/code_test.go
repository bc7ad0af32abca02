package oidc

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"

	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/auth/oidctest"
)

// TestLoginAtARealProvider logs in by the code flow, and shows what a code is worth to somebody
// who has not begun the login that it is of.
func TestLoginAtARealProvider(t *testing.T) {
	p := oidctest.Start(t)
	lost := errors.New("the network is down")
	down := false
	v, err := New(Options{
		Issuers: []Issuer{{Name: p.Issuer}}, Audiences: []string{oidctest.Client}, Claims: CSM(), Leeway: testLeeway,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if down {
				return nil, lost
			}
			return http.DefaultTransport.RoundTrip(r)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	l := v.NewLogin(oidctest.Client, "")
	const callback = "http://127.0.0.1/callback"
	begin := func() (Attempt, string) {
		t.Helper()
		location, attempt, err := l.Begin(t.Context(), callback, false)
		if err != nil {
			t.Fatal(err)
		}
		back := p.Browse(location, "tina").Query()
		if back.Get("state") != attempt.State {
			t.Errorf("the state is %q, want %q", back.Get("state"), attempt.State)
		}
		return attempt, back.Get("code")
	}
	attempt, code := begin()
	token, err := l.Finish(t.Context(), attempt, code)
	if err != nil {
		t.Fatal(err)
	}
	if principal := expect(t, v, token, ""); principal.Name != "tina" {
		t.Errorf("logged in as %q", principal.Name)
	}
	if _, err := l.Finish(t.Context(), attempt, code); auth.ReasonOf(err) != auth.LoginFailed {
		t.Errorf("a code that was used: %v", err)
	}
	for what, spoil := range map[string]func(*Attempt){
		"another verifier": func(a *Attempt) { a.Verifier = attempt.Verifier },
		"another nonce":    func(a *Attempt) { a.Nonce = attempt.Nonce },
		"another redirect": func(a *Attempt) { a.Redirect += "/" },
	} {
		attempt, code := begin()
		spoil(&attempt)
		if _, err := l.Finish(t.Context(), attempt, code); auth.ReasonOf(err) != auth.LoginFailed {
			t.Errorf("%s: %v", what, err)
		}
	}
	location, _, err := l.Begin(t.Context(), callback, true)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(location); err != nil || u.Query().Get("prompt") != "none" || u.Query().Get("code_challenge_method") != "S256" {
		t.Errorf("a silent login goes to %s", location)
	}
	attempt, code = begin()
	down = true
	if _, err := l.Finish(t.Context(), attempt, code); auth.ReasonOf(err) != auth.Unavailable || !errors.Is(err, lost) {
		t.Errorf("a provider that does not answer: %v", err)
	}
}
