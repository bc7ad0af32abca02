package graph

import (
	"context"

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
	page, err := bos.NewPage(bos.ComponentCursor, pageSize(first), after)
	if err != nil {
		return nil, err
	}
	list, err := r.Store.ListComponents(ctx, of, orEmpty(filter), page, detailed(ctx, "edges", "node"), selected(ctx, "totalCount"))
	if err != nil {
		return nil, err
	}
	c := &ComponentConnection{Edges: []ComponentEdge{}, TotalCount: list.Total, PageInfo: pageInfo(bos.ComponentCursor, list.Positions, list.More, page)}
	for i, node := range list.Items {
		c.Edges = append(c.Edges, ComponentEdge{Cursor: bos.EncodeCursor(bos.ComponentCursor, list.Positions[i]), Node: node})
	}
	return c, nil
}

func sessionConnection(list *bos.List[*bos.Session], page bos.Page) *SessionConnection {
	c := &SessionConnection{Edges: []SessionEdge{}, TotalCount: list.Total, PageInfo: pageInfo(bos.SessionCursor, list.Positions, list.More, page)}
	for i, node := range list.Items {
		c.Edges = append(c.Edges, SessionEdge{Cursor: bos.EncodeCursor(bos.SessionCursor, list.Positions[i]), Node: node})
	}
	return c
}

func pageInfo(kind bos.CursorKind, positions []string, more bool, page bos.Page) *PageInfo {
	info := &PageInfo{HasNextPage: more, HasPreviousPage: page.After != ""}
	if n := len(positions); n > 0 {
		start, end := bos.EncodeCursor(kind, positions[0]), bos.EncodeCursor(kind, positions[n-1])
		info.StartCursor, info.EndCursor = &start, &end
	}
	return info
}
