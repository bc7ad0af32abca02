package rest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// routeActions are what each path needs. A path that is added has to be added here.
var routeActions = map[string]auth.Action{
	"/v2":                          auth.ReadServer,
	"/v2/version":                  auth.ReadServer,
	"/v2/healthz":                  auth.ReadServer,
	"/v2/sessions":                 auth.ReadSessions,
	"/v2/sessions/{}":              auth.ReadSessions,
	"/v2/sessions/{}/status":       auth.ReadSessions,
	"/v2/components":               auth.ReadComponents,
	"/v2/components/{}":            auth.ReadComponents,
	"/v2/applystaged":              auth.ReadComponents,
	"/v2/sessiontemplates":         auth.ReadTemplates,
	"/v2/sessiontemplates/{}":      auth.ReadTemplates,
	"/v2/sessiontemplatesvalid/{}": auth.ReadTemplates,
	"/v2/sessiontemplatetemplate":  auth.ReadServer,
	"/v2/options":                  auth.ReadServer,
}

// TestEveryPathNeedsItsAction compares the routes with the table, and asks for each of them as
// every role and without any right.
func TestEveryPathNeedsItsAction(t *testing.T) {
	h := New(furnished(), Options{Log: slog.New(slog.DiscardHandler)}, nil)
	routes := (&handler{}).all()
	if len(routes) != len(routeActions) {
		t.Errorf("there are %d paths, and %d in the table", len(routes), len(routeActions))
	}
	for _, to := range routes {
		action, ok := routeActions[to.path]
		if !ok || action != to.needs {
			t.Errorf("%s needs %q, the table says %q (%v)", to.path, to.needs, action, ok)
		}
		for _, name := range append(auth.RoleNames(), "") {
			p := auth.Principal{Tenants: []string{"blue"}}
			if role, ok := auth.ParseRole(name); ok {
				p.Roles = p.Roles.With(role)
			}
			access, err := p.For("")
			if err != nil {
				t.Fatal(err)
			}
			_, err = access.View(action)
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
				r := httptest.NewRequest(method, pathOf(to.path), nil)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r.WithContext(auth.WithAccess(r.Context(), access)))
				if forbidden := w.Code == http.StatusForbidden; forbidden != (err != nil) {
					t.Errorf("%s %s as %q answers %d, the policy says %v", method, to.path, name, w.Code, err)
				}
			}
		}
	}
}

// pathOf is a route's path with an id that both sessions and components may have.
func pathOf(route string) string { return strings.ReplaceAll(route, "{}", "x1") }
