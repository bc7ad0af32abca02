package bossync

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
)

// Refusals are the mutations that a server refuses while it follows a BOS: what comes from
// there is changed there, or the next sweep would undo it. That holds for what tenants own,
// too, as it decides in which sessions of tenants a component counts: it comes from its
// source, or is nobody's to change. All errors have the code CONFLICT. The zero value is of
// a server that follows no source of tenants. It is safe for concurrent use.
type Refusals struct {
	Tenants bool // a source of tenants is followed: TAPMS or a file
}

func changeAtBOS(what string) error {
	return bos.Errorf(bos.Conflict, "this server follows BOS: %s there", what)
}

// PutComponents refuses to store components.
func (Refusals) PutComponents(context.Context, []bos.ComponentPatch) (bos.BatchResult, error) {
	return bos.BatchResult{}, changeAtBOS("change components")
}

// PatchComponents refuses to change components.
func (Refusals) PatchComponents(context.Context, []bos.ComponentPatch) (bos.BatchResult, error) {
	return bos.BatchResult{}, changeAtBOS("change components")
}

// DeleteComponents refuses to delete components.
func (Refusals) DeleteComponents(context.Context, []string) (bos.BatchResult, error) {
	return bos.BatchResult{}, changeAtBOS("delete components")
}

// CreateSession refuses to create a session.
func (Refusals) CreateSession(context.Context, bos.NewSession) (*bos.Session, error) {
	return nil, changeAtBOS("create sessions")
}

// PutTenant refuses to change what a tenant owns.
func (r Refusals) PutTenant(context.Context, string, []string) (owned int, err error) {
	if r.Tenants {
		return 0, bos.Errorf(bos.Conflict, "this server follows BOS and reads what tenants own from --tapms-url or --tenants-file: change it there")
	}
	return 0, bos.Errorf(bos.Conflict, "this server follows BOS: start it with --tapms-url or --tenants-file to say what tenants own")
}
