package guard

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRefusalsDoNotFillTheLog shows that refusals do not fill the log.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := New(http.NotFoundHandler(), Options{
			Log:    slog.New(slog.NewTextHandler(&log, nil)),
			Refuse: func(w http.ResponseWriter, _ *http.Request, status int, _ string) { w.WriteHeader(status) },
		})
		ask := func(host, origin string) {
			r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
			if r.Host = host; origin != "" {
				r.Header.Set("Origin", origin)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		for range 100 {
			ask("evil.test", "")
			ask("localhost", "http://"+strings.Repeat("x", 10_000))
			time.Sleep(time.Second)
		}
		for what, want := range map[string]int{"host=evil.test": 2, "origin=http://x": 2, "path=/graphql": 4} {
			if got := strings.Count(log.String(), what); got != want {
				t.Errorf("in 100 s %s is logged %d times, want %d:\n%s", what, got, want, log.String())
			}
		}
		if log.Len() > 2000 {
			t.Errorf("the log has %d bytes", log.Len())
		}
	})
}

// TestOriginsAreComparedHoweverTheyAreWritten shows how origins are said and compared, in whatever way they are written.
func TestOriginsAreComparedHoweverTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"http://h":                           "http://h",
		"HTTP://H.Example.:80":               "http://h.example",
		"https://h:443":                      "https://h",
		"https://h:80":                       "https://h:80",
		"http://[0:0::1]:8080":               "http://[::1]:8080",
		"http://127.0.0.1":                   "http://127.0.0.1",
		"chrome-extension://abcdefg":         "chrome-extension://abcdefg",
		"null":                               "",
		"":                                   "",
		"http://":                            "",
		"://h":                               "",
		"http://h/":                          "",
		"http://u@h":                         "",
		"http://h:80:80":                     "",
		"http://h http://i":                  "",
		"http://[::1":                        "",
		"http://[127.0.0.1]":                 "",
		"http://h\x00":                       "",
		"http://ü":                           "",
		"http://" + strings.Repeat("h", 300): "",
	} {
		o, ok := parseOrigin(text)
		if got := o.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, ok, want)
		}
	}
}

// TestPagesWithoutTLSAreForeignToAServerWithTLS has pages of the server's own host: anybody on the way could have
// written those without TLS. Where TLS ends before the server, it cannot know.
func TestPagesWithoutTLSAreForeignToAServerWithTLS(t *testing.T) {
	h := New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Options{
		Hosts: []string{"h"}, Origins: []string{"http://h:8080"}, Log: slog.New(slog.DiscardHandler),
		Refuse: func(w http.ResponseWriter, _ *http.Request, status int, _ string) { w.WriteHeader(status) },
	})
	for _, test := range []struct {
		server, host, origin string
		status               int
	}{
		{"https://h/", "h", "http://h", http.StatusForbidden},
		{"https://h/", "h:443", "http://h:443", http.StatusForbidden},
		{"https://h/", "h", "https://h", http.StatusOK},
		{"https://h/", "h", "http://h:8080", http.StatusOK}, // allowed by name
		{"http://h/", "h", "http://h", http.StatusOK},
		{"http://h/", "h", "https://h", http.StatusOK},
	} {
		r, w := httptest.NewRequest(http.MethodPost, test.server, nil), httptest.NewRecorder()
		r.Host = test.host
		r.Header.Set("Origin", test.origin)
		if h.ServeHTTP(w, r); w.Code != test.status {
			t.Errorf("%s at %s from %s: %d, want %d", test.server, test.host, test.origin, w.Code, test.status)
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	h := New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Options{Listen: "127.0.0.1:8080"})
	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	r.Host = "127.0.0.1:8080"
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
