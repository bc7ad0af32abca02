package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/auth/login"
	"github.com/bosgraph/bosgraph/internal/auth/oidc"
	"github.com/bosgraph/bosgraph/internal/auth/tokens"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/rest"
	"github.com/bosgraph/bosgraph/internal/transport"
)

// openGate makes what says for whom requests act. Its background work is started with that of
// the other parts.
func (a *App) openGate() error {
	var provider *oidc.Login
	switch a.config.Auth {
	case config.AuthTokens:
		file, err := tokens.Open(tokens.Options{Path: a.config.Access.TokenFile, Log: a.log})
		if err != nil {
			return err
		}
		a.gate, a.verify = auth.NewGate(file, a.log), file.Run
	case config.AuthOIDC:
		verifier, err := a.oidc()
		if err != nil {
			return err
		}
		a.gate, a.verify, a.provider = auth.NewGate(verifier, a.log), verifier.Run, verifier
		if c := a.config.Access; c.OIDCClientID != "" {
			secret, err := secretOf("--oidc-client-secret-file", c.OIDCClientSecret)
			if err != nil {
				return err
			}
			provider = verifier.NewLogin(c.OIDCClientID, secret)
		}
	default:
		a.gate = auth.NewGate(nil, a.log)
		return nil
	}
	// Logging in is for both kinds of access control, so its key is read behind the switch.
	key, err := secretOf("--login-key-file", a.config.Access.LoginKey)
	if err != nil {
		return err
	}
	if key != "" && len(key) < leastKey {
		return fmt.Errorf("--login-key-file: %s has %d bytes, too few to be a secret: use at least %d, such as those of \"openssl rand -base64 32\"",
			a.config.Access.LoginKey, len(key), leastKey)
	}
	a.login = login.New(login.Options{
		Base: a.config.BasePath, Gate: a.gate, Provider: provider, Key: []byte(key), Log: a.log,
		Ended: func(id string) { a.streams.End(id) },
	})
	return nil
}

// leastKey is how many bytes the secret has to have that logins are sealed with.
const leastKey = 32

// secretOf reads the file with a secret that a flag names, without the line break at its end; "" for no file.
func secretOf(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" { // it would count as no file, and nobody would notice that the secret is missing
		return "", fmt.Errorf("%s: %s is empty: write the secret into it, or leave the option out", flag, path)
	}
	return secret, nil
}

// oidc makes the verifier of identity providers' tokens.
func (a *App) oidc() (*oidc.Verifier, error) {
	c := a.config.Access
	o := oidc.Options{Audiences: c.OIDCAudience, Claims: oidc.CSM(), Leeway: c.OIDCLeeway, Log: a.log}
	if c.OIDCClaims == "generic" {
		o.Claims = oidc.Generic()
	}
	for _, text := range c.OIDCIssuers {
		name, jwks, _ := strings.Cut(text, "=")
		o.Issuers = append(o.Issuers, oidc.Issuer{Name: name, JWKS: jwks})
	}
	if c.OIDCCA != "" {
		trusted, err := trusting("--oidc-ca-file", c.OIDCCA)
		if err != nil {
			return nil, err
		}
		// A clone of the default one, for its timeouts and for proxies named by the
		// environment.
		to := http.DefaultTransport.(*http.Transport).Clone()
		to.TLSClientConfig = trusted
		o.Transport = to
	}
	return oidc.New(o)
}

// admitted gives requests the grant that their credentials deserve, and refuses the others.
// Pages and health probes show no data and need no credentials. A path with data that is
// forgotten has a context without any right, and whatever answers it checks that.
func (a *App) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, _ := strings.CutPrefix(r.URL.Path, a.config.BasePath)
		began := time.Now()
		grant, err := a.admit(r, path)
		if err != nil {
			status := refuseCredentials(w, r, path, err)
			if path == "/graphql" { // those of BOS's paths are counted with all others
				a.metrics.Answered("", status, time.Since(began))
			}
			// Its method alone shows that this request would have written. What one of GraphQL
			// would do is in its body, which nobody has read. Without an accepted token it is
			// anybody's: the audit log would be as long as they like.
			code := bos.CodeOf(err)
			if rest.Has(path) && !reads(r.Method) && code != bos.Unauthenticated && code != bos.Unavailable {
				a.recordREST(r, code)
			}
			return
		}
		next.ServeHTTP(w, r.WithContext(auth.WithGrant(r.Context(), grant)))
	})
}

// admittedREST does that for BOS's paths, which are answered in front of all others.
func (a *App) admittedREST(next http.Handler) http.Handler {
	admitted := a.admitted(a.recorded(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, _ := strings.CutPrefix(r.URL.Path, a.config.BasePath); rest.Has(path) {
			admitted.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admit returns the grant of a request.
func (a *App) admit(r *http.Request, path string) (auth.Grant, error) {
	if a.gate.Open() { // whatever Authorization is for, it is not for this server
		return a.gate.Admit(r.Context(), auth.Credentials{Tenant: r.Header.Get(auth.TenantHeader)})
	}
	c, err := auth.FromHeader(r.Header)
	if err != nil {
		return auth.Grant{}, a.gate.Refused(err)
	}
	from := ""
	if c.Token == "" {
		// A header goes first: it was sent on purpose, the cookie goes along with every
		// request.
		c.Token, from = a.login.Credentials(r)
	}
	socket := path == "/graphql" && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	if c.Token == "" && socket {
		return auth.Later(c), nil // browsers send their token in connection_init
	}
	grant, err := a.gate.Admit(r.Context(), c)
	var refused *bos.Error
	if from != "" && socket && errors.As(err, &refused) && refused.Code == bos.Unauthenticated {
		return auth.Later(c), nil // closed with a code: a page cannot read why a WebSocket was not opened
	}
	grant.Login = from
	return grant, err
}

// refuseCredentials answers as the path would answer, and returns the status.
func refuseCredentials(w http.ResponseWriter, r *http.Request, path string, err error) (status int) {
	var known *bos.Error
	if !errors.As(err, &known) {
		known = bos.Errorf(bos.Internal, "internal error")
	}
	status = http.StatusInternalServerError
	switch known.Code {
	case bos.Unauthenticated:
		status = http.StatusUnauthorized
		// HTTP requires it with a 401, and clients choose by it how to authenticate.
		w.Header().Set("WWW-Authenticate", "Bearer")
	case bos.Forbidden:
		status = http.StatusForbidden
	case bos.Unavailable:
		status = http.StatusServiceUnavailable
	}
	if rest.Has(path) {
		rest.Refuse(w, status, known.Message)
	} else {
		transport.Refuse(w, r, status, known)
	}
	return status
}

// authorize gives a WebSocket its grant, by what its connection_init has brought.
func (a *App) authorize(ctx context.Context, of auth.Grant, payload []byte) (auth.Grant, error) {
	if a.gate.Open() { // a payload may be for whatever is in front of this server
		return of, nil
	}
	c, err := auth.FromInit(payload)
	if err != nil {
		return auth.Grant{}, a.gate.Refused(err)
	}
	return a.gate.Begin(ctx, of, c)
}

// NewToken makes an access token and the line by which --token-file knows it.
func NewToken(h config.Holder) (token, line string, err error) {
	holder := tokens.Holder{Name: h.Name, Tenants: h.Tenants}
	for _, name := range h.Roles {
		role, ok := auth.ParseRole(name)
		if !ok {
			return "", "", fmt.Errorf("--roles: there is no role %q: use %s", name, strings.Join(auth.RoleNames(), ", "))
		}
		holder.Roles = append(holder.Roles, role)
	}
	if h.Valid > 0 {
		holder.Expires = time.Now().Add(h.Valid)
	}
	return tokens.New(holder)
}
