package limits

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// FuzzLimits compares what is measured with what an actual expansion comes to.
func FuzzLimits(f *testing.F) {
	for _, document := range []string{
		introspection, deep(3), deepInFragments(3), doubling(5), doubling(28),
		`{ components(first: 1000) { edges { node { ` + allOfAComponent + ` } } } }`,
		`query Q($n: Int) { sessions(first: $n) { edges { node { a: components(first: $n) { totalCount } } } } }`,
		`query Q($n: Int = 7) { sessions(first: $n) { ... { ...S ...S } } } fragment S on SessionConnection { edges { cursor } }`,
		`{ sessions(first: -5) { totalCount } components(first: 0) { totalCount } c: components(first: null) { totalCount } }`,
		`{ node(id: "x") { id ... on Session { s: status { errorSummary { components { totalCount } } } } } }`,
		`{ a: serverInfo @skip(if: true) { version } ...F } fragment F on Query { ...F }`,
	} {
		f.Add(document, int64(3))
		f.Add(document, int64(math.MaxInt64))
	}
	e := newExecutor(f, Limits{math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt})
	f.Fuzz(func(t *testing.T, document string, n int64) {
		op, errs := check(e, document, map[string]any{"n": json.Number(strconv.FormatInt(n, 10))})
		if len(errs) > 0 {
			return
		}
		x := expansion{variables: op.Variables, cost: new(big.Int)}
		if !x.expand(op.Operation.SelectionSet, 1, big.NewInt(1)) {
			return // too large to be compared
		}
		if got := measure(op.Operation, op.Variables); got != x.totals() {
			t.Errorf("measured %+v, expanded %+v: %s", got, x.totals(), document)
		}
	})
}

// expansion visits every field as often as it is selected. Unlike the meter it adds up
// from the root: each field costs the product of the page sizes above it.
type expansion struct {
	variables                         map[string]any
	visited, deepest, aliased, spread int
	cost                              *big.Int
}

func (x *expansion) totals() totals {
	t := totals{x.deepest, x.aliased, x.spread, math.MaxInt}
	if x.cost.IsInt64() {
		t.cost = int(x.cost.Int64())
	}
	return t
}

func (x *expansion) expand(set ast.SelectionSet, depth int, times *big.Int) bool {
	for _, selection := range set {
		if x.visited++; x.visited > 10_000 {
			return false
		}
		var under ast.SelectionSet
		next, factor := depth, big.NewInt(1)
		switch s := selection.(type) {
		case *ast.Field:
			x.deepest = max(x.deepest, depth)
			if s.Alias != s.Name {
				x.aliased++
			}
			own := int64(1)
			if name := s.ObjectDefinition.Name + "." + s.Name; name == "Component.error" || name == "ErrorGroup.message" || name == "ErrorGroup.list" {
				own = 40
			}
			own += int64((&meter{variables: x.variables}).filter(s)) // TestLimits has its values
			under, next, factor = s.SelectionSet, depth+1, x.first(s)
			if strings.HasPrefix(s.Name, "__") { // TestIntrospectionCostsWhatItAnswers has what lies under it
				m := meter{x.variables, map[*ast.FragmentDefinition]totals{}}
				own, factor = int64(m.field(s).cost), new(big.Int)
			}
			x.cost.Add(x.cost, new(big.Int).Mul(times, big.NewInt(own)))
			if s.Definition.Arguments.ForName("first") != nil { // for each item
				x.cost.Add(x.cost, new(big.Int).Mul(times, new(big.Int).Mul(factor, big.NewInt(6))))
			}
		case *ast.InlineFragment:
			under = s.SelectionSet
		case *ast.FragmentSpread:
			x.spread++
			under = s.Definition.SelectionSet
		}
		if !x.expand(under, next, factor.Mul(factor, times)) {
			return false
		}
	}
	return true
}

// first reads the argument the way the executor does.
func (x *expansion) first(f *ast.Field) *big.Int {
	n := big.NewInt(1)
	name := "first"
	if f.Definition.Arguments.ForName(name) == nil {
		name = "maxPoints"
	}
	value, given := f.ArgumentMap(x.variables)[name]
	if value == nil && given {
		value, _ = f.Definition.Arguments.ForName(name).DefaultValue.Value(nil)
	}
	if i, ok := value.(int64); ok && i > 1 {
		n.SetInt64(i)
	}
	return n
}
