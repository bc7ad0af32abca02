package app

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/graph/limits"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/pages"
	"github.com/bosgraph/bosgraph/internal/transport"
	"github.com/bosgraph/bosgraph/internal/view"
	"github.com/bosgraph/bosgraph/loaders"
)

// handler routes everything that is served, below the base path: to the pages what is
// nothing else. Nothing is served but through the guard, and no data but to who was admitted.
func (a *App) handler() http.Handler {
	base := a.config.BasePath
	mux := http.NewServeMux()
	mux.Handle(base+"/graphql", pages.Playable(a.admitted(a.graphql()), base))
	mux.HandleFunc("GET "+base+"/healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET "+base+"/readyz", a.ready)
	if a.config.MetricsListen == "" {
		mux.Handle("GET "+base+"/metrics", a.admitted(operators(a.metrics.Handler())))
	}
	if a.login != nil {
		a.login.Handle(mux)
	}
	mux.Handle(base+"/", a.site)
	// From the outside in. The guard comes first, as names and origins have to be checked even
	// of requests that are refused later; then requests get their id, by which the audit log names them.
	all := identified(a.observedREST(a.admittedREST(a.rest(mux))))
	if a.traces != nil {
		all = a.traces.Handler(all)
	}
	return a.leaving(a.guarded(all))
}

// leaving ends each connection with its answer while the server stops: clients and proxies keep connections for their next
// requests, and one that they take at the moment at which the server closes it would be lost.
func (a *App) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// The bounds of one request's size, in bytes.
const (
	maxHeader    = 128 << 10 // 5,000 ids in the query of a URL fit in
	maxReadBody  = 1 << 20
	maxWriteBody = 16 << 20 // 5,000 whole records of BOS fit in
)

// parsedDocuments is how many documents are kept parsed and validated: clients
// send the same ones again and again.
const parsedDocuments = 1000

func (a *App) graphql() http.Handler {
	visible := view.New(a.graphStore(), a.store)
	// Resolvers have no way to Redis but through view, which shows a tenant its own only.
	resolver := &graph.Resolver{Store: graph.Audited{Store: visible}, Live: view.NewLive(a.hub), Info: a.info(), MaxUpdate: a.config.MaxResponse}
	// Not assigned always: an interface that holds a nil pointer is not nil.
	if a.sync != nil {
		resolver.Sync = a.sync
	}
	schema := graph.NewSchema(resolver)
	exec := executor.New(schema)
	exec.Use(graph.Plans{})
	exec.SetErrorPresenter(graph.PresentError(a.log))
	exec.SetRecoverFunc(graph.Recover)
	exec.SetParserTokenLimit(limits.Tokens)
	documents := limits.NewDocuments(parsedDocuments)
	exec.SetQueryCache(documents)
	// In this order: who may ask for nothing is refused before a document is parsed, and what is
	// too large before Rights looks at root fields wherever they are spread.
	exec.Use(extension.Introspection{})
	exec.Use(graph.SchemaRights{})
	exec.Use(limits.Once{Limits: limits.Default(a.config.MaxCost), Passed: documents})
	exec.Use(graph.Rights{})
	exec.Use(graph.Outage{})
	exec.Use(graph.Audit{Log: a.audit})
	exec.AroundResponses(loaders.Install(visible))
	if a.traces != nil {
		exec.AroundOperations(a.traces.Operation)
	}
	h := transport.NewHTTP(exec, func(r *http.Request) int64 {
		// Only these mutations take long lists. Clients that may not call them need
		// no more memory than a query does.
		if access := auth.AccessOf(r.Context()); access.Can(auth.WriteComponents) || access.Can(auth.WriteTenants) {
			return maxWriteBody
		}
		return maxReadBody
	})
	// What is traced is executed, with all that is around it. Nothing else has the time that an operation may take:
	// two exchanges with Redis at most are within it anyway.
	if a.traces == nil && a.config.OperationTimeout > 2*cache.DefaultTimeout {
		h.Direct = schema.Direct
	}
	return a.stream(h)
}

// say answers a probe, or a page's request that is refused, with a line of text.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// info is what the server says of itself.
func (a *App) info() graph.Info {
	return graph.Info{Version: Build().Version, Namespace: a.config.Namespace, Redis: redisKind(a.config.Redis), StartedAt: time.Now()}
}

// redisKind names what keeps the state, without saying where that is.
func redisKind(r config.Redis) string {
	switch scheme, _, _ := strings.Cut(r.RedisURL, "://"); {
	case r.Embedded():
		return "embedded, in memory"
	case r.DataDir != "":
		return "redis-server of --data-dir"
	case strings.HasSuffix(scheme, "+cluster"):
		return "cluster"
	case strings.HasSuffix(scheme, "+sentinel"):
		return "sentinel"
	default:
		return "single server"
	}
}
