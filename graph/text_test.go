package graph_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestLongTextsComeBackUnchanged shows that texts of 65,536 characters are legal and come back as
// they were, whatever their bytes, and that one more is refused.
func TestLongTextsComeBackUnchanged(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("long")
	const read = `{ component(id: "x1") { error status { statusOverride rawStatus status } }
		session(name: "long") { status { errorSummary { message list count } } } }`
	for _, character := range []string{"e", "ä", "😀"} {
		text := strings.Repeat(character, 65_536)
		t.Run(character, func(t *testing.T) {
			record := apptest.Vars{"id": "x1", "session": "long", "error": text, "status": apptest.Vars{"statusOverride": text}}
			s := s.With(t)
			s.Put(record)
			got := s.Must(read)
			for path, want := range map[string]any{
				"component.error": text, "component.status.statusOverride": text, "component.status.rawStatus": text,
				"component.status.status": "OTHER", "session.status.errorSummary.0.message": text,
				"session.status.errorSummary.0.list": "x1", "session.status.errorSummary.0.count": 1.0,
			} {
				if have := got.At(path); have != want {
					t.Errorf("%s is %s", path, apptest.Clip(fmt.Sprint(have)))
				}
			}
			for _, test := range []apptest.Refused{
				{Name: "error", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x2", "error": text + character}}}},
				{Name: "override", Query: apptest.PutComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x2", "status": apptest.Vars{"statusOverride": text + character}}}}},
				{Name: "patched error", Query: apptest.PatchComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": text + character}}}},
				{Name: "patched override", Query: apptest.PatchComponents, Vars: apptest.Vars{"in": []apptest.Vars{{"id": "x1", "status": apptest.Vars{"statusOverride": text + character}}}}},
				{Name: "session's error", Query: apptest.UpdateSession, Vars: apptest.Vars{"in": apptest.Vars{"name": "long", "error": text + character}}},
			} {
				t.Run(test.Name, func(t *testing.T) { test.Check(t, s) })
			}
		})
	}
}

// TestCharactersThatCannotBeStoredAreRefused tries characters that can't be stored as they are: nothing else is
// to be put in their place.
func TestCharactersThatCannotBeStoredAreRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	addr := redistest.SharedServer(t)
	put := func(text string) string {
		return `{"query":"mutation($e: String) { putComponents(input: {components: [{id: \"x9\", error: $e}]}) { applied userErrors { code } } }","variables":{"e":"` + text + `"}}`
	}
	literal := func(text string) string {
		return `{"query":"mutation { putComponents(input: {components: [{id: \"x9\", error: \"` + text + `\"}]}) { applied userErrors { code } } }"}`
	}
	get := func(query url.Values) func(*apptest.Site) apptest.Reply {
		return func(s *apptest.Site) apptest.Reply {
			return s.Send("GET", "/graphql?"+query.Encode(), "", "Accept", "application/json")
		}
	}
	post := func(body string) func(*apptest.Site) apptest.Reply {
		return func(s *apptest.Site) apptest.Reply { return s.Post(body) }
	}
	for name, send := range map[string]func(*apptest.Site) apptest.Reply{
		"NUL in a variable":                   post(put(`a\u0000b`)),
		"NUL in a literal":                    post(literal(`a\\u0000b`)),
		"a raw NUL in a variable":             post(put("a\x00b")),
		"a raw NUL in the query":              post(literal("a\x00b")),
		"invalid UTF-8 in a variable":         post(put("a\xffb")),
		"invalid UTF-8 in a literal":          post(literal("a\xffb")),
		"invalid UTF-8 in the query":          post("{\"query\":\"{ serverInfo { \xff } }\"}"),
		"half a surrogate pair in a variable": post(put(`a\ud800b`)),
		"half a surrogate pair in a literal":  post(literal(`a\\ud800b`)),
		"invalid UTF-8 in a GET's query":      get(url.Values{"query": {"{ session(name: \"a\xff\") { id } }"}}),
		"invalid UTF-8 in a GET's variables":  get(url.Values{"query": {"query($n: String!) { session(name: $n) { id } }"}, "variables": {"{\"n\":\"a\xff\"}"}}),
		"NUL in a GET's query":                get(url.Values{"query": {"{ serverInfo { version \x00 } }"}}),
	} {
		t.Run(name, func(t *testing.T) {
			before := apptest.Dump(t, addr, s.Namespace)
			if got := send(s.With(t)); !slices.Contains(got.Codes(), "BAD_USER_INPUT") {
				t.Errorf("answered %s", apptest.Clip(string(got.Body)))
			}
			if after := apptest.Dump(t, addr, s.Namespace); after != before {
				t.Errorf("something was stored:\nbefore:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}
