package compare

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

func ok(body string) answer { return answer{status: 200, kind: "application/json", body: []byte(body)} }

func refused(detail string) answer {
	return answer{status: 400, kind: "application/problem+json", body: []byte(`{"detail":"` + detail + `"}`)}
}

// TestDifferencesAreFound compares pairs of answers: BOS's, then ours.
func TestDifferencesAreFound(t *testing.T) {
	const theirs, own = "https://gateway/apis/bos", "http://h:1/base/apis/bos"
	for name, test := range map[string]struct {
		request   compat.Request
		bos, ours answer
		want      string // as printed after the request; empty for no difference
	}{
		"keys":       {bos: ok(`{"a":1,"b":[{"c":2,"d":3}]}`), ours: ok(`{"b":[{"d":3,"c":2}],"a":1}`)},
		"status":     {bos: ok(`{}`), ours: refused("x"), want: "status: BOS 200, bosgraph 400"},
		"type":       {bos: answer{status: 200, kind: "text/html"}, ours: ok(``), want: "content type: BOS text/html, bosgraph application/json"},
		"value":      {bos: ok(`[{"a":{"b":true}}]`), ours: ok(`[{"a":{"b":"x"}}]`), want: `$[0].a.b: BOS true, bosgraph "x"`},
		"kind":       {bos: ok(`{"a":{}}`), ours: ok(`{"a":[]}`), want: `$.a: BOS {}, bosgraph []`},
		"number":     {bos: ok(`{"a":1.0}`), ours: ok(`{"a":1}`), want: "$.a: BOS 1.0, bosgraph 1"},
		"large":      {bos: ok(`12345678901234567890`), ours: ok(`12345678901234567891`), want: "$: BOS 12345678901234567890, bosgraph 12345678901234567891"},
		"absent":     {bos: ok(`{"a":null}`), ours: ok(`{}`), want: "$.a: BOS null, bosgraph absent"},
		"shorter":    {bos: ok(`[1,2]`), ours: ok(`[1]`), want: "$[1]: BOS 2, bosgraph absent"},
		"longer":     {bos: ok(`[]`), ours: ok(`[1]`), want: "$[0]: BOS absent, bosgraph 1"},
		"no JSON":    {bos: ok(`{`), ours: ok(`{}`), want: "body: BOS {, bosgraph {}"},
		"more":       {bos: ok(`{} {}`), ours: ok(`{}`), want: "body: BOS {} {}, bosgraph {}"},
		"control":    {bos: ok("\x1b[2J"), ours: ok(`{}`), want: "body: BOS  [2J, bosgraph {}"},
		"no answer":  {bos: answer{err: errors.New("closed")}, ours: ok(`{}`), want: "answer: BOS none: closed, bosgraph status 200"},
		"no body":    {request: compat.Request{Method: "HEAD"}, bos: ok(`{}`), ours: ok(``)},
		"ordered":    {bos: ok(`[{"name":"a"},{"name":"b"}]`), ours: ok(`[{"name":"b"},{"name":"a"}]`), want: `$[0].name: BOS "a", bosgraph "b"`},
		"unordered":  {request: compat.Request{Unordered: true}, bos: ok(`[{"name":"a","z":1},{"name":"b"}]`), ours: ok(`[{"name":"b"},{"name":"a","z":1}]`)},
		"duration":   {request: compat.Request{Volatile: []string{"timing.duration"}}, bos: ok(`{"timing":{"duration":"1","a":1}}`), ours: ok(`{"timing":{"duration":"2","a":1}}`)},
		"refusal":    {request: compat.Request{Volatile: []string{"timing.duration"}}, bos: ok(`[]`), ours: ok(`[ ]`)},
		"links":      {bos: ok(`{"links":[{"href":"https://gateway/apis/bos/v2"}]}`), ours: ok(`{"links":[{"href":"http://h:1/base/apis/bos/v2"}]}`)},
		"wrong link": {bos: ok(`{"links":[{"href":"https://gateway/apis/bos/v2"}]}`), ours: ok(`{"links":[{"href":"http://h:1/v2"}]}`), want: `$.links[0].href: BOS "{root}/v2", bosgraph "/v2"`},
		"errors":     {bos: ok(`{"error_summary":{"e":{"count":2,"list":"x2,x1"}}}`), ours: ok(`{"error_summary":{"e":{"count":2,"list":"x1,x2"}}}`)},
		"one error":  {bos: ok(`{"error_summary":{"e":{"list":"x2"}}}`), ours: ok(`{"error_summary":{"e":{"list":"x1"}}}`), want: `$.error_summary.e.list: BOS "x2", bosgraph "x1"`},
		"many":       {bos: ok(`{"error_summary":{"e":{"list":"x9,x3..."}}}`), ours: ok(`{"error_summary":{"e":{"list":"x1,x2..."}}}`)},
	} {
		test.request.Path = "/v2"
		d, differs := compareAnswers(test.request, test.bos, test.ours, theirs, own)
		got := ""
		if differs {
			got = d.String()[len(test.request.Method+" /v2: "):]
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestOnlyArguedDifferencesAreOnPurpose shows what is allowed to differ on purpose, and that nothing else is.
func TestOnlyArguedDifferencesAreOnPurpose(t *testing.T) {
	gone := answer{err: errors.New("closed")}
	notFound := answer{status: 404, kind: "application/problem+json"}
	moved := func(kind string) answer { return answer{status: 308, kind: kind, body: []byte(kind)} }
	for _, test := range []struct {
		differs   string
		bos, ours answer
		want      bool
	}{
		{"schema-text", refused(`too long\n\nFailed validating`), refused("too long"), true},
		{"schema-text", refused(`too short\n\nFailed validating`), refused("too long"), false},
		{"schema-text", ok(`[]`), refused("too long"), false},
		{"phase-list", refused("a or b"), refused("b or a"), true},
		{"phase-list", ok(`[]`), refused("b or a"), false},
		{"enabled-alone", ok(`[1,2]`), ok(`[1]`), true},
		{"enabled-alone", refused("x"), ok(`[1]`), false},
		{"age-overflow", answer{status: 500}, ok(`[]`), true},
		{"age-overflow", ok(`[1]`), ok(`[]`), false},
		{"redirect-body", moved("text/html"), moved(""), true},
		{"redirect-body", moved("text/html"), notFound, false},
		{"long-request", ok(`[1]`), refused("too long"), true},
		{"long-request", gone, refused("too long"), true},
		{"long-request", refused("too long"), gone, false},
		{"no-description", ok(`{}`), notFound, true},
		{"no-description", ok(`{}`), ok(`[]`), false},
		{"", ok(`[1]`), ok(`[]`), false},
	} {
		r := compat.Request{Path: "/v2", Differs: test.differs}
		d, differs := compareAnswers(r, test.bos, test.ours, "http://b", "http://g")
		if got := argued(r, d, test.bos, test.ours); !differs || (got != "") != test.want {
			t.Errorf("%s, %s: differs %v, argued %q", test.differs, d, differs, got)
		}
	}
}

// TestARequestThatCouldChangeSomethingIsNeverSent shows that a request that could change something never leaves.
func TestARequestThatCouldChangeSomethingIsNeverSent(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method)
	}))
	defer server.Close()
	s, err := newSide("BOS", Side{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		if a := s.ask(t.Context(), compat.Request{Method: method, Path: "/v2"}); a.err != nil {
			t.Errorf("%s: %v", method, a.err)
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "TRACE"} {
		if a := s.ask(t.Context(), compat.Request{Method: method, Path: "/v2"}); !errors.Is(a.err, errWrites) {
			t.Errorf("%s: %v", method, a.err)
		}
	}
	if len(got) != 3 {
		t.Errorf("sent: %v", got)
	}
	s.http.CloseIdleConnections()
}

// TestAComparisonThatIsInterruptedSaysNothingOfTheSides interrupts it while a server has yet to answer.
func TestAComparisonThatIsInterruptedSaysNothingOfTheSides(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		interrupt()
		<-r.Context().Done()
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	status := Run(ctx, Options{BOS: Side{URL: server.URL}, Server: Side{URL: server.URL}}, &stdout, &stderr)
	if status != 130 || stdout.Len() > 0 || stderr.Len() > 0 {
		t.Errorf("it exits with %d, and prints %q and %q", status, &stdout, &stderr)
	}
}
