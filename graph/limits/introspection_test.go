package limits

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// TestIntrospectionCostsWhatItAnswers compares what introspection counts as with the schema, and has a small document that asks for
// all types many times.
func TestIntrospectionCostsWhatItAnswers(t *testing.T) {
	e := newExecutor(t, Default(100_000))
	op, errs := check(e, introspection, nil)
	wantRefusal(t, errs, "", "")
	// The least --max-cost, with which the playground has to work.
	if got := measure(op.Operation, nil).cost; got < 5000 || got > 10_000 {
		t.Errorf("GraphiQL's introspection costs %d, want 5000 to 10000", got)
	}

	schema, found := readSchema(t), map[string]int{} // how many there are in all
	var types int                                    // that are shown where something has a type
	show := func(of *ast.Type) {
		for ; of != nil; of = of.Elem {
			if types++; of.NonNull {
				types++
				found["ofType"]++
			}
			if of.Elem != nil {
				found["ofType"]++
			}
		}
	}
	for _, definition := range schema.Types {
		found["types"]++
		found["enumValues"] += len(definition.EnumValues)
		found["interfaces"] += len(definition.Interfaces)
		if definition.IsAbstractType() {
			found["possibleTypes"] += len(schema.PossibleTypes[definition.Name])
		}
		for _, field := range definition.Fields {
			switch {
			case strings.HasPrefix(field.Name, "__"):
				continue
			case definition.Kind == ast.InputObject:
				found["inputFields"]++
			default:
				found["fields"]++
			}
			found["args"] += len(field.Arguments)
			show(field.Type)
			for _, argument := range field.Arguments {
				show(argument.Type)
			}
		}
	}
	found["directives"] = len(schema.Directives)
	lists := map[string]int{"types": 1, "directives": 1, "args": found["fields"], "ofType": types}
	for name, is := range found {
		among := found["types"]
		if n, ok := lists[name]; ok {
			among = n
		}
		if want := 100 * is / among; averages[name] < want*3/4 || averages[name] > want*5/4+5 {
			t.Errorf("%s: %d hundredths, but %d of %d are %d", name, averages[name], is, among, want)
		}
	}

	many := "{" + numbered(50, "a#: __schema { ...All } ") + `} fragment All on __Schema { types { name description
		fields { name description args { name description } type { name } } inputFields { name description } enumValues { name description } } }`
	_, errs = check(e, many, nil)
	wantRefusal(t, errs, bad, "at most 100000 is allowed")
	_, errs = check(e, "{"+numbered(20, `a#: __type(name: "Session") { fields { name description type { name kind } } } `)+"}", nil)
	wantRefusal(t, errs, "", "")
}
