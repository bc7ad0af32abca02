package app

import (
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/graph/limits"
	"github.com/bosgraph/bosgraph/internal/pages"
	"github.com/bosgraph/bosgraph/internal/transport"
	"github.com/bosgraph/bosgraph/loaders"
)

// handler routes everything that is served, below the base path: to the site, which
// is the pages, what is nothing else.
func (a *App) handler(site http.Handler) http.Handler {
	base := a.config.BasePath
	mux := http.NewServeMux()
	mux.Handle(base+"/graphql", pages.Playable(principal(a.graphql()), base))
	mux.HandleFunc("GET "+base+"/healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET "+base+"/readyz", a.ready)
	a.rest(mux, base)
	mux.Handle(base+"/", site)
	return mux
}

// The bounds of one request's size, in bytes.
const (
	maxReadBody  = 1 << 20
	maxWriteBody = 16 << 20 // 5,000 whole records of BOS fit in
)

// parsedDocuments is how many documents are kept parsed and validated: clients
// send the same ones again and again.
const parsedDocuments = 1000

func (a *App) graphql() http.Handler {
	resolver := &graph.Resolver{Store: a.graphStore(), Live: a.hub, Info: a.info()}
	if a.sync != nil {
		resolver.Sync = a.sync
	}
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: resolver}))
	exec.SetErrorPresenter(graph.PresentError(a.log))
	exec.SetRecoverFunc(graph.Recover)
	exec.SetParserTokenLimit(limits.Tokens)
	documents := limits.NewDocuments(parsedDocuments)
	exec.SetQueryCache(documents)
	exec.Use(extension.Introspection{})
	exec.Use(limits.Once{Limits: limits.Default(), Passed: documents})
	exec.Use(graph.Rights{})
	exec.Use(graph.Outage{})
	exec.AroundResponses(loaders.Install(a.store))
	return a.stream(transport.NewHTTP(exec, func(r *http.Request) int64 {
		if graph.PrincipalOf(r.Context()).Write {
			return maxWriteBody
		}
		return maxReadBody
	}))
}

// principal says who asks. No access control is configured, so anybody may do
// anything.
func principal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(graph.WithPrincipal(r.Context(), graph.Principal{Write: true})))
	})
}

// ready says whether requests should be sent here: Redis answers, and the server
// is not stopping.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	if a.stopping.Load() {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	if err := a.store.Ping(r.Context()); err != nil {
		a.log.Warn("not ready", "error", err)
		say(w, http.StatusServiceUnavailable, "Redis does not answer")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// info is what the server says of itself.
func (a *App) info() graph.Info {
	return graph.Info{Version: Version(), Namespace: a.config.Namespace, Redis: redisKind(a.config.RedisURL), StartedAt: time.Now()}
}

// redisKind names what a URL leads to, without saying where that is.
func redisKind(url string) string {
	switch scheme, _, _ := strings.Cut(url, "://"); {
	case scheme == "":
		return "embedded, in memory"
	case strings.HasSuffix(scheme, "+cluster"):
		return "cluster"
	case strings.HasSuffix(scheme, "+sentinel"):
		return "sentinel"
	default:
		return "single server"
	}
}

// Version is the version that this program was built as.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}
