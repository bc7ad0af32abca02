package app

import (
	"net/http"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/rest"
)

// What the tests of this package see of a server besides what it answers.

func (a *App) Config() config.Config        { return a.config }
func (a *App) Store() *cache.Store          { return a.store }
func (a *App) SyncState() bos.SyncState     { return a.sync.State() }
func (a *App) MetricsAddr() string          { return a.metricsListener.Addr().String() }
func (a *App) MetricsHandler() http.Handler { return a.metricsServer.Handler }
func (a *App) Stopping() bool               { return a.stopping.Load() }

// WatchRedisEvery replaces the time between two looks at Redis, before Start.
func (a *App) WatchRedisEvery(d time.Duration) { a.watchEvery = d }

// AsViewer answers GraphQL for clients that may read everything and change nothing.
func (a *App) AsViewer() http.Handler {
	access, err := auth.Principal{Roles: auth.Roles(0).With(auth.Viewer)}.For("")
	if err != nil {
		panic(err) // never refused: everything may be read
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.streams.ServeHTTP(w, r.WithContext(auth.WithAccess(r.Context(), access)))
	})
}

// RESTStore is what BOS's paths are answered from where no BOS is followed.
func (a *App) RESTStore() rest.Store { return restStore{Store: a.store} }
