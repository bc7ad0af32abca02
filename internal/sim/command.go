package sim

import (
	"context"
	"log/slog"

	"github.com/bosgraph/bosgraph/bos"
)

// batch is how many components are written in one call.
const batch = 500

// command is one call on the producer, as data, so that two runs can be compared.
// Exactly one of its parts is set; update goes with key.
type command struct {
	create *bos.NewSession
	update *bos.SessionUpdate
	remove *bos.SessionKey
	put    []bos.ComponentPatch // at most batch
	patch  []bos.ComponentPatch // at most batch
	tenant *tenant

	key bos.SessionKey
}

// tenant is what a tenant owns.
type tenant struct {
	name string
	ids  []string
}

func (c *command) name() string {
	switch {
	case c.create != nil:
		return "CreateSession"
	case c.update != nil:
		return "UpdateSession"
	case c.remove != nil:
		return "DeleteSession"
	case c.put != nil:
		return "PutComponents"
	case c.patch != nil:
		return "PatchComponents"
	default:
		return "PutTenant"
	}
}

func (c *command) call(ctx context.Context, p Producer, log *slog.Logger) error {
	var result bos.BatchResult
	var err error
	switch {
	case c.create != nil:
		err = create(ctx, p, *c.create)
	case c.update != nil:
		_, err = p.UpdateSession(ctx, c.key, *c.update)
	case c.remove != nil:
		_, err = p.DeleteSession(ctx, *c.remove)
	case c.put != nil:
		result, err = p.PutComponents(ctx, c.put)
	case c.patch != nil:
		result, err = p.PatchComponents(ctx, c.patch)
	default:
		_, err = p.PutTenant(ctx, c.tenant.name, c.tenant.ids)
	}
	if n := len(result.Refused); err == nil && n > 0 {
		log.Warn("simulator components were refused", "call", c.name(), "count", n, "first", result.Refused[0].Err)
	}
	return err
}

// create replaces a session of the same name: a run with the same seed before
// this one may have left it in a lasting Redis.
func create(ctx context.Context, p Producer, n bos.NewSession) error {
	_, err := p.CreateSession(ctx, n)
	if bos.CodeOf(err) != bos.Conflict {
		return err
	}
	if _, err := p.DeleteSession(ctx, n.SessionKey); err != nil && bos.CodeOf(err) != bos.NotFound {
		return err
	}
	_, err = p.CreateSession(ctx, n)
	return err
}
