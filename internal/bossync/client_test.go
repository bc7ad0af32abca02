package bossync

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestAnswersAreReadToALimitThatTheErrorNames shows that an answer is read to a limit, and that the error names the limit,
// not the JSON that is cut off by it.
func TestAnswersAreReadToALimitThatTheErrorNames(t *testing.T) {
	fake := bosfake.New(bosfake.Options{})
	fake.AddComponents(1)
	server := httptest.NewServer(fake)
	defer server.Close()
	c := newClient(Service{Name: "BOS", URL: server.URL, Timeout: time.Minute})
	defer c.close()
	read := func() error {
		return c.get(t.Context(), componentsPath, nil, "", func(r io.Reader) error {
			return readList(r, func(jsontext.Value) error { return nil })
		})
	}
	c.most = 3 << 20
	fault := fake.Inject(bosfake.Fault{Pad: 3 << 20})
	if err := read(); bos.CodeOf(err) != bos.Unavailable || !strings.HasSuffix(err.Error(), "GET /v2/components: its answer is larger than 3 MiB") {
		t.Errorf("%v", err)
	}
	fault.Lift()
	fake.Inject(bosfake.Fault{Pad: 2 << 20})
	if err := read(); err != nil {
		t.Errorf("below the limit: %v", err)
	}
}

// TestUsersSeeTheReasonAndTheLogTheCause shows what users see of an error, and what only the log has.
func TestUsersSeeTheReasonAndTheLogTheCause(t *testing.T) {
	server := httptest.NewServer(nil)
	url := server.URL
	server.Close()
	c := newClient(Service{Name: "BOS", URL: url, Timeout: time.Minute})
	err := c.get(t.Context(), sessionsPath, nil, "", nil)
	if err == nil || shown(err) != "BOS, GET /v2/sessions: it can't be reached, or the connection broke" || errors.Unwrap(err) == nil {
		t.Errorf("shown %q, for the log %v", shown(err), reasons(err))
	}
	if shown(errors.New("secret")) != "an internal error; the server's log has it" {
		t.Error("an internal error is shown")
	}
	if err := c.failed("/v2", "it answered 503", nil); len(reasons(err)) != 2 {
		t.Errorf("without a cause: %v", reasons(err))
	}
}

// TestTheTokenDoesNotFollowARedirect shows that a redirect is an error, and that nothing is asked where it leads.
func TestTheTokenDoesNotFollowARedirect(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL+"/v2/components", http.StatusFound))
	defer server.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Reach(t.Context(), Service{Name: "BOS", URL: server.URL, TokenFile: token, Timeout: time.Minute})
	if err == nil || err.Error() != "BOS, GET /v2/sessions: it answered 302 Found, a redirect: is this the right URL?" || asked {
		t.Errorf("%v; asked the other server: %v", err, asked)
	}
	err = ReachTAPMS(t.Context(), Service{Name: "TAPMS", URL: server.URL, TokenFile: token, Timeout: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "TAPMS, GET /v1alpha3/tenants: it answered 302") || asked {
		t.Errorf("%v; asked the other server: %v", err, asked)
	}
}
