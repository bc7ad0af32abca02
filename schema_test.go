package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestSchemaHasDescriptions(t *testing.T) {
	schema := elementsOf(parse(t, "schema.graphqls"))
	for _, path := range sortedKeys(schema) {
		if strings.TrimSpace(schema[path].description) == "" {
			t.Errorf("%s has no description", path)
		}
	}
}

func TestSchemaContainsContract(t *testing.T) {
	contract, schema := parse(t, "testdata/contract.graphqls"), parse(t, "schema.graphqls")
	if _, err := gqlparser.LoadSchema(source(t, "schema.graphqls")); err != nil {
		t.Errorf("schema.graphqls is not a valid schema: %v", err)
	}
	exempt := map[string]bool{}
	if schema.Definitions.ForName("Subscription") == nil {
		exempt = subscriptionOnly(contract)
	}
	want, got := elementsOf(contract), elementsOf(schema)
	for _, path := range sortedKeys(want) {
		definition, _, _ := strings.Cut(path, ".")
		if exempt[definition] {
			continue
		}
		if found, ok := got[path]; !ok {
			t.Errorf("%s is missing", path)
		} else if found.signature != want[path].signature {
			t.Errorf("%s is %q, the contract says %q", path, found.signature, want[path].signature)
		}
	}
	// What is added must not break requests that follow the contract.
	for _, path := range sortedKeys(got) {
		_, inContract := want[path]
		_, parentInContract := want[got[path].parent]
		if got[path].required && !inContract && parentInContract {
			t.Errorf("%s is required, but the contract does not have it", path)
		}
	}
}

// TestScalarsAreSpecified wants a section of docs/scalars.md for each scalar, to which its URL refers.
func TestScalarsAreSpecified(t *testing.T) {
	doc, err := os.ReadFile("docs/scalars.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parse(t, "schema.graphqls").Definitions {
		if d.Kind != ast.Scalar {
			continue
		}
		const page = "https://github.com/bosgraph/bosgraph/blob/main/docs/scalars.md#"
		url := ""
		if by := d.Directives.ForName("specifiedBy"); by != nil {
			url = by.Arguments.ForName("url").Value.Raw
		}
		if url != page+strings.ToLower(d.Name) || !strings.Contains(string(doc), "\n## "+d.Name+"\n") {
			t.Errorf("%s is specified by %q, which docs/scalars.md has no section for", d.Name, url)
		}
	}
}

// subscriptionOnly names the contract's Subscription type and what can be reached from it
// alone. They come with the live updates; until the schema has a Subscription type it
// need not have them.
func subscriptionOnly(contract *ast.SchemaDocument) map[string]bool {
	only := reachable(contract, "Subscription")
	for name := range reachable(contract, "Query", "Mutation") {
		delete(only, name)
	}
	return only
}

// reachable names the definitions that a request can come to from the roots.
func reachable(doc *ast.SchemaDocument, roots ...string) map[string]bool {
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		def := doc.Definitions.ForName(name)
		if def == nil || seen[name] {
			return
		}
		seen[name] = true
		for _, f := range def.Fields {
			visit(f.Type.Name())
			for _, a := range f.Arguments {
				visit(a.Type.Name())
			}
		}
		for _, other := range doc.Definitions {
			if slices.Contains(other.Interfaces, name) {
				visit(other.Name)
			}
		}
	}
	for _, root := range roots {
		visit(root)
	}
	return seen
}

// element is one named thing of a schema.
type element struct {
	parent      string
	signature   string // what a client can rely on: kind, type and default
	required    bool   // an input that has to be given
	description string
}

// elementsOf lists a schema's elements by path: Type, Type.field, Type.field(argument:).
func elementsOf(doc *ast.SchemaDocument) map[string]element {
	all := map[string]element{}
	for _, d := range doc.Definitions {
		signature := strings.Join(append([]string{string(d.Kind)}, slices.Sorted(slices.Values(d.Interfaces))...), " ")
		all[d.Name] = element{signature: signature, description: d.Description}
		for _, v := range d.EnumValues {
			all[d.Name+"."+v.Name] = element{parent: d.Name, description: v.Description}
		}
		for _, f := range d.Fields {
			path := d.Name + "." + f.Name
			all[path] = element{
				parent: d.Name, signature: typeAndDefault(f.Type, f.DefaultValue), description: f.Description,
				required: d.Kind == ast.InputObject && f.Type.NonNull && f.DefaultValue == nil,
			}
			for _, a := range f.Arguments {
				all[path+"("+a.Name+":)"] = element{
					parent: path, signature: typeAndDefault(a.Type, a.DefaultValue), description: a.Description,
					required: a.Type.NonNull && a.DefaultValue == nil,
				}
			}
		}
	}
	return all
}

func typeAndDefault(typ *ast.Type, value *ast.Value) string {
	if value == nil {
		return typ.String()
	}
	return typ.String() + " = " + value.String()
}

func sortedKeys(all map[string]element) []string { return slices.Sorted(maps.Keys(all)) }

func parse(t *testing.T, name string) *ast.SchemaDocument {
	t.Helper()
	doc, err := parser.ParseSchema(source(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func source(t *testing.T, name string) *ast.Source {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return &ast.Source{Name: name, Input: string(text)}
}
