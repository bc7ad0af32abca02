package app

import (
	"context"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/bossync"
)

// leaseLife is how long a server that follows BOS may be silent before another takes
// over.
const leaseLife = 5 * time.Second

// following makes what follows BOS, if there is one to follow.
func (a *App) following() error {
	c := a.config.BOS
	if c.BOSURL == "" {
		return nil
	}
	service := bossync.Service{Name: "BOS", URL: c.BOSURL, TokenFile: c.BOSToken, Timeout: c.BOSTimeout}
	if c.BOSCA != "" {
		var err error
		if service.TLS, err = trusting(c.BOSCA); err != nil {
			return err
		}
	}
	o := bossync.Options{
		BOS: service, Tenants: c.TenantsFile, PageSize: c.BOSPageSize, Interval: c.BOSInterval, Life: leaseLife,
		Stale: a.hub.Silent, Log: a.log,
	}
	if c.TAPMSURL != "" {
		tapms := service
		tapms.Name, tapms.URL = "TAPMS", c.TAPMSURL
		o.TAPMS = &tapms
	}
	a.sync = bossync.New(lease{a.store.NewLease(leaseLife), a.store}, o)
	return nil
}

// lease is the store's lease, as the sync knows it.
type lease struct {
	*cache.Lease
	store *cache.Store
}

// During implements [bossync.Lease].
func (l lease) During(t bos.Tenure) bossync.Store { return l.store.During(t) }

// graphStore is what mutations change: where a BOS is followed, only what does not
// come from there.
func (a *App) graphStore() graph.Store {
	if a.sync == nil {
		return a.store
	}
	return followed{a.store, a.config.TAPMSURL != "" || a.config.TenantsFile != ""}
}

// followed is a store whose components and sessions are BOS's.
type followed struct {
	*cache.Store
	tenants bool // these come from elsewhere, too
}

func elsewhere(what string) error {
	return bos.Errorf(bos.Conflict, "this server follows BOS: %s there", what)
}

// PutComponents implements [graph.Store], as do the others.
func (followed) PutComponents(context.Context, []bos.ComponentPatch) (bos.BatchResult, error) {
	return bos.BatchResult{}, elsewhere("change components")
}

func (followed) PatchComponents(context.Context, []bos.ComponentPatch) (bos.BatchResult, error) {
	return bos.BatchResult{}, elsewhere("change components")
}

func (followed) DeleteComponents(context.Context, []string) (bos.BatchResult, error) {
	return bos.BatchResult{}, elsewhere("delete components")
}

func (followed) CreateSession(context.Context, bos.NewSession) (*bos.Session, error) {
	return nil, elsewhere("create sessions")
}

func (f followed) PutTenant(ctx context.Context, name string, ids []string) (owned int, err error) {
	if f.tenants {
		return 0, bos.Errorf(bos.Conflict, "this server learns from elsewhere what tenants own: change it there")
	}
	return f.Store.PutTenant(ctx, name, ids)
}
