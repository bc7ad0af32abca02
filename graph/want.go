package graph

import (
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
)

// wanted looks ahead: which parts of a session the query selects, so that one read
// brings them and no other. path leads from the field being resolved to the
// session, by field names.
func wanted(ctx context.Context, path ...string) bos.Want {
	return wantOf(graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field.Selections, path...)
}

// wantOf is the same of a selection, from which path leads to the session.
func wantOf(op *graphql.OperationContext, of ast.SelectionSet, path ...string) bos.Want {
	want := bos.Want{Without: bos.AllParts}
	for _, sel := range descend(op, of, path) {
		sessionWants(op, sel, &want)
	}
	return want
}

// wantedOfStatus is the same where the field being resolved is a status. All of its parts are wanted:
// it is watched, and one read is shared by all who watch the session.
func wantedOfStatus(ctx context.Context) bos.Want {
	want := bos.Want{Status: true}
	statusWants(lookedAt(graphql.GetOperationContext(ctx)), graphql.GetFieldContext(ctx).Field.Selections, &want)
	return want
}

// detailed looks ahead whether components are selected with more than their
// status depends on.
func detailed(ctx context.Context, path ...string) bool {
	op := graphql.GetOperationContext(ctx)
	for _, sel := range descend(op, graphql.GetFieldContext(ctx).Field.Selections, path) {
		// Only the fields that are not in the short part of a record: with none of them
		// selected, half of the keys are not read.
		for _, f := range graphql.CollectFields(op, sel, []string{"Component", "Node"}) {
			switch f.Name {
			case "retryPolicy", "desiredState", "actualState", "stagedState", "lastAction", "eventStats":
				return true
			}
		}
	}
	return false
}

// selected looks ahead whether the field that a path leads to is selected.
func selected(ctx context.Context, path ...string) bool {
	op := graphql.GetOperationContext(ctx)
	return len(descend(op, graphql.GetFieldContext(ctx).Field.Selections, path)) > 0
}

// onPage leads to the items of a connection: clients select them under edges and node, under
// nodes, or both.
const onPage = "nodes"

// descend follows a path of field names; a field may be selected several times
// under different aliases.
func descend(op *graphql.OperationContext, sel ast.SelectionSet, path []string) []ast.SelectionSet {
	if len(path) == 0 {
		return []ast.SelectionSet{sel}
	}
	var found []ast.SelectionSet
	if path[0] == onPage {
		found = descend(op, sel, append([]string{"edges", "node"}, path[1:]...))
	}
	for _, f := range graphql.CollectFields(op, sel, nil) {
		if f.Name == path[0] {
			found = append(found, descend(op, f.Selections, path[1:])...)
		}
	}
	return found
}

// sessionWants adds what a selection of a session needs.
func sessionWants(op *graphql.OperationContext, sel ast.SelectionSet, want *bos.Want) {
	for _, f := range graphql.CollectFields(op, sel, []string{"Session", "Node"}) {
		switch f.Name {
		case "__typename", "id", "name", "tenant":
		case "limit", "error":
			want.Details = true
		case "initialComponents":
			want.Initial = true
		case "status":
			want.Status = true
			statusWants(op, f.Selections, want)
		default:
			want.Without &^= bos.PartRecord
		}
	}
}

// statusWants adds what a selection of a status needs.
func statusWants(op *graphql.OperationContext, sel ast.SelectionSet, want *bos.Want) {
	for _, f := range graphql.CollectFields(op, sel, nil) {
		if parts, known := statusParts[f.Name]; known {
			want.Without &^= parts
		} else {
			want.Without = 0
		}
		switch f.Name {
		case "epoch":
			want.Epoch = true
		case "errorGroupCount":
			want.GroupCount = true
		case "errorSummary":
			// A number outside of the page size is refused by the resolver.
			want.Groups = max(want.Groups, min(firstOf(op, f), bos.MaxPage))
		case "errorPatterns":
			// However many are asked for: which are the first is known of all.
			want.Groups = bos.MaxPatternGroups
		case "progress":
			want.Progress = true
		case "estimatedEndTime", "estimatedEnd":
			// An estimate compares the progress of this session with that of an earlier one.
			want.Progress, want.Estimate = true, true
		case "statusCounts":
			want.Statuses = true
		case "byCabinet":
			want.Cabinets = true
		case "phaseDurations":
			want.PhaseTimes = true
		case "counts":
			for _, count := range graphql.CollectFields(op, f.Selections, nil) {
				want.Statuses = want.Statuses || count.Name == "onHold" || count.Name == "disabled"
			}
		case "session":
			sessionWants(op, f.Selections, want)
		}
	}
}

// statusParts are what fields of a status are made of besides its counters; one that is missing here may need any.
var statusParts = map[string]bos.Parts{
	"__typename": 0, "session": 0, "status": 0, "epoch": 0, "fromSnapshot": 0, "statusNote": 0, "errorGroupCount": 0,
	"revision": bos.PartRevision, "timing": bos.PartRecord, "phases": 0, "counts": 0,
	"managedComponentsCount": 0, "percentStaged": 0, "percentSuccessful": 0, "percentFailed": 0,
}

// firstOf is a field's argument first, whose default the schema gives.
func firstOf(op *graphql.OperationContext, f graphql.CollectedField) int {
	switch n := f.ArgumentMap(op.Variables)["first"].(type) {
	case int64:
		return int(n)
	case int:
		return n
	// Numbers of variables are left as they were written.
	case json.Number:
		i, _ := n.Int64()
		return int(i)
	default:
		return pageSize(nil)
	}
}
