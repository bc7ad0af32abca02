package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestHTTP goes through what GraphQL over HTTP lets a client do, and what not.
func TestHTTP(t *testing.T) {
	t.Parallel()
	s := furnished(t)
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
	}
	tests := []struct {
		name string
		request
		status  int
		kind    string // of the answer; application/json if empty
		code    string // none if empty
		message string
	}{
		{name: "POST", request: request{body: good}, status: 200},
		{name: "POST with a character set", request: request{body: good, kind: "application/json; charset=utf-8"}, status: 200},
		{name: "POST for a GraphQL response", request: request{body: good, accept: response}, status: 200, kind: response},
		{name: "POST for either", request: request{body: good, accept: response + "; charset=utf-8, " + plain + "; q=0.9"}, status: 200, kind: response},
		{name: "POST for JSON", request: request{body: good, accept: plain}, status: 200},
		{name: "POST for anything", request: request{body: good, accept: "*/*"}, status: 200},
		{name: "one of two operations", request: request{body: `{"query":"query A { a: __typename } query B { session(name: \"running\") { name } }","operationName":"B"}`}, status: 200},
		{name: "no operation of two", request: request{body: `{"query":"query A { __typename } query B { __typename }"}`}, status: 200, code: "BAD_USER_INPUT"},
		{name: "null for what is optional", request: request{body: `{"query":"{ session(name: \"running\") { name } }","variables":null,"operationName":null,"extensions":null}`}, status: 200},

		{name: "an invalid document as JSON", request: request{body: invalid}, status: 200, code: "BAD_USER_INPUT"},
		{name: "an invalid document as a GraphQL response", request: request{body: invalid, accept: response}, status: 400, kind: response, code: "BAD_USER_INPUT"},
		{name: "no document", request: request{body: `{"query":"{ nothing"}`, accept: response}, status: 400, kind: response, code: "BAD_USER_INPUT"},
		{name: "an error of a field", request: request{body: partly, accept: response}, status: 200, kind: response, code: "BAD_USER_INPUT", message: "first is 0"},

		{name: "GET", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`)}, status: 200},
		{name: "GET with variables", request: request{method: "GET", query: query(`query($n: String!) { session(name: $n) { name } }`, "variables", `{"n":"running"}`)}, status: 200},
		{name: "GET for a GraphQL response", request: request{method: "GET", query: query(`{ session(name: "running") { name } }`), accept: response}, status: 200, kind: response},
		{name: "GET one of two", request: request{method: "GET", query: query(`query A { a: __typename } query B { session(name: "running") { name } }`, "operationName", "B")}, status: 200},
		{name: "GET with broken variables", request: request{method: "GET", query: query(`{ __typename }`, "variables", `{"n":`)}, status: 400, code: "BAD_USER_INPUT"},
		{name: "GET with a list of variables", request: request{method: "GET", query: query(`{ __typename }`, "variables", `[]`)}, status: 400, code: "BAD_USER_INPUT"},
		{name: "GET a mutation", request: request{method: "GET", query: query(mutation)}, status: 405, code: "BAD_USER_INPUT", message: "POST"},
		{name: "GET nothing", request: request{method: "GET"}, status: 200, code: "BAD_USER_INPUT"},

		{name: "empty body", request: request{}, status: 400, code: "BAD_USER_INPUT"},
		{name: "broken JSON", request: request{body: `{"query":`}, status: 400, code: "BAD_USER_INPUT"},
		{name: "no JSON", request: request{body: `{ session(name: "running") { name } }`}, status: 400, code: "BAD_USER_INPUT"},
		{name: "more after the JSON", request: request{body: good + good}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a brace after the JSON", request: request{body: good + "}"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a bracket after the JSON", request: request{body: good + " ]"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a batch", request: request{body: "[" + good + "]"}, status: 400, code: "BAD_USER_INPUT"},
		{name: "null", request: request{body: "null"}, status: 200, code: "BAD_USER_INPUT"},
		{name: "no query", request: request{body: `{"variables":{}}`}, status: 200, code: "BAD_USER_INPUT"},
		{name: "a number for a query", request: request{body: `{"query":1}`}, status: 400, code: "BAD_USER_INPUT"},
		{name: "a list for variables", request: request{body: `{"query":"{ __typename }","variables":[]}`}, status: 400, code: "BAD_USER_INPUT"},

		{name: "a form", request: request{body: "query={__typename}", kind: "application/x-www-form-urlencoded"}, status: 415, code: "BAD_USER_INPUT", message: "application/json"},
		{name: "a multipart form", request: request{body: "--x--", kind: "multipart/form-data; boundary=x"}, status: 415, code: "BAD_USER_INPUT"},
		{name: "plain text", request: request{body: good, kind: "text/plain"}, status: 415, code: "BAD_USER_INPUT"},
		{name: "no type", request: request{body: good, kind: "-"}, status: 415, code: "BAD_USER_INPUT"},
		{name: "PUT", request: request{method: "PUT", body: good}, status: 405, code: "BAD_USER_INPUT"},
		{name: "DELETE", request: request{method: "DELETE"}, status: 405, code: "BAD_USER_INPUT"},
		{name: "a subscription", request: request{body: `{"query":"subscription { sessionStatusUpdated(name: \"running\") { revision } }"}`, accept: response},
			status: 400, kind: response, code: "BAD_USER_INPUT", message: "subscription"},
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
			before := dump(t, redistest.SharedServer(t), s.namespace)
			got := s.with(t).send(r.method, "/graphql"+r.query, r.body, headers...)
			if got.status != test.status {
				t.Errorf("status %d, want %d: %s", got.status, test.status, clip(string(got.body)))
			}
			kind := test.kind
			if kind == "" {
				kind = plain
			}
			if have := got.header.Get("Content-Type"); have != kind+"; charset=utf-8" {
				t.Errorf("the answer is %s, want %s", have, kind)
			}
			if test.code == "" && (len(got.codes()) > 0 || got.at("session.name") != "running") ||
				test.code != "" && (len(got.codes()) != 1 || got.codes()[0] != test.code || !strings.Contains(got.Errors[0].Message, test.message)) {
				t.Errorf("answered %s, want code %q", clip(string(got.body)), test.code)
			}
			if got.status == http.StatusMethodNotAllowed && !strings.Contains(got.header.Get("Allow"), "POST") {
				t.Errorf("allowed is %q", got.header.Get("Allow"))
			}
			if dump(t, redistest.SharedServer(t), s.namespace) != before {
				t.Error("something was stored")
			}
		})
	}
}

// TestBasePath shows that a base path is before everything and nothing is elsewhere.
func TestBasePath(t *testing.T) {
	t.Parallel()
	s := serve(t, "", "--base-path", "/bos/graph/")
	if !strings.HasSuffix(s.base, "/bos/graph") {
		t.Fatalf("the base is %s", s.base)
	}
	if v := s.must(`{ __typename }`).at("__typename"); v != "Query" {
		t.Errorf("GraphQL answers %v", v)
	}
	wantHealth(t, s, "/healthz", http.StatusOK)
	wantHealth(t, s, "/readyz", http.StatusOK)
	s.base = "http://" + s.app.Addr()
	for _, path := range []string{"/graphql", "/healthz", "/readyz", "/bos/graphql", "/"} {
		wantHealth(t, s, path, http.StatusNotFound)
	}
}

// TestServerInfo shows what a server says of itself.
func TestServerInfo(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{"embedded": "embedded, in memory", "redis": "single server", "cluster": "cluster"}
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, b.url(t))
			wantHealth(t, s, "/readyz", http.StatusOK)
			info := s.must(`{ serverInfo { version epoch namespace startedAt redis sync { source } } }`).at("serverInfo")
			if at(info, "namespace") != s.namespace || at(info, "redis") != kinds[b.name] || at(info, "sync") != nil ||
				at(info, "version") == "" || at(info, "epoch") == "" {
				t.Errorf("it says %v", info)
			}
			if other := s.must(`{ serverInfo { epoch startedAt } }`); other.at("serverInfo.epoch") != at(info, "epoch") ||
				other.at("serverInfo.startedAt") != at(info, "startedAt") {
				t.Errorf("it says %v, then %v", info, other.Data)
			}
		})
	}
}

// TestNoRightToWrite shows what somebody without that right gets: answers to
// queries, FORBIDDEN for every mutation, and less room for a body.
func TestNoRightToWrite(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	unprivileged := httptest.NewServer(s.app.graphql()) // without what gives everybody all rights
	t.Cleanup(unprivileged.Close)
	reader := s.with(t)
	reader.base = unprivileged.URL

	reader.must(`{ session(name: "running") { name } }`)
	session := vars{"in": vars{"name": "running", "operation": "BOOT", "templateName": "t"}}
	update := vars{"in": vars{"name": "running", "status": "COMPLETE"}}
	name := vars{"in": vars{"name": "running"}}
	component := vars{"in": []vars{{"id": "x1"}}}
	for mutation, variables := range map[string]vars{
		createSession: session, updateSession: update, deleteSession: name, putComponents: component, patchComponents: component,
		deleteComponents: {"in": []string{"x1"}}, putTenant: {"name": "t", "in": []string{"x1"}},
		`mutation { __typename }`: nil,
	} {
		refused{query: mutation, vars: variables, code: "FORBIDDEN"}.check(t, reader)
	}
	for size, want := range map[int]int{1 << 19: http.StatusOK, 3 << 19: http.StatusRequestEntityTooLarge} {
		if got := reader.post(`{"query":"{ __typename }"` + strings.Repeat(" ", size) + `}`); got.status != want {
			t.Errorf("%d bytes are answered %d, want %d", size, got.status, want)
		}
	}
}
