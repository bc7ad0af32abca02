package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	gql "github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// elsewhere has a query for each field, below the roots, that leads to records of their own: there
// a tenant could get to what is not its own. A field that is added has to be added here.
var elsewhere = map[string]string{
	"Session.components":              `{ session(name: "s", tenant: "red") { components { totalCount edges { node { id session } } } } }`,
	"Session.failedComponents":        `{ session(name: "s", tenant: "red") { failedComponents { totalCount edges { node { id session } } } } }`,
	"Session.componentsAsOf":          `{ session(name: "s", tenant: "red") { componentsAsOf { totalCount edges { node { id session } } } } }`,
	"Session.previous":                `{ session(name: "s", tenant: "red") { previous { id tenant } } }`,
	"Session.stragglers":              `{ session(name: "s", tenant: "red") { stragglers { id } } }`,
	"Session.template":                `{ session(name: "s", tenant: "red") { template { name tenant } } }`,
	"Component.countsIn":              `{ component(id: "x3") { countsIn { tenant components { edges { node { id } } } } } }`,
	"TroubledComponent.component":     `{ troubledComponents { id failures lastError component { id session } } }`,
	"ComponentSession.session":        `{ component(id: "x3") { sessions { edges { cursor node { name tenant error session { tenant } } } } } }`,
	"SessionStatus.session":           `{ session(name: "s", tenant: "red") { status { session { tenant initialComponents } } } }`,
	"ErrorSummary.components":         `{ session(name: "s", tenant: "red") { status { errorSummary { count list components { edges { node { id } } } } } } }`,
	"Waiting.components":              `{ session(name: "s", tenant: "red") { status { waitingFor { count components { edges { node { id session } } } } } } }`,
	"SessionEdge.node":                `{ sessions { edges { cursor node { name tenant initialComponents limit error } } } }`,
	"ComponentEdge.node":              `{ components { edges { cursor node { id session stagedState { session } } } } }`,
	"SessionTemplateEdge.node":        `{ sessionTemplates { totalCount edges { node { name tenant } } } }`,
	"SessionsUpdate.session":          `subscription { sessionsUpdated { session { tenant } } }`,
	"ComponentsUpdate.components":     `subscription { componentsUpdated(session: "s", tenant: "red") { components { id } removed } }`,
	"CreateSessionPayload.session":    `mutation { createSession(input: {tenant: "red", operation: BOOT, templateName: "t"}) { session { tenant previous { tenant } } } }`,
	"UpdateSessionPayload.session":    `mutation { updateSession(input: {name: "s", tenant: "red"}) { session { components { edges { node { id } } } } } }`,
	"SessionConnection.edges":         `{ sessions(first: 1) { totalCount pageInfo { hasNextPage endCursor } edges { node { tenant } } } }`,
	"ComponentConnection.edges":       `{ components(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { node { id } } } }`,
	"SessionConnection.nodes":         `{ sessions { totalCount nodes { name tenant initialComponents limit error } } }`,
	"ComponentConnection.nodes":       `{ components { nodes { id session stagedState { session } } } session(name: "s", tenant: "red") { status { errorPatterns { list byCabinet { cabinet count } messages { list components { nodes { id } } } } } } }`,
	"SessionTemplateConnection.nodes": `{ sessionTemplates { nodes { name tenant } } }`,
	"SessionTemplateConnection.edges": `{ sessionTemplates { pageInfo { hasNextPage } edges { cursor } } }`,
}

// foreignMarks are what an answer to red must not contain: names and ids of others. x3 is shared with blue.
var foreignMarks = regexp.MustCompile(`blue|x2|x4`)

// leadsElsewhere are the fields of a schema that lead to records.
func leadsElsewhere(schema *gql.Schema) []string {
	records := []string{"Session", "Component", "SessionTemplate", "Node"}
	for _, name := range slices.Clone(records[:3]) {
		records = append(records, name+"Edge", name+"Connection")
	}
	var fields []string
	for _, of := range schema.Types {
		if of.Kind != gql.Object || of == schema.Query || of == schema.Mutation || of == schema.Subscription {
			continue
		}
		for _, f := range of.Fields {
			if slices.Contains(records, f.Type.Name()) {
				fields = append(fields, of.Name+"."+f.Name)
			}
		}
	}
	return fields
}

// TestFieldsThatLeadElsewhereStayWithTheTenant asks for all of them as everybody who is limited to red.
func TestFieldsThatLeadElsewhereStayWithTheTenant(t *testing.T) {
	t.Parallel()
	schema, err := gqlparser.LoadSchema(&gql.Source{Name: "schema.graphqls", Input: readFile(t, "../../schema.graphqls")})
	if err != nil {
		t.Fatal(err)
	}
	fields := leadsElsewhere(schema)
	for field := range elsewhere {
		if !slices.Contains(fields, field) {
			t.Errorf("%s is in the table and leads to no record", field)
		}
	}
	g := serveGuarded(t)
	admin := g.as("admin")
	admin.Must(`mutation { patchComponents(input: {components: [{id: "x1", error: "e"}, {id: "x2", error: "e"}, {id: "x3", error: "e"}, {id: "x4", error: "e"}]}) { applied } }`)
	admin.Must(`mutation { patchComponents(input: {components: [{id: "x2", status: {statusOverride: "failed"}}, {id: "x4", status: {statusOverride: "failed"}}]}) { applied } }`)
	admin.Session("blue-only", "tenant", "blue")
	for _, session := range []string{"blue-only", "s"} {
		admin.Must(`mutation { patchComponents(input: {components: [{id: "x3", session: "` + session + `"}]}) { applied } }`)
	}
	for _, field := range fields {
		query, ok := elsewhere[field]
		if !ok {
			t.Errorf("%s is not in the table", field)
			continue
		}
		for _, who := range []*apptest.Site{g.as("tenant"), g.as("tenant-producer"), g.as("both", "Cray-Tenant-Name", "red"), g.as("viewer", "Cray-Tenant-Name", "red")} {
			var body string
			switch {
			case field == "SessionsUpdate.session": // see TestTenantsShareNoSubscription
			case strings.HasPrefix(query, "subscription"):
				body = next(t, stream(t, who, query))
			default:
				body = string(who.Ask(query).Body)
			}
			if foreignMarks.MatchString(body) {
				t.Errorf("%s\nanswers %s", query, body)
			}
		}
	}
}

// served are the patterns of what is not BOS's API, and what each answers to somebody without a token. BOS's
// paths have a table in internal/rest.
var served = map[string]int{
	"/graphql":     http.StatusUnauthorized,
	"GET /healthz": http.StatusOK, // no data
	"GET /readyz":  http.StatusOK, // no data, and no reasons: see docs/access.md
	"GET /metrics": http.StatusUnauthorized,
	"/":            http.StatusOK, // the pages, which are ordinary clients
	// What logs people in to the pages. With a token file there is no provider to go to.
	"GET /auth/whoami":   http.StatusOK, // that it is nobody
	"POST /auth/token":   http.StatusForbidden,
	"POST /auth/logout":  http.StatusForbidden,
	"POST /auth/start":   http.StatusMethodNotAllowed,
	"GET /auth/callback": http.StatusNotFound, // as any other path
}

// TestEveryPathIsInTheTable reads the patterns that are routed from the source.
func TestEveryPathIsInTheTable(t *testing.T) {
	var routed []string
	for _, name := range []string{"handler.go", "../auth/login/login.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Handle" || f.Sel.Name == "HandleFunc") {
				routed = append(routed, pattern(t, call.Args[0]))
			}
			return true
		})
	}
	if want := slices.Sorted(maps.Keys(served)); !slices.Equal(slices.Sorted(slices.Values(routed)), want) {
		t.Errorf("routed are %q, the table has %q", routed, want)
	}
	g := serveGuarded(t)
	for at, want := range served {
		method, path, found := strings.Cut(at, " ")
		if !found {
			method, path = http.MethodGet, at
		}
		who := g.as("nobody")
		request, err := http.NewRequest(method, who.Base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := who.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		page := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") // the same for all, with names of files that may look like ids
		if err != nil || answer.StatusCode != want || foreignMarks.Match(body) && !page {
			t.Errorf("%s: %d %v %s", at, answer.StatusCode, err, apptest.Clip(string(body)))
		}
	}
}

// pattern is the pattern of a route, without the base path.
func pattern(t *testing.T, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return pattern(t, e.X) + pattern(t, e.Y)
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return text
	case *ast.Ident, *ast.SelectorExpr: // the base path
		return ""
	}
	t.Fatalf("a pattern of another form: %T", e)
	return ""
}

// TestHiddenTakesAsLongAsMissing counts what Redis is asked for: the commands, their order and the round
// trips are the same for what belongs to another tenant and for what does not exist.
func TestHiddenTakesAsLongAsMissing(t *testing.T) {
	meter := redistest.NewMeter(t, redistest.SharedServer(t))
	g := serveGuardedOn(t, "redis://"+meter.Addr())
	admin := g.as("admin")
	admin.Session("blues", "tenant", "blue")
	admin.Must(`mutation { patchComponents(input: {components: [{id: "x2", session: "blues", error: "a long text of its own"}, {id: "x4", session: "blues"}]}) { applied } }`)
	id := func(tenant, name string) string {
		return admin.Must(`{ session(name: "` + name + `", tenant: "` + tenant + `") { id } }`).At("session.id").(string)
	}
	hidden := id("blue", "s")
	admin.Session("gone", "tenant", "blue")
	gone := id("blue", "gone")
	admin.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "gone", "tenant": "blue"}})

	shape := func(who *apptest.Site, request string) []string {
		t.Helper()
		reads := apptest.Metered{Site: who, Meter: meter}.MeasureAll(t, func() string {
			if strings.HasPrefix(request, "/") {
				_, body := who.Get(request)
				return body
			}
			return string(who.Ask(request).Body)
		})
		words := []string{strconv.Itoa(reads.Trips)}
		for _, c := range reads.Commands {
			words = append(words, c.Name())
		}
		return words
	}
	for _, test := range []struct{ request, there, absent string }{
		{`{ component(id: "$") { id error status { phase } } }`, "x2", "x9"},
		{`{ node(id: "$") { id } }`, "x2", "x9"},
		{`{ node(id: "$") { id } }`, hidden, gone},
		{`{ session(name: "s", tenant: "$") { id status { revision } } }`, "blue", "nope"},
		{`{ sessions(filter: {tenant: "$"}) { totalCount } }`, "blue", "nope"},
		{`{ components(filter: {ids: ["$"]}) { totalCount edges { node { error } } } }`, "x2", "x9"},
		{`{ components(filter: {error: "$"}) { edges { node { id } } } }`, "a long text of its own", "nothing has this text"},
		{`{ components(filter: {session: "$"}) { edges { node { id } } } }`, "blues", "nope"},
		{`{ component(id: "x1") { id } b: component(id: "$") { id } }`, "x2", "x9"},
		{"/v2/components/$", "x2", "x9"},
		{"/apis/bos/v2/components/$", "x4", "x9"},
		{"/v2/components?ids=$", "x2", "x9"},
		{"/v2/components?ids=x1,$", "x2", "x9"},
		{"/v2/components?session=$", "blues", "nope"},
		{"/v2/sessions/$", "blues", "nope"},
		{"/v2/sessions/$/status", "blues", "nope"},
	} {
		for _, who := range []string{"tenant", "tenant-producer"} {
			a := shape(g.as(who), strings.ReplaceAll(test.request, "$", test.there))
			b := shape(g.as(who), strings.ReplaceAll(test.request, "$", test.absent))
			if !slices.Equal(a, b) {
				t.Errorf("%s as %s asks Redis %q if it is hidden, and %q if it is missing", test.request, who, a, b)
			}
		}
	}
}
