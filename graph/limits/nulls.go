package limits

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// forbiddenNull is where an operation uses a variable that is null although no null may be there; nil for nowhere. Validation lets
// a variable that may be null be used there if there is a default, as long as no null is given: that is for execution to notice, and
// gqlgen's takes it for an empty value. An operation without a null is not even walked.
func forbiddenNull(op *ast.OperationDefinition, variables map[string]any) *ast.Value {
	var nulls []string
	for _, v := range op.VariableDefinitions {
		if value, given := variables[v.Variable]; given && value == nil {
			nulls = append(nulls, v.Variable)
		}
	}
	if nulls == nil {
		return nil
	}
	w := nullWalk{nulls, map[*ast.FragmentDefinition]bool{}}
	return w.selectionSet(op.SelectionSet)
}

// nullWalk looks for uses of variables that are null, in each fragment once.
type nullWalk struct {
	nulls []string
	seen  map[*ast.FragmentDefinition]bool
}

func (w nullWalk) selectionSet(set ast.SelectionSet) *ast.Value {
	for _, selection := range set {
		if found := w.selection(selection); found != nil {
			return found
		}
	}
	return nil
}

func (w nullWalk) selection(selection ast.Selection) *ast.Value {
	var arguments ast.ArgumentList
	var directives ast.DirectiveList
	var within ast.SelectionSet
	switch s := selection.(type) {
	case *ast.Field:
		arguments, directives, within = s.Arguments, s.Directives, s.SelectionSet
	case *ast.InlineFragment:
		directives, within = s.Directives, s.SelectionSet
	case *ast.FragmentSpread:
		if directives = s.Directives; !w.seen[s.Definition] {
			w.seen[s.Definition] = true
			within = s.Definition.SelectionSet
		}
	}
	for _, d := range directives {
		arguments = append(slices.Clip(arguments), d.Arguments...)
	}
	for _, a := range arguments {
		if found := w.value(a.Value); found != nil {
			return found
		}
	}
	return w.selectionSet(within)
}

// value looks at a value and at what is in it: the fields of an object, the items of a list. What is in one that is
// given for a custom scalar has no type.
func (w nullWalk) value(v *ast.Value) *ast.Value {
	if v.Kind == ast.Variable && v.ExpectedType != nil && v.ExpectedType.NonNull && slices.Contains(w.nulls, v.Raw) {
		return v
	}
	for _, child := range v.Children {
		if found := w.value(child.Value); found != nil {
			return found
		}
	}
	return nil
}
