package graph

import (
	"context"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/loaders"
)

// Session looks up the incarnation first where a start is given: names are used again, and the loader
// keys by what is read.
func (r queryResolver) Session(ctx context.Context, name string, tenant *string, startedAt *bos.Time) (*bos.Session, error) {
	read := bos.SessionRead{SessionKey: key(tenant, name), Want: wanted(ctx)}
	if startedAt != nil {
		incarnation, err := r.Store.SessionStarted(ctx, read.SessionKey, *startedAt)
		if err != nil || incarnation == "" {
			return nil, err
		}
		read.Incarnation = incarnation
	}
	found, err := loaders.For(ctx).Session(ctx, read)
	if err == nil {
		err = oneOf(ctx, found, sessionTexts, weighSessions)
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Sessions lists sessions with all that is selected of them in as few reads as the list itself
// takes.
func (r queryResolver) Sessions(ctx context.Context, first *int, after *string, filter *bos.SessionFilter) (*SessionConnection, error) {
	page, err := newPage(sessionCursor, pageSize(first), after)
	if err != nil {
		return nil, err
	}
	list, err := r.Store.ListSessions(ctx, orEmpty(filter), page, wanted(ctx, onPage), selected(ctx, "totalCount"))
	if err != nil {
		return nil, err
	}
	// Cut off before templates are read: those of sessions that are not answered would be read for
	// nothing.
	if err := keepFitting(ctx, list, weighSessions(ctx, onPage)); err != nil {
		return nil, err
	}
	if err := loadTemplates(ctx, list.Items, onPage); err != nil {
		return nil, err
	}
	return sessionConnection(list, page), nil
}

// Templates names the templates of sessions, for pickers.
func (r queryResolver) Templates(ctx context.Context, prefix *string, first *int) ([]string, error) {
	return r.facet(ctx, bos.FacetTemplate, prefix, first)
}

// Tenants names the tenants of sessions, for pickers.
func (r queryResolver) Tenants(ctx context.Context, prefix *string, first *int) ([]string, error) {
	return r.facet(ctx, bos.FacetTenant, prefix, first)
}

func (r queryResolver) facet(ctx context.Context, of bos.Facet, prefix *string, first *int) ([]string, error) {
	n := pageSize(first)
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	if err := bos.CheckFacetPrefix(orEmpty(prefix)); err != nil {
		return nil, err
	}
	return r.Store.SessionFacet(ctx, of, orEmpty(prefix), n)
}

// Component refuses what can't be an xname, so that a typing error is not taken for a component that
// is missing. Node answers null there: it has to take ids of both kinds.
func (r queryResolver) Component(ctx context.Context, id string) (*bos.Component, error) {
	if err := bos.CheckComponentID(id); err != nil {
		return nil, err
	}
	return r.component(ctx, id)
}

// component loads one component, if the answer has room for it.
func (r queryResolver) component(ctx context.Context, id string) (*bos.Component, error) {
	found, err := loaders.For(ctx).Component(ctx, id, detailed(ctx))
	if err == nil {
		err = oneOf(ctx, found, componentTexts, weighComponents)
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (r queryResolver) Components(ctx context.Context, first *int, after *string, filter *bos.ComponentFilter) (*ComponentConnection, error) {
	return r.components(ctx, nil, first, after, filter)
}

// TroubledComponents reads the components themselves only if they are selected.
func (r queryResolver) TroubledComponents(ctx context.Context, first *int, since *bos.Time, template *string) ([]bos.Trouble, error) {
	n := orDefault(first, 20) // the schema's default, which an explicit null replaces
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	q := bos.TroubleQuery{Template: orEmpty(template)}
	if since != nil {
		var err error
		if q.Since, err = since.UTC(); err != nil {
			return nil, err
		}
	}
	found, err := r.Store.TroubledComponents(ctx, q, n)
	if err != nil {
		return nil, err
	}
	if selected(ctx, "component") {
		ids := make([]string, len(found))
		for i, t := range found {
			ids[i] = t.ID
		}
		components, err := r.Store.ReadComponents(ctx, ids, detailed(ctx, "component"))
		if err != nil {
			return nil, err
		}
		for i, t := range found {
			t.Component = components[i]
		}
	}
	return values(firstFitting(ctx, found, weighTroubles(ctx)))
}

// Node finds an object by its global id; null for an id of nothing.
func (r queryResolver) Node(ctx context.Context, id string) (Node, error) {
	// Sessions first, whose ids have a form of their own; most ids of components can't be one.
	if key, incarnation, ok := bos.ParseSessionID(id); ok {
		read := bos.SessionRead{SessionKey: key, Incarnation: incarnation, Want: wanted(ctx)}
		if found, err := loaders.For(ctx).Session(ctx, read); err != nil {
			return nil, err
		} else if found != nil {
			return found, oneOf(ctx, found, sessionTexts, weighSessions)
		}
	}
	if bos.CheckComponentID(id) != nil {
		return nil, nil // a session's id that is not known any more may be no xname
	}
	found, err := r.component(ctx, id)
	if err != nil || found == nil {
		return nil, err
	}
	return found, nil
}

// ServerInfo is what clients compare the epoch with, and what operators see of the server's
// state.
func (r queryResolver) ServerInfo(ctx context.Context) (*ServerInfo, error) {
	epoch, err := r.Store.ShownEpoch(ctx)
	if err != nil {
		return nil, err
	}
	info := &ServerInfo{
		Version: r.Info.Version, Epoch: epoch, Namespace: r.Info.Namespace, Redis: r.Info.Redis, StartedAt: bos.TimeOf(r.Info.StartedAt),
		Problems: []ServerProblem{},
	}
	// Left out and not refused: the rest of serverInfo is for everybody, dashboards among them.
	if auth.AccessOf(ctx).Can(auth.ReadOperations) {
		info.Problems, info.Sync = problems(r.Store.Problems()), r.syncInfo()
	}
	return info, nil
}

// problems is never nil: the list itself is not null in the schema.
func problems(known []bos.Problem) []ServerProblem {
	list := make([]ServerProblem, len(known))
	for i, p := range known {
		list[i] = ServerProblem{Reason: string(p.Reason), Message: p.Message, Since: bos.TimeOf(p.Since)}
	}
	return list
}

// syncInfo is nil where no BOS is followed.
func (r queryResolver) syncInfo() *SyncInfo {
	if r.Sync == nil {
		return nil
	}
	s := r.Sync.State()
	info := &SyncInfo{Source: s.Source, Leader: s.Leader, LagSeconds: s.Lag(time.Now()), Error: orNull(s.Problem)}
	if !s.LastSweep.IsZero() {
		info.LastSweep = new(instant(s.LastSweep))
	}
	return info
}

// key is the scope that two arguments name.
func key(tenant *string, name string) bos.SessionKey {
	return bos.SessionKey{Tenant: orEmpty(tenant), Name: name}
}

// orEmpty is what v points to, and T's empty value for nil: an argument that was left out, and
// one that is null, mean the same.
func orEmpty[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}
