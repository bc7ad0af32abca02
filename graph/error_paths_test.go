package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestErrorsOfASubscriptionHaveTheirWholePath has fields fail in every subscription: the paths begin with the root field, as those
// of a query do.
func TestErrorsOfASubscriptionHaveTheirWholePath(t *testing.T) {
	s := &bos.Session{SessionKey: bos.SessionKey{Name: "s"}, Incarnation: "1"}
	s.Status = &bos.Status{Session: s}
	store := shownStore{sessions: []*bos.Session{s}}
	schema := graph.NewSchema(&graph.Resolver{Store: store, Live: shownLive{shownStore: store}})
	const refused = `components(first: 1, after: "bad") { totalCount }`
	for query, path := range map[string]string{
		`x: sessionStatusUpdated(name: "s") { status s: session { ` + refused + ` } }`:                   `["x","s","components"]`,
		`sessionStatusUpdated(name: "s") { session { ` + refused + ` } }`:                                `["sessionStatusUpdated","session","components"]`,
		`x: sessionsUpdated { session { ` + refused + ` } }`:                                             `["x","session","components"]`,
		`x: componentsUpdated(session: "s") { components { sessions(first: 0) { nodes { outcome } } } }`: `["x","components",0,"sessions"]`,
	} {
		got := answered(t, schema, store, "subscription { "+query+" }", nil, 1)[0]
		if strings.Count(got, `"path":`) != 1 || !strings.Contains(got, `"path":`+path) {
			t.Errorf("%s: %s, want an error with the path %s", query, got, path)
		}
	}
}

// TestASubscriptionWhoseRootFieldFailsHasNoData has a field fail that may not be null, nor may any around it: the data is null.
func TestASubscriptionWhoseRootFieldFailsHasNoData(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("s")
	s.Put(apptest.Powering(apptest.Xname(0), "s"))
	for name, query := range map[string]string{
		"of a plan":             `x: sessionStatusUpdated(name: "s") { session { components(first: 1, after: "bad") { totalCount } } }`,
		"of the generated code": `x: componentsUpdated(session: "s") { components { sessions(first: 0) { nodes { outcome } } } }`,
	} {
		w := s.Begin(t)
		w.Send(apptest.Subscribe("1", "subscription { "+query+" }"))
		raw, m := w.Message()
		if strings.HasPrefix(query, "x: componentsUpdated") { // at first it has no components
			s.Put(apptest.Powering(apptest.Xname(1), "s"))
			raw, m = w.Message()
		}
		payload, _ := apptest.At(m, "payload").(map[string]any)
		data, there := payload["data"]
		if errs, _ := payload["errors"].([]any); !there || data != nil || len(errs) != 1 {
			t.Errorf("%s: came %s, want an error and data that is null", name, apptest.Clip(raw))
		}
	}
}

// TestANullableFieldOfASubscriptionIsNull is the other side: what is around the field stays, as short as it may be.
func TestANullableFieldOfASubscriptionIsNull(t *testing.T) {
	s := &bos.Session{SessionKey: bos.SessionKey{Name: "s"}, Incarnation: "1"}
	s.Status = &bos.Status{Session: s}
	store := shownStore{sessions: []*bos.Session{s}}
	schema := graph.NewSchema(&graph.Resolver{Store: store, Live: shownLive{shownStore: store}})
	for query, data := range map[string]string{
		`x: sessionsUpdated { s: session { components(first: 1, after: "bad") { totalCount } } }`:    `{"x":{"s":null}}`,
		`x: sessionStatusUpdated(name: "s") { r: revision }`:                                         `{"x":{"r":0}}`,
		`x: sessionStatusUpdated(name: "s") { session { components(after: "bad") { totalCount } } }`: `null`,
	} {
		got, _, _ := strings.Cut(answered(t, schema, store, "subscription { "+query+" }", nil, 1)[0], "\n")
		if got != data {
			t.Errorf("%s: %s, want %s", query, got, data)
		}
	}
}

// TestTheSchemaHasNoDirectiveOfItsOwn compares what introspection lists with the directives of the specification.
func TestTheSchemaHasNoDirectiveOfItsOwn(t *testing.T) {
	s := apptest.Serve(t, "")
	var names []string
	for _, d := range s.Must(`{ __schema { directives { name } } }`).At("__schema.directives").([]any) {
		names = append(names, fmt.Sprint(apptest.At(d, "name")))
	}
	slices.Sort(names)
	if want := []string{"deprecated", "include", "oneOf", "skip", "specifiedBy"}; !slices.Equal(names, want) {
		t.Errorf("the directives are %v, want %v", names, want)
	}
}

// TestAListThatIsCutOffInASubscriptionIsNamed shows which list of a message is not whole.
func TestAListThatIsCutOffInASubscriptionIsNamed(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--max-response", "200000", "--max-cost", "1000000")
	s.Session("s")
	for i := range 30 {
		s.Put(apptest.Failing(apptest.Xname(i), "s", fmt.Sprint(i, " ")+strings.Repeat("e", 20_000)))
	}
	for selected, path := range map[string]string{
		`revision in: session { components(first: 1000) { nodes { id error } } }`: "[x in components]",
		`revision e: errorSummary { message }`:                                    "[x e]",
	} {
		w := s.Begin(t)
		w.Send(apptest.Subscribe("1", `subscription { x: sessionStatusUpdated(name: "s") { `+selected+` } }`))
		raw, m := w.Message()
		errs, _ := apptest.At(m, "payload.errors").([]any)
		if len(errs) != 1 || fmt.Sprint(apptest.At(errs[0], "path")) != path || !strings.Contains(raw, "cut off after") {
			t.Errorf("%s: came %s, want an error with the path %s", selected, apptest.Clip(raw), path)
		}
	}
}

// TestErrorsOfVariablesNameThem has variables that cannot be read: the message says which, and where in it, as a path is of the response.
func TestErrorsOfVariablesNameThem(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	const put = `mutation($i: PutComponentsInput!) { putComponents(input: $i) { applied } }`
	of := func(component any) apptest.Vars {
		return apptest.Vars{"i": apptest.Vars{"components": []any{component}}}
	}
	for _, test := range []struct {
		query string
		vars  apptest.Vars
		want  string
	}{
		{`query($name: String!) { session(name: $name) { name } }`, apptest.Vars{"nam": "x"}, "$name: must be defined"},
		{put, of(apptest.Vars{"id": "x1", "foo": 1}), "$i.components[0].foo: unknown field"},
		{put, of(apptest.Vars{"id": nil}), "$i.components[0].id: cannot be null"},
		{put, of(apptest.Vars{}), "$i.components[0].id: must be defined"},
		{put, of(apptest.Vars{"id": []any{"x1"}}), "$i.components[0].id: list is no ID"},
		{put, of(apptest.Vars{"id": true}), "$i.components[0].id: Boolean is no ID"},
		{`query($f: ComponentFilter) { components(filter: $f) { totalCount } }`, apptest.Vars{"f": []any{}}, "$f: must be a ComponentFilter, not a list"},
		{`query($n: Int) { sessions(first: $n) { totalCount } }`, apptest.Vars{"n": 1.5}, "$n: give an Int, a whole number of 32 bits"},
		{`query($s: SessionState) { sessions(filter: {status: $s}) { totalCount } }`, apptest.Vars{"s": "DONE"}, "$s: DONE is not a valid SessionState"},
	} {
		got := s.With(t).Ask(test.query, test.vars)
		if len(got.Errors) != 1 || got.Errors[0].Message != test.want || len(got.Errors[0].Path) > 0 || got.Status != 422 {
			t.Errorf("%v: answered %d %s, want %q", test.vars, got.Status, got.Body, test.want)
		}
	}
}
