package app

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
)

// ownStore is the whole store but for what comes from BOS where one is followed: that is changed there, or the next sweep would
// undo it. It is safe for concurrent use.
type ownStore struct {
	*cache.Store
	refuse func(change) error // the error of a change that is not to be made here, with the code CONFLICT
}

// change is a mutation of what comes from BOS, in the words of its refusal.
type change string

const (
	changeComponents change = "change components"
	deleteComponents change = "delete components"
	createSessions   change = "create sessions"
	// changeTenants is among them as what tenants own decides in which of their sessions a component counts.
	changeTenants change = "change what tenants own"
)

// atBOS refuses all changes on a server that follows BOS. What tenants own comes from their source, if there is one, or is nobody's to
// change.
func atBOS(tenants bool) func(change) error {
	return func(what change) error {
		switch {
		case what != changeTenants:
			return bos.Errorf(bos.Conflict, "this server follows BOS: %s there", what)
		case tenants:
			return bos.Errorf(bos.Conflict, "this server follows BOS and reads what tenants own from --tapms-url or --tenants-file: change it there")
		}
		return bos.Errorf(bos.Conflict, "this server follows BOS: start it with --tapms-url or --tenants-file to say what tenants own")
	}
}

// PutComponents stores components, unless that is refused.
func (s ownStore) PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error) {
	if err := s.refuse(changeComponents); err != nil {
		return bos.BatchResult{}, err
	}
	return s.Store.PutComponents(ctx, components)
}

// PatchComponents changes components, unless that is refused.
func (s ownStore) PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	if err := s.refuse(changeComponents); err != nil {
		return bos.BatchResult{}, err
	}
	return s.Store.PatchComponents(ctx, patches)
}

// DeleteComponents removes components, unless that is refused.
func (s ownStore) DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error) {
	if err := s.refuse(deleteComponents); err != nil {
		return bos.BatchResult{}, err
	}
	return s.Store.DeleteComponents(ctx, ids)
}

// CreateSession creates a session, unless that is refused.
func (s ownStore) CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error) {
	if err := s.refuse(createSessions); err != nil {
		return nil, err
	}
	return s.Store.CreateSession(ctx, n)
}

// PutTenant changes what a tenant owns, unless that is refused.
func (s ownStore) PutTenant(ctx context.Context, name string, ids []string) (owned int, err error) {
	if err := s.refuse(changeTenants); err != nil {
		return 0, err
	}
	return s.Store.PutTenant(ctx, name, ids)
}
