package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
)

func (sessionResolver) Tenant(_ context.Context, s *bos.Session) (*string, error) {
	return orNull(s.Tenant), nil
}

// Limit, Error and InitialComponents are read only where they are selected ([wanted]), so Details
// is there whenever one of these resolvers runs.
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

func (r sessionResolver) FailedComponents(ctx context.Context, s *bos.Session, first *int, after *string) (*ComponentConnection, error) {
	return r.components(ctx, &bos.MembersOf{Session: s, Failed: true, Frozen: s.Over(), End: s.Over()}, first, after, nil)
}

// ComponentsAsOf lists the components as they are as long as the session has no end.
func (r sessionResolver) ComponentsAsOf(ctx context.Context, s *bos.Session, at ComponentsAsOf, first *int, after *string, filter *bos.ComponentFilter) (*ComponentConnection, error) {
	end := at == ComponentsAsOfEnd && s.Over()
	return r.components(ctx, &bos.MembersOf{Session: s, Frozen: end, End: end}, first, after, filter)
}

func (r sessionResolver) Stragglers(ctx context.Context, s *bos.Session, first *int) ([]bos.Component, error) {
	n := orDefault(first, 10) // the schema's default, which an explicit null replaces
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	// Not through a loader: which they are depends on the session, so two sessions share
	// nothing.
	found, err := r.Store.Stragglers(ctx, s, n, detailed(ctx))
	if err == nil {
		found, err = firstFitting(ctx, found, weighComponents(ctx))
	}
	return values(found, err)
}

// Previous lists earlier sessions like this one, for each session by itself.
// queries ask it of more than one.
func (r sessionResolver) Previous(ctx context.Context, s *bos.Session, first *int) ([]bos.Session, error) {
	// The schema's default, which an explicit null replaces. Most ask for the one run before.
	n := orDefault(first, 1)
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	found, err := r.Store.PreviousSessions(ctx, s, n, wanted(ctx))
	if err == nil {
		found, err = firstFitting(ctx, found, weighSessions(ctx))
	}
	return values(found, err)
}

func (sessionStatusResolver) Progress(_ context.Context, s *bos.Status, maxPoints *int) ([]bos.Point, error) {
	// Thinned out here and not in the store: aliases may ask for different numbers of one read.
	most := orDefault(maxPoints, bos.DefaultPoints)
	if err := bos.CheckPoints(most); err != nil {
		return nil, err
	}
	return s.Progress.Thin(most), nil
}

// ErrorSummary lists the largest groups. They came with the status: [wanted] has asked for as
// many.
func (r sessionStatusResolver) ErrorSummary(ctx context.Context, s *bos.Status, first *int) ([]ErrorSummary, error) {
	n := pageSize(first)
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	groups := make([]*bos.ErrorGroup, min(n, len(s.Errors))) // another alias may have asked for more
	for i := range groups {
		groups[i] = &s.Errors[i]
	}
	fitting, err := fit(ctx, groups, weighGroups(ctx))
	if err != nil {
		return nil, err
	}
	// The store may have stopped before the answer did. Both are reported in the same words, as
	// for the client they are the same.
	if fitting < len(groups) || s.ErrorsCut && len(groups) < min(n, s.GroupCount) {
		graphql.AddError(ctx, cutOff(ctx, fitting, askFewer))
	}
	summary := make([]ErrorSummary, fitting)
	for i := range summary {
		summary[i] = ErrorSummary{ErrorGroup: groups[i], of: s}
	}
	if selected(ctx, "failedBefore") {
		err = r.countFailedBefore(ctx, s, summary)
	}
	return summary, err
}

// countFailedBefore looks up who failed before for all groups at once: it is the same list for each.
func (r sessionStatusResolver) countFailedBefore(ctx context.Context, s *bos.Status, summary []ErrorSummary) error {
	groups := make([]bos.Digest, len(summary))
	for i := range summary {
		groups[i] = summary[i].Digest
	}
	counts, err := r.Store.GroupsFailedBefore(ctx, s.Session, groups, s.FromSnapshot)
	for i := range counts {
		summary[i].FailedBefore = counts[i]
	}
	return err
}

// ByCabinet lists them all: they came with the status.
func (sessionStatusResolver) ByCabinet(ctx context.Context, s *bos.Status) ([]bos.CabinetCounts, error) {
	all := make([]*bos.CabinetCounts, len(s.ByCabinet))
	for i := range all {
		all[i] = &s.ByCabinet[i]
	}
	fitting, err := firstFitting(ctx, all, weighCabinets(ctx))
	return s.ByCabinet[:len(fitting)], err
}

// WaitingFor is read by itself and not with the status: what is waited for is in an index of its own.
func (r sessionStatusResolver) WaitingFor(ctx context.Context, s *bos.Status, first *int) ([]bos.Waiting, error) {
	n := orDefault(first, 10) // the schema's default, which an explicit null replaces
	if err := checkFirst(n); err != nil {
		return nil, err
	}
	groups, err := r.Store.Waiting(ctx, s.Session)
	return groups[:min(n, len(groups))], err
}

func (waitingResolver) Since(_ context.Context, w *bos.Waiting) (*bos.Time, error) {
	if w.Since.IsZero() {
		return nil, nil
	}
	return new(bos.TimeOf(w.Since)), nil
}

func (r waitingResolver) Components(ctx context.Context, w *bos.Waiting, first *int, after *string) (*ComponentConnection, error) {
	page, err := newPage(waitingCursor, orDefault(first, 10), after)
	if err != nil {
		return nil, err
	}
	list, err := r.Store.ListWaiting(ctx, w, page, detailed(ctx, onPage))
	if err != nil {
		return nil, err
	}
	return componentPage(ctx, list, page, waitingCursor)
}

// live says how what comes from BOS stands, if that is what a status shows: nil for
// one that is frozen, or not from BOS.
func (r sessionStatusResolver) live(s *bos.Status) *bos.SyncState {
	// What is frozen stays true however long BOS is away.
	if r.Sync == nil || s.FromSnapshot || s.Session.Source != bos.SourceBOS {
		return nil
	}
	sync := r.Sync.State()
	return &sync
}

// Stale is true for either reason: Redis may have lost something, or BOS has not been read
// lately.
func (r sessionStatusResolver) Stale(_ context.Context, s *bos.Status) (bool, error) {
	sync := r.live(s)
	return s.Stale || sync != nil && sync.Stale(time.Now()), nil
}

// AsOf is the moment of the last sweep with which all was current, where that is newer than the read, too: what was read then
// still was BOS's state. A status that is stale because of Redis keeps its own moment.
func (r sessionStatusResolver) AsOf(_ context.Context, s *bos.Status) (bos.Time, error) {
	at := s.AsOf
	if sync := r.live(s); sync != nil && !sync.LastSweep.IsZero() && !(s.Stale && at.Before(sync.AsOf())) {
		at = sync.AsOf()
	}
	return instant(at), nil
}

func (sessionStatusResolver) StatusNote(_ context.Context, s *bos.Status) (*string, error) {
	return orNull(s.Session.Note()), nil
}

// EstimatedEndTime is null while the status is stale: an estimate of old counts would look as if it
// were new.
func (r sessionStatusResolver) EstimatedEndTime(ctx context.Context, s *bos.Status) (*bos.Time, error) {
	if stale, err := r.Stale(ctx, s); stale || err != nil {
		return nil, err
	}
	end := s.EstimatedEndTime()
	if end == nil {
		return nil, nil
	}
	return new(instant(*end)), nil
}

// instant is a moment with its fraction.
func instant(at time.Time) bos.Time { return bos.Time(at.UTC().Format(time.RFC3339Nano)) }

func (r errorSummaryResolver) Components(ctx context.Context, e *ErrorSummary, first *int, after *string) (*ComponentConnection, error) {
	// From the same side as the group itself: after the session is complete, the components
	// that have that error now are others than those that the group counted.
	of := &bos.MembersOf{Session: e.of.Session, Group: e.Digest, Frozen: e.of.FromSnapshot}
	return r.components(ctx, of, first, after, nil)
}

// values are what pointers point to, as the generated code has a list.
func values[T any](found []*T, err error) ([]T, error) {
	list := make([]T, len(found))
	for i, v := range found {
		list[i] = *v
	}
	return list, err
}

// orNull is for fields that are null where the domain has an empty text.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
