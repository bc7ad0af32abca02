package webhooks

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // without, the server does not see that a client goes away
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/slow":
			<-r.Context().Done()
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		case "/seconds":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/date":
			w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/error":
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	for path, want := range map[string]result{
		"/": {accepted: true}, "/endless": {accepted: true}, "/gone": {gone: true, reason: "410"}, "/error": {reason: "500"},
		"/redirect": {reason: "redirects are not followed"}, "/slow": {reason: "did not answer within 1s"},
		"/seconds": {reason: "503", asked: 2 * time.Minute}, "/date": {reason: "429", asked: time.Hour},
	} {
		c, err := Read(written(t, strings.Replace(target(`, "timeout": "1s"`), "http://127.0.0.1:1/hook", server.URL+path, 1)))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		r := c.Targets[0].send(t.Context(), "id", []byte("{}"))
		if r.accepted != want.accepted || r.gone != want.gone || !strings.Contains(r.reason, want.reason) || (want.asked-r.asked).Abs() > 5*time.Second {
			t.Errorf("%s: %+v, want %+v", path, r, want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", path, took)
		}
	}
	server.Close()
	c, err := Read(written(t, strings.Replace(target(""), "127.0.0.1:1/hook", strings.TrimPrefix(server.URL, "http://")+"/TOKEN", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Targets[0].send(t.Context(), "id", nil); r.accepted || r.reason == "" || strings.Contains(fmt.Sprint(r), "TOKEN") {
		t.Errorf("without a server: %+v", r)
	}
}

func TestTLSNeedsAnAuthorityThatIsTrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs that it is not trusted
	server.StartTLS()
	defer server.Close()
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for more, accepted := range map[string]bool{`, "caFile": "ca"`: true, ``: false} {
		c, err := Read(written(t, strings.Replace(target(more), "http://127.0.0.1:1", server.URL, 1), "ca", authority))
		if err != nil {
			t.Fatal(err)
		}
		if r := c.Targets[0].send(t.Context(), "id", nil); r.accepted != accepted || !accepted && !strings.Contains(r.reason, "certificate") {
			t.Errorf("with %q: %+v", more, r)
		}
	}
}
