package view

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/live"
)

// Hub follows sessions for everybody.
type Hub interface {
	WatchStatus(key bos.SessionKey, want bos.Want) live.Watch[*bos.Status]
	WatchSessions(f bos.SessionFilter, want bos.Want) live.Watch[*live.SessionsUpdate]
	WatchComponents(key bos.SessionKey, detailed bool, pace graph.Pace) live.Watch[*live.ComponentsUpdate]
}

// Live is a hub as the access of each call's context sees it. It is safe for concurrent use.
type Live struct{ hub Hub }

// NewLive makes a Live of a hub.
func NewLive(h Hub) Live { return Live{h} }

var _ graph.Live = Live{}

// WatchStatus implements [graph.Live], as do the others.
func (l Live) WatchStatus(ctx context.Context, key bos.SessionKey, want bos.Want) live.Watch[*bos.Status] {
	if !auth.AccessOf(ctx).May(auth.ReadSessions, key.Tenant) {
		return absent[*bos.Status]{bos.NoSession(key)}
	}
	return l.hub.WatchStatus(key, want)
}

// WatchSessions follows one tenant's sessions if the access is limited to it.
func (l Live) WatchSessions(ctx context.Context, f bos.SessionFilter, want bos.Want) (live.Watch[*live.SessionsUpdate], error) {
	var err error
	if f.Tenant, err = narrow(auth.AccessOf(ctx), auth.ReadSessions, f.Tenant); err != nil {
		return nil, err
	}
	return l.hub.WatchSessions(f, want), nil
}

// WatchComponents follows the members of a session.
func (l Live) WatchComponents(ctx context.Context, key bos.SessionKey, detailed bool, pace graph.Pace) live.Watch[*live.ComponentsUpdate] {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, key.Tenant) {
		return absent[*live.ComponentsUpdate]{bos.NoSession(key)}
	}
	return l.hub.WatchComponents(key, detailed, pace)
}

// absent is a watch of what does not exist, as far as the client may know. Nothing was looked
// up for it, so the time taken does not depend on what there is.
type absent[T any] struct{ err error }

func (a absent[T]) Next() (none live.Update[T], ok bool, err error) { return none, false, a.err }
func (a absent[T]) Wake(wake func())                                { wake() }
func (a absent[T]) Fresh() uint64                                   { return 0 }
func (a absent[T]) Ended() bool                                     { return true }
func (a absent[T]) Close()                                          {}
