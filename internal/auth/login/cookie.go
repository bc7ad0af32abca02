package login

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// The cookie, and how it is cut. Browsers take 4096 bytes of name and value, and proxies 8 KiB
// of all cookies by default, which is why the token is packed.
const (
	cookieName = "bosgraph"
	// securePrefix keeps pages that come without TLS from setting the cookie (RFC 6265bis, 4.1.3).
	securePrefix = "__Secure-"
	pieceSize    = 3800
	mostPieces   = 6
	idSize       = 16
)

// Where the token of a cookie is from.
const (
	pasted byte = iota
	ofProvider
)

// content is what a cookie holds.
type content struct {
	Token string
	ID    string // of the login
	Again bool   // the provider that it is of can be asked for another
	// unreadable: there is a cookie, and this server's key does not open it.
	unreadable bool
}

// Credentials returns the token of a request's cookie, and the login that it is of; "" if the
// request has none, or does not come from a page that this server answers.
//
// Browsers send cookies also with requests that another page makes them send, unlike headers. The cookie is
// SameSite=Strict, and a request with it counts only if it says which page it is of, which
// internal/guard has checked: by Origin, as each POST and each WebSocket of a page does, or by
// Sec-Fetch-Site, as others do.
func (s *Site) Credentials(r *http.Request) (token, login string) {
	if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return "", ""
	}
	k := s.read(r)
	return k.Token, k.ID
}

// secure reports whether the browser speaks TLS, perhaps with a proxy in front of this server:
// the page's own address says so.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(r.Header.Get("Origin"), "https://")
}

// read returns what the cookie holds.
func (s *Site) read(r *http.Request) content {
	name := securePrefix + cookieName
	if _, err := r.Cookie(name); err != nil && !secure(r) {
		name = cookieName
	}
	first, err := r.Cookie(name)
	if err != nil {
		return content{}
	}
	count, text, _ := strings.Cut(first.Value, ".")
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > mostPieces {
		return content{unreadable: true}
	}
	var whole strings.Builder
	whole.WriteString(text)
	for i := 1; i < n; i++ {
		piece, err := r.Cookie(pieceName(name, i))
		if err != nil {
			return content{unreadable: true}
		}
		whole.WriteString(piece.Value)
	}
	plain, ok := s.seal.open("login", whole.String())
	if !ok || len(plain) <= idSize {
		return content{unreadable: true}
	}
	token, err := unpack(plain[idSize+1:])
	if err != nil {
		return content{unreadable: true}
	}
	return content{Token: token, ID: string(plain[:idSize]), Again: plain[idSize] == ofProvider}
}

var errTooLong = errors.New("the token is too long for a browser to keep")

// keep sets the cookie of a new login.
func (s *Site) keep(w http.ResponseWriter, r *http.Request, token string, from byte, g auth.Grant, secure bool) error {
	id := make([]byte, idSize)
	_, _ = rand.Read(id) // never fails
	text := s.seal.close("login", append(append(id, from), pack(token)...))
	var pieces []string
	for len(text) > 0 {
		n := min(len(text), pieceSize)
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	if len(pieces) > mostPieces {
		return errTooLong
	}
	pieces[0] = strconv.Itoa(len(pieces)) + "." + pieces[0]
	age := longest
	if until := g.Access.Expires; !until.IsZero() {
		age = min(age, time.Until(until))
	}
	s.forget(w, r) // pieces of an earlier login
	name := cookieName
	if secure {
		name = securePrefix + name
	}
	for i, piece := range pieces {
		s.set(w, pieceName(name, i), piece, int(age/time.Second), secure)
	}
	return nil
}

// forget removes the cookie from the browser, under every name that it has sent.
func (s *Site) forget(w http.ResponseWriter, r *http.Request) {
	for _, cookie := range r.Cookies() {
		plain, prefixed := strings.CutPrefix(cookie.Name, securePrefix)
		if plain == cookieName || strings.HasPrefix(plain, cookieName+"_") {
			s.set(w, cookie.Name, "", -1, prefixed)
		}
	}
}

func (s *Site) set(w http.ResponseWriter, name, value string, age int, secure bool) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: s.Base + "/", MaxAge: age,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode})
}

// pieceName is the name of a piece of a cookie.
func pieceName(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "_" + strconv.Itoa(i)
}
