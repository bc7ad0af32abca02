package login

import (
	"bytes"
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
	// purpose seals the cookie for nothing else, and is another for each form of what is in it.
	purpose = "login of an origin"
)

// Where the token of a cookie is from.
const (
	pasted byte = iota
	ofProvider
)

// content is what a cookie holds.
type content struct {
	Token  string
	ID     string // of the login
	Origin string // of the page that logged in
	Again  bool   // the provider that it is of can be asked for another
	// unreadable: there is a cookie, and this server's key does not open it.
	unreadable bool
}

// Credentials returns the token of a request's cookie, and the login that it is of; "" if the
// request has none, or does not come from a page of this server.
//
// Browsers send cookies also with requests that another page makes them send, unlike headers. The cookie is
// SameSite=Strict, but pages of --allow-origin may be of the same site. So it counts only for a request that
// says that it is of the server's own page: by Sec-Fetch-Site, and without that, as Chromium's WebSockets
// and whatever has no TLS, by an Origin of the host that is asked, or of the page that logged in. Behind a
// proxy that rewrites Host only that one is known.
func (s *Site) Credentials(r *http.Request) (token, login string) {
	from := r.Header.Get("Origin")
	if foreign(r) || from == "" && !saysSite(r) {
		return "", ""
	}
	k := s.read(r)
	if _, host, _ := strings.Cut(from, "://"); !saysSite(r) && host != r.Host && from != k.Origin {
		return "", ""
	}
	return k.Token, k.ID
}

// foreign reports whether the browser says that a request is not of the server's own page. How the
// server was asked does not matter to the browser: behind any proxy, its pages are of their own origin.
func foreign(r *http.Request) bool {
	return saysSite(r) && r.Header.Get("Sec-Fetch-Site") != "same-origin"
}

func saysSite(r *http.Request) bool { return len(r.Header["Sec-Fetch-Site"]) > 0 }

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
	plain, ok := s.seal.open(purpose, whole.String())
	if !ok || len(plain) <= idSize {
		return content{unreadable: true}
	}
	origin, packed, _ := bytes.Cut(plain[idSize+1:], []byte{0})
	token, err := unpack(packed)
	if err != nil {
		return content{unreadable: true}
	}
	return content{Token: token, ID: string(plain[:idSize]), Origin: string(origin), Again: plain[idSize] == ofProvider}
}

var errTooLong = errors.New("the token is too long for a browser to keep")

// keep sets the cookie of a new login, from a page of that origin.
func (s *Site) keep(w http.ResponseWriter, r *http.Request, token string, from byte, origin string, g auth.Grant, secure bool) error {
	id := make([]byte, idSize)
	_, _ = rand.Read(id) // never fails
	plain := append(append(append(id, from), origin...), 0)
	text := s.seal.close(purpose, append(plain, pack(token)...))
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
