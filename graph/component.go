package graph

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
)

func (componentResolver) Status(_ context.Context, c *bos.Component) (*bos.Component, error) {
	return c, nil
}

func (componentResolver) StatusSince(_ context.Context, c *bos.Component) (*bos.Time, error) {
	if c.StatusSince.IsZero() {
		return nil, nil
	}
	return new(bos.TimeOf(c.StatusSince)), nil
}

// Sessions reads the record again, together with the history: of two moments, a session that was left in between would be
// shown twice, or not at all.
func (r componentResolver) Sessions(ctx context.Context, c *bos.Component, first *int, after *string) (*ComponentSessionConnection, error) {
	page, err := newPage(stayCursor, orDefault(first, 20), after)
	if err != nil {
		return nil, err
	}
	var want *bos.Want
	if selected(ctx, onPage, "session") {
		want = new(wanted(ctx, onPage, "session"))
	}
	list, err := r.Store.ComponentSessions(ctx, bos.ComponentView{ID: c.ID}, page, want)
	if err != nil {
		return nil, err
	}
	if err := keepFitting(ctx, list, weighComponentSessions(ctx, onPage)); err != nil {
		return nil, err
	}
	conn := &ComponentSessionConnection{Edges: []ComponentSessionEdge{}, PageInfo: pageInfo(stayCursor, list.Positions, list.More, page)}
	for i, node := range list.Items {
		conn.Edges = append(conn.Edges, ComponentSessionEdge{Cursor: encodeCursor(stayCursor, list.Positions[i]), Node: node})
	}
	return conn, nil
}

func (r componentResolver) CountsIn(ctx context.Context, c *bos.Component) ([]bos.Session, error) {
	found, err := r.Store.CountsIn(ctx, bos.ComponentView{ID: c.ID}, wanted(ctx))
	if err == nil {
		found, err = firstFitting(ctx, found, weighSessions(ctx))
	}
	return values(found, err)
}

func (componentSessionResolver) Tenant(_ context.Context, s *bos.ComponentSession) (*string, error) {
	return orNull(s.Tenant), nil
}

func (componentSessionResolver) Joined(_ context.Context, s *bos.ComponentSession) (bos.Time, error) {
	return bos.TimeOf(s.Joined), nil
}

func (componentSessionResolver) Left(_ context.Context, s *bos.ComponentSession) (*bos.Time, error) {
	if s.Left.IsZero() {
		return nil, nil
	}
	return new(bos.TimeOf(s.Left)), nil
}

func (troubledComponentResolver) LastFailure(_ context.Context, t *bos.Trouble) (bos.Time, error) {
	return bos.TimeOf(t.LastFailure), nil
}

func (componentStatusResolver) RawPhase(_ context.Context, c *bos.Component) (string, error) {
	// As BOS has it, also where it is none that the enum beside it knows.
	return string(c.Phase), nil
}

func (componentStatusResolver) RawStatus(_ context.Context, c *bos.Component) (string, error) {
	return string(c.Status()), nil
}
