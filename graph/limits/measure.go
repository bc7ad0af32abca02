package limits

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// scanCost is what a list of all components costs besides its fields if no index fits its filter.
// Everything has to be looked at, which is 50 ms of CPU time in a system of 100,000 components and
// is bounded by --max-scan, but how many there are is not known here.
const scanCost = 20_000

// What is more expensive than a field that is only written: an item of a page is read. A text is, by
// a read of its own and after its size, and so are a component's sessions. An id of a filter is looked up and sorted.
const (
	itemCost = 6
	readCost = 40
	idCost   = 2
)

// read says whether a field of a component is a read of its own: a long text, or its sessions. The texts of error groups are
// fewer: what they may come to is bounded where they are read.
func read(f *ast.Field) bool {
	return f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Component" && (f.Name == "error" || f.Name == "sessions" || f.Name == "countsIn")
}

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

// measure is what an operation comes to with these variables: page sizes may be among them.
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
	// The parser gives a field without an alias its name as one.
	if f.Alias != f.Name {
		t.aliases = plus(t.aliases, 1)
	}
	own := 1
	switch {
	case read(f):
		own = readCost
	case f.Name == "troubledComponents": // it adds up those of each day
		own = scanCost
	}
	if share, ok := introspected(f); ok {
		t.cost = plus(hundredths(t.cost, share), own)
		return t
	}
	// The field itself is answered once, and what lies under it as often as there are items.
	size, item := m.pageSize(f)
	t.cost = plus(times(plus(t.cost, item), size), plus(own, m.filter(f)))
	return t
}

// averages are how many items the lists of introspection have, in hundredths: there are 97 types, with 3.3 fields each, and
// nearly half of the types that something has are wrapped in another (ofType). These lists have no pages, and without this a
// document of 2 KB, which asks for all types 90 times, took more than a second of CPU time. A type that is asked for by
// its name counts as ten: it may be one of the largest.
var averages = map[string]int{
	"types": 97_00, "directives": 5_00, "fields": 3_30, "args": 20, "inputFields": 90, "enumValues": 70, "interfaces": 5, "possibleTypes": 5,
	"ofType": 45, "__type": 10_00,
}

// introspected is how often, in hundredths, what lies under a field of introspection is answered; ok is false for a field
// that is no list.
func introspected(f *ast.Field) (share int, ok bool) {
	if f.ObjectDefinition == nil || !strings.HasPrefix(f.ObjectDefinition.Name, "__") && !strings.HasPrefix(f.Name, "__") {
		return 0, false
	}
	share, ok = averages[f.Name]
	return share, ok
}

// filter is what a field's filter costs: that of each id that is looked up, and a scan where none of
// what it filters by has an index. Of what lies under a session, there are as many as the session
// has.
func (m *meter) filter(f *ast.Field) int {
	argument := f.Arguments.ForName("filter")
	if argument == nil || f.Name != "components" && f.Name != "componentsAsOf" {
		return 0
	}
	value, _ := argument.Value.Value(m.variables)
	filter, _ := value.(map[string]any)
	if ids, ok := filter["ids"]; ok && ids != nil {
		list, _ := ids.([]any)
		// A single id need not be in a list: GraphQL coerces it.
		return idCost * max(1, len(list))
	}
	if f.ObjectDefinition == nil || f.ObjectDefinition.Name != "Query" {
		return 0
	}
	// One that has an index is enough, whatever else there is: the narrowest is walked.
	for _, indexed := range []string{"session", "stagedSession", "error"} {
		if filter[indexed] != nil {
			return 0
		}
	}
	for _, scanned := range []string{"phase", "status", "enabled", "hasError"} {
		if filter[scanned] != nil {
			return scanCost
		}
	}
	return 0
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

// pageSize is how many times what lies under a field may be answered: what one of
// those arguments says, or 1 where it has none; and what each of these costs besides its fields.
func (m *meter) pageSize(f *ast.Field) (size, item int) {
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
		if name == "first" {
			item = itemCost
		}
		return count(given), item
	}
	return max(1, unpaged[f.Name]), 0
}

// unpaged are lists without such an argument, with about as many items as a large system has.
var unpaged = map[string]int{"byCabinet": 100}

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

// plus adds without going round: a sum beyond the largest number is that number.
func plus(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// hundredths is so many hundredths of a, rounded up.
func hundredths(a, b int) int {
	if a > (math.MaxInt-99)/b {
		return math.MaxInt
	}
	return (a*b + 99) / 100
}

// times multiplies a by b, which is at least 1.
func times(a, b int) int {
	if a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}
