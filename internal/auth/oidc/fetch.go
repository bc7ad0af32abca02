package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The bounds of a fetch.
const (
	fetchTimeout = 5 * time.Second // for discovery and keys together
	maxAnswer    = 512 << 10       // bytes
	maxKeys      = 64              // a token without a key's id is tried with each
	maxRedirects = 3
)

var errNoKey = errors.New("no such key")

// newClient makes the client that asks providers. It sends no cookies and no credentials.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		from := via[len(via)-1].URL
		switch {
		case len(via) > maxRedirects:
			return errors.New("too many redirects")
		case to.URL.Host != from.Host || to.URL.Scheme != from.Scheme:
			// An open redirect at the provider would otherwise decide whose keys are trusted.
			return fmt.Errorf("redirected to another host, %s", to.URL.Host)
		}
		return nil
	}}
}

// checkURL refuses addresses from which keys could not be trusted.
func checkURL(text string, plain bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("not a URL such as https://keycloak.example/realms/shasta")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("%s is not a scheme for keys; use https", u.Scheme)
	case plain || loopback(u.Hostname()):
		return nil
	default:
		return errors.New("keys that come without TLS cannot be trusted; use https")
	}
}

// shown is an address without the user and the password in front of its host, also where it is no URL
// otherwise.
func shown(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	i := strings.LastIndexByte(rest, '@')
	if !found || i < 0 {
		return text
	}
	return scheme + "://xxxxx@" + rest[i+1:]
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// fetchKeys asks a provider for its keys, and returns the time by its clock, zero if it does
// not say.
func fetchKeys(ctx context.Context, client *http.Client, issuer Issuer, plain bool) (*keys, time.Time, error) {
	at := issuer.JWKS
	if at == "" {
		found, err := discover(ctx, client, issuer.Name)
		if err != nil {
			return nil, time.Time{}, err
		}
		at = found.JWKS
		if err := checkURL(at, plain); err != nil {
			return nil, time.Time{}, fmt.Errorf("jwks_uri of %s: %w", issuer.Name, err)
		}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	date, err := get(ctx, client, at, &set)
	if err != nil {
		return nil, time.Time{}, err
	}
	found := &keys{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// One that is of an unknown kind, or damaged, is no reason to do without the others.
		if key.UnmarshalJSON(raw) != nil || !usable(&key) {
			continue
		}
		if len(found.list) == maxKeys {
			return nil, time.Time{}, fmt.Errorf("%s has more than %d keys", at, maxKeys)
		}
		found.list = append(found.list, key)
	}
	if len(found.list) == 0 {
		// Better the keys that are known than none: nobody could log in.
		return nil, time.Time{}, fmt.Errorf("%s has no key for %v", at, algorithms)
	}
	return found, date, nil
}

// usable reports whether a key can verify anything.
func usable(key *jose.JSONWebKey) bool {
	for _, algorithm := range algorithms {
		if fits(key, algorithm) {
			return true
		}
	}
	return false
}

// metadata is what a provider says of itself.
type metadata struct {
	Issuer        string `json:"issuer"`
	JWKS          string `json:"jwks_uri"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
}

// discover asks a provider where everything is (OpenID Connect Discovery 1.0, 4). The
// addresses are still to be checked.
func discover(ctx context.Context, client *http.Client, issuer string) (metadata, error) {
	var found metadata
	at := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	if _, err := get(ctx, client, at, &found); err != nil {
		return metadata{}, err
	}
	if found.Issuer != issuer {
		return metadata{}, fmt.Errorf("%s is the configuration of another issuer, %q; write it exactly so", at, found.Issuer)
	}
	return found, nil
}

// get reads a JSON document, and when it was sent by the sender's clock.
func get(ctx context.Context, client *http.Client, at string, into any) (time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return time.Time{}, err
	}
	header, status, err := do(client, request, into)
	if err != nil {
		return time.Time{}, err
	}
	if status != http.StatusOK {
		return time.Time{}, fmt.Errorf("%s answered %d %s", at, status, http.StatusText(status))
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}, nil // the header is optional
	}
	return date, nil
}

// do sends a request, and decodes the JSON of its answer. Only a successful answer has to be
// of the expected form.
func do(client *http.Client, request *http.Request, into any) (http.Header, int, error) {
	at := request.URL
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, 0, err // names the URL
	}
	defer response.Body.Close()
	// One byte more than is allowed, to see that there is more.
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", at, err)
	}
	if len(body) > maxAnswer {
		return nil, 0, fmt.Errorf("%s answered more than %d bytes", at, maxAnswer)
	}
	if err := json.Unmarshal(body, into); err != nil && response.StatusCode == http.StatusOK {
		return nil, 0, fmt.Errorf("%s answered no JSON of the expected form: %w", at, err)
	}
	return response.Header, response.StatusCode, nil
}
