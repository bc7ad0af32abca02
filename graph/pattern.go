package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/loaders"
)

// ErrorPatterns are made of the groups that came with the status: [wanted] has asked for as many as there
// may be.
func (r sessionStatusResolver) ErrorPatterns(ctx context.Context, s *bos.Status, first *int) ([]ErrorPattern, error) {
	n := orDefault(first, 20) // the schema's default, which an explicit null replaces
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	made, err := loaders.For(ctx).Patterns(ctx, s)
	if err != nil {
		return nil, err
	}
	patterns := make([]*bos.ErrorPattern, min(n, len(made)))
	for i := range patterns {
		patterns[i] = &made[i]
	}
	fitting, err := firstFitting(ctx, patterns, weighPatterns(ctx))
	if err != nil {
		return nil, err
	}
	// The store stops at a number of bytes: then the counts lack the groups that were not read.
	if s.ErrorsCut && len(s.Errors) < min(bos.MaxPatternGroups, s.GroupCount) && len(fitting) == len(patterns) {
		graphql.AddError(ctx, cutOff(ctx, len(fitting), "their messages are too long to be read together: read components(filter: {hasError: true}) with their errors page by page, or start the server with a larger --max-response"))
	}
	list := make([]ErrorPattern, len(fitting))
	for i, p := range fitting {
		list[i] = ErrorPattern{ErrorPattern: p, of: s}
	}
	if selected(ctx, "failedBefore") {
		err = r.countPatternsFailedBefore(ctx, s, list)
	}
	return list, err
}

// countPatternsFailedBefore adds up who failed before in the groups of each pattern. They are looked up together: it is the same
// list for each.
func (r sessionStatusResolver) countPatternsFailedBefore(ctx context.Context, s *bos.Status, list []ErrorPattern) error {
	var groups []bos.Digest
	for _, p := range list {
		for i := range p.Groups {
			groups = append(groups, p.Groups[i].Digest)
		}
	}
	counts, err := r.Store.GroupsFailedBefore(ctx, s.Session, groups, s.FromSnapshot)
	if err != nil {
		return err
	}
	for i, p := range list {
		for _, n := range counts[:len(p.Groups)] {
			list[i].FailedBefore += n
		}
		counts = counts[len(p.Groups):]
	}
	return nil
}

// ByCabinet reads the components of each pattern by itself: few are asked for at a time.
func (r errorPatternResolver) ByCabinet(ctx context.Context, p *ErrorPattern) ([]bos.CabinetErrors, error) {
	return r.Store.ErrorCabinets(ctx, p.of.Session, p.Groups, p.of.FromSnapshot)
}

func (r errorPatternResolver) Messages(ctx context.Context, p *ErrorPattern, first *int) ([]ErrorSummary, error) {
	n := orDefault(first, 20)
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	groups := make([]*bos.ErrorGroup, min(n, len(p.Groups)))
	for i := range groups {
		groups[i] = &p.Groups[i]
	}
	fitting, err := firstFitting(ctx, groups, weighGroups(ctx))
	summary := make([]ErrorSummary, len(fitting))
	for i, g := range fitting {
		summary[i] = ErrorSummary{ErrorGroup: g, of: p.of}
	}
	if err == nil && selected(ctx, "failedBefore") {
		err = sessionStatusResolver(r).countFailedBefore(ctx, p.of, summary)
	}
	return summary, err
}

// EstimatedEnd is null where EstimatedEndTime is.
func (r sessionStatusResolver) EstimatedEnd(ctx context.Context, s *bos.Status) (*bos.EndEstimate, error) {
	if stale, err := r.Stale(ctx, s); stale || err != nil {
		return nil, err
	}
	return s.EstimatedEnd(), nil
}
