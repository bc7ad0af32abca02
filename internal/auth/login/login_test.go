package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// verifier knows the tokens that begin with a name.
type verifier struct{}

func (verifier) Verify(_ context.Context, token string) (auth.Principal, error) {
	name, _, _ := strings.Cut(token, ".")
	switch name {
	case "":
		return auth.Principal{}, auth.Refuse(auth.Missing, "no token")
	case "vera", "eyJhbGciOiJSUzI1NiIsImtpZCI6ImtleS0xIn0":
		return auth.Principal{ID: "vera", Name: "vera", Roles: auth.Roles(0).With(auth.Viewer)}, nil
	case "brief":
		return auth.Principal{ID: "brief", Name: "brief", Roles: auth.Roles(0).With(auth.Tenant), Tenants: []string{"red"},
			Expires: time.Now().Add(time.Minute)}, nil
	case "away":
		return auth.Principal{}, auth.Refuse(auth.Unavailable, "the provider does not answer")
	default:
		return auth.Principal{}, auth.Refuse(auth.Unknown, "no such token")
	}
}

// browser is one that shows pages of a server with logins.
type browser struct {
	*http.Client
	url   string
	ended []string
}

const testKey = "a secret of thirty-two characters"

func open(t *testing.T, key string) *browser {
	t.Helper()
	b := &browser{}
	mux := http.NewServeMux()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	site := New(Options{Base: "/boot", Gate: auth.NewGate(verifier{}, log), Key: []byte(key), Log: log, Ended: func(id string) { b.ended = append(b.ended, id) }})
	site.Handle(mux)
	mux.HandleFunc("/boot/token", func(w http.ResponseWriter, r *http.Request) {
		token, login := site.Credentials(r)
		fmt.Fprintf(w, "%s %d", token, len(login))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	jar, _ := cookiejar.New(nil)
	b.Client, b.url = &http.Client{Jar: jar}, s.URL+"/boot"
	return b
}

// do sends a request as a page does, or, with no origin, as something else.
func (b *browser) do(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(text))
}

func (b *browser) logIn(t *testing.T, token string) (int, string) {
	t.Helper()
	return b.do(t, "POST", "/auth/token", `{"token":"`+token+`"}`, "Origin", "http://bosgraph")
}

func (b *browser) whoami(t *testing.T, header ...string) about {
	t.Helper()
	status, text := b.do(t, "GET", "/auth/whoami", "", header...)
	var found about
	if err := json.Unmarshal([]byte(text), &found); err != nil || status != http.StatusOK {
		t.Fatalf("whoami: %d %s", status, text)
	}
	return found
}

// longToken is a JSON Web Token of a user with hundreds of roles, as Keycloak makes them.
func longToken() string {
	var roles []string
	for i := range 300 {
		roles = append(roles, fmt.Sprintf("team-%d-can-do-%x", i, i*7919))
	}
	claims, _ := json.Marshal(map[string]any{"iss": "https://auth.example.com/keycloak/realms/shasta", "realm_access": map[string]any{"roles": roles}})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"key-1"}`)) + "." + encode(claims) + "." + encode(make([]byte, 256))
}

// TestACookieIsAToken shows what a login gives: a cookie that counts as the token did, until
// somebody logs out.
func TestACookieIsAToken(t *testing.T) {
	for name, token := range map[string]string{"short": "vera.1", "long": longToken()} {
		b := open(t, "")
		if found := b.whoami(t); found.Who != nil || found.Message != "" {
			t.Errorf("%s: before: %+v", name, found)
		}
		if status, text := b.logIn(t, "  Bearer "+token+`\n`); status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, status, text)
		}
		if found := b.whoami(t); found.Who == nil || found.Who.Name != "vera" || !found.Who.Cookie || found.Who.Limited || !found.Who.Reads {
			t.Errorf("%s: %+v", name, found.Who)
		}
		if _, text := b.do(t, "POST", "/token", "", "Origin", "http://bosgraph"); text != token+" 16" {
			t.Errorf("%s: the cookie is the token %q", name, text)
		}
		if status, _ := b.do(t, "POST", "/auth/logout", "{}", "Origin", "http://bosgraph"); status != http.StatusOK || len(b.ended) != 1 {
			t.Errorf("%s: logging out: %d, ended %q", name, status, b.ended)
		}
		if found := b.whoami(t); found.Who != nil {
			t.Errorf("%s: after logging out: %+v", name, found.Who)
		}
	}
}

// TestForeignRequests shows that a cookie counts only for requests that say that they are of
// a page, and that nobody is logged in or out by other requests. Other servers' pages are refused
// by internal/guard.
func TestForeignRequests(t *testing.T) {
	b := open(t, "")
	b.logIn(t, "vera.1")
	for _, header := range [][]string{
		{}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", ""},
		// Of pages that --allow-origin lets through.
		{"Origin", "http://ops"}, {"Origin", "http://ops", "Sec-Fetch-Site", "same-site"}, {"Origin", "http://bosgraph", "Sec-Fetch-Site", "same-site"},
	} {
		if _, text := b.do(t, "POST", "/token", "", header...); text != "0" {
			t.Errorf("%q: the cookie counts: %s", header, text)
		}
	}
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "same-origin"},
		{"Origin", "http://bosgraph"}, // of the page that logged in, behind a proxy that rewrites Host
		{"Origin", strings.TrimSuffix(b.url, "/boot")},
		{"Origin", "http://another.name", "Sec-Fetch-Site", "same-origin"},
	} {
		if _, text := b.do(t, "GET", "/token", "", header...); text != "vera.1 16" {
			t.Errorf("of its own page, by %q: %s", header, text)
		}
	}
	for _, site := range []string{"cross-site", "same-site", "none"} {
		if found := b.whoami(t, "Sec-Fetch-Site", site); found.Who != nil || found.Message != "" {
			t.Errorf("whoami of %s: %+v", site, found)
		}
		for _, path := range []string{"/auth/token", "/auth/logout"} {
			if status, _ := b.do(t, "POST", path, `{"token":"vera.2"}`, "Origin", "http://ops", "Sec-Fetch-Site", site); status != http.StatusForbidden {
				t.Errorf("%s of %s: %d", path, site, status)
			}
		}
	}
	for _, path := range []string{"/auth/token", "/auth/logout"} {
		if status, _ := b.do(t, "POST", path, `{"token":"vera.2"}`); status != http.StatusForbidden {
			t.Errorf("%s without an Origin: %d", path, status)
		}
	}
	if status, _ := b.do(t, "POST", "/auth/token", `token=vera.2`, "Origin", "http://bosgraph", "Content-Type", "application/x-www-form-urlencoded"); status != http.StatusUnsupportedMediaType {
		t.Errorf("a form: %d", status)
	}
	if b.whoami(t).Who == nil {
		t.Error("a request that was refused has ended the login")
	}
}

// TestWhoIsNotLoggedIn shows what a page gets to say.
func TestWhoIsNotLoggedIn(t *testing.T) {
	b := open(t, "")
	if status, text := b.logIn(t, "vero.1"); status != http.StatusUnauthorized || !strings.Contains(text, "not accepted") {
		t.Errorf("a wrong token: %d %s", status, text)
	}
	if status, text := b.logIn(t, "vera 1"); status != http.StatusUnauthorized {
		t.Errorf("no token: %d %s", status, text)
	}
	if status, _ := b.logIn(t, "away"); status != http.StatusServiceUnavailable {
		t.Errorf("a token that can't be checked: %d", status)
	}
	b.logIn(t, "brief.1")
	if who := b.whoami(t).Who; who == nil || who.Seconds < 50 || who.Seconds > 60 || !who.Limited || len(who.Tenants) != 1 {
		t.Errorf("of a tenant: %+v", who)
	}
	if found := b.whoami(t, "Authorization", "Bearer vera.1"); found.Who == nil || found.Who.Name != "vera" || found.Who.Cookie {
		t.Errorf("a proxy's token counts before the cookie: %+v", found.Who)
	}
	if found := b.whoami(t, "X-Forwarded-Access-Token", "vero.1"); found.Who != nil || !strings.Contains(found.Message, "sent for you") {
		t.Errorf("a proxy's token that is not accepted: %+v", found)
	}
}

// TestReplicas shows that a cookie is good on servers with the same key, and useless elsewhere.
func TestReplicas(t *testing.T) {
	first, same, other := open(t, testKey), open(t, testKey), open(t, "another secret of 32 characters!!")
	first.logIn(t, "vera.1")
	same.Jar, other.Jar = first.Jar, first.Jar // 127.0.0.1, whatever the port
	if who := same.whoami(t).Who; who == nil || who.Name != "vera" {
		t.Errorf("another replica: %+v", who)
	}
	if found := other.whoami(t); found.Who != nil || !strings.Contains(found.Message, "Log in again") {
		t.Errorf("another server: %+v", found)
	}
	if found := other.whoami(t); found.Message != "" {
		t.Errorf("a cookie that cannot be read is not forgotten: %+v", found)
	}
}

// TestPack shows that tokens come out as they went in, and how short the cookie of a long one is:
// proxies take 8 KiB of all headers of a kind.
func TestPack(t *testing.T) {
	for _, token := range []string{"bosgraph_abc", "a.b.c", "eyJ9.eyJ9.eyJ8", "..", longToken()} {
		packed := pack(token)
		if got, err := unpack(packed); err != nil || got != token {
			t.Errorf("%.20s… comes out as %.20s… (%v)", token, got, err)
		}
		t.Logf("a token of %d bytes is a cookie of %d", len(token), len(newSeal(nil).close("login", packed)))
	}
	if long := longToken(); len(long) < 8<<10 || len(pack(long)) > len(long)/2 {
		t.Errorf("%d bytes are packed into %d", len(long), len(pack(long)))
	}
	for _, packed := range []string{"", "\x02", "\x01", "\x01\xff", "\x01\x00\xff\xff\xff\x7fabc"} {
		if got, err := unpack([]byte(packed)); err == nil {
			t.Errorf("%q is unpacked as %q", packed, got)
		}
	}
}

// TestSeal shows that what is sealed for one purpose, or changed, is not opened.
func TestSeal(t *testing.T) {
	s := newSeal([]byte(testKey))
	text := s.close("attempt", []byte("secret"))
	if plain, ok := s.open("attempt", text); !ok || string(plain) != "secret" {
		t.Errorf("%q %v", plain, ok)
	}
	if _, ok := s.open("login", text); ok {
		t.Error("opened for another purpose")
	}
	for i := range len(text) - 1 { // of the last letter, not all bits count
		other := "A"
		if text[i] == 'A' {
			other = "B"
		}
		if _, ok := s.open("attempt", text[:i]+other+text[i+1:]); ok {
			t.Errorf("opened with byte %d changed", i)
		}
	}
}

// TestPlaces shows where a login leads back to: never to another server.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"sessions/a%20b?component=x#y": "sessions/a%20b?component=x#y",
		"?wall=1":                      "?wall=1",
		"//evil.test":                  "", "/evil": "", `\\evil.test`: "", "https://evil.test": "", "javascript:alert(1)": "",
		"../other": "", "a/../../other": "", "a\r\nSet-Cookie: x": "", strings.Repeat("a", 3000): "",
	} {
		if got := place(text); got != want {
			t.Errorf("%q leads to %q", text, got)
		}
	}
}
