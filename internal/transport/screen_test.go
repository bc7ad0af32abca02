package transport

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	v2json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/bosgraph/bosgraph/graph/limits"
)

func requestOf(t testing.TB, query string, variables string) []byte {
	t.Helper()
	text, err := json.Marshal(query)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"query":%s,"variables":%s}`, text, variables)
}

func list(n int, item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }

// TestAnOversizedBodyIsRefusedBeforeItsEnd shows what is refused before all of it has come, in whatever parts it comes.
func TestAnOversizedBodyIsRefusedBeforeItsEnd(t *testing.T) {
	const read = "query($in: [ID!]) { components(filter: {ids: $in}) { totalCount } }"
	const assign = `mutation($in: [ID!]!) { putTenant(input: {name: "t", components: $in}) { owned } }`
	for _, test := range []struct {
		name, body string
		refused    string // a part of why; empty for accepted
	}{
		{"a request", string(requestOf(t, read, `{"in":["x1"]}`)), ""},
		{"as many as may be", string(requestOf(t, read, `{"in":`+list(maxList, `"x"`)+`}`)), ""},
		{"one more", string(requestOf(t, read, `{"in":`+list(maxList+1, `"x"`)+`}`)), "more than 5000 items"},
		{"in an object", string(requestOf(t, read, `{"in":{"ids":`+list(maxList+1, `"x"`)+`}}`)), "more than 5000 items"},
		{"of objects with lists", string(requestOf(t, read, `{"in":`+list(maxList+1, `{"a":[1,2],"b":","}`)+`}`)), "more than 5000 items"},
		{"many fields of an object", string(requestOf(t, read, `{"in":{`+strings.Repeat(`"a":1,`, 3*maxList)+`"b":2}}`)), ""},
		{"commas in a text", string(requestOf(t, read, `{"in":["`+strings.Repeat(`,\"`, 2*maxList)+`"]}`)), ""},
		{"for a tenant", string(requestOf(t, assign, `{"in":`+list(100_000, `"x"`)+`}`)), ""},
		{"too many for a tenant", string(requestOf(t, assign, `{"in":`+list(maxTenantList+1, `"x"`)+`}`)), "more than 250000 items"},
		{"before the query", `{"variables":{"in":` + list(maxList+1, `"x"`) + `},"query":"{a}"}`, ""}, // see wire.tooLong
		{"tokens", string(requestOf(t, strings.Repeat("{a ", 1000), "{}")), "token limit"},
		{"comments", string(requestOf(t, strings.Repeat("#\n", 2000), "{}")), "token limit"},
		{"as many variables as may be", string(requestOf(t, read, `{`+strings.Repeat(`"a":[1,2],`, maxVariables-1)+`"b":{"c":1,"d":2}}`)), ""},
		{"one variable more", string(requestOf(t, read, `{`+strings.Repeat(`"a":[1,2],`, maxVariables)+`"b":{"c":1,"d":2}}`)), "more than 250 variables"},
		{"nested as deep as it may be", strings.Repeat("[", maxNesting) + strings.Repeat("]", maxNesting) + "[", ""},
		{"nested deeper", strings.Repeat("[", maxNesting+1), "more than 10000 deep"},
		{"no JSON", strings.Repeat("]}", 1000) + `"`, ""},
	} {
		for _, part := range []int{len(test.body), 4096, 1} {
			s, refusal := &screen{}, ""
			for rest := test.body; rest != "" && refusal == ""; {
				n := min(part, len(rest))
				if _, err := s.see([]byte(rest[:n])); err != nil {
					refusal = err.Message
				}
				rest = rest[n:]
			}
			if (refusal == "") != (test.refused == "") || !strings.Contains(refusal, test.refused) {
				t.Errorf("%s, %d bytes at a time: refused %q, want %q", test.name, part, refusal, test.refused)
			}
		}
	}
}

// FuzzTokens shows that a document that the parser accepts never has too many tokens.
func FuzzTokens(f *testing.F) {
	for _, document := range []string{
		"{ a }", `query Q($a: [Int!]! = [1, -2.5e3]) @d(x: "y\"z") { b: c(d: $a) { ...F ... on T { e } } } fragment F on T { g }`,
		`{ a(b: """block " "" \""" end""", c: "", d: "\\") }`, "# comment \"\n{ a # \"\"\"\n}", `{ a(s: "{{{{") }`, "{a(b:\"\u00e9\")}", "\ufeff{a}",
		strings.Repeat("{a ", 300) + strings.Repeat("}", 300),
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		_, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, limits.Tokens)
		s := &screen{}
		if _, refused := s.see(requestOf(t, document, "{}")); refused != nil && err == nil {
			t.Errorf("%q: %v after %d tokens", document, refused, s.document.count)
		}
		for most := 1; most < 40 && s.document.count > most; most++ {
			if _, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, most); err == nil {
				t.Errorf("%q: %d tokens were counted, and the parser needs at most %d", document, s.document.count, most)
				break
			}
		}
	})
}

// TestBodiesAreScreenedAsSoonAsTheyCanBeTooMuch shows that a body is refused for what the screen refuses it for,
// however it comes, and that lists of one that is not refused are looked at once more only where they may be too long.
func TestBodiesAreScreenedAsSoonAsTheyCanBeTooMuch(t *testing.T) {
	const read = "query($in: [ID!]) { components(filter: {ids: $in}) { totalCount } }"
	const assign = `mutation($in: [ID!]!) { putTenant(input: {name: "t", components: $in}) { owned } }`
	texts := strings.Repeat(`"\\",`, 500) + strings.Repeat(`"\\\"],[",`, 500)
	for _, test := range []struct {
		name, body string
		refused    string
		listed     bool
	}{
		{"a query", `{"query":"{a}"}`, "", true},
		{"as many as may be", string(requestOf(t, read, `{"in":[`+texts+list(maxList, `"x"`)+`]}`)), "", true},
		{"one more", string(requestOf(t, read, `{"in":[`+texts+list(maxList+1, `"x"`)+`]}`)), "more than 5000 items", false},
		{"one more, spread over objects", string(requestOf(t, read, `{"in":`+list(maxList+1, `{"a":{"b":"\\\"}"}}`)+`}`)), "more than 5000 items", false},
		{"for a tenant", string(requestOf(t, assign, `{"in":`+list(maxList+1, `"x"`)+`}`)), "", false},
		{"before the query", `{"variables":{"in":` + list(maxList+1, `"x"`) + `},"query":"{a}"}`, "", false},
		{"few before the query", `{"variables":{"in":` + list(maxList, `"x"`) + `},"query":"{a}"}`, "", true},
		{"tokens", string(requestOf(t, strings.Repeat("{a ", 1000), "{}")), "token limit", false},
		{"tokens at the end", `{"variables":{"in":` + list(maxList, `"x"`) + `},"query":"` + strings.Repeat("{a ", 1000) + `"}`, "token limit", false},
	} {
		for how, from := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "in halves": iotest.HalfReader, "byte by byte": iotest.OneByteReader,
		} {
			for _, length := range []int64{int64(len(test.body)), -1} {
				b, refusal := &body{}, ""
				if _, err := b.read(from(strings.NewReader(test.body)), length); err != nil {
					refusal = err.Message
				}
				if (refusal == "") != (test.refused == "") || !strings.Contains(refusal, test.refused) || b.listed != test.listed {
					t.Errorf("%s, %s, length %d: refused %q, listed %v; want %q, %v", test.name, how, length, refusal, b.listed, test.refused, test.listed)
				}
				if refusal == "" && string(b.raw) != test.body {
					t.Errorf("%s, %s, length %d: %d bytes came, want %d", test.name, how, length, len(b.raw), len(test.body))
				}
			}
		}
	}
}

// FuzzHeldLists shows that a list that is held back is the whole value of the field, and that nothing is lost beside it.
func FuzzHeldLists(f *testing.F) {
	for _, list := range []string{`[]`, `[1,[2],{"a":[3]}]`, `["]","\"]","\\",{"}":"\\\"]"}]`, " [ \"x\" ] ", `[],"more":[1]`, `{}`, `null`, `["\u005d\ud83d\ude00"]`} {
		f.Add(list)
	}
	padding := strings.Repeat(" ", heldFrom)
	f.Fuzz(func(t *testing.T, list string) {
		raw := jsontext.Value(`{"components":` + padding + list + "}")
		var fields map[string]jsontext.Value
		if !raw.IsValid() || v2json.Unmarshal(raw, &fields) != nil {
			return
		}
		got, rest, ok := hold(raw)
		value := fields["components"]
		if want := value.Kind() == '[' && len(fields) == 1; ok != want {
			t.Fatalf("%q is held: %v, want %v", list, ok, want)
		}
		if ok && (string(got) != string(value) || string(rest) != `{"components":[]}`) {
			t.Errorf("%q: %q is held, and %q left; want %q", list, got, rest, value)
		}
	})
}
