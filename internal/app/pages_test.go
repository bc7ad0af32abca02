package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestPagesAmongRoutes shows that the pages get what nothing else answers, and that
// everything else answers as it does without them.
func TestPagesAmongRoutes(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/boot"} {
		s := apptest.Serve(t, "", "--base-path", base)
		s.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
		for _, test := range []struct {
			method, path, accept string
			status               int
			kind, location       string
		}{
			{"GET", "/", browser, 200, "text/html", ""},
			{"GET", "/sessions/monday", browser, 200, "text/html", ""},
			{"HEAD", "/sessions/monday", browser, 200, "text/html", ""},
			{"POST", "/sessions/monday", browser, 405, "text/plain", ""},
			{"GET", "/graphiql", browser, 200, "text/html", ""},
			{"GET", "/graphql", browser, 302, "text/html", base + "/graphiql"},
			{"GET", "/graphql?query=%7B__typename%7D", browser, 403, "application/json", ""},
			{"GET", "/graphql", "application/json", 422, "application/json", ""},
			{"GET", "/healthz", browser, 200, "text/plain", ""},
			{"POST", "/healthz", browser, 405, "text/plain", ""},
			{"GET", "/readyz", browser, 200, "text/plain", ""},
			{"GET", "/v2/sessions", browser, 200, "application/json", ""},
			{"GET", "/v2/nothing", browser, 404, "application/problem+json", ""},
			{"GET", "/apis/bos/v2/sessions", browser, 200, "application/json", ""},
			{"GET", "/metrics.json", "application/json", 404, "application/problem+json", ""},
			{"GET", "/troubled", browser, 200, "text/html", ""},
			{"GET", "/nothing", browser, 404, "text/html", ""},
			{"GET", "/nothing", "*/*", 404, "text/plain", ""},
		} {
			status, header := visit(t, s, test.method, test.path, test.accept)
			if kind, to := header.Get("Content-Type"), header.Get("Location"); status != test.status ||
				!strings.HasPrefix(kind, test.kind) || to != test.location {
				t.Errorf("%s %s: %d, %s, to %q; want %d, %s, to %q", test.method, base+test.path, status, kind, to,
					test.status, test.kind, test.location)
			}
		}
		if base != "" { // without its slash, it is not below itself
			if status, header := visit(t, s, "GET", "", browser); status/100 != 3 || header.Get("Location") != base+"/" {
				t.Errorf("GET %s: %d, to %q", base, status, header.Get("Location"))
			}
		}
	}
}

// visit asks for a path and reads the answer to its end.
func visit(t *testing.T, s *apptest.Site, method, path, accept string) (status int, header http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, s.Base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header
}
