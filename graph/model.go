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
