package view

import (
	"context"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// ReadComponents reads those that the tenant of the access owns, and nothing of the others: so
// what is done for these, and the time that it takes, does not depend on whether they exist.
func (s Store) ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error) {
	view, err := auth.AccessOf(ctx).View(auth.ReadComponents)
	if err != nil {
		return nil, err
	}
	if view.All {
		return s.store.ReadComponents(ctx, ids, detailed)
	}
	owns, err := s.owners.Owns(ctx, view.Tenant, ids)
	if err != nil {
		return nil, err
	}
	owned := make(map[string]bool, len(ids))
	for i, id := range ids {
		owned[id] = owns[i]
	}
	return pick(ids, func(id string) bool { return owned[id] },
		func(ids []string) ([]*bos.Component, error) { return s.store.ReadComponents(ctx, ids, detailed) })
}

// ListComponents lists those that the tenant of the access owns, or the members of a session
// that it may read: these belong to the session's tenant as long as they are members.
func (s Store) ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
	detailed, total bool) (*bos.List[*bos.Component], error) {
	access := auth.AccessOf(ctx)
	switch {
	case of == nil:
		view, err := access.View(auth.ReadComponents)
		if err != nil {
			return nil, err
		}
		if !view.All {
			f.Owner = &view.Tenant
		}
	case !access.May(auth.ReadComponents, of.Session.Tenant):
		return &bos.List[*bos.Component]{}, nil
	case of.Frozen && !everything(access, auth.ReadComponents):
		// The records are as they are now, and those of components that the tenant no longer owns are another's.
		owned := *of
		owned.Owned = true
		of = &owned
	}
	return s.store.ListComponents(ctx, of, f, page, detailed, total)
}

// ComponentSessions are those of the sessions that the access may read.
func (s Store) ComponentSessions(ctx context.Context, of bos.ComponentView, page bos.Page, want *bos.Want) (*bos.List[*bos.ComponentSession], error) {
	var err error
	if of.Tenant, err = narrow(auth.AccessOf(ctx), auth.ReadSessions, of.Tenant); err != nil {
		return nil, err
	}
	return s.store.ComponentSessions(ctx, of, page, want)
}

// TroubledComponents are those that failed in the tenant's sessions if the access is limited to one, also those that it does
// not own any more: it has seen them fail.
func (s Store) TroubledComponents(ctx context.Context, q bos.TroubleQuery, first int) ([]*bos.Trouble, error) {
	var err error
	if q.Tenant, err = narrow(auth.AccessOf(ctx), auth.ReadComponents, q.Tenant); err != nil {
		return nil, err
	}
	return s.store.TroubledComponents(ctx, q, first)
}

// CountsIn is limited in the same way.
func (s Store) CountsIn(ctx context.Context, of bos.ComponentView, want bos.Want) ([]*bos.Session, error) {
	var err error
	if of.Tenant, err = narrow(auth.AccessOf(ctx), auth.ReadSessions, of.Tenant); err != nil {
		return nil, err
	}
	return s.store.CountsIn(ctx, of, want)
}

// FailedBefore is about members of the session, and of one before of the same tenant.
func (s Store) FailedBefore(ctx context.Context, of *bos.Session, ids []string) ([]bool, error) {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, of.Tenant) {
		return make([]bool, len(ids)), nil
	}
	return s.store.FailedBefore(ctx, of, ids)
}

// GroupsFailedBefore counts such members.
func (s Store) GroupsFailedBefore(ctx context.Context, of *bos.Session, groups []bos.Digest, frozen bool) ([]int, error) {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, of.Tenant) {
		return make([]int, len(groups)), nil
	}
	return s.store.GroupsFailedBefore(ctx, of, groups, frozen)
}

// Stragglers are members of the session.
func (s Store) Stragglers(ctx context.Context, of *bos.Session, first int, detailed bool) ([]*bos.Component, error) {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, of.Tenant) {
		return nil, nil
	}
	return s.store.Stragglers(ctx, of, first, detailed)
}

// ErrorCabinets counts components of the session, which its status counts too.
func (s Store) ErrorCabinets(ctx context.Context, of *bos.Session, groups []bos.ErrorGroup, frozen bool) ([]bos.CabinetErrors, error) {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, of.Tenant) {
		return nil, nil
	}
	return s.store.ErrorCabinets(ctx, of, groups, frozen)
}

// Waiting are members of the session, or staged in it.
func (s Store) Waiting(ctx context.Context, of *bos.Session) ([]bos.Waiting, error) {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, of.Tenant) {
		return nil, nil
	}
	return s.store.Waiting(ctx, of)
}

// ListWaiting lists those of one reason.
func (s Store) ListWaiting(ctx context.Context, w *bos.Waiting, page bos.Page, detailed bool) (*bos.List[*bos.Component], error) {
	if !auth.AccessOf(ctx).May(auth.ReadComponents, w.Session.Tenant) {
		return &bos.List[*bos.Component]{}, nil
	}
	return s.store.ListWaiting(ctx, w, page, detailed)
}

// PutComponents stores components all of whose owners the access may write for.
func (s Store) PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error) {
	return change(ctx, s, components, idOf, s.store.PutComponents, "id")
}

// PatchComponents changes such components.
func (s Store) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	return change(ctx, s, patches, idOf, s.store.PatchComponents, "id")
}

// DeleteComponents deletes such components.
func (s Store) DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error) {
	return change(ctx, s, ids, func(id string) string { return id }, s.store.DeleteComponents)
}

func idOf(p bos.ComponentPatch) string { return p.ID }

// change applies the items of a batch that the access allows, and refuses the others one by
// one, whether or not they exist. A component whose owners change meanwhile counts as changed
// before that. field has the id in an item, if an item is more than that.
func change[T any](ctx context.Context, s Store, items []T, id func(T) string,
	apply func(context.Context, []T) (bos.BatchResult, error), field ...string) (bos.BatchResult, error) {
	access := auth.AccessOf(ctx)
	if !access.Can(auth.WriteComponents) {
		return bos.BatchResult{}, auth.Forbid(auth.WriteComponents)
	}
	if everything(access, auth.WriteComponents) || len(items) > bos.MaxBatch { // which the store refuses
		return apply(ctx, items)
	}
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = id(item)
	}
	owners, err := s.owners.Owners(ctx, ids)
	if err != nil {
		return bos.BatchResult{}, err
	}
	var allowed []T
	var places []int
	var refused []bos.Refusal
	for i, item := range items {
		if access.MayChange(auth.WriteComponents, owners[i]) {
			allowed, places = append(allowed, item), append(places, i)
		} else {
			refused = append(refused, bos.Refusal{Index: i, Err: forbidComponent(ids[i]).At(field...)})
		}
	}
	var result bos.BatchResult
	if len(allowed) > 0 {
		if result, err = apply(ctx, allowed); err != nil {
			return result, err
		}
	}
	// The store has counted among those that it was given; clients count among those that they
	// sent.
	for i := range result.Refused {
		result.Refused[i].Index = places[result.Refused[i].Index]
	}
	result.Refused = append(result.Refused, refused...)
	slices.SortFunc(result.Refused, func(a, b bos.Refusal) int { return a.Index - b.Index })
	return result, nil
}

func forbidComponent(id string) *bos.Error {
	return bos.Errorf(bos.Forbidden, "you may not write component %q: all tenants that own it have to be yours", id)
}
