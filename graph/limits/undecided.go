package limits

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// undecided is a variable that @skip or @include goes by and that is null; "" for none. Its type lets it be, as it has a default, and
// only execution would notice: by a panic.
func undecided(op *ast.OperationDefinition, variables map[string]any) string {
	for _, v := range op.VariableDefinitions {
		if v.Type.NamedType == "Boolean" && variables[v.Variable] == nil && decides(v.Variable, op.SelectionSet, map[*ast.FragmentDefinition]bool{}) {
			return v.Variable
		}
	}
	return ""
}

// decides says whether directives in a selection set go by a variable. Each fragment is looked through once.
func decides(variable string, set ast.SelectionSet, seen map[*ast.FragmentDefinition]bool) bool {
	return slices.ContainsFunc(set, func(selection ast.Selection) bool {
		switch s := selection.(type) {
		case *ast.Field:
			return named(variable, s.Directives) || decides(variable, s.SelectionSet, seen)
		case *ast.InlineFragment:
			return named(variable, s.Directives) || decides(variable, s.SelectionSet, seen)
		case *ast.FragmentSpread:
			again := seen[s.Definition]
			seen[s.Definition] = true
			return named(variable, s.Directives) || !again && decides(variable, s.Definition.SelectionSet, seen)
		default:
			return false
		}
	})
}

func named(variable string, directives ast.DirectiveList) bool {
	return slices.ContainsFunc(directives, func(d *ast.Directive) bool {
		argument := d.Arguments.ForName("if")
		return argument != nil && argument.Value.Kind == ast.Variable && argument.Value.Raw == variable
	})
}
