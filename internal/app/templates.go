package app

import (
	"context"
	"encoding/json"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/rest"
)

// templates are the session templates and options of the BOS that is followed, as
// whichever server holds the lease has stored them.
type templates struct{ store *cache.Store }

// ListTemplates implements [rest.Templates].
func (t templates) ListTemplates(ctx context.Context, tenant string) ([]rest.Template, error) {
	stored, err := t.store.ListTemplates(ctx, tenant)
	if err != nil {
		return nil, err
	}
	all := make([]rest.Template, len(stored))
	for i, s := range stored {
		all[i] = rest.Template{Tenant: s.Tenant, Name: s.Name, Record: s.Record}
	}
	return all, nil
}

// Template implements [rest.Templates].
func (t templates) Template(ctx context.Context, tenant, name string) (json.RawMessage, error) {
	return t.store.ReadTemplate(ctx, bos.TemplateKey{Tenant: tenant, Name: name})
}

// BOSOptions implements [rest.Templates].
func (t templates) BOSOptions(ctx context.Context) (json.RawMessage, error) {
	return t.store.ReadOptions(ctx)
}
