package app

import (
	"context"
	"net/http"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/rest"
)

// rest answers BOS's own paths, as its service has them and as a system's gateway does,
// and leaves all others to next. It comes before the routing of those: BOS answers paths
// with empty segments in its own way.
func (a *App) rest(next http.Handler) http.Handler {
	o := rest.Options{Base: a.config.BasePath, Log: a.log, Heavy: a.bounds.Heavy}
	if a.sync != nil {
		o.Templates = templates{a.store}
	}
	return rest.New(restStore{a.store, a.sync}, o, next)
}

// restStore is the store as BOS's paths are answered from it.
type restStore struct {
	*cache.Store
	sync *bossync.Sync // nil where no BOS is followed
}

// KnowsTenant implements [rest.Store]: a tenant is known that owns something, or that the
// sync has been given by the tenants' source.
func (s restStore) KnowsTenant(ctx context.Context, name string) (bool, error) {
	if s.sync != nil && s.sync.KnowsTenant(name) {
		return true, nil
	}
	return s.OwnsAny(ctx, name)
}
