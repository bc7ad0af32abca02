package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestLongTexts shows that texts of 65,536 characters are legal and come back as
// they were, whatever their bytes, and that one more is refused.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	s := serveRedis(t)
	s.session("long")
	const read = `{ component(id: "x1") { error status { statusOverride rawStatus status } }
		session(name: "long") { status { errorSummary { message list count } } } }`
	for _, character := range []string{"e", "ä", "😀"} {
		text := strings.Repeat(character, 65_536)
		t.Run(character, func(t *testing.T) {
			record := vars{"id": "x1", "session": "long", "error": text, "status": vars{"statusOverride": text}}
			s := s.with(t)
			s.put(record)
			got := s.must(read)
			for path, want := range map[string]any{
				"component.error": text, "component.status.statusOverride": text, "component.status.rawStatus": text,
				"component.status.status": "OTHER", "session.status.errorSummary.0.message": text,
				"session.status.errorSummary.0.list": "x1", "session.status.errorSummary.0.count": 1.0,
			} {
				if have := got.at(path); have != want {
					t.Errorf("%s is %s", path, clip(fmt.Sprint(have)))
				}
			}
			for _, test := range []refused{
				{name: "error", query: putComponents, vars: vars{"in": []vars{{"id": "x2", "error": text + character}}}},
				{name: "override", query: putComponents, vars: vars{"in": []vars{{"id": "x2", "status": vars{"statusOverride": text + character}}}}},
				{name: "patched error", query: patchComponents, vars: vars{"in": []vars{{"id": "x1", "error": text + character}}}},
				{name: "patched override", query: patchComponents, vars: vars{"in": []vars{{"id": "x1", "status": vars{"statusOverride": text + character}}}}},
				{name: "session's error", query: updateSession, vars: vars{"in": vars{"name": "long", "error": text + character}}},
			} {
				t.Run(test.name, func(t *testing.T) { test.check(t, s) })
			}
		})
	}
}

// TestBadBytes tries characters that can't be stored as they are: nothing else is
// to be put in their place.
func TestBadBytes(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	addr := redistest.SharedServer(t)
	put := func(text string) string {
		return `{"query":"mutation($e: String) { putComponents(input: {components: [{id: \"x9\", error: $e}]}) { applied userErrors { code } } }","variables":{"e":"` + text + `"}}`
	}
	literal := func(text string) string {
		return `{"query":"mutation { putComponents(input: {components: [{id: \"x9\", error: \"` + text + `\"}]}) { applied userErrors { code } } }"}`
	}
	get := func(query url.Values) func(*site) reply {
		return func(s *site) reply { return s.send("GET", "/graphql?"+query.Encode(), "") }
	}
	post := func(body string) func(*site) reply { return func(s *site) reply { return s.post(body) } }
	for name, send := range map[string]func(*site) reply{
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
			before := dump(t, addr, s.namespace)
			if got := send(s.with(t)); !slices.Contains(got.codes(), "BAD_USER_INPUT") {
				t.Errorf("answered %s", clip(string(got.body)))
			}
			if after := dump(t, addr, s.namespace); after != before {
				t.Errorf("something was stored:\nbefore:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}
