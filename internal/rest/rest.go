// Package rest answers the read side of BOS v2's REST API from bosgraph's store, so
// that what polls BOS can poll here: the same paths, parameters, JSON and problems.
// Writing is left to BOS, and to the GraphQL mutations.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Store is what the answers are made of.
type Store interface {
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
	ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error)
	ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
		detailed, total bool) (*bos.List[*bos.Component], error)
	// Owns says of each of those ids whether the tenant owns it.
	Owns(ctx context.Context, tenant string, ids []string) ([]bool, error)
	Ping(ctx context.Context) error
}

// Options say how the API is served.
type Options struct {
	Prefix string // path before /v2
	Log    *slog.Logger
	Now    func() time.Time // the clock that ages and durations go by; if nil, one of whole seconds
}

// handler answers the paths below one prefix.
type handler struct {
	Options
	store Store
}

// New makes the handler of Prefix/v2 and all below it.
func New(store Store, o Options) http.Handler {
	h := &handler{Options: o, store: store}
	if h.Now == nil {
		// BOS: microseconds, so that a running session's duration reads 0:00:20.123456.
		// Its documentation shows whole seconds, and that is what is read.
		h.Now = func() time.Time { return time.Now().Truncate(time.Second) }
	}
	mux := http.NewServeMux()
	for _, r := range []route{
		{"", h.version, nil},
		{"/version", h.version, nil},
		{"/healthz", h.healthz, nil},
		{"/sessions", h.sessions, instead{"POST": "createSession", "DELETE": "deleteSession"}},
		{"/sessions/{id}", h.session, instead{"PATCH": "updateSession", "DELETE": "deleteSession"}},
		{"/sessions/{id}/status", h.status, instead{"POST": "updateSession"}},
		{"/components", h.components, instead{"PUT": "putComponents", "PATCH": "patchComponents"}},
		{"/components/{id}", h.component, instead{"PUT": "putComponents", "PATCH": "patchComponents", "DELETE": "deleteComponents"}},
	} {
		mux.Handle(o.Prefix+"/v2"+r.path, h.answer(r))
	}
	mux.HandleFunc("/", h.unknown)
	return mux
}

// instead names the mutations that do what BOS does by other methods.
type instead map[string]string

// route is a path, what its GET answers, and what to use instead of its other methods.
type route struct {
	path      string
	get       func(w http.ResponseWriter, r *http.Request) error
	mutations instead
}

// answer answers a route's requests. An error is one from before the answer began.
func (h *handler) answer(to route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h.readOnly(w, r, to.mutations)
		if err == nil {
			err = to.get(w, r)
		}
		if err != nil {
			h.fail(w, r, err)
		}
	}
}

// tenantHeader names the tenant on whose behalf a request is made.
const tenantHeader = "Cray-Tenant-Name"

// tenantOf is the tenant of a request, "" for none.
// BOS: without one, a session is looked up among the untenanted, while lists show
// everything, whoever it belongs to.
func tenantOf(r *http.Request) string { return r.Header.Get(tenantHeader) }

// version is an answer to a question about the API: which version of BOS's it is.
type version struct {
	Links []link `json:"links"`
	Major string `json:"major"` // BOS: strings, though it describes them as integers
	Minor string `json:"minor"`
	Patch string `json:"patch"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// version tells the version of BOS whose answers these are, not bosgraph's own.
func (h *handler) version(w http.ResponseWriter, r *http.Request) error {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	root := scheme + "://" + r.Host + h.Prefix
	return send(w, version{
		// BOS: its own root, which lists versions; here that is the dashboard.
		Links: []link{{root + "/v2", "self"}, {root + "/v2", "versions"}},
		Major: "2", Minor: "50", Patch: "0",
	})
}

// health is in camel case, unlike all else. BOS: api/openapi.yaml, Healthz.
type health struct {
	API string `json:"apiStatus"`
	DB  string `json:"dbStatus"`
}

// healthz tells whether Redis answers. BOS: 200 even if its database does not.
func (h *handler) healthz(w http.ResponseWriter, r *http.Request) error {
	health := health{API: "ok", DB: "ok"}
	if err := h.store.Ping(r.Context()); err != nil {
		health.DB = "not_available"
	}
	return send(w, health)
}
