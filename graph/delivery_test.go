package graph

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/bosgraph/bosgraph/bos"
)

// operation parses and validates a request as the server does.
func operation(t *testing.T, query string, variables map[string]any) *graphql.OperationContext {
	t.Helper()
	raw := &graphql.RawParams{Query: query, Variables: variables}
	op, errs := executor.New(NewExecutableSchema(Config{})).CreateOperationContext(graphql.StartOperationTrace(t.Context()), raw)
	if errs != nil {
		t.Fatal(errs)
	}
	return op
}

// words writes a query in one line, with single blanks.
func words(query string) string { return strings.Join(strings.Fields(query), " ") }

func TestShared(t *testing.T) {
	since := func(revision int64, epoch string) Delivery {
		return Delivery{SinceRevision: &revision, SinceEpoch: epoch}
	}
	type v = map[string]any
	for _, test := range []struct {
		name      string
		query     string
		variables v
		shared    string
		left      v
		delivery  Delivery
	}{
		{"nothing about delivery", `subscription { sessionStatusUpdated(name: "s") { revision } }`, nil,
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, Delivery{}},
		{"literals", `subscription { sessionStatusUpdated(sinceRevision: 5, name: "s", minInterval: 250, sinceEpoch: "e") { revision } }`, nil,
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, Delivery{250 * time.Millisecond, since(5, "").SinceRevision, "e"}},
		{"literals that are null", `subscription { sessionStatusUpdated(name: "s", sinceRevision: null, minInterval: null, sinceEpoch: null) { revision } }`, nil,
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, Delivery{}},
		{"variables", `subscription S($r: Revision, $n: String!, $e: String) { sessionStatusUpdated(name: $n, sinceRevision: $r, sinceEpoch: $e) { revision } }`,
			v{"r": 7, "n": "s", "e": "e"},
			`subscription ($n: String!) { sessionStatusUpdated(name: $n) { revision } }`, v{"n": "s"}, since(7, "e")},
		{"variables without a value", `subscription($r: Revision, $e: String, $i: Int) { sessionStatusUpdated(name: "s", minInterval: $i, sinceRevision: $r, sinceEpoch: $e) { revision } }`, nil,
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, Delivery{}},
		{"variables with a default", `subscription($r: Revision = 9, $e: String = "e", $t: String = "blue") { sessionStatusUpdated(name: "s", tenant: $t, sinceRevision: $r, sinceEpoch: $e) { revision } }`, nil,
			`subscription ($t: String = "blue") { sessionStatusUpdated(name: "s", tenant: $t) { revision } }`, v{"t": "blue"}, since(9, "e")},
		{"a revision as large as there is", `subscription($r: Revision) { sessionStatusUpdated(name: "s", sinceRevision: $r) { revision } }`, v{"r": json.Number("9007199254740992")},
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, since(1<<53, "")},
		{"a variable that the selection uses, too", `subscription($n: Int) { sessionStatusUpdated(name: "s", minInterval: $n) { errorSummary(first: $n) { count } } }`, v{"n": 5},
			`subscription ($n: Int) { sessionStatusUpdated(name: "s") { errorSummary(first: $n) { count } } }`, v{"n": 5}, Delivery{Pace: 5 * time.Millisecond}},
		{"a variable that a fragment uses, too", `subscription($n: Int) { sessionStatusUpdated(name: "s", minInterval: $n) { ...a } }
			fragment a on SessionStatus { revision ...b } fragment b on SessionStatus { errorSummary(first: $n) { count } }`, v{"n": 5},
			`subscription ($n: Int) { sessionStatusUpdated(name: "s") { ... a } }
			fragment a on SessionStatus { revision ... b } fragment b on SessionStatus { errorSummary(first: $n) { count } }`, v{"n": 5}, Delivery{Pace: 5 * time.Millisecond}},
		{"a variable that a directive uses, too", `subscription($b: Boolean!) { sessionStatusUpdated(name: "s") { revision ... on SessionStatus @include(if: $b) { epoch } } }`, v{"b": false},
			`subscription ($b: Boolean!) { sessionStatusUpdated(name: "s") { revision ... on SessionStatus @include(if: $b) { epoch } } }`, v{"b": false}, Delivery{}},
		{"the field in a fragment", `subscription { ...f } fragment f on Subscription { sessionStatusUpdated(name: "s", minInterval: 1) { revision } }`, nil,
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, Delivery{Pace: time.Millisecond}},
		{"the field twice", `subscription { sessionStatusUpdated(name: "s") { revision } ... on Subscription { sessionStatusUpdated(name: "s") { epoch } } }`, nil,
			`subscription { sessionStatusUpdated(name: "s") { revision epoch } }`, v{}, Delivery{}},
		{"an alias", `subscription { a: sessionStatusUpdated(name: "s", minInterval: 1) { b: revision } }`, nil,
			`subscription { a: sessionStatusUpdated(name: "s") { b: revision } }`, v{}, Delivery{Pace: time.Millisecond}},
		{"the field with @include", `subscription($b: Boolean!) { sessionStatusUpdated(name: "s") @include(if: $b) { revision } }`, v{"b": true},
			`subscription { sessionStatusUpdated(name: "s") { revision } }`, v{}, Delivery{}},
		{"the pace of components is none of the delivery", `subscription($i: Int) { componentsUpdated(session: "s", minInterval: $i) { revision } }`, v{"i": 5},
			`subscription ($i: Int) { componentsUpdated(session: "s", minInterval: $i) { revision } }`, v{"i": 5}, Delivery{}},
		{"an object as a variable", `subscription($f: SessionFilter) { sessionsUpdated(filter: $f) { deletedId } }`, v{"f": v{"name": "s"}},
			`subscription ($f: SessionFilter) { sessionsUpdated(filter: $f) { deletedId } }`, v{"f": v{"name": "s"}}, Delivery{}},
		{"a variable within an object", `subscription($n: String) { sessionsUpdated(filter: {name: $n}) { deletedId } }`, v{"n": "s"},
			`subscription ($n: String) { sessionsUpdated(filter: {name:$n}) { deletedId } }`, v{"n": "s"}, Delivery{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			op := operation(t, test.query, test.variables)
			before := written(op)
			shared, delivery, err := Shared(op)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := words(written(shared)), words(test.shared); got != want {
				t.Errorf("shared\n%s, want\n%s", got, want)
			}
			if got, want := toJSON(t, shared.Variables), toJSON(t, test.left); got != want {
				t.Errorf("variables %s, want %s", got, want)
			}
			if got, want := toJSON(t, delivery), toJSON(t, test.delivery); got != want {
				t.Errorf("delivery %s, want %s", got, want)
			}
			if after := written(op); after != before { // the document is kept for others
				t.Errorf("the operation has become\n%s", after)
			}
			// What is left can be executed: it is valid by itself.
			operation(t, written(shared), shared.Variables)
		})
	}
}

func written(op *graphql.OperationContext) string {
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent(" ")).FormatQueryDocument(op.Doc)
	return text.String()
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatCannotBeShared(t *testing.T) {
	type v = map[string]any
	const since = `subscription($r: Revision) { sessionStatusUpdated(name: "s", sinceRevision: $r) { revision } }`
	for name, test := range map[string]struct {
		query     string
		variables v
	}{
		"no field":                                  {`subscription { sessionStatusUpdated(name: "s") @skip(if: true) { revision } }`, nil},
		"negative pace":                             {`subscription { sessionStatusUpdated(name: "s", minInterval: -1) { revision } }`, nil},
		"endless pace":                              {`subscription($i: Int) { sessionStatusUpdated(name: "s", minInterval: $i) { revision } }`, v{"i": 3_600_001}},
		"a revision in a text":                      {since, v{"r": "2"}},
		"a literal revision in a text":              {`subscription { sessionStatusUpdated(name: "s", sinceRevision: "2") { revision } }`, nil},
		"a negative revision":                       {since, v{"r": json.Number("-1")}},
		"a revision beyond those that doubles hold": {since, v{"r": json.Number("9007199254740993")}},
		"a fraction of a revision":                  {since, v{"r": json.Number("2.5")}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := Shared(operation(t, test.query, test.variables)); bos.CodeOf(err) != bos.BadUserInput {
				t.Errorf("shared, or %v", err)
			}
		})
	}
}
