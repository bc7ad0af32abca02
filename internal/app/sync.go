package app

import (
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/config"
)

// leaseLife is how long the lease of a server that follows BOS lasts without being renewed:
// another takes over then. It is renewed every second.
const leaseLife = 5 * time.Second

// following makes the sync, if a BOS is to be followed.
func (a *App) following() error {
	c := a.config.BOS
	if c.BOSURL == "" {
		a.elsewhere = besideFollowers(a.store, a.log)
		return nil
	}
	service, tapms, err := services(c)
	if err != nil {
		return err
	}
	o := bossync.Options{
		BOS: service, TAPMS: tapms, Tenants: c.TenantsFile, PageSize: c.BOSPageSize, Interval: c.BOSInterval,
		Trust: bossync.Trust{Sweeps: c.BOSConfirmSweeps, Time: c.BOSConfirmTime}, Life: leaseLife,
		Stale: a.hub.Silent, Swept: a.metrics.Swept, Log: a.log,
	}
	a.sync = bossync.New(lease{a.store.NewLease(leaseLife)}, o)
	return nil
}

// services are BOS and TAPMS, which is nil for none.
func services(c config.BOS) (service bossync.Service, tapms *bossync.Service, err error) {
	service = bossync.Service{Name: "BOS", URL: c.BOSURL, TokenFile: c.BOSToken, Timeout: c.BOSTimeout}
	if c.BOSCA != "" {
		if service.TLS, err = trusting("--bos-ca-file", c.BOSCA); err != nil {
			return service, nil, err
		}
	}
	if c.TAPMSURL != "" {
		also := service
		also.Name, also.URL = "TAPMS", c.TAPMSURL
		tapms = &also
	}
	return service, tapms, nil
}

// lease is the store's lease, as the sync knows it.
type lease struct{ *cache.Lease }

// During implements [bossync.Lease].
func (l lease) During(t bos.Tenure) bossync.Store { return l.Lease.During(t) }

// graphStore is the store of GraphQL's resolvers: where a BOS is followed, mutations of what comes from there are refused, and so
// they are by a server beside those that follow it.
func (a *App) graphStore() graph.Store {
	if a.sync == nil {
		return a.elsewhere
	}
	return ownStore{a.store, atBOS(a.config.TAPMSURL != "" || a.config.TenantsFile != "")}
}
