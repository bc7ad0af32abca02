package transport_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestStatusCodesAreThoseOfTheEdition sends, for each status code of GraphQL over HTTP, edition September
// 2026, the requests that have it.
func TestStatusCodesAreThoseOfTheEdition(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	const (
		good     = `{"query":"{ session(name: \"running\") { name } }"}`
		partly   = `{"query":"{ session(name: \"running\") { name } sessions(first: 0) { totalCount } }"}`
		invalid  = `{"query":"{ nothing }"}`
		mutation = `mutation { deleteSession(input: {name: "running"}) { deletedId } }`
		response = "application/graphql-response+json"
		plain    = "application/json"
	)
	query := func(q string, more ...string) string {
		v := url.Values{"query": {q}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return "?" + v.Encode()
	}
	type request struct {
		method, query, body string // POST with application/json, unless said otherwise
		kind, accept        string
		header              string // another one, with any value
	}
	tests := []struct {
		name string
		request
		status  int
		kind    string // of the answer; application/json if empty
		code    string // none if empty
		message string
		allow   string // methods
	}{
		// Data alone, whichever of the two media types is accepted.
		{name: "POST", request: request{body: good}, status: 200},
		{name: "POST with a character set", request: request{body: good, kind: "application/json; charset=utf-8"}, status: 200},
		{name: "POST for a GraphQL response", request: request{body: good, accept: response}, status: 200, kind: response},
		{name: "POST for either", request: request{body: good, accept: response + "; charset=utf-8, " + plain + "; q=0.9"}, status: 200, kind: response},
		{name: "POST for either, JSON first", request: request{body: good, accept: plain + ", " + response}, status: 200, kind: response},
		{name: "POST for JSON rather", request: request{body: good, accept: response + ";q=0.5, " + plain}, status: 200},
		{name: "POST for JSON", request: request{body: good, accept: plain}, status: 200},
		{name: "POST for anything", request: request{body: good, accept: "*/*"}, status: 200},
		{name: "POST for any application", request: request{body: good, accept: "text/html, application/*;q=0.1"}, status: 200},
		{name: "POST for anything but JSON", request: request{body: good, accept: "*/*, application/json;q=0"}, status: 200, kind: response},
		{name: "one of two operations", request: request{body: `{"query":"query A { a: __typename } query B { session(name: \"running\") { name } }","operationName":"B"}`}, status: 200},
		{name: "null for what is optional", request: request{body: `{"query":"{ session(name: \"running\") { name } }","variables":null,"operationName":null,"extensions":null}`}, status: 200},
		{name: "GET", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`), accept: plain}, status: 200},
		{name: "GET with variables", request: request{method: "GET", query: query(`query($n: String!) { session(name: $n) { name } }`, "variables", `{"n":"running"}`), accept: plain}, status: 200},
		{name: "GET for a GraphQL response", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`), accept: response}, status: 200, kind: response},
		{name: "GET one of two", request: request{method: "GET", query: query(`query A { a: __typename } query B { session(name: "running") { name } }`, "operationName", "B"), accept: plain}, status: 200},
		{name: "GET with a header that takes a preflight", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`), header: "GraphQL-Require-Preflight"}, status: 200},

		// Data with errors.
		{name: "an error of a field", request: request{body: partly, accept: response}, status: 294, kind: response, code: "BAD_USER_INPUT", message: "first is 0"},
		{name: "an error of a field as JSON", request: request{body: partly, accept: plain}, status: 294, code: "BAD_USER_INPUT", message: "first is 0"},

		// A body, or what stands for it in a URL, or a document that can't be parsed.
		{name: "empty body", request: request{}, status: 400, code: "BAD_USER_INPUT"},
		{name: "broken JSON", request: request{body: `{"query":`}, status: 400, code: "BAD_USER_INPUT"},
		{name: "no JSON", request: request{body: `{ session(name: "running") { name } }`}, status: 400, code: "BAD_USER_INPUT"},
		{name: "no UTF-8", request: request{body: "{\"query\":\"{ a(b: \\\"\xff\\\") }\"}"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "more after the JSON", request: request{body: good + good}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a brace after the JSON", request: request{body: good + "}"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a bracket after the JSON", request: request{body: good + " ]"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "JSON nested too deep", request: request{body: strings.Repeat("[", 20_000)}, status: 400, code: "BAD_USER_INPUT", message: "deep"},
		{name: "GET with broken variables", request: request{method: "GET", query: query(`{ __typename }`, "variables", `{"n":`), accept: plain}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a broken document", request: request{body: `{"query":"{ nothing"}`, accept: response}, status: 400, kind: response, code: "BAD_USER_INPUT"},
		{name: "a broken document as JSON", request: request{body: `{"query":"{ nothing"}`, accept: plain}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a document of too many tokens", request: request{body: `{"query":"{` + strings.Repeat(" a", 2000) + `}"}`}, status: 400, code: "BAD_USER_INPUT", message: "token limit"},

		// JSON that is not a well-formed request.
		{name: "a batch", request: request{body: "[" + good + "]"}, status: 422, code: "BAD_USER_INPUT"},
		{name: "null", request: request{body: "null"}, status: 422, code: "BAD_USER_INPUT"},
		{name: "no query", request: request{body: `{"variables":{}}`}, status: 422, code: "BAD_USER_INPUT"},
		{name: "no query as JSON", request: request{body: `{"qeury":"{ __typename }"}`, accept: plain}, status: 422, code: "BAD_USER_INPUT"},
		{name: "the hash of a query", request: request{body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`}, status: 422, code: "PERSISTED_QUERY_NOT_SUPPORTED", message: "PersistedQueryNotSupported"},
		{name: "GET the hash of a query", request: request{method: "GET", query: "?extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"00"}}`), accept: response},
			status: 422, kind: response, code: "PERSISTED_QUERY_NOT_SUPPORTED", message: "PersistedQueryNotSupported"},
		{name: "a query and its hash", request: request{body: `{"query":"{ session(name: \"running\") { name } }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`}, status: 200},
		{name: "a number for a query", request: request{body: `{"query":1}`}, status: 422, code: "BAD_USER_INPUT"},
		{name: "a list for variables", request: request{body: `{"query":"{ __typename }","variables":[]}`}, status: 422, code: "BAD_USER_INPUT"},
		{name: "a text for extensions", request: request{body: `{"query":"{ __typename }","extensions":"x"}`, accept: response}, status: 422, kind: response, code: "BAD_USER_INPUT"},
		{name: "GET with a list of variables", request: request{method: "GET", query: query(`{ __typename }`, "variables", `[]`), accept: plain}, status: 422, code: "BAD_USER_INPUT"},
		{name: "GET nothing", request: request{method: "GET", accept: plain}, status: 422, code: "BAD_USER_INPUT"},

		// A request that is not to be executed.
		{name: "an invalid document as JSON", request: request{body: invalid}, status: 422, code: "BAD_USER_INPUT"},
		{name: "an invalid document as a GraphQL response", request: request{body: invalid, accept: response}, status: 422, kind: response, code: "BAD_USER_INPUT"},
		{name: "a directive that the schema does not have", request: request{body: `{"query":"{ ... @defer { session(name: \"running\") { name } } }"}`}, status: 422, code: "BAD_USER_INPUT", message: `Unknown directive "@defer"`},
		{name: "no operation of two", request: request{body: `{"query":"query A { __typename } query B { __typename }"}`}, status: 422, code: "BAD_USER_INPUT", message: "name one of the operations"},
		{name: "an operation that is not there", request: request{body: `{"query":"query A { __typename }","operationName":"B"}`, accept: response}, status: 422, kind: response, code: "BAD_USER_INPUT"},
		{name: "a variable of another type", request: request{body: `{"query":"query($n: String!) { session(name: $n) { name } }","variables":{"n":[1]}}`}, status: 422, code: "BAD_USER_INPUT"},
		{name: "a fraction for an Int", request: request{body: `{"query":"query($f: Int) { sessions(first: $f) { totalCount } }","variables":{"f":2.5}}`}, status: 422, code: "BAD_USER_INPUT",
			message: "give an Int, a whole number of 32 bits"},
		{name: "a fraction for an Int in an input", request: request{body: `{"query":"mutation($c: PutComponentsInput!) { putComponents(input: $c) { applied } }","variables":{"c":{"components":{"id":"x1","retryPolicy":2.5}}}}`},
			status: 422, code: "BAD_USER_INPUT", message: "give an Int, a whole number of 32 bits"},
		{name: "a variable that is missing", request: request{body: `{"query":"query($n: String!) { session(name: $n) { name } }","variables":{}}`, accept: response}, status: 422, kind: response, code: "BAD_USER_INPUT"},
		{name: "a document that is too deep", request: request{body: `{"query":"{ session(name: \"s\") {` + strings.Repeat(" status { session {", 12) + " name" + strings.Repeat("}}", 12) + `}}"}`}, status: 422, code: "BAD_USER_INPUT", message: "deep"},
		{name: "a list that is too long", request: request{body: `{"query":"query($i: [ID!]) { components(filter: {ids: $i}) { totalCount } }","variables":{"i":[` + strings.Repeat(`"x",`, 5000) + `"x"]}}`}, status: 422, code: "BAD_USER_INPUT", message: "5000"},
		{name: "a directive that goes by a variable that is missing", request: request{body: `{"query":"query($w: Boolean!) { session(name: \"running\") @include(if: $w) { name } }"}`}, status: 422, code: "BAD_USER_INPUT", message: "must be defined"},
		{name: "a directive that goes by null", request: request{body: `{"query":"query($w: Boolean = true) { session(name: \"running\") @include(if: $w) { name } }","variables":{"w":null}}`}, status: 422, code: "BAD_USER_INPUT", message: "$w is null"},
		{name: "null for an argument that has to be", request: request{body: `{"query":"query($n: String = \"running\") { session(name: $n) { name } }","variables":{"n":null}}`}, status: 422, code: "BAD_USER_INPUT", message: "$n is null, but a value of the type String! is needed"},
		{name: "GET with such a null", request: request{method: "GET", query: query(`query($n: String = "running") { session(name: $n) { name } }`, "variables", `{"n":null}`), accept: plain}, status: 422, code: "BAD_USER_INPUT", message: "$n is null"},

		{name: "GET as a web page can have it made", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`)}, status: 403, code: "FORBIDDEN", message: "Accept"},
		{name: "GET of an image", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`), accept: "image/avif,*/*;q=0.8"}, status: 403, code: "FORBIDDEN", message: "Accept"},

		{name: "GET a mutation", request: request{method: "GET", query: query(mutation), accept: plain}, status: 405, code: "BAD_USER_INPUT", message: "POST", allow: "POST"},
		{name: "PUT", request: request{method: "PUT", body: good}, status: 405, code: "BAD_USER_INPUT", allow: "GET, POST"},
		{name: "DELETE", request: request{method: "DELETE"}, status: 405, code: "BAD_USER_INPUT", allow: "GET, POST"},

		{name: "POST for a page", request: request{body: good, accept: "text/html"}, status: 406, code: "BAD_USER_INPUT", message: response},
		{name: "POST for neither", request: request{body: good, accept: response + ";q=0, " + plain + ";q=0"}, status: 406, code: "BAD_USER_INPUT"},
		{name: "POST for another character set", request: request{body: good, accept: response + "; charset=utf-16"}, status: 406, code: "BAD_USER_INPUT"},
		{name: "a subscription", request: request{body: `{"query":"subscription { sessionStatusUpdated(name: \"running\") { revision } }"}`, accept: response},
			status: 406, kind: response, code: "BAD_USER_INPUT", message: "text/event-stream"},

		{name: "a body that is too long", request: request{body: `{"query":"{ __typename }","operationName":"` + strings.Repeat("x", 16<<20) + `"}`}, status: 413, code: "BAD_USER_INPUT"},

		{name: "a form", request: request{body: "query={__typename}", kind: "application/x-www-form-urlencoded"}, status: 415, code: "BAD_USER_INPUT", message: "application/json"},
		{name: "a multipart form", request: request{body: "--x--", kind: "multipart/form-data; boundary=x"}, status: 415, code: "BAD_USER_INPUT"},
		{name: "plain text", request: request{body: good, kind: "text/plain"}, status: 415, code: "BAD_USER_INPUT"},
		{name: "no type", request: request{body: good, kind: "-"}, status: 415, code: "BAD_USER_INPUT"},
		{name: "another character set", request: request{body: good, kind: "application/json; charset=latin1"}, status: 415, code: "BAD_USER_INPUT", message: "UTF-8"},
		{name: "a compressed body", request: request{body: good, header: "Content-Encoding"}, status: 415, code: "BAD_USER_INPUT", message: "Content-Encoding"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := test.request
			if r.method == "" {
				r.method = http.MethodPost
			}
			var headers []string
			switch {
			case r.kind == "" && r.method == http.MethodPost:
				headers = append(headers, "Content-Type", plain)
			case r.kind != "" && r.kind != "-":
				headers = append(headers, "Content-Type", r.kind)
			}
			if r.accept != "" {
				headers = append(headers, "Accept", r.accept)
			}
			if r.header != "" {
				headers = append(headers, r.header, "gzip")
			}
			before := apptest.Dump(t, redistest.SharedServer(t), s.Namespace)
			got := s.With(t).Send(r.method, "/graphql"+r.query, r.body, headers...)
			if got.Status != test.status {
				t.Errorf("status %d, want %d: %s", got.Status, test.status, apptest.Clip(string(got.Body)))
			}
			kind := test.kind
			if kind == "" {
				kind = plain
			}
			if have := got.Header.Get("Content-Type"); have != kind+"; charset=utf-8" {
				t.Errorf("the answer is %s, want %s", have, kind)
			}
			if test.code == "" && (len(got.Codes()) > 0 || got.At("session.name") != "running") ||
				test.code != "" && (len(got.Codes()) != 1 || got.Codes()[0] != test.code || !strings.Contains(got.Errors[0].Message, test.message)) {
				t.Errorf("answered %s, want code %q", apptest.Clip(string(got.Body)), test.code)
			}
			if allow := got.Header.Get("Allow"); allow != test.allow {
				t.Errorf("allowed is %q, want %q", allow, test.allow)
			}
			if apptest.Dump(t, redistest.SharedServer(t), s.Namespace) != before {
				t.Error("something was stored")
			}
		})
	}
}
