package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Access holds the options of serve and demo that say who may do what.
type Access struct {
	Auth         string        `default:"none" placeholder:"MODE" help:"Who may use the server: none (no access control: everybody who reaches it may read and change everything), tokens (those in --token-file), oidc (those with a token of an --oidc-issuer). See docs/access.md."`
	Insecure     bool          `help:"Serve without access control on an address that other machines reach. Without it, --auth=none is allowed on loopback only."`
	TokenFile    string        `placeholder:"FILE" help:"For --auth=tokens: file with the digests of access tokens, one a line as \"bosgraph token\" prints it. Changes take effect within about two seconds."`
	OIDCIssuers  []string      `name:"oidc-issuer" placeholder:"URL[=JWKS]" help:"For --auth=oidc: OpenID Connect provider whose tokens are accepted, exactly as the claim iss names it; several with commas. Its keys are found by discovery, or at the URL behind =."`
	OIDCAudience []string      `name:"oidc-audience" placeholder:"NAME" help:"For --auth=oidc: audience (claim aud) that tokens have to be for; several with commas."`
	OIDCClaims   string        `name:"oidc-claims" default:"csm" placeholder:"PRESET" help:"For --auth=oidc: where tokens have roles and tenants: csm (Keycloak of HPE Cray System Management) or generic."`
	OIDCLeeway   time.Duration `name:"oidc-leeway" default:"30s" placeholder:"DURATION" help:"For --auth=oidc: by how much the issuer's clock and this machine's may differ: 0s to 5m."`
	OIDCCA       string        `name:"oidc-ca-file" placeholder:"FILE" help:"For --auth=oidc: PEM file with the certificate authorities to trust for issuers, instead of the system's."`

	OIDCClientID     string `name:"oidc-client-id" placeholder:"ID" help:"For --auth=oidc: client at the first --oidc-issuer by which people log in to the pages. Its redirect URI is the address of the pages with /auth/callback at its end. Empty for no such login."`
	OIDCClientSecret string `name:"oidc-client-secret-file" placeholder:"FILE" help:"File that holds the secret of --oidc-client-id. Without it, the client is a public one."`
	LoginKey         string `name:"login-key-file" placeholder:"FILE" help:"File with a secret of at least 32 bytes that seals the cookies of people who have logged in to the pages. Give all servers behind one load balancer the same. Without it, each server has a secret of its own until it ends, and people log in again after a restart."`
	TLSCert          string `name:"tls-cert-file" placeholder:"FILE" help:"Serve with TLS: PEM file with the certificate and those between it and its authority. It is read again when it changes."`
	TLSKey           string `name:"tls-key-file" placeholder:"FILE" help:"PEM file with the private key of --tls-cert-file. It is read again when it changes."`
}

// The values of --auth.
const (
	AuthNone   = "none"
	AuthTokens = "tokens"
	AuthOIDC   = "oidc"
)

const mostLeeway = 5 * time.Minute

// Holder holds the options of token: whom it is for.
type Holder struct {
	Name    string        `arg:"" name:"name" help:"Who gets the token, for logs: without spaces, quotes and =."`
	Roles   []string      `name:"roles" required:"" placeholder:"ROLE" help:"Roles: admin, viewer, tenant, producer, tenant-producer; several with commas."`
	Tenants []string      `name:"tenants" placeholder:"NAME" help:"Tenants that the roles tenant and tenant-producer are limited to; several with commas."`
	Valid   time.Duration `type:"days" name:"valid" placeholder:"DURATION" help:"How long the token is valid: days (90d), hours (36h) or both. Without it, it has no end."`
}

// checkAccess checks that a server which others can reach asks who they are, and that no
// option is given in vain: somebody would rely on it.
func (c *Config) checkAccess() error {
	a := &c.Access
	oidc := len(a.OIDCIssuers) > 0 || len(a.OIDCAudience) > 0 || a.OIDCCA != "" || a.OIDCClientID != ""
	switch a.Auth {
	case AuthNone, AuthTokens, AuthOIDC:
	default:
		return fmt.Errorf("--auth: %q is not known: use none, tokens or oidc", a.Auth)
	}
	switch {
	case a.TokenFile != "" && a.Auth != AuthTokens:
		return errors.New("--token-file: this is for --auth=tokens: give that, too, or leave the file out (its variable is BOSGRAPH_TOKEN_FILE, which the command watch reads as well)")
	case oidc && a.Auth != AuthOIDC:
		return errors.New("--oidc-issuer, --oidc-audience, --oidc-client-id and --oidc-ca-file are for --auth=oidc: give that, too")
	case a.Auth == AuthTokens && a.TokenFile == "":
		return errors.New("--auth: tokens needs a --token-file; \"bosgraph token NAME --roles=viewer\" makes a line for it")
	case a.Auth == AuthOIDC && len(a.OIDCIssuers) == 0:
		return errors.New("--auth: oidc needs an --oidc-issuer, such as https://auth.example.com/keycloak/realms/shasta")
	case a.Auth == AuthOIDC && len(a.OIDCAudience) == 0:
		return errors.New("--auth: oidc needs an --oidc-audience, so that tokens for other services are not accepted, such as bosgraph")
	case a.OIDCClaims != "csm" && a.OIDCClaims != "generic":
		return fmt.Errorf("--oidc-claims: %q is not known: use csm or generic", a.OIDCClaims)
	case a.OIDCLeeway < 0 || a.OIDCLeeway > mostLeeway:
		return fmt.Errorf("--oidc-leeway: %v is too much: use 0s to %v", a.OIDCLeeway, mostLeeway)
	case a.OIDCClientSecret != "" && a.OIDCClientID == "":
		return errors.New("--oidc-client-secret-file: this is the secret of an --oidc-client-id: give that, too")
	case a.LoginKey != "" && a.Auth == AuthNone:
		return errors.New("--login-key-file: with --auth=none nobody logs in: leave it out, or use --auth=tokens or --auth=oidc")
	case (a.TLSCert == "") != (a.TLSKey == ""):
		return errors.New("--tls-cert-file and --tls-key-file: TLS needs both: give the other one, too")
	case a.Auth != AuthNone && a.Insecure:
		return errors.New("--insecure: this is for --auth=none: leave one of them out")
	case a.Auth == AuthNone && !a.Insecure && !loopback(c.Listen):
		return fmt.Errorf("--listen: %s can be reached by other machines, and --auth=none lets all of them read and change everything: "+
			"use --auth=tokens or --auth=oidc, listen on 127.0.0.1, or accept it with --insecure", c.Listen)
	}
	return nil
}

// loopback reports whether only this machine reaches an address, which has been checked. A
// name other than localhost may resolve to anything.
func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
