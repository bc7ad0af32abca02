// Package login lets people log in to the pages: by a token that they paste, or at an identity
// provider. The token is then kept in a cookie that scripts cannot read, sealed so that it is of
// no use anywhere else. The server itself keeps nothing: any replica with the same key accepts
// the cookie.
//
// A cookie is one more way to send a token. It is verified with every request like a token in
// Authorization, and gives the same rights.
package login

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/auth/oidc"
)

// Options of logging in.
type Options struct {
	Base     string      // below which everything is served: "" or "/some/path"
	Gate     *auth.Gate  // verifies tokens
	Provider *oidc.Login // nil if tokens can only be pasted
	// Key seals cookies. Replicas with the same key accept each other's. Empty for one that only
	// this process has.
	Key []byte
	// Ended is called when somebody has logged out: connections of that login have to end.
	Ended func(login string)
	Log   *slog.Logger
}

// Site answers the pages' requests about logging in, and reads the cookie of all others. It is
// safe for concurrent use.
type Site struct {
	Options
	seal seal
}

// New makes a Site.
func New(o Options) *Site { return &Site{Options: o, seal: newSeal(o.Key)} }

// longest is how long a browser keeps the cookie of a token that has no end.
const longest = 30 * 24 * time.Hour

// maxBody is enough for the longest token.
const maxBody = auth.MaxToken + 4<<10

// Handle adds the routes to a multiplexer. All are for the pages alone.
func (s *Site) Handle(mux *http.ServeMux) {
	mux.HandleFunc("GET "+s.Base+"/auth/whoami", s.whoami)
	mux.HandleFunc("POST "+s.Base+"/auth/token", s.ofPages(s.token))
	mux.HandleFunc("POST "+s.Base+"/auth/logout", s.ofPages(s.logout))
	if s.Provider != nil {
		mux.HandleFunc("POST "+s.Base+"/auth/start", s.ofPages(s.start))
		mux.HandleFunc("GET "+s.Base+"/auth/callback", s.callback)
	}
}

// ofPages refuses requests that no page of this server sends. Browsers say with every POST
// which page it is of, and internal/guard has refused those of other servers but of --allow-origin: so
// nobody is logged in or out by a page that they happen to visit.
func (s *Site) ofPages(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "" || foreign(r) {
			answer(w, http.StatusForbidden, problem{bos.Forbidden, "this is for the server's own web pages; programs send a token as Authorization: Bearer TOKEN"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next(w, r)
	}
}

// person is what a page shows of who is logged in.
type person struct {
	Name    string   `json:"name"`
	Roles   []string `json:"roles"`
	Tenants []string `json:"tenants"`
	// Limited is whether only those tenants are shown. A page has to choose if there are several.
	Limited bool `json:"limited"`
	Reads   bool `json:"reads"` // has a right to see anything
	// Seconds are how long the token is valid still; 0 for no end.
	Seconds int64 `json:"seconds"`
	// Cookie is whether there is a login to end: what a proxy sends is the proxy's.
	Cookie bool `json:"cookie"`
	// Renews is whether the provider can be asked for another token once this one has ended.
	Renews bool `json:"renews"`
}

// about is the answer to whoami.
type about struct {
	Who      *person `json:"who"`      // nil if nobody is logged in
	Provider bool    `json:"provider"` // logging in at an identity provider is possible
	Message  string  `json:"message"`  // why nobody is
}

// whoami says who is logged in. It changes nothing, and no other page can read the answer, so
// the cookie counts here also for requests that do not say which page they are of.
func (s *Site) whoami(w http.ResponseWriter, r *http.Request) {
	found := about{Provider: s.Provider != nil}
	c, err := auth.FromHeader(r.Header)
	var cookie content
	if err == nil && c.Token == "" && !foreign(r) {
		cookie = s.read(r)
		c.Token = cookie.Token
	}
	grant, err := s.admit(r, c.Token, err)
	var public *bos.Error
	switch errors.As(err, &public); {
	case err == nil:
		found.Who = describe(grant, cookie)
	case cookie.unreadable:
		found.Message = "This server cannot read your login, perhaps because it was restarted. Log in again."
	case public != nil && public.Code == bos.Unavailable:
		answer(w, http.StatusServiceUnavailable, problem{public.Code, public.Message})
		return
	case cookie.Token != "":
		found.Message = "Your login has ended. Log in again."
	case c.Token != "":
		found.Message = "The token that was sent for you is not accepted."
	}
	if found.Who == nil && (cookie.Token != "" || cookie.unreadable) {
		s.forget(w, r)
	}
	answer(w, http.StatusOK, found)
}

// admit verifies a token, unless an error says that there is none. It is for no tenant: which one
// is chosen by what the answer says.
func (s *Site) admit(r *http.Request, token string, err error) (auth.Grant, error) {
	if err != nil {
		return auth.Grant{}, s.Gate.Refused(err)
	}
	return s.Gate.Admit(r.Context(), auth.Credentials{Token: token})
}

func describe(g auth.Grant, k content) *person {
	p := &person{Name: g.Access.Name, Roles: []string{}, Tenants: g.Access.Tenants, Reads: g.Access.Can(auth.ReadSessions),
		Cookie: k.Token != "", Renews: k.Again}
	if names := g.Access.Roles.String(); names != "" {
		p.Roles = strings.Split(names, ",")
	}
	if p.Tenants == nil {
		p.Tenants = []string{}
	}
	view, err := g.Access.View(auth.ReadSessions)
	p.Limited = p.Reads && (err != nil || !view.All)
	if !g.Access.Expires.IsZero() {
		p.Seconds = max(1, int64(time.Until(g.Access.Expires)/time.Second))
	}
	return p
}

// token logs in by a token.
func (s *Site) token(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Token string }
	if !decode(w, r, &asked) {
		return
	}
	c, err := auth.Pasted(asked.Token)
	grant, err := s.admit(r, c.Token, err)
	if err != nil {
		refuse(w, err)
		return
	}
	if err := s.keep(w, r, c.Token, pasted, r.Header.Get("Origin"), grant, secure(r)); err != nil {
		answer(w, http.StatusRequestEntityTooLarge, problem{bos.BadUserInput, err.Error()})
		return
	}
	s.noteLogin(r, grant, "token")
	answer(w, http.StatusOK, about{Who: describe(grant, content{Token: c.Token}), Provider: s.Provider != nil})
}

// logout ends a login: the cookie, and connections to this process.
func (s *Site) logout(w http.ResponseWriter, r *http.Request) {
	if cookie := s.read(r); cookie.ID != "" {
		s.Ended(cookie.ID)
	}
	s.forget(w, r)
	answer(w, http.StatusOK, about{Provider: s.Provider != nil})
}

func (s *Site) noteLogin(r *http.Request, g auth.Grant, by string) {
	s.Log.Info("logged in", "name", g.Access.Name, "roles", g.Access.Roles.String(), "by", by, "client", r.RemoteAddr)
}

// problem is the answer to a request that failed.
type problem struct {
	Code    bos.Code `json:"code"`
	Message string   `json:"message"`
}

// refuse answers with an error that is for clients.
func refuse(w http.ResponseWriter, err error) {
	status, shown := http.StatusInternalServerError, problem{bos.Internal, "internal error"}
	if known := (*bos.Error)(nil); errors.As(err, &known) {
		shown = problem{known.Code, known.Message}
		switch known.Code {
		case bos.Unauthenticated:
			status = http.StatusUnauthorized
		case bos.Unavailable:
			status = http.StatusServiceUnavailable
		}
	}
	answer(w, status, shown)
}

// answer writes JSON that is for nobody else.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who does not wait for it has no use for it
}

// decode reads the JSON of a request.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		answer(w, http.StatusUnsupportedMediaType, problem{bos.BadUserInput, "send JSON, as application/json"})
		return false
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, problem{bos.BadUserInput, "the body is no JSON of the expected form, or too long"})
	}
	return err == nil
}
