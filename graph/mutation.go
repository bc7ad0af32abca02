package graph

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"github.com/bosgraph/bosgraph/bos"
)

func (r mutationResolver) CreateSession(ctx context.Context, in CreateSessionInput) (*CreateSessionPayload, error) {
	n := bos.NewSession{
		SessionKey: key(in.Tenant, uuid.NewString()), Operation: in.Operation, TemplateName: in.TemplateName,
		Limit: orEmpty(in.Limit), Stage: orEmpty(in.Stage), IncludeDisabled: orEmpty(in.IncludeDisabled),
		StartTime: orEmpty(in.StartTime), Source: bos.SourceProducer,
	}
	if in.Name != nil {
		n.Name = *in.Name
	}
	created, err := r.Store.CreateSession(ctx, n)
	payload := &CreateSessionPayload{}
	if payload.UserErrors, err = userErrors(err); err == nil && created != nil {
		payload.Session, err = r.written(ctx, created)
	}
	return payload, err
}

func (r mutationResolver) UpdateSession(ctx context.Context, in UpdateSessionInput) (*UpdateSessionPayload, error) {
	updated, err := r.Store.UpdateSession(ctx, key(in.Tenant, in.Name), bos.SessionUpdate{
		State: in.Status, EndTime: in.EndTime, Error: in.Error, InitialComponents: in.InitialComponents,
	})
	payload := &UpdateSessionPayload{}
	if payload.UserErrors, err = userErrors(err); err == nil && updated != nil {
		payload.Session, err = r.written(ctx, updated)
	}
	return payload, err
}

// written reads what is selected of a session that was just written: not through a
// loader, which remembers what another mutation of this request has read.
func (r mutationResolver) written(ctx context.Context, s *bos.Session) (*bos.Session, error) {
	found, err := r.Store.ReadSessions(ctx, []bos.SessionRead{{
		SessionKey: s.SessionKey, Incarnation: s.Incarnation, Want: wanted(ctx, "session"),
	}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (r mutationResolver) DeleteSession(ctx context.Context, in DeleteSessionInput) (*DeleteSessionPayload, error) {
	id, err := r.Store.DeleteSession(ctx, key(in.Tenant, in.Name))
	payload := &DeleteSessionPayload{DeletedID: orNull(id)}
	payload.UserErrors, err = userErrors(err)
	return payload, err
}

func (r mutationResolver) PutComponents(ctx context.Context, in ComponentBatch) (*ComponentsPayload, error) {
	return componentsPayload("components")(r.Store.PutComponents(ctx, in.Components))
}

func (r mutationResolver) PatchComponents(ctx context.Context, in ComponentBatch) (*ComponentsPayload, error) {
	return componentsPayload("components")(r.Store.PatchComponents(ctx, in.Components))
}

func (r mutationResolver) DeleteComponents(ctx context.Context, in DeleteComponentsInput) (*ComponentsPayload, error) {
	return componentsPayload("ids")(r.Store.DeleteComponents(ctx, in.Ids))
}

func (r mutationResolver) PutTenant(ctx context.Context, in PutTenantInput) (*PutTenantPayload, error) {
	owned, err := r.Store.PutTenant(ctx, in.Name, in.Components)
	payload := &PutTenantPayload{Owned: owned}
	payload.UserErrors, err = userErrors(err)
	return payload, err
}

// componentsPayload tells what became of a batch whose items are in that field.
func componentsPayload(field string) func(bos.BatchResult, error) (*ComponentsPayload, error) {
	return func(result bos.BatchResult, err error) (*ComponentsPayload, error) {
		payload := &ComponentsPayload{Applied: result.Applied}
		if payload.UserErrors, err = userErrors(err); err != nil {
			return nil, err
		}
		for _, refused := range result.Refused {
			payload.UserErrors = append(payload.UserErrors, userError(refused.Err.At(field, strconv.Itoa(refused.Index))))
		}
		return payload, nil
	}
}

// userErrors makes an error that is about the input part of the payload; one that
// is not, such as a Redis that is away, stays an error of the whole field.
func userErrors(err error) ([]UserError, error) {
	var known *bos.Error
	if !errors.As(err, &known) {
		return []UserError{}, err
	}
	switch known.Code {
	case bos.BadUserInput, bos.NotFound, bos.Conflict, bos.Forbidden:
		return []UserError{userError(known)}, nil
	default:
		return []UserError{}, err
	}
}

func userError(e *bos.Error) UserError {
	return UserError{Field: append([]string{"input"}, e.Field...), Message: e.Message, Code: string(e.Code)}
}
