package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/auth/oidc"
)

// attempt is a login at a provider that has begun. The browser keeps it, sealed, until it is
// sent back.
type attempt struct {
	oidc.Attempt
	Return string    // where the page was, below the base path
	Silent bool      // the provider was to show nothing
	Begun  time.Time // it is too old after patience
}

// patience is how long somebody may take to log in at the provider.
const patience = 10 * time.Minute

// Why the page asks to log in again: the values of its parameter "login".
const (
	notCompleted = "failed"  // the provider, or this server, has not completed it
	notAccepted  = "refused" // it has, and its token is not accepted here
	tooLate      = "expired" // the browser came back too late, or a second time
	notThere     = "ended"   // a silent login: nobody is logged in at the provider
)

// start begins a login: the answer says where the page has to go.
func (s *Site) start(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Return string
		Silent bool
	}
	if !decode(w, r, &asked) {
		return
	}
	// Behind a proxy this server does not know its own address, but the page that asks has it.
	redirect := r.Header.Get("Origin") + s.Base + "/auth/callback"
	location, begun, err := s.Provider.Begin(r.Context(), redirect, asked.Silent)
	if err != nil {
		s.Gate.Refused(err) // into the log
		answer(w, http.StatusServiceUnavailable, problem{bos.Unavailable, "the identity provider cannot be reached at the moment; try again in a few seconds"})
		return
	}
	text, err := json.Marshal(attempt{begun, place(asked.Return), asked.Silent, time.Now()})
	if err != nil {
		panic(err) // of strings and a time: never
	}
	s.setAttempt(w, begun.State, s.seal.close("attempt", text), int(patience/time.Second), secure(r))
	answer(w, http.StatusOK, map[string]string{"location": location})
}

// callback ends a login: the provider has sent the browser back, with a code or an error.
func (s *Site) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the code is in the address
	query := r.URL.Query()
	begun, ok := s.attempt(r, query.Get("state"))
	if !ok {
		s.back(w, r, "", tooLate)
		return
	}
	secure := strings.HasPrefix(begun.Redirect, "https://")
	// Before the code is redeemed: whatever comes of it, it is not tried twice.
	s.setAttempt(w, begun.State, "", -1, secure)
	issuer := query.Get("iss") // RFC 9207: the answer of another provider is none
	switch code := query.Get("code"); {
	case issuer != "" && issuer != s.Provider.Issuer():
		s.back(w, r, begun.Return, notCompleted)
		return
	case code != "":
	// A silent attempt only asks whether somebody is logged in: no is an answer and no failure.
	case begun.Silent:
		s.back(w, r, begun.Return, notThere)
		return
	default:
		s.back(w, r, begun.Return, notCompleted)
		return
	}
	token, err := s.Provider.Finish(r.Context(), begun.Attempt, query.Get("code"))
	grant, err := s.admit(r, token, err)
	if err == nil {
		err = s.keep(w, r, token, ofProvider, strings.TrimSuffix(begun.Redirect, s.Base+"/auth/callback"), grant, secure)
	}
	if err != nil {
		why := notCompleted
		if known, ok := err.(*bos.Error); !ok || known.Code == bos.Unauthenticated && auth.ReasonOf(err) != auth.LoginFailed {
			why = notAccepted
		}
		s.back(w, r, begun.Return, why)
		return
	}
	s.noteLogin(r, grant, "provider")
	s.back(w, r, begun.Return, "")
}

// attempt returns the login of this browser that has that state.
func (s *Site) attempt(r *http.Request, state string) (attempt, bool) {
	var a attempt
	for _, prefix := range []string{securePrefix, ""} {
		cookie, err := r.Cookie(prefix + attemptName(state))
		if err != nil {
			continue
		}
		text, ok := s.seal.open("attempt", cookie.Value)
		if ok && json.Unmarshal(text, &a) == nil && subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) == 1 {
			return a, time.Since(a.Begun) < patience
		}
	}
	return attempt{}, false
}

// setAttempt keeps an attempt in the browser. The cookie has to come with a navigation from the
// provider's page, which SameSite=Strict would keep it from.
func (s *Site) setAttempt(w http.ResponseWriter, state, value string, age int, secure bool) {
	name := attemptName(state)
	if secure {
		name = securePrefix + name
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: s.Base + "/auth/callback", MaxAge: age,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
}

// attemptName is the name of an attempt's cookie: each has its own, for people log in in several
// tabs at a time.
func attemptName(state string) string {
	sum := sha256.Sum256([]byte(state))
	return "bosgraph-login-" + hex.EncodeToString(sum[:4])
}

// back sends the browser to where the page was. Its parameter "login" says why somebody is not
// logged in, if so.
func (s *Site) back(w http.ResponseWriter, r *http.Request, to, why string) {
	u, err := url.Parse(to)
	if err != nil {
		u = &url.URL{}
	}
	if why != "" {
		query := u.Query()
		query.Set("login", why)
		u.RawQuery = query.Encode()
	}
	http.Redirect(w, r, s.Base+"/"+u.String(), http.StatusSeeOther)
}

// place returns where to go back to, if that is a place below the base path; "" otherwise. It
// must never lead to another server.
func place(text string) string {
	u, err := url.Parse(text)
	if err != nil || len(text) > 2000 || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		strings.HasPrefix(text, "/") || strings.ContainsAny(text, "\\\r\n\t") {
		return ""
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == ".." || part == "." {
			return ""
		}
	}
	return text
}
