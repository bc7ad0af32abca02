package graph

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
)

func (sessionResolver) Tenant(_ context.Context, s *bos.Session) (*string, error) {
	return orNull(s.Tenant), nil
}

func (sessionResolver) Limit(_ context.Context, s *bos.Session) (string, error) {
	return s.Details.Limit, nil
}

func (sessionResolver) Error(_ context.Context, s *bos.Session) (*string, error) {
	return orNull(s.Details.Error), nil
}

func (sessionResolver) InitialComponents(_ context.Context, s *bos.Session) (string, error) {
	return s.Details.InitialComponents, nil
}

func (r sessionResolver) Components(ctx context.Context, s *bos.Session, first *int, after *string, filter *bos.ComponentFilter) (*ComponentConnection, error) {
	return r.components(ctx, &bos.MembersOf{Session: s}, first, after, filter)
}

func (r sessionResolver) Stragglers(ctx context.Context, s *bos.Session, first *int) ([]bos.Component, error) {
	n := orDefault(first, 10)
	if err := bos.CheckFirst(n); err != nil {
		return nil, err
	}
	return values(r.Store.Stragglers(ctx, s, n, detailed(ctx)))
}

func (r sessionResolver) Previous(ctx context.Context, s *bos.Session, first *int) ([]bos.Session, error) {
	n := orDefault(first, 1)
	if err := bos.CheckFirst(n); err != nil {
		return nil, err
	}
	return values(r.Store.PreviousSessions(ctx, s, n, wanted(ctx)))
}

func (sessionStatusResolver) Progress(_ context.Context, s *bos.Status, maxPoints *int) ([]bos.Point, error) {
	most := orDefault(maxPoints, bos.DefaultPoints)
	if err := bos.CheckPoints(most); err != nil {
		return nil, err
	}
	return s.Course.Thin(most), nil
}

func (sessionStatusResolver) ErrorSummary(_ context.Context, s *bos.Status, first *int) ([]ErrorSummary, error) {
	n := pageSize(first)
	if err := bos.CheckFirst(n); err != nil {
		return nil, err
	}
	groups := make([]ErrorSummary, min(n, len(s.Errors))) // another alias may have asked for more
	for i := range groups {
		groups[i] = ErrorSummary{&s.Errors[i], s}
	}
	return groups, nil
}

func (r errorSummaryResolver) Components(ctx context.Context, e *ErrorSummary, first *int, after *string) (*ComponentConnection, error) {
	of := &bos.MembersOf{Session: e.of.Session, Group: e.Digest, Frozen: e.of.FromSnapshot}
	return r.components(ctx, of, first, after, nil)
}

func (componentResolver) Status(_ context.Context, c *bos.Component) (*bos.Component, error) {
	return c, nil
}

func (componentResolver) StatusSince(_ context.Context, c *bos.Component) (*bos.Time, error) {
	if c.StatusSince.IsZero() {
		return nil, nil
	}
	return new(bos.TimeOf(c.StatusSince)), nil
}

func (componentStatusResolver) RawPhase(_ context.Context, c *bos.Component) (string, error) {
	return string(c.Phase), nil
}

func (componentStatusResolver) RawStatus(_ context.Context, c *bos.Component) (string, error) {
	return string(c.Status()), nil
}

// values are what pointers point to, as the generated code has a list.
func values[T any](found []*T, err error) ([]T, error) {
	list := make([]T, len(found))
	for i, v := range found {
		list[i] = *v
	}
	return list, err
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
