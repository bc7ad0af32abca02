package limits

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

const bad = "BAD_USER_INPUT"

// introspection asks as deep as GraphiQL does.
var introspection = `query IntrospectionQuery {
	__schema {
		queryType { name } mutationType { name } subscriptionType { name }
		types { ...FullType }
		directives { name description locations args(includeDeprecated: true) { ...InputValue } }
	}
}
fragment FullType on __Type {
	kind name description specifiedByURL
	fields(includeDeprecated: true) {
		name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
	}
	inputFields(includeDeprecated: true) { ...InputValue }
	interfaces { ...TypeRef }
	enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
	possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ` + strings.Repeat("ofType { kind name ", 9) + strings.Repeat("}", 9) + ` }`

const allOfAComponent = `id enabled error session retryPolicy status { phase rawPhase status rawStatus statusOverride }
	desiredState { bootArtifacts { kernel kernelParameters initrd } configuration bssToken lastUpdated }
	actualState { bootArtifacts { kernel kernelParameters initrd } bssToken lastUpdated }
	stagedState { bootArtifacts { kernel kernelParameters initrd } configuration session lastUpdated }
	lastAction { action failed lastUpdated }
	eventStats { powerOnAttempts powerOffGracefulAttempts powerOffForcefulAttempts }`

const allOfAStatus = `revision epoch status managedComponentsCount percentStaged percentSuccessful percentFailed
	phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
	counts { managed staged successful failed complete configuring poweringOff poweringOn active }
	errorSummary(first: 100) { message count list } errorGroupCount
	timing { startTime endTime duration durationSeconds } fromSnapshot stale asOf`

func TestLimits(t *testing.T) {
	page := `query Q($n: Int, $m: Int = 50) { sessions(first: $n) { edges { node { components(first: $m) { totalCount } } } } }`
	for _, tc := range []struct {
		name, document string
		variables      map[string]any
		code, message  string
	}{
		{name: "introspection", document: introspection},
		{name: "status of many sessions",
			document: `{ sessions(first: 50) { edges { node { name status { ` + allOfAStatus + ` } } } } }`},
		{name: "all of many components", document: `{ components(first: 1000) { edges { node { ` + allOfAComponent + ` } } } }`},
		{name: "the largest of both pages",
			document: `{ sessions(first: 1000) { edges { node { components(first: 1000) { edges { node { id } } } } } } }`,
			code:     bad, message: "this costs 9009001 (1 a field and 6 an item, times the page size first of every field it lies under), but at most 500000 is allowed (--max-cost): ask for smaller"},
		{name: "the schema's default for both", document: `{ sessions { edges { node { components { edges { node { id } } } } } } }`},
		{name: "a default counts", document: `{ sessions(first: 1000) { edges { node { components { edges { node { id enabled session } } } } } } }`,
			code: bad, message: "costs 1109001 "},
		{name: "null is the default", document: `{ sessions(first: 1000) { edges { node { components(first: null) { edges { node { id enabled session } } } } } } }`,
			code: bad, message: "costs 1109001 "},
		{name: "a variable", document: page, variables: map[string]any{"n": json.Number("1000")}},
		{name: "two variables", document: page, variables: map[string]any{"n": 1000, "m": int64(1000)}, code: bad, message: "costs 7009001 "},
		{name: "a variable's own default", document: page, variables: map[string]any{"n": "100000"}, code: bad, message: "costs 35900001 "},
		{name: "a variable that is not given", document: page, variables: map[string]any{"m": 100_000}, code: bad, message: "costs 70000901 "},
		{name: "beyond 64 bits", document: page, variables: map[string]any{"n": math.MaxInt64, "m": math.MaxInt64},
			code: bad, message: "costs 9223372036854775807 "},
		{name: "points of many sessions", document: `{ sessions(first: 1000) { edges { node { status { progress { time counts { active } } } } } } }`,
			code: bad, message: "costs 610001 "},
		{name: "few points of many sessions", document: `{ sessions(first: 1000) { edges { node { status { progress(maxPoints: 100) { time counts { active } } } } } } }`},
		{name: "a fragment under a page",
			document: `{ sessions(first: 1000) { edges { node { components(first: 1000) { ...Ids } } } } } fragment Ids on ComponentConnection { edges { node { id } } }`,
			code:     bad, message: "costs 9009001 "},
		{name: "scans", document: "{" + numbered(24, `a#: components(first: 1, filter: {status: FAILED, enabled: true}) { totalCount } `) + "}"},
		{name: "more scans", document: "query($f: ComponentFilter) {" + numbered(25, `a#: components(first: 1, filter: $f) { totalCount } `) + "}",
			variables: map[string]any{"f": map[string]any{"phase": "NONE"}}, code: bad, message: "costs 500200 "},
		{name: "no scans", document: "{" + numbered(30, `a#: components(first: 1, filter: {status: FAILED, session: "s"}) { totalCount } `) + "}"},
		{name: "ids", document: "query($i: [ID!]) {" + numbered(30, `a#: components(first: 1, filter: {ids: $i, status: FAILED}) { totalCount } `) + "}",
			variables: map[string]any{"i": slices.Repeat([]any{"x1"}, 20_000)}, code: bad, message: "costs 1200240 "},
		{name: "20 deep", document: deep(9)},
		{name: "22 deep", document: deep(10), code: bad, message: "the fields lie 22 deep, but at most 20 levels are allowed: leave out the innermost"},
		{name: "22 deep through fragments", document: deepInFragments(10), code: bad, message: "the fields lie 22 deep"},
		{name: "100 aliases", document: "{" + numbered(100, "a#: serverInfo { version } ") + "}"},
		{name: "101 aliases", document: "{" + numbered(101, "a#: serverInfo { version } ") + "}", code: bad,
			message: "there are 101 aliases, fragments expanded, but at most 100 are allowed: send several requests"},
		{name: "aliases in fragments", document: "{ ...A ...A ...A } fragment A on Query {" + numbered(34, "a#: __typename ") + "}", code: bad,
			message: "there are 102 aliases"},
		{name: "100 spreads", document: "{" + strings.Repeat("...A ", 100) + "} fragment A on Query { __typename }"},
		{name: "101 spreads", document: "{" + strings.Repeat("...A ", 101) + "} fragment A on Query { __typename }", code: bad,
			message: "there are 101 fragment spreads, those within fragments counted each time, but at most 100 are allowed: write fields out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, errs := check(newExecutor(t, Default(500_000)), tc.document, tc.variables)
			wantRefusal(t, errs, tc.code, tc.message)
		})
	}
}

// deep is a query of 2+2n levels.
func deep(n int) string {
	return `{ session(name: "s") {` + strings.Repeat("status { session {", n) + "name" + strings.Repeat("} }", n) + "} }"
}

func deepInFragments(n int) string {
	return `{ session(name: "s") { ...F0 } }` + chain(n, "Session", "status { session { NEXT } }", "name")
}

func TestExpansionIsNotWalked(t *testing.T) {
	loose := Default(500_000)
	loose.Spreads = math.MaxInt - 1
	op, errs := check(newExecutor(t, loose), doubling(28), nil)
	wantRefusal(t, errs, bad, "costs 536870912 ")
	const runs = 1000
	start := time.Now()
	for range runs {
		measure(op.Operation, nil)
	}
	if took := time.Since(start) / runs; took > time.Millisecond {
		t.Errorf("2^28 expansions took %v to measure", took)
	}
}

func TestSaturation(t *testing.T) {
	document := "{ ...F0 }" + chain(30, "Query", strings.Repeat("NEXT ", 8), "__typename") // 8^30 = 2^90
	op, _ := check(newExecutor(t, Default(500_000)), document, nil)
	got := measure(op.Operation, nil)
	if want := (totals{depth: 1, spreads: math.MaxInt, cost: math.MaxInt}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A cycle can't pass validation; if one did, it must be refused, not followed.
func TestCycle(t *testing.T) {
	f := &ast.FragmentDefinition{Name: "F"}
	f.SelectionSet = ast.SelectionSet{&ast.FragmentSpread{Name: "F", Definition: f}}
	got := measure(&ast.OperationDefinition{SelectionSet: f.SelectionSet}, nil)
	if want := (totals{math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestValidateRefusesForgottenLimits(t *testing.T) {
	if err := Default(500_000).Validate(nil); err != nil {
		t.Errorf("the default: %v", err)
	}
	if err := (Limits{Depth: 1, Aliases: 1, Spreads: 1}).Validate(nil); err == nil {
		t.Error("a cost limit of 0 was accepted")
	}
}

// TestNoNullWhereNoneMayBe gives null to variables in all places of a document: validation lets it pass where there is a default.
func TestNoNullWhereNoneMayBe(t *testing.T) {
	e := newExecutor(t, Default(100_000))
	for _, test := range []struct {
		document string
		needed   string // the type, where null may not be
	}{
		{`query ($w: Boolean = true) { sessions @include(if: $w) { totalCount } }`, "Boolean!"},
		{`query ($w: Boolean = true) { sessions { ... @skip(if: $w) { totalCount } } }`, "Boolean!"},
		{`query ($w: Boolean = true) { sessions { ...f ...f } } fragment f on SessionConnection { nodes { name @include(if: $w) } }`, "Boolean!"},
		{`query ($w: Boolean = true) { sessions { ...f @skip(if: $w) } } fragment f on SessionConnection { totalCount }`, "Boolean!"},
		{`query ($w: Boolean = true) { sessions @skip(if: false) @include(if: $w) { totalCount } }`, "Boolean!"},
		{`query ($w: Boolean = true) { component(id: "x1") @include(if: $w) { id } }`, "Boolean!"},
		{`subscription ($w: Boolean = true) { sessionStatusUpdated(name: "s") { status @include(if: $w) } }`, "Boolean!"},
		{`query ($w: Boolean = true) { sessions(filter: {withFailures: $w}) { totalCount } }`, ""},

		{`query ($w: ID = "x1") { component(id: $w) { id } }`, "ID!"},
		{`query ($w: ID = "x1") { sessions(first: 1) { ...f ...f } } fragment f on SessionConnection { nodes { ...g } }
			fragment g on Session { ... on Session { components(filter: {ids: ["x2", $w]}) { totalCount } } }`, "ID!"},
		{`query ($w: [ID!] = []) { components(filter: {ids: $w}) { totalCount } }`, ""},
		{`query ($w: ComponentsAsOf) { session(name: "s") { componentsAsOf(at: $w) { totalCount } } }`, "ComponentsAsOf!"},
		{`query ($w: ComponentsAsOf = NOW) { session(name: "s") { componentsAsOf(at: $w) { totalCount } } }`, "ComponentsAsOf!"},
		{`query ($w: String = "Session") { __type(name: $w) { name } }`, "String!"},
		{`query ($w: Int = 1) { session(name: "s", startedAt: {at: [$w]}) { name } }`, ""}, // for the scalar to refuse
		{`mutation ($w: ID = "x1") { putComponents(input: {components: [{id: "x2"}, {id: $w}]}) { applied } }`, "ID!"},
		{`mutation ($w: ID = "x1") { putComponents(input: {components: {id: $w}}) { applied } }`, "ID!"},
		{`mutation ($w: ComponentInput = {id: "x1"}) { putComponents(input: {components: [$w]}) { applied } }`, "ComponentInput!"},
		{`mutation ($w: [ComponentInput!] = []) { putComponents(input: {components: $w}) { applied } }`, "[ComponentInput!]!"},
		{`mutation ($w: PutComponentsInput = {components: []}) { putComponents(input: $w) { applied } }`, "PutComponentsInput!"},
		{`mutation ($w: String) { putComponents(input: {components: [{id: "x1", session: $w}]}) { applied } }`, ""},
	} {
		t.Run(test.document, func(t *testing.T) {
			_, errs := check(e, test.document, map[string]any{"w": nil})
			if test.needed == "" {
				wantRefusal(t, errs, "", "")
			} else {
				wantRefusal(t, errs, "BAD_USER_INPUT", "$w is null, but a value of the type "+test.needed)
				if len(errs[0].Locations) != 1 {
					t.Errorf("the error is at %v", errs[0].Locations)
				}
			}
			_, errs = check(e, test.document, nil)
			wantRefusal(t, errs, "", "")
		})
	}
}

// TestANullIsThatOfItsOperation has two operations spread one fragment: only the null of the one that is asked for counts.
func TestANullIsThatOfItsOperation(t *testing.T) {
	e := newExecutor(t, Default(100_000))
	const document = `query A($w: ID = "x1") { ...f } query B($w: ID!) { ...f } query C($w: String) { sessions(filter: {tenant: $w}) { totalCount } }
		fragment f on Query { component(id: $w) { id } }`
	for operation, message := range map[string]string{"A": "$w is null", "B": "cannot be null", "C": ""} {
		_, errs := e.CreateOperationContext(graphql.StartOperationTrace(t.Context()),
			&graphql.RawParams{Query: document, OperationName: operation, Variables: map[string]any{"w": nil}})
		if operation == "C" && errs != nil || message != "" && (len(errs) != 1 || !strings.Contains(errs[0].Message, message)) {
			t.Errorf("%s: %v, want %q", operation, errs, message)
		}
	}
}
