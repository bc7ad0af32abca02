package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestAnArgumentThatCannotBeReadIsAnErrorOfItsField shows where errors of values are that are of no use for their type, and are found
// only when the field is executed: the path has fields of the response alone, and there is the place in the document.
func TestAnArgumentThatCannotBeReadIsAnErrorOfItsField(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	for _, test := range []struct {
		query   string
		vars    apptest.Vars
		path    string
		message string
	}{
		{`query($t: DateTime) { s: sessions(filter: {startedAfter: $t}) { totalCount } }`, apptest.Vars{"t": "nope"}, `["s"]`, `filter.startedAfter: "nope" is not a time`},
		{`query($n: Int) { session(name: "running") { components(first: $n) { totalCount } } }`, apptest.Vars{"n": "12"}, `["session","components"]`, `first: "12" is no Int`},
		{`mutation($i: CreateSessionInput!) { createSession(input: $i) { userErrors { code } } }`,
			apptest.Vars{"i": apptest.Vars{"operation": "BOOT", "templateName": json.Number("5")}}, `["createSession"]`, `input.templateName: 5 is no String`},
		{`mutation { m: putComponents(input: {components: [{id: "x9", actualState: {lastUpdated: "nope"}}]}) { applied } }`, nil, `["m"]`, `input: components.0.actualState.lastUpdated: "nope" is not a time`},
	} {
		got := s.With(t).Ask(test.query, test.vars)
		var answer struct {
			Errors []struct {
				Message   string
				Path      json.RawMessage
				Locations []struct{ Line, Column int }
			}
		}
		if err := json.Unmarshal(got.Body, &answer); err != nil || got.Status != 294 || len(answer.Errors) != 1 {
			t.Errorf("%s: answered %d %s, %v", test.query, got.Status, got.Body, err)
			continue
		}
		e := answer.Errors[0]
		if string(e.Path) != test.path || !strings.HasPrefix(e.Message, test.message) || len(e.Locations) != 1 || e.Locations[0].Line != 1 {
			t.Errorf("%s: answered %s, want the path %s and %q", test.query, got.Body, test.path, test.message)
		}
	}
}
