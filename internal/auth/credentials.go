package auth

import (
	"encoding/json"
	"net/http"
	"strings"
)

// The headers that carry credentials. In a WebSocket's connection_init payload they are
// keys of the same names.
const (
	Authorization  = "Authorization"
	ForwardedToken = "X-Forwarded-Access-Token" // an OAuth2 proxy puts the token of who logged in there
	TenantHeader   = "Cray-Tenant-Name"         // as BOS has it
)

// MaxToken is the size, in bytes, above which a token is refused unread. Keycloak's tokens
// of users with hundreds of roles have 8 to 12 KiB.
const MaxToken = 16 << 10

// Credentials are what a request says about who sends it.
type Credentials struct {
	Token  string // without its scheme; "" for none
	Tenant string // on whose behalf it asks to act; "" for none
}

// FromHeader reads the credentials of an HTTP request. The token is that of Authorization,
// or else the one that an OAuth2 proxy has forwarded. Both are verified alike, so a client
// gains nothing from sending the second by itself. An Authorization of another scheme than
// Bearer is ignored if a token was forwarded: some proxies pass their own password on.
func FromHeader(h http.Header) (Credentials, error) {
	c := Credentials{Tenant: h.Get(TenantHeader)}
	if len(h[TenantHeader]) > 1 || len(h[Authorization]) > 1 || len(h[ForwardedToken]) > 1 {
		// Which of them counts would depend on who reads them: a proxy may have checked the other.
		return Credentials{}, Refuse(Malformed, "a header with credentials is there twice")
	}
	forwarded := h.Get(ForwardedToken)
	if text := h.Get(Authorization); text != "" {
		token, ok := bearer(text)
		switch {
		case ok:
			c.Token = token
		case forwarded == "":
			return Credentials{}, Refuse(Malformed, "the scheme of Authorization is not Bearer")
		}
	}
	if c.Token == "" {
		c.Token = forwarded
	}
	return c, checkToken(c.Token)
}

// FromInit reads the credentials in the payload of a WebSocket's connection_init: an object
// with the keys Authorization and Cray-Tenant-Name, in any case of letters, because browsers
// cannot set headers of a WebSocket. Other keys are the client's own business. No payload
// has no credentials.
func FromInit(payload []byte) (Credentials, error) {
	if len(payload) == 0 || string(payload) == "null" {
		return Credentials{}, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return Credentials{}, Refuse(Malformed, "the payload of connection_init is not an object")
	}
	text := map[string]string{}
	for key, raw := range fields {
		for _, name := range []string{Authorization, ForwardedToken, TenantHeader} {
			if !strings.EqualFold(key, name) {
				continue
			}
			var value string
			if err := json.Unmarshal(raw, &value); err != nil {
				return Credentials{}, Refuse(Malformed, "%s in connection_init is not a string", name)
			}
			if _, twice := text[name]; twice {
				return Credentials{}, Refuse(Malformed, "%s is in connection_init twice", name)
			}
			text[name] = value
		}
	}
	h := http.Header{}
	for name, value := range text {
		h.Set(name, value)
	}
	return FromHeader(h)
}

// Pasted reads a token that a person has given to a page. People copy more than the token: what
// is around it is left out.
func Pasted(text string) (Credentials, error) {
	text = strings.TrimSpace(text)
	if token, ok := bearer(text); ok {
		text = token
	}
	return Credentials{Token: text}, checkToken(text)
}

// bearer returns the token of an Authorization header of the scheme Bearer (RFC 6750).
func bearer(text string) (string, bool) {
	scheme, token, ok := strings.Cut(text, " ")
	return strings.TrimLeft(token, " "), ok && strings.EqualFold(scheme, "bearer")
}

// checkToken refuses what cannot be a token, before anybody computes with it or logs it.
func checkToken(token string) error {
	if len(token) > MaxToken {
		return Refuse(Malformed, "the token has %d bytes, more than %d", len(token), MaxToken)
	}
	for i := range len(token) {
		if !tokenBytes[token[i]] {
			return Refuse(Malformed, "the token contains byte %#x", token[i])
		}
	}
	return nil
}

// tokenBytes are those that a token may have (RFC 6750, b64token). Every byte of every request's
// token is looked up in it.
var tokenBytes = func() (may [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=") {
		may[c] = true
	}
	return may
}()
