package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
)

// elsewhere knows, on a server that follows no BOS, whether another one of the namespace does: what comes
// from BOS is not to be changed here, either. It is safe for concurrent use.
type elsewhere struct {
	ownStore
	log   *slog.Logger
	since atomic.Pointer[time.Time] // when that was noticed; nil while no other server does
}

// besideFollowers makes the store of a server that follows no BOS.
func besideFollowers(store *cache.Store, log *slog.Logger) *elsewhere {
	e := &elsewhere{log: log}
	e.ownStore = ownStore{store, func(change) error { return e.refusal() }}
	return e
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

func (e *elsewhere) refusal() error {
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
