package graph

import (
	"context"
	"errors"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/bosgraph/bosgraph/bos"
)

func (r mutationResolver) CreateSession(ctx context.Context, in CreateSessionInput) (*CreateSessionPayload, error) {
	n := bos.NewSession{
		// A name like those that BOS makes up for a session that is created without one.
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
	return found[0], one(ctx, found[0], weighSessions(ctx, "session"))
}

// DeleteSession answers with the id, which is known only from the session as it was before.
func (r mutationResolver) DeleteSession(ctx context.Context, in DeleteSessionInput) (*DeleteSessionPayload, error) {
	id, err := r.Store.DeleteSession(ctx, key(in.Tenant, in.Name))
	payload := &DeleteSessionPayload{DeletedID: orNull(id)}
	payload.UserErrors, err = userErrors(err)
	return payload, err
}

// PutComponents stores whole records. Items that are refused are user errors; the rest is
// applied.
func (r mutationResolver) PutComponents(ctx context.Context, in ComponentBatch) (*ComponentsPayload, error) {
	return componentsPayload(ctx, "components")(r.Store.PutComponents(ctx, in.Components))
}

// PatchComponents changes the fields that are given, item by item like PutComponents.
func (r mutationResolver) PatchComponents(ctx context.Context, in ComponentBatch) (*ComponentsPayload, error) {
	return componentsPayload(ctx, "components")(r.Store.PatchComponents(ctx, in.Components))
}

func (r mutationResolver) DeleteComponents(ctx context.Context, in DeleteComponentsInput) (*ComponentsPayload, error) {
	return componentsPayload(ctx, "ids")(r.Store.DeleteComponents(ctx, in.Ids))
}

func (r mutationResolver) PutTenant(ctx context.Context, in PutTenantInput) (*PutTenantPayload, error) {
	owned, err := r.Store.PutTenant(ctx, in.Name, in.Components)
	payload := &PutTenantPayload{Owned: owned}
	payload.UserErrors, err = userErrors(err)
	return payload, err
}

// componentsPayload reports the outcome of a batch whose items are in that field.
func componentsPayload(ctx context.Context, field string) func(bos.BatchResult, error) (*ComponentsPayload, error) {
	return func(result bos.BatchResult, err error) (*ComponentsPayload, error) {
		payload := &ComponentsPayload{Applied: result.Applied}
		if payload.UserErrors, err = userErrors(err); err != nil {
			return nil, err
		}
		errs := make([]*UserError, len(result.Refused))
		for i, refused := range result.Refused {
			errs[i] = new(userError(refused.Err.At(field, strconv.Itoa(refused.Index))))
		}
		fitting, err := fit(ctx, errs, weighUserErrors(ctx))
		if err != nil { // the write has been made: that is no error of the whole field
			fitting = 0
		}
		// An error beside the data, not in its place: the batch was applied, and a client that
		// took it for failed would send it again.
		if fitting < len(errs) {
			graphql.AddError(ctx, cutOff(ctx, fitting, "what is not among userErrors has been applied or refused: ask for them once, or send fewer items at a time"))
		}
		for _, e := range errs[:fitting] {
			payload.UserErrors = append(payload.UserErrors, *e)
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
	// These are what a client can change in its input. Any other code asks for another attempt,
	// or for somebody who looks at the server, and must not pass for an answer.
	switch known.Code {
	case bos.BadUserInput, bos.NotFound, bos.Conflict, bos.Forbidden:
		return []UserError{userError(known)}, nil
	default:
		return []UserError{}, err
	}
}

// userError puts the place of an error under input, the only argument of every mutation.
func userError(e *bos.Error) UserError {
	return UserError{Field: append([]string{"input"}, e.Field...), Message: e.Message, Code: string(e.Code)}
}
