// Package view shows the store, and what follows it, as far as the access of a context
// allows. The resolvers have nothing else to read from and to write to, so a new field cannot
// show more by mistake: a new method of their store has to be written here first.
//
// What an access does not allow looks as if it did not exist. Only for a tenant that a request
// names as such, the answer is FORBIDDEN, whether or not there is such a tenant.
package view

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// Owners knows which tenants own which components.
type Owners interface {
	// Owns says of each of those ids whether the tenant owns it.
	Owns(ctx context.Context, tenant string, ids []string) ([]bool, error)
	// Owners returns the tenants that own each of those ids.
	Owners(ctx context.Context, ids []string) ([][]string, error)
}

// Store is the store as the access of each call's context sees it. It is safe for concurrent
// use.
type Store struct {
	store  graph.Store // not embedded: every method has to decide
	owners Owners
}

// New makes a Store of one that shows everything.
func New(store graph.Store, owners Owners) Store { return Store{store, owners} }

var _ graph.Store = Store{}

// narrow returns the tenant that a list has to be limited to, nil for none: the one that its
// filter names, or else the one of the access.
func narrow(access auth.Access, a auth.Action, tenant *string) (*string, error) {
	if tenant != nil {
		if !access.May(a, *tenant) {
			return nil, auth.ForbidTenant()
		}
		return tenant, nil
	}
	view, err := access.View(a)
	if err != nil || view.All {
		return nil, err
	}
	return &view.Tenant, nil
}

// everything reports whether an access allows an action on what belongs to any tenant and to
// none.
func everything(access auth.Access, a auth.Action) bool {
	view, err := access.View(a)
	return err == nil && view.All
}

// pick reads what keys allow of a list of keys, and returns it at their places.
func pick[K, V any](keys []K, may func(K) bool, read func([]K) ([]*V, error)) ([]*V, error) {
	allowed := make([]K, 0, len(keys))
	places := make([]int, 0, len(keys))
	for i, key := range keys {
		if may(key) {
			allowed, places = append(allowed, key), append(places, i)
		}
	}
	if len(allowed) == len(keys) {
		return read(keys)
	}
	found := make([]*V, len(keys))
	if len(allowed) == 0 {
		return found, nil
	}
	some, err := read(allowed)
	if err != nil {
		return nil, err
	}
	for i, v := range some {
		found[places[i]] = v
	}
	return found, nil
}

// ReadSessions implements [graph.Store], as do the others.
func (s Store) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	access := auth.AccessOf(ctx)
	return pick(reads, func(r bos.SessionRead) bool { return access.May(auth.ReadSessions, r.Tenant) },
		func(reads []bos.SessionRead) ([]*bos.Session, error) { return s.store.ReadSessions(ctx, reads) })
}

// SessionStarted finds only sessions that may be read.
func (s Store) SessionStarted(ctx context.Context, key bos.SessionKey, start bos.Time) (string, error) {
	if !auth.AccessOf(ctx).May(auth.ReadSessions, key.Tenant) {
		return "", nil
	}
	return s.store.SessionStarted(ctx, key, start)
}

// ListSessions lists, and counts, one tenant's sessions if the access is limited to it.
func (s Store) ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error) {
	var err error
	if f.Tenant, err = narrow(auth.AccessOf(ctx), auth.ReadSessions, f.Tenant); err != nil {
		return nil, err
	}
	return s.store.ListSessions(ctx, f, page, want, total)
}

// PreviousSessions are of the session's own tenant.
func (s Store) PreviousSessions(ctx context.Context, of *bos.Session, first int, want bos.Want) ([]*bos.Session, error) {
	if !auth.AccessOf(ctx).May(auth.ReadSessions, of.Tenant) {
		return nil, nil
	}
	return s.store.PreviousSessions(ctx, of, first, want)
}

// SessionFacet shows the values of one tenant's sessions if the access is limited to it.
func (s Store) SessionFacet(ctx context.Context, of bos.Facet, prefix string, first int) ([]string, error) {
	view, err := auth.AccessOf(ctx).View(auth.ReadSessions)
	if err != nil {
		return nil, err
	}
	switch {
	case view.All:
		return s.store.SessionFacet(ctx, of, prefix, first)
	case of.Of != bos.TenantFacet:
		of.Tenant = &view.Tenant
		return s.store.SessionFacet(ctx, of, prefix, first)
	case !strings.HasPrefix(view.Tenant, prefix):
		return []string{}, nil
	}
	// Of all names that begin with the tenant's, its own comes first, if it has a session.
	found, err := s.store.SessionFacet(ctx, of, view.Tenant, 1)
	if len(found) == 0 || found[0] != view.Tenant {
		return []string{}, err
	}
	return found, err
}

// PageTemplates is limited as ListSessions is.
func (s Store) PageTemplates(ctx context.Context, f bos.TemplateFilter, page bos.Page, fields bool) (*bos.List[*bos.SessionTemplate], error) {
	var err error
	if f.Tenant, err = narrow(auth.AccessOf(ctx), auth.ReadTemplates, f.Tenant); err != nil {
		return nil, err
	}
	return s.store.PageTemplates(ctx, f, page, fields)
}

// ReadTemplates refuses an access that may read no templates at all: below a session, null
// would say that there is none.
func (s Store) ReadTemplates(ctx context.Context, keys []bos.TemplateKey) ([]*bos.SessionTemplate, error) {
	access := auth.AccessOf(ctx)
	if !access.Can(auth.ReadTemplates) {
		return nil, auth.Forbid(auth.ReadTemplates)
	}
	return pick(keys, func(k bos.TemplateKey) bool { return access.May(auth.ReadTemplates, k.Tenant) },
		func(keys []bos.TemplateKey) ([]*bos.SessionTemplate, error) { return s.store.ReadTemplates(ctx, keys) })
}

// ReadOptions are the same for all tenants.
func (s Store) ReadOptions(ctx context.Context) (json.RawMessage, error) {
	if !auth.AccessOf(ctx).Can(auth.ReadServer) {
		return nil, auth.Forbid(auth.ReadServer)
	}
	return s.store.ReadOptions(ctx)
}

// ShownEpoch belongs to nobody.
func (s Store) ShownEpoch(ctx context.Context) (string, error) { return s.store.ShownEpoch(ctx) }

// Problems are those of the server. Callers check [auth.ReadOperations].
func (s Store) Problems() []bos.Problem { return s.store.Problems() }

// CreateSession creates sessions of tenants that the access may write for.
func (s Store) CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error) {
	if err := writing(ctx, n.Tenant); err != nil {
		return nil, err
	}
	return s.store.CreateSession(ctx, n)
}

// UpdateSession refuses sessions of other tenants, whether or not they exist.
func (s Store) UpdateSession(ctx context.Context, key bos.SessionKey, u bos.SessionUpdate) (*bos.Session, error) {
	if err := writing(ctx, key.Tenant); err != nil {
		return nil, err
	}
	return s.store.UpdateSession(ctx, key, u)
}

// DeleteSession refuses sessions of other tenants, whether or not they exist.
func (s Store) DeleteSession(ctx context.Context, key bos.SessionKey) (string, error) {
	if err := writing(ctx, key.Tenant); err != nil {
		return "", err
	}
	return s.store.DeleteSession(ctx, key)
}

func writing(ctx context.Context, tenant string) error {
	if !auth.AccessOf(ctx).May(auth.WriteSessions, tenant) {
		return auth.ForbidTenant()
	}
	return nil
}

// PutTenant is for those who may decide what tenants own.
func (s Store) PutTenant(ctx context.Context, name string, ids []string) (int, error) {
	if access := auth.AccessOf(ctx); !access.Can(auth.WriteTenants) {
		return 0, access.Forbid(auth.WriteTenants)
	}
	return s.store.PutTenant(ctx, name, ids)
}
