// Package oidc verifies JSON Web Tokens of OpenID Connect providers: by their signature, with
// keys that the provider publishes. Providers are asked for keys only, never about a token.
//
// The signatures are go-jose's. Which algorithms it may accept, which keys it may use and
// what a token has to say is decided here.
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejson "github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// algorithms are those that a token may be signed with: asymmetric ones, so that a public key
// can never serve as a shared secret, each with one kind of key.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}

// Issuer is a provider whose tokens are accepted.
type Issuer struct {
	// Name is the claim iss of its tokens, exactly. It is a URL.
	Name string
	// JWKS is the URL of its keys; empty to find it by discovery, below Name. Issuers with the
	// same one share the keys: a Keycloak is one issuer for each of its host names.
	JWKS string
}

// Options of a verifier.
type Options struct {
	Issuers   []Issuer
	Audiences []string // a token has to be for one of them
	Claims    Claims
	// Leeway is by how much clocks may differ.
	Leeway time.Duration
	// PlainHTTP allows providers that are not on this machine without TLS. Somebody who can
	// change their answers on the way can make tokens.
	PlainHTTP bool
	// Transport reaches the providers; nil for [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock; nil for [time.Now].
	Now func() time.Time
	Log *slog.Logger
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	o       Options
	issuers map[string]*keySet
	sets    []*keySet // each once
	client  *http.Client
	known   remembered
}

// New makes a verifier. It asks no provider yet: see [Verifier.Run].
func New(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Issuers) == 0 {
		return nil, errors.New("no issuer of tokens is given")
	}
	// Without an audience, a token that was issued for any other service would be good here,
	// and every such service could use the tokens that it gets.
	if len(o.Audiences) == 0 || slices.Contains(o.Audiences, "") {
		return nil, errors.New("no audience is given that tokens have to be for")
	}
	if err := o.Claims.check(); err != nil {
		return nil, err
	}
	client := newClient(o.Transport)
	v := &Verifier{o: o, issuers: map[string]*keySet{}, client: client}
	shared := map[string]*keySet{}
	for _, issuer := range o.Issuers {
		at := issuer.JWKS
		if at == "" {
			at = issuer.Name
		}
		// A name may be no URL, but one with a password would be in logs and answers.
		if name := shown(issuer.Name); name != issuer.Name {
			return nil, fmt.Errorf("issuer %s: the address has a user or a password in it, which is shown to nobody; write it without", name)
		}
		if err := checkURL(at, o.PlainHTTP); err != nil {
			return nil, fmt.Errorf("issuer %s: %w", issuer.Name, err)
		}
		if v.issuers[issuer.Name] != nil {
			return nil, fmt.Errorf("issuer %s is given twice", issuer.Name)
		}
		key := issuer.JWKS
		if key == "" {
			key = "discovery of " + issuer.Name
		}
		if shared[key] == nil {
			shared[key] = &keySet{issuer: issuer, client: client, now: o.Now, leeway: o.Leeway, plain: o.PlainHTTP,
				log: o.Log.With("issuer", issuer.Name)}
			v.sets = append(v.sets, shared[key])
		}
		v.issuers[issuer.Name] = shared[key]
	}
	return v, nil
}

// Reach fetches the keys of each provider, and returns the errors of those that failed, by the issuer's name; nil
// for one that did not.
func (v *Verifier) Reach(ctx context.Context) map[string]error {
	reached := map[string]error{}
	for _, set := range v.sets {
		reached[set.issuer.Name] = set.refresh(ctx)
	}
	return reached
}

// Run fetches the providers' keys, and again every [refreshInterval], until ctx is done. So
// the first token waits for nothing, and a key that a provider has withdrawn stops working.
func (v *Verifier) Run(ctx context.Context) {
	ticker := time.NewTicker(refreshInterval)
	defer ticker.Stop()
	for {
		for _, set := range v.sets {
			_ = set.refresh(ctx) // logged there
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Verify checks a token and says whose it is.
func (v *Verifier) Verify(ctx context.Context, token string) (auth.Principal, error) {
	if token == "" {
		return auth.Principal{}, auth.Refuse(auth.Missing, "no token")
	}
	if len(token) > auth.MaxToken {
		return auth.Principal{}, auth.Refuse(auth.Malformed, "the token has %d bytes", len(token))
	}
	seen, ok := v.known.find(token)
	if !ok {
		var err error
		if seen, err = v.check(ctx, token); err != nil {
			return auth.Principal{}, err
		}
	}
	// The time is checked whenever the token is used, the rest once.
	if err := v.checkTime(&seen.claims); err != nil {
		return auth.Principal{}, err
	}
	if !ok {
		v.known.add(token, seen)
	}
	return seen.principal, nil
}

// check checks everything of a token but its time.
func (v *Verifier) check(ctx context.Context, token string) (verified, error) {
	found, all, err := v.signed(ctx, token)
	if err != nil {
		return verified{}, err
	}
	claims := found.claims
	if !slices.ContainsFunc(v.o.Audiences, claims.Audience.Contains) {
		return verified{}, auth.Refuse(auth.WrongAudience, "%q; accepted are %q", []string(claims.Audience), v.o.Audiences)
	}
	found.principal = v.o.Claims.principal(all)
	found.principal.ID = claims.Issuer + " " + claims.Subject
	if found.principal.Name == "" {
		found.principal.Name = claims.Subject
	}
	found.principal.Expires = claims.Expiry.Time().Add(v.o.Leeway)
	return found, nil
}

// signed checks who has signed a token, for any audience, and returns its claims.
func (v *Verifier) signed(ctx context.Context, token string) (verified, map[string]json.RawMessage, error) {
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	var unexpected *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &unexpected):
		return verified{}, nil, auth.Refuse(auth.WrongUse, "algorithm %q; accepted are %v", unexpected.Got, algorithms)
	case err != nil:
		return verified{}, nil, auth.Refuse(auth.Malformed, "not a signed JSON Web Token: %w", err)
	}
	if err := checkType(parsed.Signatures[0].Protected); err != nil {
		return verified{}, nil, err
	}
	// The issuer is the one claim that is used before the signature is checked: it chooses the
	// provider whose keys are tried.
	claims, all, err := decode(parsed.UnsafePayloadWithoutVerification())
	if err != nil {
		return verified{}, nil, err
	}
	found := verified{claims: claims, set: v.issuers[claims.Issuer]}
	if found.set == nil {
		return verified{}, nil, auth.Refuse(auth.WrongIssuer, "%q", claims.Issuer)
	}
	if found.keys, err = found.set.verify(ctx, parsed); err != nil {
		return verified{}, nil, err
	}
	if claims.Expiry == nil {
		return verified{}, nil, auth.Refuse(auth.Malformed, "no expiry")
	}
	// All who have none would be one: in the audit log, and to whatever is bounded for each client.
	if claims.Subject == "" {
		return verified{}, nil, auth.Refuse(auth.Malformed, "no subject (sub)")
	}
	return found, all, nil
}

// decode reads the payload of a token: the claims that every token has, and all of them.
func decode(payload []byte) (jwt.Claims, map[string]json.RawMessage, error) {
	var claims jwt.Claims
	if err := josejson.Unmarshal(payload, &claims); err != nil { // refuses a claim that is there twice
		return claims, nil, auth.Refuse(auth.Malformed, "claims: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(payload, &all); err != nil {
		return claims, nil, auth.Refuse(auth.Malformed, "claims: %w", err)
	}
	return claims, all, nil
}

// checkType refuses tokens that were signed for another purpose, such as logout tokens
// (RFC 8725, 3.11). Access tokens are at+jwt (RFC 9068) or, as ID tokens are, plain JWT.
func checkType(header jose.Header) error {
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "", "jwt", "at+jwt":
		return nil
	default:
		return auth.Refuse(auth.WrongUse, "a token of the type %q", typ)
	}
}

// checkTime checks the claims exp, nbf and iat. What it says of the time is for the log, where
// a clock that is wrong shows as tokens that all come from the future or the past.
func (v *Verifier) checkTime(claims *jwt.Claims) error {
	now := v.o.Now()
	if end := claims.Expiry.Time(); !now.Before(end.Add(v.o.Leeway)) {
		return auth.Refuse(auth.Expired, "expired %s ago; check this machine's clock if tokens are new", now.Sub(end).Round(time.Second))
	}
	if err := v.checkBegin("nbf", claims.NotBefore, now); err != nil {
		return err
	}
	return v.checkBegin("iat", claims.IssuedAt, now)
}

func (v *Verifier) checkBegin(name string, begin *jwt.NumericDate, now time.Time) error {
	if begin != nil && now.Add(v.o.Leeway).Before(begin.Time()) {
		return auth.Refuse(auth.NotYetValid, "%s is in %s; check this machine's clock", name, begin.Time().Sub(now).Round(time.Second))
	}
	return nil
}

var _ auth.Verifier = (*Verifier)(nil)
