package rest

import (
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/rest/resttest"
)

var update = flag.Bool("update", false, "write the golden files again")

// serve is the API on a store, at 10 o'clock, for those who may read everything.
func serve(t *testing.T, store Store) http.Handler {
	api := New(store, Options{
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) },
	}, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access, err := auth.Anyone().For(r.Header.Get(tenantHeader))
		if err != nil {
			t.Error(err)
		}
		api.ServeHTTP(w, r.WithContext(auth.WithAccess(r.Context(), access)))
	})
}

// get asks a handler for a path on behalf of a tenant.
func get(h http.Handler, method, path, tenant string) (*http.Request, *httptest.ResponseRecorder) {
	r := httptest.NewRequest(method, path, nil)
	if tenant != "" {
		r.Header.Set(tenantHeader, tenant)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return r, w
}

// logged is where an error is to be found, which is different every time.
var logged = regexp.MustCompile(`under [A-Z2-7]{26}`)

// TestAnswersAreThoseOfTheGoldenFiles compares every answer with a file: what is asked, and what comes.
func TestAnswersAreThoseOfTheGoldenFiles(t *testing.T) {
	contract := resttest.New(t)
	away := &bos.Error{Code: bos.Unavailable, Reason: bos.RedisUnreachable, Message: "Redis does not answer", Err: errors.New("dial tcp: refused")}
	for _, test := range []struct {
		name, path string
		method     string // GET if empty
		tenant     string
		err        error // of the store
		status     int   // 200 if zero
	}{
		{name: "v2", path: "/v2"},
		{name: "version", path: "/v2/version"},
		{name: "healthz", path: "/v2/healthz"},
		{name: "healthz-away", path: "/v2/healthz", err: away},

		{name: "sessions", path: "/v2/sessions"},
		{name: "sessions-of-tenant", path: "/v2/sessions", tenant: "blue"},
		{name: "sessions-of-nobody", path: "/v2/sessions", tenant: "no/body"},
		{name: "sessions-running", path: "/v2/sessions?status=running&status=complete"},
		{name: "sessions-younger", path: "/v2/sessions?max_age=1h"},
		{name: "sessions-older", path: "/v2/sessions?min_age=1D&max_age=999999w"},
		{name: "session", path: "/v2/sessions/night"},
		{name: "session-of-tenant", path: "/v2/sessions/night", tenant: "blue"},
		{name: "session-not-set-up", path: "/v2/sessions/broken"},
		{name: "session-deleted", path: "/v2/sessions/gone", status: 404},
		{name: "session-unknown", path: "/v2/sessions/none", status: 404},
		{name: "session-unknown-to-tenant", path: "/v2/sessions/new", tenant: "blue", status: 404},
		{name: "session-impossible", path: "/v2/sessions/a..", status: 400},
		{name: "session-of-two-parts", path: "/v2/sessions/a%2F..%2Fb", status: 404},

		{name: "status-pending", path: "/v2/sessions/new/status"},
		{name: "status-running", path: "/v2/sessions/night/status"},
		{name: "status-of-tenant", path: "/v2/sessions/night/status", tenant: "blue"},
		{name: "status-of-nothing", path: "/v2/sessions/broken/status"},
		{name: "status-sample", path: "/v2/sessions/3d2e86d1-8909-46fc-8a22-f42f1a140264/status"},
		{name: "status-deleted", path: "/v2/sessions/gone/status", status: 404},

		{name: "components", path: "/v2/components"},
		{name: "components-of-tenant", path: "/v2/components", tenant: "blue"},
		{name: "components-page", path: "/v2/components?start_after_id=x2&page_size=2"},
		{name: "components-by-ids", path: "/v2/components?ids=x4,x1,,no%20id,x9,x1"},
		{name: "components-by-no-id", path: "/v2/components?ids=", status: 400},
		{name: "components-by-sessions", path: "/v2/components?session=night&staged_session=new"},
		{name: "components-by-impossible-session", path: "/v2/components?session=a%2Fb", status: 400},
		{name: "components-disabled", path: "/v2/components?enabled=FALSE&session=night&page_size=2"},
		{name: "components-by-phase", path: "/v2/components?phase=configuring"},
		{name: "components-by-status", path: "/v2/components?status=failed,on_hold"},
		{name: "component", path: "/v2/components/x1"},
		{name: "component-bare", path: "/v2/components/x4"},
		{name: "component-of-tenant", path: "/v2/components/x4", tenant: "green"},
		{name: "component-of-others", path: "/v2/components/x1", tenant: "green", status: 404},
		{name: "component-unknown", path: "/v2/components/x9", status: 404},
		{name: "component-impossible", path: "/v2/components/a%2Cb", status: 404},

		{name: "problem-age", path: "/v2/sessions?min_age=1d2h", status: 400},
		{name: "problem-state", path: "/v2/sessions?status=stable", status: 400},
		{name: "problem-enabled", path: "/v2/components?enabled=1", status: 400},
		{name: "problem-page-size", path: "/v2/components?page_size=all", status: 400},
		{name: "problem-page-size-negative", path: "/v2/components?page_size=-1", status: 400},
		{name: "problem-tenant", path: "/v2/components", tenant: "no/body", status: 400},
		{name: "problem-path", path: "/v2/sessiontemplate", status: 404},
		{name: "sessiontemplates", path: "/v2/sessiontemplates"},
		{name: "sessiontemplate-unknown", path: "/v2/sessiontemplates/compute", status: 404},
		{name: "sessiontemplatetemplate", path: "/v2/sessiontemplatetemplate"},
		{name: "options", path: "/v2/options"},
		{name: "problem-path-of-nothing", path: "/v2/sessions/", status: 404},
		{name: "problem-create", method: "POST", path: "/v2/sessions", status: 405},
		{name: "problem-patch", method: "PATCH", path: "/v2/components/x1", status: 405},
		{name: "problem-method", method: "TRACE", path: "/v2/version", status: 405},
		{name: "problem-away", path: "/v2/components", err: away, status: 503},
		{name: "problem-heavy", path: "/v2/components", err: bos.Errorf(bos.Unavailable, "as many large requests are under way as may be"), status: 503},
		{name: "problem-busy", path: "/v2/components/x1", err: bos.Errorf(bos.Conflict, "these components keep changing: try again"), status: 503},
		{name: "problem-internal", path: "/v2/sessions/night/status", err: errors.New("secret"), status: 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := furnished()
			store.err = test.err
			if test.method == "" {
				test.method = http.MethodGet
			}
			if test.status == 0 {
				test.status = http.StatusOK
			}
			r, w := get(serve(t, store), test.method, test.path, test.tenant)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
			if allow := w.Header().Get("Allow"); (allow == "GET, HEAD, OPTIONS") != (test.status == http.StatusMethodNotAllowed) {
				t.Errorf("Allow is %q", allow)
			}
			contract.Check(t, r, w.Code, w.Header(), w.Body.Bytes())
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("no JSON: %s", w.Body)
			}
			golden(t, test.name, logged.ReplaceAll(w.Body.Bytes(), []byte("under ID")))
		})
	}
}

// golden compares an answer with the file of that name, byte by byte.
func golden(t *testing.T, name string, have []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, have, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Errorf("answered\n%s\nwant\n%s", have, want)
	}
}
