package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// elsewhere knows, on a server that follows no BOS, whether another one of the namespace does: what comes
// from BOS is not to be changed here, either. It is safe for concurrent use.
type elsewhere struct {
	ownStore
	log   *slog.Logger
	since atomic.Pointer[time.Time] // when that was noticed; nil while no other server does
}

const (
	lookElsewhere = time.Second
	// unfollowedAfter is how long ago the last note of a follower of BOS must be until a namespace counts as followed no
	// longer: longer than another replica takes to get the lease and to leave its own.
	unfollowedAfter = 30 * time.Second
)

const followedElsewhere = "another server of this namespace follows BOS: change components, sessions and tenants there, and start this server with the same --bos-url"

// watch looks for a follower once a second until ctx ends.
func (e *elsewhere) watch(ctx context.Context) {
	tick := time.NewTicker(lookElsewhere)
	defer tick.Stop()
	for {
		e.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look looks for one. After an error it is as it was: a failure of Redis stops no follower.
func (e *elsewhere) look(ctx context.Context) {
	age, err := e.SyncNoteAge(ctx)
	if err != nil {
		return
	}
	followed := age >= 0 && age < unfollowedAfter
	switch known := e.since.Load() != nil; {
	case followed && !known:
		now := time.Now()
		e.since.Store(&now)
		e.log.Warn("another server of this namespace follows BOS; mutations of what comes from there are refused")
	case !followed && known:
		e.since.Store(nil)
		e.log.Info("no server of this namespace follows BOS any more; mutations are accepted again")
	}
}

func (e *elsewhere) refuse() error {
	if e.since.Load() == nil {
		return nil
	}
	return bos.Errorf(bos.Conflict, followedElsewhere)
}

// Problems adds that this server has to be started otherwise.
func (e *elsewhere) Problems() []bos.Problem {
	all := e.Store.Problems()
	if since := e.since.Load(); since != nil {
		all = append([]bos.Problem{{Reason: bos.FollowedElsewhere, Message: followedElsewhere, Since: *since}}, all...)
	}
	return all
}

// PutComponents stores components, unless BOS is followed.
func (e *elsewhere) PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error) {
	if err := e.refuse(); err != nil {
		return bos.BatchResult{}, err
	}
	return e.Store.PutComponents(ctx, components)
}

// PatchComponents changes components, unless BOS is followed.
func (e *elsewhere) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	if err := e.refuse(); err != nil {
		return bos.BatchResult{}, err
	}
	return e.Store.PatchComponents(ctx, patches)
}

// DeleteComponents removes components, unless BOS is followed.
func (e *elsewhere) DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error) {
	if err := e.refuse(); err != nil {
		return bos.BatchResult{}, err
	}
	return e.Store.DeleteComponents(ctx, ids)
}

// CreateSession creates a session, unless BOS is followed.
func (e *elsewhere) CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error) {
	if err := e.refuse(); err != nil {
		return nil, err
	}
	return e.Store.CreateSession(ctx, n)
}

// PutTenant changes what a tenant owns, unless BOS is followed.
func (e *elsewhere) PutTenant(ctx context.Context, name string, ids []string) (owned int, err error) {
	if err := e.refuse(); err != nil {
		return 0, err
	}
	return e.Store.PutTenant(ctx, name, ids)
}
