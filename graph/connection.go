package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
)

// pageSize is the argument first of a connection.
func pageSize(first *int) int { return orDefault(first, 100) }

// orDefault is an argument; the schema's default stands in for null, too.
func orDefault(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}

// components resolves every connection of components.
func (r *Resolver) components(ctx context.Context, of *bos.MembersOf, first *int, after *string, filter *bos.ComponentFilter) (*ComponentConnection, error) {
	page, err := newPage(componentCursor, pageSize(first), after)
	if err != nil {
		return nil, err
	}
	list, err := r.Store.ListComponents(ctx, of, orEmpty(filter), page, detailed(ctx, onPage), selected(ctx, "totalCount"))
	if err != nil {
		return nil, err
	}
	c, err := componentPage(ctx, list, page, componentCursor)
	if err == nil && of != nil && selected(ctx, "edges", "failedBefore") {
		err = r.markFailedBefore(ctx, of.Session, c.Edges)
	}
	return c, err
}

// markFailedBefore says of each component whether it failed in the session before.
func (r *Resolver) markFailedBefore(ctx context.Context, of *bos.Session, edges []ComponentEdge) error {
	ids := make([]string, len(edges))
	for i, e := range edges {
		ids[i] = e.Node.ID
	}
	failed, err := r.Store.FailedBefore(ctx, of, ids)
	for i := range failed {
		edges[i].FailedBefore = &failed[i]
	}
	return err
}

// componentPage makes a connection of a page of components.
func componentPage(ctx context.Context, list *bos.List[*bos.Component], page bos.Page, kind cursorKind) (*ComponentConnection, error) {
	// Before edges are made: their cursors would be memory of items that are not answered.
	if err := keepFitting(ctx, list, weighComponents(ctx, onPage)); err != nil {
		return nil, err
	}
	c := &ComponentConnection{Edges: []ComponentEdge{}, TotalCount: list.Total, PageInfo: pageInfo(kind, list.Positions, list.More, page)}
	for i, node := range list.Items {
		c.Edges = append(c.Edges, ComponentEdge{Cursor: encodeCursor(kind, list.Positions[i]), Node: node})
	}
	return c, nil
}

func sessionConnection(list *bos.List[*bos.Session], page bos.Page) *SessionConnection {
	c := &SessionConnection{Edges: []SessionEdge{}, TotalCount: list.Total, PageInfo: pageInfo(sessionCursor, list.Positions, list.More, page)}
	for i, node := range list.Items {
		c.Edges = append(c.Edges, SessionEdge{Cursor: encodeCursor(sessionCursor, list.Positions[i]), Node: node})
	}
	return c
}

// pageInfo describes a page by the positions of its items.
func pageInfo(kind cursorKind, positions []string, more bool, page bos.Page) *PageInfo {
	// Whether there is a page before is not looked up: a client that sent a cursor had it from
	// one.
	info := &PageInfo{HasNextPage: more, HasPreviousPage: page.After != ""}
	if n := len(positions); n > 0 {
		start, end := encodeCursor(kind, positions[0]), encodeCursor(kind, positions[n-1])
		info.StartCursor, info.EndCursor = &start, &end
	} else if more && page.After != "" { // cut off before its first item
		info.EndCursor = new(encodeCursor(kind, page.After))
	}
	return info
}

// keepFitting keeps of a list what the answer has room for, and reports that there would
// have been more. It is a page like any other: reading on from its end brings the rest.
func keepFitting[T any](ctx context.Context, list *bos.List[*T], w *weigher[T]) error {
	// An item of a page has an edge and a cursor around it.
	w.fixed += edgeBytes
	n, err := fit(ctx, list.Items, w)
	if err != nil {
		return err
	}
	if n < len(list.Items) {
		list.Items, list.Positions = list.Items[:n], list.Positions[:n]
		list.More, list.Cut = true, true
	}
	if list.Cut {
		graphql.AddError(ctx, cutOff(ctx, len(list.Items), readOn))
	}
	return nil
}

// firstFitting is the same for a list without pages.
func firstFitting[T any](ctx context.Context, items []*T, w *weigher[T]) ([]*T, error) {
	n, err := fit(ctx, items, w)
	if err == nil && n < len(items) {
		graphql.AddError(ctx, cutOff(ctx, n, askFewer))
	}
	return items[:n], err
}
