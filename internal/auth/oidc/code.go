package oidc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// Login logs people in at a provider by the authorization code flow with PKCE (OpenID Connect
// Core 1.0, 3.1; RFC 7636). It is safe for concurrent use.
type Login struct {
	verifier *Verifier
	issuer   Issuer
	client   string
	secret   string
	slots    chan struct{} // a place for each question to the provider

	mu    sync.Mutex
	found metadata
	err   error
	until time.Time // found and err count for so long
}

// Attempt is a login that has begun. Only the browser that has begun it may have it.
type Attempt struct {
	State, Nonce, Verifier string // secrets
	Redirect               string // the URL to which the provider sends the browser back
}

const (
	// scopes are what every provider knows. Which claims a token has is the provider's to
	// configure: one that does not know a scope refuses the login.
	scopes = "openid profile"
	// keepMetadata and retryMetadata are how long a provider is not asked again where everything
	// is: anybody can begin a login.
	keepMetadata  = 5 * time.Minute
	retryMetadata = 5 * time.Second
	// atATime is how many codes are being redeemed.
	atATime = 16
)

// NewLogin makes a Login at v's first issuer, as the client of that id. A client that has no
// secret is a public one.
func (v *Verifier) NewLogin(client, secret string) *Login {
	return &Login{verifier: v, issuer: v.o.Issuers[0], client: client, secret: secret, slots: make(chan struct{}, atATime)}
}

// Issuer is the name of the provider.
func (l *Login) Issuer() string { return l.issuer.Name }

// Begin returns the URL where the browser logs in, and what is needed to finish. silent asks
// the provider to show nothing: it then answers with an error if somebody is not logged in
// there already.
func (l *Login) Begin(ctx context.Context, redirect string, silent bool) (string, Attempt, error) {
	at, err := l.endpoints(ctx)
	if err != nil {
		return "", Attempt{}, err
	}
	u, err := url.Parse(at.Authorization)
	if err != nil {
		return "", Attempt{}, auth.Refuse(auth.Unavailable, "authorization_endpoint: %w", err)
	}
	// Two texts for the verifier, as one is shorter than the 43 characters that RFC 7636 asks
	// for.
	attempt := Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Redirect: redirect}
	challenge := sha256.Sum256([]byte(attempt.Verifier))
	query := u.Query()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": l.client, "redirect_uri": redirect, "scope": scopes, "state": attempt.State, "nonce": attempt.Nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	if silent {
		query.Set("prompt", "none")
	}
	u.RawQuery = query.Encode()
	return u.String(), attempt, nil
}

// Finish redeems the code that the browser has brought back, and returns a token that the
// verifier accepts: the access token, or, of providers whose access tokens are no JWTs, the ID
// token. Its errors are [*auth.Error]s.
func (l *Login) Finish(ctx context.Context, attempt Attempt, code string) (string, error) {
	select {
	// Refused and not queued: anybody can send codes, and each is a question to the provider.
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	default:
		return "", auth.Refuse(auth.Unavailable, "%d logins are being finished already", atATime)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	access, id, err := l.redeem(ctx, attempt, code)
	if err != nil {
		return "", err
	}
	// Before the access token: only the ID token is bound to this browser's attempt.
	subject, err := l.identity(ctx, id, attempt.Nonce)
	if err != nil {
		return "", err
	}
	p, err := l.verifier.Verify(ctx, access)
	if auth.ReasonOf(err) == auth.Malformed {
		access = id
		p, err = l.verifier.Verify(ctx, access)
	}
	if err != nil {
		return "", err
	}
	if p.ID != subject {
		return "", auth.Refuse(auth.LoginFailed, "the access token and the ID token are two people's")
	}
	return access, nil
}

// redeem asks the provider for the tokens of a code.
func (l *Login) redeem(ctx context.Context, attempt Attempt, code string) (access, id string, err error) {
	at, err := l.endpoints(ctx)
	if err != nil {
		return "", "", err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {attempt.Redirect},
		"code_verifier": {attempt.Verifier}}
	if l.secret == "" {
		form.Set("client_id", l.client)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", auth.Refuse(auth.Unavailable, "token_endpoint: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if l.secret != "" { // RFC 6749, 2.3.1
		request.SetBasicAuth(url.QueryEscape(l.client), url.QueryEscape(l.secret))
	}
	var answer struct {
		Access  string `json:"access_token"`
		ID      string `json:"id_token"`
		Error   string `json:"error"`
		Details string `json:"error_description"`
	}
	switch _, status, err := do(l.verifier.client, request, &answer); {
	case err != nil:
		return "", "", auth.Refuse(auth.Unavailable, "%w", err)
	case status != http.StatusOK:
		return "", "", auth.Refuse(auth.LoginFailed, "%s answered %d: %q %q", at.Token, status, answer.Error, answer.Details)
	case answer.Access == "" || answer.ID == "":
		return "", "", auth.Refuse(auth.LoginFailed, "%s answered without an access token and an ID token", at.Token)
	}
	return answer.Access, answer.ID, nil
}

// identity checks an ID token (OpenID Connect Core 1.0, 3.1.3.7), and returns whose it is, as
// the id of a principal. The nonce binds it to the browser that has begun the login.
func (l *Login) identity(ctx context.Context, token, nonce string) (string, error) {
	found, all, err := l.verifier.signed(ctx, token)
	if err != nil {
		return "", err
	}
	text := func(name string) (s string) {
		_ = json.Unmarshal(all[name], &s) // "" for what is no string
		return s
	}
	switch party := text("azp"); {
	case found.claims.Issuer != l.issuer.Name:
		return "", auth.Refuse(auth.WrongIssuer, "the ID token is of %q", found.claims.Issuer)
	case !found.claims.Audience.Contains(l.client) || party != "" && party != l.client:
		return "", auth.Refuse(auth.WrongAudience, "the ID token is for %q", []string(found.claims.Audience))
	case subtle.ConstantTimeCompare([]byte(text("nonce")), []byte(nonce)) == 0:
		return "", auth.Refuse(auth.LoginFailed, "the ID token is of another login")
	}
	return found.claims.Issuer + " " + found.claims.Subject, l.verifier.checkTime(&found.claims)
}

// endpoints returns where the provider logs people in.
func (l *Login) endpoints(ctx context.Context) (metadata, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.verifier.o.Now().Before(l.until) {
		return l.found, l.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout) // the next one wants it, too
	defer cancel()
	found, err := discover(ctx, l.verifier.client, l.issuer.Name)
	for name, at := range map[string]string{"authorization_endpoint": found.Authorization, "token_endpoint": found.Token} {
		if err == nil {
			if wrong := checkURL(at, l.verifier.o.PlainHTTP); wrong != nil {
				err = fmt.Errorf("%s of %s: %w", name, l.issuer.Name, wrong)
			}
		}
	}
	// From when the answer came: those that wait for the lock meanwhile would otherwise each ask a provider that hangs again.
	now := l.verifier.o.Now()
	l.found, l.err, l.until = found, nil, now.Add(keepMetadata)
	if err != nil {
		l.err, l.until = auth.Refuse(auth.Unavailable, "%w", err), now.Add(retryMetadata)
	}
	return l.found, l.err
}
