package graph

import (
	"context"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/loaders"
)

func (r queryResolver) Session(ctx context.Context, name string, tenant *string, startedAt *bos.Time) (*bos.Session, error) {
	read := bos.SessionRead{SessionKey: key(tenant, name), Want: wanted(ctx)}
	if startedAt != nil {
		incarnation, err := r.Store.SessionStarted(ctx, read.SessionKey, *startedAt)
		if err != nil || incarnation == "" {
			return nil, err
		}
		read.Incarnation = incarnation
	}
	return loaders.For(ctx).Session(ctx, read)
}

func (r queryResolver) Sessions(ctx context.Context, first *int, after *string, filter *bos.SessionFilter) (*SessionConnection, error) {
	page, err := bos.NewPage(bos.SessionCursor, pageSize(first), after)
	if err != nil {
		return nil, err
	}
	list, err := r.Store.ListSessions(ctx, orEmpty(filter), page, wanted(ctx, "edges", "node"), selected(ctx, "totalCount"))
	if err != nil {
		return nil, err
	}
	return sessionConnection(list, page), nil
}

func (r queryResolver) Component(ctx context.Context, id string) (*bos.Component, error) {
	if err := bos.CheckComponentID(id); err != nil {
		return nil, err
	}
	return loaders.For(ctx).Component(ctx, id, detailed(ctx))
}

func (r queryResolver) Components(ctx context.Context, first *int, after *string, filter *bos.ComponentFilter) (*ComponentConnection, error) {
	return r.components(ctx, nil, first, after, filter)
}

func (r queryResolver) Node(ctx context.Context, id string) (Node, error) {
	if key, incarnation, ok := bos.ParseSessionID(id); ok {
		read := bos.SessionRead{SessionKey: key, Incarnation: incarnation, Want: wanted(ctx)}
		if found, err := loaders.For(ctx).Session(ctx, read); err != nil {
			return nil, err
		} else if found != nil {
			return found, nil
		}
	}
	if bos.CheckComponentID(id) != nil {
		return nil, nil // a session's id that is not known any more may be no xname
	}
	found, err := loaders.For(ctx).Component(ctx, id, detailed(ctx))
	if err != nil || found == nil {
		return nil, err
	}
	return found, nil
}

func (r queryResolver) ServerInfo(ctx context.Context) (*ServerInfo, error) {
	epoch, err := r.Store.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	return &ServerInfo{
		Version: r.Info.Version, Epoch: epoch, Namespace: r.Info.Namespace, Redis: r.Info.Redis, StartedAt: bos.TimeOf(r.Info.StartedAt),
		Sync: r.syncInfo(),
	}, nil
}

// syncInfo is nil where no BOS is followed.
func (r queryResolver) syncInfo() *SyncInfo {
	if r.Sync == nil {
		return nil
	}
	s := r.Sync.Standing()
	info := &SyncInfo{Source: s.Source, Leader: s.Leader, LagSeconds: s.Lag(time.Now()), Error: orNull(s.Problem)}
	if !s.LastSweep.IsZero() {
		info.LastSweep = new(instant(s.LastSweep))
	}
	return info
}

func key(tenant *string, name string) bos.SessionKey {
	k := bos.SessionKey{Name: name}
	if tenant != nil {
		k.Tenant = *tenant
	}
	return k
}

func orEmpty[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}
