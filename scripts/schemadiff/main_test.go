package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const base = `
directive @tag(name: String, size: Int! = 1) on FIELD | QUERY
interface Node { id: ID! }
type Query { node(id: ID!, first: Int = 10, name: String): Node  things(filter: Filter): [Thing!]!  any: Any }
type Thing implements Node { id: ID!  name: String  color: Color }
type Other { x: Int }
union Any = Thing | Other
enum Color { RED GREEN }
input Filter { name: String  size: Int! = 5  color: [Color!] }
`

// TestEachKindOfBreakIsFound changes one thing of a schema at a time.
func TestEachKindOfBreakIsFound(t *testing.T) {
	for _, test := range []struct{ before, after, want string }{
		{"name: String  color: Color }", "color: Color }", "Thing.name: removed"},
		{"name: String  color: Color }", "name: Int  color: Color }", "Thing.name: was String, is Int"},
		{"[Thing!]!", "[Thing!]", "Query.things: was [Thing!]!, is [Thing!]"},
		{"[Thing!]!", "[Thing]!", "Query.things: was [Thing!]!, is [Thing]!"},
		{"[Thing!]!", "Thing!", "Query.things: was [Thing!]!, is Thing!"},
		{", name: String)", ")", "Query.node(name:): removed"},
		{", name: String)", ", name: String!)", "Query.node(name:): was String, is String!"},
		{", name: String)", ", name: String, more: Int!)", "Query.node(more:): new and required"},
		{"first: Int = 10", "first: Int = 20", "Query.node(first:): default was 10, is 20"},
		{"first: Int = 10", "first: Int", "Query.node(first:): default was 10, is none"},
		{"type Thing implements Node", "type Thing", "Thing: no longer implements Node"},
		{"RED GREEN", "RED", "Color.GREEN: removed"},
		{"Thing | Other", "Thing", "Any: no longer has the member Other"},
		{"color: [Color!] }", "}", "Filter.color: removed"},
		{"color: [Color!] }", "color: [Color!]! }", "Filter.color: was [Color!], is [Color!]!"},
		{"color: [Color!] }", "color: [Color!]  more: Int! }", "Filter.more: new and required"},
		{"enum Color { RED GREEN }", "scalar Color", "Color: was ENUM, is SCALAR"},
		{"on FIELD | QUERY", "on FIELD", "@tag: no longer allowed on QUERY"},
		{"@tag(name: String,", "@tag(", "@tag(name:): removed"},
		{"directive @tag(name: String, size: Int! = 1) on FIELD | QUERY", "", "@tag: removed"},
	} {
		now := schema(t, replaceOnce(t, test.before, test.after))
		if got := unintended(breaks(schema(t, base), now), ""); !slices.Contains(got, test.want) {
			t.Errorf("%s for %s: got %q, want %q", test.after, test.before, got, test.want)
		}
	}
}

func TestAdditionsAndPromisesBreakNothing(t *testing.T) {
	for _, test := range [][2]string{
		{"name: String  color: Color }", "name: String!  color: Color  more: Int }"},
		{"things(filter: Filter)", "things(filter: Filter, more: Int! = 1)"},
		{"id: ID!, first: Int = 10", "id: ID, first: Int = 10"},
		{"first: Int = 10", "first: Int! = 10"},
		{"RED GREEN", "RED GREEN BLUE"},
		{"size: Int! = 5", "size: Int = 5"},
		{"size: Int! = 5", "size: Int! = 5  more: String"},
		{"type Other { x: Int }", "type Other { x: Int } type Third { y: Int }"},
		{"on FIELD | QUERY", "repeatable on FIELD | QUERY | MUTATION"},
	} {
		if got := breaks(schema(t, base), schema(t, replaceOnce(t, test[0], test[1]))); len(got) > 0 {
			t.Errorf("%s for %s: %v", test[1], test[0], got)
		}
	}
}

func TestIntendedBreaksHaveAReasonAndAreBreaks(t *testing.T) {
	found := []broken{{"A.b", "removed"}, {"A.c(d:)", "removed"}}
	if got := unintended(found, "# why\n\nA.b: nobody used it\nA.c(d:): renamed to e\n"); len(got) > 0 {
		t.Errorf("both are intended: %q", got)
	}
	want := []string{"A.b: intended without a reason", "A.c(d:): removed", "A.x: intended, but no break"}
	if got := unintended(found, "A.b\nA.x: of a release long ago\n"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSchemaIsCompatibleWithTheLastRelease is what `go run ./scripts/schemadiff` does.
func TestSchemaIsCompatibleWithTheLastRelease(t *testing.T) {
	before, now := loaded(t, "../../"+released), loaded(t, "../../"+current)
	list, err := os.ReadFile("../../" + intended)
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Types) < 20 {
		t.Fatalf("the released schema has %d types", len(before.Types))
	}
	for _, problem := range unintended(breaks(before, now), string(list)) {
		t.Error(problem)
	}
}

func replaceOnce(t *testing.T, before, after string) string {
	t.Helper()
	if strings.Count(base, before) != 1 {
		t.Fatalf("the schema does not have %q once", before)
	}
	return strings.Replace(base, before, after, 1)
}

func schema(t *testing.T, text string) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return s
}

func loaded(t *testing.T, name string) *ast.Schema {
	t.Helper()
	s, err := load(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
