package limits

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// totals is what a selection set comes to. Numbers stop at math.MaxInt: fragments
// double, so 64 of them are enough to go beyond it.
type totals struct {
	depth, aliases, spreads, cost int
}

// meter measures one operation. A fragment comes to the same wherever it is spread, so
// each is measured once: that is what makes the time linear.
type meter struct {
	variables map[string]any // coerced
	fragments map[*ast.FragmentDefinition]totals
}

func measure(op *ast.OperationDefinition, variables map[string]any) totals {
	m := meter{variables, map[*ast.FragmentDefinition]totals{}}
	return m.selectionSet(op.SelectionSet)
}

func (m *meter) selectionSet(set ast.SelectionSet) totals {
	var sum totals
	for _, selection := range set {
		var t totals
		switch s := selection.(type) {
		case *ast.Field:
			t = m.field(s)
		case *ast.InlineFragment:
			t = m.selectionSet(s.SelectionSet)
		case *ast.FragmentSpread:
			t = m.fragment(s.Definition)
			t.spreads = plus(t.spreads, 1)
		}
		sum.depth = max(sum.depth, t.depth)
		sum.aliases = plus(sum.aliases, t.aliases)
		sum.spreads = plus(sum.spreads, t.spreads)
		sum.cost = plus(sum.cost, t.cost)
	}
	return sum
}

func (m *meter) field(f *ast.Field) totals {
	t := m.selectionSet(f.SelectionSet)
	t.depth = plus(t.depth, 1)
	if f.Alias != f.Name {
		t.aliases = plus(t.aliases, 1)
	}
	t.cost = plus(times(t.cost, m.pageSize(f)), 1)
	return t
}

func (m *meter) fragment(def *ast.FragmentDefinition) totals {
	t, ok := m.fragments[def]
	if !ok {
		// Validation refuses cycles. Should one come through, it is endless.
		m.fragments[def] = totals{math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt}
		t = m.selectionSet(def.SelectionSet)
		m.fragments[def] = t
	}
	return t
}

// pages are the arguments that say how long an answer may be; a field has one at most.
var pages = []string{"first", "maxPoints"}

// pageSize is how many times what lies under a field may be answered: what its argument
// of that kind says, or 1 where there is none.
func (m *meter) pageSize(f *ast.Field) int {
	for _, name := range pages {
		definition := f.Definition.Arguments.ForName(name)
		if definition == nil {
			continue
		}
		var given any
		if a := f.Arguments.ForName(name); a != nil {
			given = m.value(a.Value)
		}
		if given == nil && definition.DefaultValue != nil {
			given = m.value(definition.DefaultValue)
		}
		return count(given)
	}
	return 1
}

func (m *meter) value(v *ast.Value) any {
	switch v.Kind {
	case ast.Variable:
		return m.variables[v.Raw]
	case ast.IntValue:
		return v.Raw
	}
	return nil
}

// count reads an Int in the forms that gqlgen accepts. Anything else, and less than 1, is
// refused when the argument is read, so what lies under the field is never answered.
func count(v any) int {
	switch v := v.(type) {
	case int:
		return max(v, 1)
	case int64:
		return int(min(max(v, 1), math.MaxInt))
	case json.Number:
		return count(string(v))
	case string:
		n, err := strconv.Atoi(v) // the nearest int, if it is out of range
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return 1
		}
		return max(n, 1)
	}
	return 1
}

func plus(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// times multiplies a by b, which is at least 1.
func times(a, b int) int {
	if a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}
