package graph

import (
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
)

// Pace is the least time between two messages to one subscriber.
type Pace = time.Duration

const maxPace = time.Hour

// paceOf reads the argument minInterval. Its error is for users.
func paceOf(milliseconds int) (Pace, error) {
	pace := Pace(milliseconds) * time.Millisecond
	if milliseconds < 0 || milliseconds > int(maxPace.Milliseconds()) {
		return 0, bos.Errorf(bos.BadUserInput, "minInterval is %d: use 0 to %d milliseconds", milliseconds, maxPace.Milliseconds()).At("minInterval")
	}
	return pace, nil
}

// Delivery is what one subscriber asks of the way it is sent things: nothing that
// an execution depends on.
type Delivery struct {
	Pace          Pace
	SinceRevision *int64 // withhold the first state if it has this revision
	SinceEpoch    string // in this epoch
}

// deliveryArguments are the arguments that say how things are delivered, by field.
// The pace of componentsUpdated is none: what is merged into one message is for
// the execution to read.
var deliveryArguments = map[string][]string{
	"sessionStatusUpdated": {"minInterval", "sinceRevision", "sinceEpoch"},
}

// Shared takes the delivery apart from a subscription that has been validated.
// What is left is the same for all who follow the same, however they want it sent:
// one field, with the fragments and variables that it still depends on.
func Shared(op *graphql.OperationContext) (*graphql.OperationContext, Delivery, error) {
	root := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})
	if len(root) != 1 || strings.HasPrefix(root[0].Name, "__") {
		return nil, Delivery{}, bos.Errorf(bos.BadUserInput, "a subscription selects one field of Subscription")
	}
	// A copy: the parsed document is cached and shared by everybody who sends it.
	field, drop := *root[0].Field, deliveryArguments[root[0].Name]
	delivery, err := deliveryOf(drop, root[0].ArgumentMap(op.Variables))
	if err != nil {
		return nil, Delivery{}, err
	}
	// Directives of the field itself have been evaluated by now: it was collected.
	field.SelectionSet, field.Directives, field.Arguments = root[0].Selections, nil, nil
	for _, a := range root[0].Arguments {
		if !slices.Contains(drop, a.Name) {
			field.Arguments = append(field.Arguments, a)
		}
	}
	return withOnly(op, &field), delivery, nil
}

// deliveryOf reads the arguments that are taken off. They have been validated; what they may be
// beyond their types is checked here, before anybody joins.
func deliveryOf(names []string, given map[string]any) (d Delivery, err error) {
	for _, name := range names {
		v := given[name]
		if v == nil {
			continue
		}
		switch name {
		case "minInterval":
			var n int
			if n, err = UnmarshalInt(v); err == nil {
				d.Pace, err = paceOf(n)
			}
		case "sinceRevision":
			d.SinceRevision = new(int64)
			*d.SinceRevision, err = UnmarshalRevision(v)
		case "sinceEpoch":
			d.SinceEpoch, err = UnmarshalString(v)
		}
		if err != nil {
			return d, bos.Errorf(bos.BadUserInput, "%w", err).At(name)
		}
	}
	return d, nil
}

// withOnly is an operation of one field, and nothing that this does not need.
func withOnly(op *graphql.OperationContext, field *ast.Field) *graphql.OperationContext {
	operation := *op.Operation
	// Names differ between clients and mean nothing to an execution: left in, they would make
	// groups of what is the same.
	operation.Name, operation.Directives, operation.VariableDefinitions = "", nil, nil
	operation.SelectionSet = ast.SelectionSet{field}
	only := &graphql.OperationContext{
		Operation: &operation, Doc: &ast.QueryDocument{Operations: ast.OperationList{&operation}}, Variables: map[string]any{},
		DisableIntrospection: op.DisableIntrospection, RecoverFunc: op.RecoverFunc,
		ResolverMiddleware: op.ResolverMiddleware, RootResolverMiddleware: op.RootResolverMiddleware, Stats: op.Stats,
	}

	needs := needs{map[*ast.FragmentDefinition]bool{}, map[string]bool{}}
	needs.ofSelections(operation.SelectionSet)
	for _, f := range op.Doc.Fragments {
		if needs.fragments[f] {
			only.Doc.Fragments = append(only.Doc.Fragments, f)
		}
	}
	for _, v := range op.Operation.VariableDefinitions {
		// A variable that only the delivery used must not keep apart what is the same.
		if !needs.variables[v.Variable] {
			continue
		}
		operation.VariableDefinitions = append(operation.VariableDefinitions, v)
		if value, ok := op.Variables[v.Variable]; ok {
			only.Variables[v.Variable] = value
		}
	}
	return only
}

// needs is what selections depend on.
type needs struct {
	fragments map[*ast.FragmentDefinition]bool
	variables map[string]bool
}

// ofSelections notes what a selection set uses, fragments included.
func (n needs) ofSelections(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n.ofArguments(s.Arguments)
			n.ofDirectives(s.Directives)
			n.ofSelections(s.SelectionSet)
		case *ast.InlineFragment:
			n.ofDirectives(s.Directives)
			n.ofSelections(s.SelectionSet)
		case *ast.FragmentSpread:
			n.ofDirectives(s.Directives)
			// Once each: fragments that spread others twice would otherwise double the work at
			// each level.
			if !n.fragments[s.Definition] {
				n.fragments[s.Definition] = true
				n.ofSelections(s.Definition.SelectionSet)
			}
		}
	}
}

func (n needs) ofDirectives(directives ast.DirectiveList) {
	for _, d := range directives {
		n.ofArguments(d.Arguments)
	}
}

func (n needs) ofArguments(arguments ast.ArgumentList) {
	for _, a := range arguments {
		n.ofValue(a.Value)
	}
}

func (n needs) ofValue(v *ast.Value) {
	if v.Kind == ast.Variable {
		n.variables[v.Raw] = true
	}
	for _, child := range v.Children {
		n.ofValue(child.Value)
	}
}
