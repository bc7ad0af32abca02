// Package rest answers the read side of BOS v2's REST API from bosgraph's store, so
// that what polls BOS can poll here: the same paths, parameters, limits, JSON and
// problems. Writing is left to BOS, and to the GraphQL mutations.
//
// What BOS answers is written from the code of BOS v2.50.0 and from what it stands on:
// connexion 2.14 checks the parameters, Flask and Werkzeug 2.2 route, jsonschema 4.25
// words what is wrong with a value. Where it matters, a comment begins with "BOS:".
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// Store is what the answers about sessions and components are made of.
type Store interface {
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
	ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error)
	ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
		detailed, total bool) (*bos.List[*bos.Component], error)
	// Owns says of each of those ids whether the tenant owns it.
	Owns(ctx context.Context, tenant string, ids []string) ([]bool, error)
	// KnowsTenant says whether there is a tenant of that name, whatever it owns.
	KnowsTenant(ctx context.Context, name string) (bool, error)
	Ping(ctx context.Context) error
}

// Options say how the API is served.
type Options struct {
	Base      string    // path that all of this server is below; empty for none
	Templates Templates // if nil, there are none
	Log       *slog.Logger
	// Heavy has room for as many pages after the first as may be made at a time, of these
	// and of other heavy operations; nil for any number.
	Heavy chan struct{}
	Now   func() time.Time // the clock that ages and durations go by; if nil, one of whole seconds
}

// The paths, below the base, under which a system's gateway has BOS, and its service its API.
const (
	gateway = "/apis/bos"
	service = "/v2"
)

// handler answers BOS's paths.
type handler struct {
	Options
	store  Store
	routes []route
}

// New makes the handler of BOS's paths, under both of its addresses: Base/v2 and all
// below it, as its service has them, and Base/apis/bos and all below it, as a gateway.
// The access of a request's context decides what is answered: none is answered without.
// Other paths go to next, and those are the only ones that it is asked for; nil for a
// problem instead.
func New(store Store, o Options, next http.Handler) http.Handler {
	h := &handler{Options: o, store: store}
	if h.Now == nil {
		// BOS: microseconds, so that a running session's duration reads 0:00:20.123456.
		// Its documentation shows whole seconds, and that is what is read.
		h.Now = func() time.Time { return time.Now().Truncate(time.Second) }
	}
	if h.Templates == nil {
		h.Templates = noTemplates{}
	}
	h.routes = h.all()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, ok := locate(h.Base, r.URL.Path)
		switch {
		case ok:
			h.serve(w, r, at)
		case next != nil:
			next.ServeHTTP(w, r)
		default:
			h.fail(w, r, notThere())
		}
	})
}

// all are the paths that there are, and what is to be done at each.
func (h *handler) all() []route {
	session, component := path("session_id", isSessionName), path("component_id", isComponentID)
	template := path("session_template_id", isSessionName)
	return []route{
		{path: "/v2", get: h.version, needs: auth.ReadServer},
		{path: "/v2/version", get: h.version, needs: auth.ReadServer},
		{path: "/v2/healthz", get: h.healthz, needs: auth.ReadServer},
		{path: "/v2/sessions", get: h.sessions, needs: auth.ReadSessions, tenanted: true, query: sessionParameters(),
			writes: instead{"POST": "createSession", "DELETE": "deleteSession"}},
		{path: "/v2/sessions/{}", get: h.session, needs: auth.ReadSessions, tenanted: true, id: session,
			writes: instead{"PATCH": "updateSession", "DELETE": "deleteSession"}},
		{path: "/v2/sessions/{}/status", get: h.status, needs: auth.ReadSessions, tenanted: true, id: session, writes: instead{"POST": "updateSession"}},
		{path: "/v2/components", get: h.components, needs: auth.ReadComponents, tenanted: true, query: componentParameters(),
			writes: instead{"PUT": "putComponents", "PATCH": "patchComponents"}},
		{path: "/v2/components/{}", get: h.component, needs: auth.ReadComponents, tenanted: true, id: component,
			writes: instead{"PUT": "putComponents", "PATCH": "patchComponents", "DELETE": "deleteComponents"}},
		{path: "/v2/applystaged", needs: auth.ReadComponents, writes: instead{"POST": ""}},
		{path: "/v2/sessiontemplates", get: h.templates, needs: auth.ReadTemplates, tenanted: true},
		{path: "/v2/sessiontemplates/{}", get: h.template, needs: auth.ReadTemplates, tenanted: true, id: template,
			writes: instead{"PUT": "", "PATCH": "", "DELETE": ""}},
		{path: "/v2/sessiontemplatesvalid/{}", get: h.validateTemplate, needs: auth.ReadTemplates, tenanted: true, id: template},
		{path: "/v2/sessiontemplatetemplate", get: h.templateTemplate, needs: auth.ReadServer},
		{path: "/v2/options", get: h.options, needs: auth.ReadServer, writes: instead{"PATCH": ""}},
	}
}

// tenantHeader names the tenant on whose behalf a request is made.
const tenantHeader = auth.TenantHeader

// tenantOf is the tenant of a request, "" for none. It is the one that the request's access is
// limited to, if it is to one, also where that is known without the header.
// BOS: without one, a session is looked up among the untenanted, while lists show
// everything, of every tenant.
func tenantOf(r *http.Request) string { return auth.AccessOf(r.Context()).Tenant() }

// needTenant refuses a request on behalf of a tenant that there is not.
// BOS: tenant_error_handler, and only where it needs to know what the tenant owns.
func (h *handler) needTenant(ctx context.Context, tenant string) error {
	if tenant == "" {
		return nil
	}
	known := false
	if bos.CheckTenant(tenant) == nil {
		var err error
		if known, err = h.store.KnowsTenant(ctx, tenant); err != nil {
			return err
		}
	}
	if !known {
		return newProblem(http.StatusBadRequest, "Invalid tenant", "Data not found for tenant %s", tenant)
	}
	return nil
}

// health is in camel case, unlike all else. BOS: api/openapi.yaml, Healthz.
type health struct {
	API string `json:"apiStatus"`
	DB  string `json:"dbStatus"`
}

// healthz says whether Redis answers. BOS: 200 even if its database does not.
func (h *handler) healthz(w http.ResponseWriter, r *request) error {
	health := health{API: "ok", DB: "ok"}
	if err := h.store.Ping(r.Context()); err != nil {
		health.DB = "not_available"
	}
	return send(w, health)
}
