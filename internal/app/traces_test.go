package app_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// collector receives spans by OTLP.
type collector struct {
	mu    sync.Mutex
	spans []collected
}

type collected struct {
	*tracepb.Span
	resource map[string]string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data tracepb.TracesData
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &data) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range data.ResourceSpans {
		resource := map[string]string{}
		for _, a := range of.Resource.Attributes {
			resource[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, collected{s, resource})
			}
		}
	}
}

// find returns a span of a trace by its name and that of its parent; nil for none.
func (c *collector) find(trace, name string, parent []byte) *collected {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) == trace && s.Name == name && string(s.ParentSpanId) == string(parent) {
			return &s
		}
	}
	return nil
}

// collecting is where servers that start from then on send their traces.
func collecting(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	receiver := httptest.NewServer(c)
	t.Cleanup(receiver.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	return c
}

// TestAMutationIsFollowedToTheMessageOfAnotherReplica sends a mutation that belongs to a trace to one replica, and follows the session at another one.
func TestAMutationIsFollowedToTheMessageOfAnotherReplica(t *testing.T) {
	c := collecting(t)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "site=test")
	redis := "redis://" + redistest.SharedServer(t)
	first := apptest.Serve(t, redis, "--namespace", "traced")
	second := apptest.Serve(t, redis, "--namespace", "traced")
	first.Session("boot")
	w := apptest.Watch(t, second, apptest.FollowRevision, apptest.Vars{"name": "boot"})
	apptest.Eventually(t, "there is a first status", func() bool { return w.Count() > 0 })

	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	of, _ := hex.DecodeString(parent)
	r := first.Send(http.MethodPost, "/graphql", `{"query": "mutation Report { putComponents(input: {components: [{id: \"x1\", enabled: true, session: \"boot\"}]}) { applied } }"}`,
		"Content-Type", "application/json", "traceparent", "00-"+trace+"-"+parent+"-01")
	if r.At("putComponents.applied") != 1.0 {
		t.Fatalf("%s", r.Body)
	}
	var mutation, write, message *collected
	apptest.Eventually(t, "the trace reaches the message", func() bool {
		if mutation = c.find(trace, "mutation", of); mutation == nil {
			return false
		}
		if write = c.find(trace, "EVALSHA write", mutation.SpanId); write == nil {
			return false
		}
		message = c.find(trace, "subscription", write.SpanId)
		return message != nil
	})
	if mutation.resource["service.name"] != "bosgraph" || mutation.resource["site"] != "test" || !strings.Contains(mutation.String(), `"Report"`) {
		t.Errorf("the mutation is %v of %v", mutation.Span, mutation.resource)
	}
	if a, b := mutation.resource["service.instance.id"], message.resource["service.instance.id"]; a == "" || b == "" || a == b || write.resource["service.instance.id"] != a {
		t.Errorf("the message is of the replica %q, the mutation of %q", b, a)
	}
	if mutation.Kind != tracepb.Span_SPAN_KIND_SERVER || write.Kind != tracepb.Span_SPAN_KIND_CLIENT || message.Kind != tracepb.Span_SPAN_KIND_PRODUCER ||
		message.StartTimeUnixNano < mutation.StartTimeUnixNano {
		t.Errorf("the spans are\n%v\n%v\n%v", mutation.Span, write.Span, message.Span)
	}
}

// TestAPolledQueryIsTracedEachTime asks the same bytes again and again, which without traces is answered without an
// execution.
func TestAPolledQueryIsTracedEachTime(t *testing.T) {
	c := collecting(t)
	s := apptest.ServeRedis(t)
	const parent = "b7ad6b7169203331"
	of, _ := hex.DecodeString(parent)
	for _, trace := range []string{"0af7651916cd43dd8448eb211c80319a", "0af7651916cd43dd8448eb211c80319b", "0af7651916cd43dd8448eb211c80319c"} {
		r := s.Send(http.MethodPost, "/graphql", `{"query": "query Poll { session(name: \"boot\") { name } }"}`,
			"Content-Type", "application/json", "traceparent", "00-"+trace+"-"+parent+"-01")
		if got, want := string(r.Body), `{"data":{"session":null}}`; got != want {
			t.Fatalf("answered %s, want %s", got, want)
		}
		apptest.Eventually(t, "the query is traced", func() bool { return c.find(trace, "query", of) != nil })
	}
}

// TestProfilesAreForThisMachine asks for one at the address of the metrics, and at that of everything else.
func TestProfilesAreForThisMachine(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "", "--metrics-listen", "127.0.0.1:0")
	answer, err := s.Client.Get("http://" + s.App.MetricsAddr() + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || !strings.Contains(string(text), "goroutine profile:") {
		t.Errorf("%s %s", answer.Status, apptest.Clip(string(text)))
	}
	if _, body := s.Get("/debug/pprof/goroutine?debug=1"); strings.Contains(body, "goroutine profile:") {
		t.Error("profiles are served beside everything else")
	}
	far := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/debug/pprof/heap", nil) // from 192.0.2.1
	refused := httptest.NewRecorder()
	s.App.MetricsHandler().ServeHTTP(refused, far)
	if refused.Code != http.StatusForbidden {
		t.Errorf("from another machine: %d", refused.Code)
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"} {
		r, w := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/debug/pprof/cmdline", nil), httptest.NewRecorder()
		r.RemoteAddr = "127.0.0.1:50000"
		r.Header.Set(name, "192.0.2.1")
		if s.App.MetricsHandler().ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("from a proxy on this machine that says %s: %d", name, w.Code)
		}
	}
}
