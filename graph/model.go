package graph

import "github.com/bosgraph/bosgraph/bos"

// Node is what Query.node finds: a *bos.Session or a *bos.Component.
type Node interface{}

// ErrorSummary is an error group of a status.
type ErrorSummary struct {
	*bos.ErrorGroup
	of           *bos.Status
	FailedBefore int // 0 unless it is selected
}

// ErrorPattern is a pattern of the error groups of a status.
type ErrorPattern struct {
	*bos.ErrorPattern
	of           *bos.Status
	FailedBefore int // 0 unless it is selected
}

// SessionConnection is a page of sessions.
type SessionConnection struct {
	Edges      []SessionEdge
	PageInfo   *PageInfo
	TotalCount *int
}

// Nodes are the sessions of its edges, made only where they are selected.
func (c *SessionConnection) Nodes() []bos.Session {
	return nodes(c.Edges, func(e SessionEdge) *bos.Session { return e.Node })
}

// ComponentConnection is a page of components.
type ComponentConnection struct {
	Edges      []ComponentEdge
	PageInfo   *PageInfo
	TotalCount *int
}

// Nodes are the components of its edges.
func (c *ComponentConnection) Nodes() []bos.Component {
	return nodes(c.Edges, func(e ComponentEdge) *bos.Component { return e.Node })
}

// ComponentSessionConnection is a page of the sessions of a component.
type ComponentSessionConnection struct {
	Edges    []ComponentSessionEdge
	PageInfo *PageInfo
}

// Nodes are the sessions of its edges.
func (c *ComponentSessionConnection) Nodes() []bos.ComponentSession {
	return nodes(c.Edges, func(e ComponentSessionEdge) *bos.ComponentSession { return e.Node })
}

// SessionTemplateConnection is a page of session templates.
type SessionTemplateConnection struct {
	Edges      []SessionTemplateEdge
	PageInfo   *PageInfo
	TotalCount *int
}

// Nodes are the templates of its edges.
func (c *SessionTemplateConnection) Nodes() []bos.SessionTemplate {
	return nodes(c.Edges, func(e SessionTemplateEdge) *bos.SessionTemplate { return e.Node })
}

func nodes[Edge, T any](edges []Edge, node func(Edge) *T) []T {
	list := make([]T, len(edges))
	for i, e := range edges {
		list[i] = *node(e)
	}
	return list
}
