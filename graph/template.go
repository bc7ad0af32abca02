package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/loaders"
)

func (r queryResolver) SessionTemplates(ctx context.Context, first *int, after *string, filter *bos.TemplateFilter) (*SessionTemplateConnection, error) {
	page, err := newPage(templateCursor, pageSize(first), after)
	if err != nil {
		return nil, err
	}
	list, err := r.Store.PageTemplates(ctx, orEmpty(filter), page, templateFields(ctx))
	if err != nil {
		return nil, err
	}
	if err := keepFitting(ctx, list, weighTemplates(ctx, onPage)); err != nil {
		return nil, err
	}
	c := &SessionTemplateConnection{Edges: []SessionTemplateEdge{}, TotalCount: list.Total, PageInfo: pageInfo(templateCursor, list.Positions, list.More, page)}
	for i, node := range list.Items {
		c.Edges = append(c.Edges, SessionTemplateEdge{Cursor: encodeCursor(templateCursor, list.Positions[i]), Node: node})
	}
	return c, nil
}

// templateFields looks ahead whether listed templates are selected with more than what
// their keys have, which is known without reading them.
func templateFields(ctx context.Context) bool {
	op := graphql.GetOperationContext(ctx)
	for _, sel := range descend(op, graphql.GetFieldContext(ctx).Field.Selections, []string{onPage}) {
		for _, f := range graphql.CollectFields(op, sel, nil) {
			switch f.Name {
			// These are the template's key: with nothing else selected, a page costs one round
			// trip.
			case "name", "tenant", "__typename":
			default:
				return true
			}
		}
	}
	return false
}

// BosOptions is null as long as no server has read BOS's options: those of the BOS that is
// followed may be others than its defaults.
func (r queryResolver) BosOptions(ctx context.Context) (*bos.Options, error) {
	record, err := r.Store.ReadOptions(ctx)
	if err != nil || record == nil {
		return nil, err
	}
	options := bos.ParseOptions(record)
	return options, one(ctx, options, weighOptions(ctx))
}

// Template is that of the session's own tenant: BOS makes a session of no other.
// BOS: controllers/v2/sessions.py, post_v2_session.
func (sessionResolver) Template(ctx context.Context, s *bos.Session) (*bos.SessionTemplate, error) {
	if s.TemplateName == "" {
		return nil, nil
	}
	found, err := loaders.For(ctx).Template(ctx, templateOf(s))
	if err == nil {
		err = one(ctx, found, weighTemplates(ctx))
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// templateOf is the key of a session's template, whether or not there is one.
func templateOf(s *bos.Session) bos.TemplateKey {
	return bos.TemplateKey{Tenant: s.Tenant, Name: s.TemplateName}
}

// loadTemplates reads the templates of listed sessions at once, each once, if they are
// selected under a path of the field being resolved.
func loadTemplates(ctx context.Context, sessions []*bos.Session, path ...string) error {
	op, sets := selectedSets(ctx, path)
	selected := false
	for _, set := range sets {
		selected = selected || len(descend(op, set, []string{"template"})) > 0
	}
	if !selected {
		return nil
	}
	// Here, where all are known, and not session by session: most sessions of a list share a
	// few templates, each of which may be large.
	var keys []bos.TemplateKey
	seen := map[bos.TemplateKey]bool{}
	for _, s := range sessions {
		if key := templateOf(s); s.TemplateName != "" && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return loaders.For(ctx).Templates(ctx, keys)
}
