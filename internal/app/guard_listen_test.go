package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestListenAddressDecidesWhichHostsAreAllowed shows which hosts are allowed by --listen, and by a star.
func TestListenAddressDecidesWhichHostsAreAllowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		options []string
		host    string
		status  int
	}{
		{[]string{"--insecure", "--listen", "localhost.localdomain:0"}, "localhost.localdomain:80", 200},
		{[]string{"--insecure", "--listen", ":0"}, "10.1.2.3", 200},
		{[]string{"--insecure", "--listen", ":0"}, "localhost", 200},
		{[]string{"--insecure", "--listen", ":0"}, "evil.test", 421},
		{[]string{"--insecure", "--listen", "0.0.0.0:0"}, "boot.example.com", 421},
		{[]string{"--allow-host", "*"}, "evil.test", 200},
		{[]string{"--allow-host", "*"}, "[evil", 200},
		{[]string{"--allow-host", "a.test", "--allow-host", "b.test"}, "b.test", 200},
	} {
		t.Run(fmt.Sprint(test.options, " ", test.host), func(t *testing.T) {
			c, err := config.Parse(append([]string{"serve"}, test.options...), io.Discard, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			a := &App{config: c, log: slog.New(slog.DiscardHandler)}
			h := a.guarded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") }))
			r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
			r.Host = test.host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("answered %d: %s", w.Code, w.Body)
			}
		})
	}
}
