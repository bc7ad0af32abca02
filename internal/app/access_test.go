package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// roles are the columns of the tables below.
var roles = []string{"admin", "viewer", "tenant", "producer", "tenant-producer"}

// rootField is a request for a root field, and for which of the roles it is allowed: a letter
// for each, - for those that get FORBIDDEN.
type rootField struct{ query, allowed string }

var rootFields = map[string]rootField{
	"Query.session":            {`{ session(name: "s", tenant: "red") { name status { counts { managed } } } }`, "avtpq"},
	"Query.sessions":           {`{ sessions { totalCount edges { node { name } } } }`, "avtpq"},
	"Query.component":          {`{ component(id: "x1") { id } }`, "avtpq"},
	"Query.components":         {`{ components { edges { node { id } } } }`, "avtpq"},
	"Query.node":               {`{ node(id: "x1") { id } }`, "avtpq"},
	"Query.sessionTemplates":   {`{ sessionTemplates { totalCount } }`, "avt--"},
	"Query.templates":          {`{ templates }`, "avtpq"},
	"Query.tenants":            {`{ tenants }`, "avtpq"},
	"Query.troubledComponents": {`{ troubledComponents { id } }`, "avtpq"},
	"Query.bosOptions":         {`{ bosOptions { __typename } }`, "avtpq"},
	"Query.serverInfo":         {`{ serverInfo { version problems { reason } sync { source } } }`, "avtpq"},
	"Query.__schema":           {`{ __schema { queryType { name } } }`, "avtpq"},
	"Query.__type":             {`{ __type(name: "Session") { name } }`, "avtpq"},

	"Mutation.createSession":    {`mutation { createSession(input: {tenant: "red", operation: BOOT, templateName: "t"}) { userErrors { code message field } } }`, "a--pq"},
	"Mutation.updateSession":    {`mutation { updateSession(input: {name: "s", tenant: "red"}) { userErrors { code message field } } }`, "a--pq"},
	"Mutation.deleteSession":    {`mutation { deleteSession(input: {name: "nope", tenant: "red"}) { userErrors { code message field } } }`, "a--pq"},
	"Mutation.putComponents":    {`mutation { putComponents(input: {components: [{id: "x1", session: "s", enabled: true}]}) { userErrors { code message field } } }`, "a--pq"},
	"Mutation.patchComponents":  {`mutation { patchComponents(input: {components: [{id: "x1", enabled: true}]}) { userErrors { code message field } } }`, "a--pq"},
	"Mutation.deleteComponents": {`mutation { deleteComponents(input: {ids: ["x9"]}) { userErrors { code message field } } }`, "a--pq"},
	"Mutation.putTenant":        {`mutation { putTenant(input: {name: "green", components: []}) { userErrors { code message field } } }`, "a--p-"},

	"Subscription.sessionStatusUpdated": {`subscription { sessionStatusUpdated(name: "s", tenant: "red") { revision } }`, "avtpq"},
	"Subscription.sessionsUpdated":      {`subscription { sessionsUpdated { deletedId } }`, "avtpq"},
	"Subscription.componentsUpdated":    {`subscription { componentsUpdated(session: "s", tenant: "red") { resync } }`, "avtpq"},
}

// reached is what each of the roles gets for a field, a letter for each: y for an answer, e for
// nothing that the role may know of (null, an empty list or NOT_FOUND), u for FORBIDDEN in userErrors,
// n for FORBIDDEN as a whole.
type reached struct{ none, red, blue string }

// rootReached is that by the Cray-Tenant-Name that is sent. All of the requests are about the tenant red,
// which is the only one that the limited roles have, or about x1, which red owns.
var rootReached = map[string]reached{
	"Query.session":                     {"yyyyy", "yyyyy", "eenen"},
	"Query.sessions":                    {"yyyyy", "yyyyy", "yynyn"},
	"Query.component":                   {"yyyyy", "yyyyy", "eenen"},
	"Query.components":                  {"yyyyy", "yyyyy", "yynyn"},
	"Query.node":                        {"yyyyy", "yyyyy", "eenen"},
	"Query.sessionTemplates":            {"yyynn", "yyynn", "yynnn"},
	"Query.templates":                   {"yyyyy", "yyyyy", "yynyn"},
	"Query.tenants":                     {"yyyyy", "yyyyy", "yynyn"},
	"Query.troubledComponents":          {"yyyyy", "yyyyy", "yynyn"},
	"Query.bosOptions":                  {"eeeee", "eeeee", "eenen"}, // no BOS is followed
	"Query.serverInfo":                  {"yyyyy", "yyyyy", "yynyn"},
	"Query.__schema":                    {"yyyyy", "yyyyy", "yynyn"},
	"Query.__type":                      {"yyyyy", "yyyyy", "yynyn"},
	"Mutation.createSession":            {"ynnyy", "ynnyy", "unnun"},
	"Mutation.updateSession":            {"ynnyy", "ynnyy", "unnun"},
	"Mutation.deleteSession":            {"ennee", "ennee", "unnun"}, // there is no such session
	"Mutation.putComponents":            {"ynnyy", "ynnyy", "unnun"},
	"Mutation.patchComponents":          {"ynnyy", "ynnyy", "unnun"},
	"Mutation.deleteComponents":         {"enneu", "unnuu", "unnun"}, // x9 is not there, and nobody's
	"Mutation.putTenant":                {"ynnyn", "nnnnn", "nnnnn"}, // for no tenant: it would give it what is another's
	"Subscription.sessionStatusUpdated": {"yyyyy", "yyyyy", "eenen"},
	"Subscription.sessionsUpdated":      {"yyyyy", "yyyyy", "yynyn"},
	"Subscription.componentsUpdated":    {"yyyyy", "yyyyy", "eenen"},
}

// TestRolesByRootField asks for every root field of the schema as every role, and for every tenant.
func TestRolesByRootField(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	for _, name := range rootNames(t) {
		test, ok := rootFields[name]
		if !ok {
			t.Errorf("%s is not in the table", name)
			continue
		}
		var got reached
		for _, role := range roles {
			got.none += outcome(t, g.as(role), name, test.query)
			got.red += outcome(t, g.as(role, "Cray-Tenant-Name", "red"), name, test.query)
			got.blue += outcome(t, g.as(role, "Cray-Tenant-Name", "blue"), name, test.query)
		}
		if want := rootReached[name]; got != want {
			t.Errorf("%q: {%q, %q, %q}, want %q", name, got.none, got.red, got.blue, want)
		}
		for i := range roles {
			if may := got.none[i] != 'n'; may != (test.allowed[i] != '-') {
				t.Errorf("%s as %s: the two tables differ", name, roles[i])
			}
		}
	}
}

// outcome is a letter of [reached].
func outcome(t *testing.T, s *apptest.Site, name, query string) string {
	t.Helper()
	var body string
	if strings.HasPrefix(name, "Subscription.") {
		messages := stream(t, s, query)
		if name == "Subscription.sessionsUpdated" { // has no first message: see TestTenantsShareNoSubscription
			select {
			case body = <-messages:
			case <-time.After(100 * time.Millisecond):
				return "y"
			}
		} else {
			body = next(t, messages)
		}
	} else {
		body = string(s.Ask(query).Body)
	}
	_, field, _ := strings.Cut(name, ".")
	switch {
	case strings.Contains(body, `"errors"`) && strings.Contains(body, "FORBIDDEN"):
		return "n"
	case strings.Contains(body, "FORBIDDEN"):
		return "u"
	case strings.Contains(body, "NOT_FOUND"), strings.Contains(body, `"`+field+`":null`), strings.Contains(body, `"edges":[]`):
		return "e"
	case strings.Contains(body, `"errors"`):
		t.Errorf("%s: %s", query, body)
	}
	return "y"
}

// rootNames are all root fields of the server's schema.
func rootNames(t *testing.T) []string {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: readFile(t, "../../schema.graphqls")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range root.Fields {
			names = append(names, root.Name+"."+f.Name)
		}
	}
	if len(names) != len(rootFields) {
		t.Errorf("the schema has %d root fields, the table %d", len(names), len(rootFields))
	}
	return names
}

// TestNobodyWithoutAToken asks for everything without a token, and with one that is not known.
func TestNobodyWithoutAToken(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	g.tokens["unknown"] = "bosgraph_x"
	for _, who := range []string{"nobody", "unknown"} {
		for name, test := range rootFields {
			r := g.as(who).Ask(test.query)
			if r.Status != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") != "Bearer" || r.Data != nil || !slices.Equal(r.Codes(), []string{"UNAUTHENTICATED"}) {
				t.Errorf("%s as %s: %d %s", name, who, r.Status, r.Body)
			}
		}
		for _, path := range []string{"/v2", "/v2/sessions", "/apis/bos/v2/components/x1", "/v2/none", "/v2/healthz"} {
			if status, body := g.as(who).Get(path); status != http.StatusUnauthorized || !strings.Contains(body, "token") {
				t.Errorf("%s as %s: %d %s", path, who, status, body)
			}
		}
		for _, path := range []string{"/healthz", "/readyz", "/"} {
			if status, body := g.as(who).Get(path); status != http.StatusOK {
				t.Errorf("%s as %s: %d %s", path, who, status, body)
			}
		}
	}
}

// TestTenantSeesItsOwn shows all ways in which a tenant reads, and what of two tenants' and of
// nobody's sessions and components it gets.
func TestTenantSeesItsOwn(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	for _, test := range []struct{ query, want string }{
		{`{ sessions { totalCount edges { node { name tenant } } } }`, `{"sessions":{"edges":[{"node":{"name":"s","tenant":"red"}}],"totalCount":null}}`},
		{`{ sessions(filter: {tenant: "red"}) { edges { node { tenant } } } }`, `{"sessions":{"edges":[{"node":{"tenant":"red"}}]}}`},
		{`{ a: session(name: "s", tenant: "red") { tenant status { counts { managed } } components { edges { node { id } } } stragglers { id } previous { id } }
			b: session(name: "s", tenant: "blue") { id } c: session(name: "s") { id } }`,
			`{"a":{"components":{"edges":[{"node":{"id":"x1"}},{"node":{"id":"x3"}}]},"previous":[],"status":{"counts":{"managed":2}},"stragglers":[{"id":"x1"},{"id":"x3"}],"tenant":"red"},"b":null,"c":null}`},
		{`{ components { edges { node { id } } pageInfo { hasNextPage } } }`, `{"components":{"edges":[{"node":{"id":"x1"}},{"node":{"id":"x3"}}],"pageInfo":{"hasNextPage":false}}}`},
		{`{ components(first: 1) { totalCount edges { node { id } } pageInfo { hasNextPage } } }`, `{"components":{"edges":[{"node":{"id":"x1"}}],"pageInfo":{"hasNextPage":true},"totalCount":null}}`},
		{`{ components(filter: {ids: ["x1", "x2", "x4", "x9"]}) { totalCount edges { node { id } } } }`, `{"components":{"edges":[{"node":{"id":"x1"}}],"totalCount":1}}`},
		{`{ components(filter: {session: "s"}) { edges { node { id } } } }`, `{"components":{"edges":[{"node":{"id":"x1"}},{"node":{"id":"x3"}}]}}`},
		{`{ a: component(id: "x1") { id } b: component(id: "x2") { id } c: component(id: "x4") { id } d: node(id: "x2") { id } e: node(id: "x3") { id } }`,
			`{"a":{"id":"x1"},"b":null,"c":null,"d":null,"e":{"id":"x3"}}`},
		{`{ serverInfo { problems { reason } sync { source } } }`, `{"serverInfo":{"problems":[],"sync":null}}`},
	} {
		for _, who := range []*apptest.Site{g.as("tenant"), g.as("admin", "Cray-Tenant-Name", "red"), g.as("both", "Cray-Tenant-Name", "red"), g.as("tenant-producer")} {
			if r := who.Must(test.query); jsonOf(t, r.Data) != test.want {
				t.Errorf("%s\nanswered %s\n    want %s", test.query, jsonOf(t, r.Data), test.want)
			}
		}
	}
	if r := g.as("both").Ask(`{ sessions { totalCount } }`); !slices.Equal(r.Codes(), []string{"BAD_USER_INPUT"}) || !strings.Contains(string(r.Body), "blue, red") {
		t.Errorf("somebody with two tenants who names none gets %s", r.Body)
	}
}

// TestForeignLooksLikeAbsent compares what a tenant gets for what belongs to another with what
// it gets for what does not exist: no byte may differ but the name that was asked for.
func TestForeignLooksLikeAbsent(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	admin := g.as("admin")
	foreign := admin.Must(`{ session(name: "s", tenant: "blue") { id } sessions(first: 1) { pageInfo { endCursor } } components(first: 1) { pageInfo { endCursor } } }`)
	id := foreign.At("session.id").(string)
	admin.Session("gone", "tenant", "blue")
	gone := admin.Must(`{ session(name: "gone", tenant: "blue") { id } }`).At("session.id").(string)
	admin.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "gone", "tenant": "blue"}})

	same := func(who, query, there, absent string) {
		t.Helper()
		a, b := g.as(who).Ask(strings.ReplaceAll(query, "$", there)), g.as(who).Ask(strings.ReplaceAll(query, "$", absent))
		if a.Status != b.Status || strings.ReplaceAll(string(a.Body), there, absent) != string(b.Body) {
			t.Errorf("%s as %s: %d %s\nand %d %s", query, who, a.Status, a.Body, b.Status, b.Body)
		}
		if strings.Contains(string(a.Body), "x2") && there != "x2" || strings.Contains(string(a.Body), "x4") && there != "x4" {
			t.Errorf("%s as %s shows %s", query, who, a.Body)
		}
	}
	for _, who := range []string{"tenant", "tenant-producer"} {
		same(who, `{ node(id: "$") { id __typename } }`, id, gone)
		same(who, `{ session(name: "s", tenant: "$") { id } }`, "blue", "nope")
		same(who, `{ sessions(filter: {tenant: "$"}) { totalCount } }`, "blue", "nope")
		same(who, `{ component(id: "$") { id } }`, "x2", "x9")
		same(who, `{ components(filter: {ids: ["$"]}) { totalCount edges { cursor } } }`, "x2", "x9")
	}
	const refused = ` { userErrors { code message field } } }`
	same("tenant-producer", `mutation { updateSession(input: {name: "s", tenant: "$"})`+refused, "blue", "nope")
	same("tenant-producer", `mutation { deleteSession(input: {name: "s", tenant: "$"})`+refused, "blue", "nope")
	same("tenant-producer", `mutation { createSession(input: {name: "s", operation: BOOT, templateName: "t", tenant: "$"})`+refused, "blue", "nope")
	same("tenant-producer", `mutation { patchComponents(input: {components: [{id: "$", enabled: false}]})`+refused, "x2", "x9")
	same("tenant-producer", `mutation { putComponents(input: {components: [{id: "$"}]})`+refused, "x4", "x9")
	same("tenant-producer", `mutation { deleteComponents(input: {ids: ["$"]})`+refused, "x3", "x9") // blue owns it as well
	for _, path := range []string{"/v2/components/$", "/apis/bos/v2/components/$"} {
		_, a := g.as("tenant").Get(strings.ReplaceAll(path, "$", "x2"))
		if _, b := g.as("tenant").Get(strings.ReplaceAll(path, "$", "x9")); strings.ReplaceAll(a, "x2", "x9") != b {
			t.Errorf("%s: %s and %s", path, a, b)
		}
	}
	for _, tenant := range []string{"blue", "nope", "no such"} {
		r := g.as("tenant", "Cray-Tenant-Name", tenant).Ask(`{ sessions { totalCount } }`)
		if r.Status != http.StatusForbidden || !slices.Equal(r.Codes(), []string{"FORBIDDEN"}) || strings.Contains(string(r.Body), tenant) {
			t.Errorf("for %s: %d %s", tenant, r.Status, r.Body)
		}
	}
	for _, query := range []string{`subscription { sessionStatusUpdated(name: "s", tenant: "$") { revision } }`,
		`subscription { componentsUpdated(session: "s", tenant: "$") { revision } }`, `subscription { sessionsUpdated(filter: {tenant: "$"}) { deletedId } }`} {
		a := next(t, stream(t, g.as("tenant"), strings.ReplaceAll(query, "$", "blue")))
		if b := next(t, stream(t, g.as("tenant"), strings.ReplaceAll(query, "$", "nope"))); strings.ReplaceAll(a, "blue", "nope") != b || !strings.Contains(a, "errors") {
			t.Errorf("%s: %s and %s", query, a, b)
		}
	}
	// Cursors are positions: those of another's items show nothing of it.
	for _, list := range []string{"sessions", "components"} {
		cursor := foreign.At(list + ".pageInfo.endCursor").(string)
		r := g.as("tenant").Must(`{ ` + list + `(after: "` + cursor + `") { edges { node { id } } } }`)
		if strings.Contains(string(r.Body), id) || strings.Contains(string(r.Body), "x2") || strings.Contains(string(r.Body), "x4") {
			t.Errorf("behind another's cursor there are %s", r.Body)
		}
	}
	// Nothing was changed.
	if r := admin.Must(`{ components { edges { node { id enabled } } } sessions { totalCount } }`); strings.Count(string(r.Body), `"enabled":true`) != 4 || r.At("sessions.totalCount") != 3.0 {
		t.Errorf("afterwards there is %s", r.Body)
	}
}

// TestTenantOverREST shows BOS's paths as a tenant that sends no Cray-Tenant-Name.
func TestTenantOverREST(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	for path, want := range map[string]struct{ status, sessions, components int }{
		"/v2/sessions":          {200, 1, 0},
		"/v2/sessions/s":        {200, 1, 0},
		"/v2/sessions/s/status": {200, 0, 0},
		"/v2/components":        {200, 0, 2},
		"/v2/components/x1":     {200, 0, 1},
		"/v2/components/x2":     {404, 0, 0},
		"/v2/components/x4":     {404, 0, 0},
	} {
		status, body := g.as("tenant").Get(path)
		if status != want.status || strings.Count(body, `"template_name"`) != want.sessions || strings.Count(body, `"enabled"`) != want.components ||
			strings.Contains(body, "blue") || strings.Contains(body, `"x4"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := g.as("tenant", "Cray-Tenant-Name", "blue").Get("/v2/sessions"); status != http.StatusForbidden {
		t.Errorf("for another tenant: %d", status)
	}
	if status, _ := g.as("producer").Get("/v2/sessiontemplates"); status != http.StatusForbidden {
		t.Errorf("templates for a producer: %d", status)
	}
	if status, body := g.as("both").Get("/v2/sessions"); status != http.StatusBadRequest {
		t.Errorf("for two tenants without a choice: %d %s", status, body)
	}
}

// TestTenantProducerWritesItsOwn shows a batch of which a part is another's.
func TestTenantProducerWritesItsOwn(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	r := g.as("tenant-producer").Ask(`mutation { patchComponents(input: {components: [
		{id: "x2", error: "e"}, {id: "x1", error: "e"}, {id: "x3", error: "e"}, {id: "x9", error: "e"}, {id: "x1", retryPolicy: 7}]}) { applied userErrors { field code } } }`)
	const want = `{"patchComponents":{"applied":2,"userErrors":[{"code":"FORBIDDEN","field":["input","components","0","id"]},` +
		`{"code":"FORBIDDEN","field":["input","components","2","id"]},{"code":"FORBIDDEN","field":["input","components","3","id"]}]}}`
	if jsonOf(t, r.Data) != want {
		t.Errorf("answered %s\n    want %s", r.Body, want)
	}
	r = g.as("tenant-producer").Ask(`mutation { deleteComponents(input: {ids: ["x2", ""]}) { applied userErrors { field code } } }`)
	const none = `{"deleteComponents":{"applied":0,"userErrors":[{"code":"FORBIDDEN","field":["input","ids","0"]},{"code":"FORBIDDEN","field":["input","ids","1"]}]}}`
	if jsonOf(t, r.Data) != none {
		t.Errorf("answered %s\n    want %s", r.Body, none)
	}
	if all := g.as("admin").Must(`{ components(filter: {error: "e"}) { edges { node { id } } } }`); jsonOf(t, all.Data) != `{"components":{"edges":[{"node":{"id":"x1"}}]}}` {
		t.Errorf("changed were %s", all.Body)
	}
}
