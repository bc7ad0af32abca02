package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func TestTheEnvironmentDecides(t *testing.T) {
	for _, test := range []struct {
		variables map[string]string
		on        bool
		says      string
	}{
		{nil, false, ""},
		{map[string]string{"OTEL_SERVICE_NAME": "x"}, false, ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, false, ""},
		{map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, false, ""},
		{map[string]string{"OTEL_SDK_DISABLED": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, false, ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true, ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "use otlp or none"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "c:4317"}, false, "write it like http://localhost:4318"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "only http/protobuf"},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, false, "milliseconds"},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/none"}, false, "no such file"},
	} {
		t.Run("", func(t *testing.T) {
			for name, value := range test.variables {
				t.Setenv(name, value)
			}
			made, err := FromEnvironment("1", slog.New(slog.DiscardHandler))
			if made != nil != test.on || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v: %v, %v", test.variables, made, err)
			}
		})
	}
}

// TestSpansAreSentAgainWhileTheCollectorIsBusy sends one, packed and with a header, to a collector that is busy first.
func TestSpansAreSentAgainWhileTheCollectorIsBusy(t *testing.T) {
	var got tracepb.TracesData
	attempts := 0
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts++; attempts < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil || r.Header.Get("api-key") != "a b" {
			t.Errorf("%v, %v", err, r.Header)
			return
		}
		body, _ := io.ReadAll(unpacked)
		if err := proto.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, other=1")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	e, err := newExporter()
	if err != nil {
		t.Fatal(err)
	}
	e.pauses = []time.Duration{time.Millisecond, time.Millisecond}
	provider := sdk.NewTracerProvider(sdk.WithSyncer(e))
	_, span := provider.Tracer("scope").Start(t.Context(), "name")
	span.SetAttributes(attribute.Int("n", 7), attribute.Bool("b", true))
	span.SetStatus(codes.Error, "")
	span.End()
	if attempts != 3 || len(got.ResourceSpans) != 1 {
		t.Fatalf("after %d attempts: %v", attempts, &got)
	}
	scope := got.ResourceSpans[0].ScopeSpans[0]
	sent := scope.Spans[0]
	if scope.Scope.Name != "scope" || sent.Name != "name" || sent.Attributes[0].Value.GetIntValue() != 7 || !sent.Attributes[1].Value.GetBoolValue() ||
		sent.Status.Code != tracepb.Status_STATUS_CODE_ERROR || len(sent.ParentSpanId) != 0 || sent.EndTimeUnixNano < sent.StartTimeUnixNano {
		t.Errorf("sent is %v", sent)
	}
}

// TestACollectorThatIsAwayDoesNotFailTheStop has no time left for attempts: only spans are lost.
func TestACollectorThatIsAwayDoesNotFailTheStop(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	log := make(logged, 10)
	traces, err := FromEnvironment("1", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := traces.tracer.Start(t.Context(), "query")
	span.End()
	ended, end := context.WithCancel(t.Context())
	end()
	traces.Stop(ended)
	select {
	case line := <-log:
		if !strings.Contains(line, "traces cannot be sent") {
			t.Errorf("it logs %q", line)
		}
	default:
		t.Error("it logs nothing")
	}
}

// logged are the lines of a log, also those of attempts that still run when the test has ended.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

func TestLinesWithinATraceHaveItsID(t *testing.T) {
	provider := sdk.NewTracerProvider()
	made := &Traces{provider: provider, tracer: provider.Tracer("")}
	var out bytes.Buffer
	log := made.Log(slog.New(slog.NewTextHandler(&out, nil))).With("a", 1)
	ctx, span := made.tracer.Start(t.Context(), "x")
	log.InfoContext(ctx, "within")
	log.Info("outside")
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[0], "a=1 trace_id="+span.SpanContext().TraceID().String()) || strings.Contains(lines[1], "trace_id") {
		t.Errorf("the log has\n%s", &out)
	}
}

// TestAResultBelongsToTheWriteWhicheverComesFirst also shows that no more than the latest revisions are remembered.
func TestAResultBelongsToTheWriteWhicheverComesFirst(t *testing.T) {
	ended := &recorder{}
	provider := sdk.NewTracerProvider(sdk.WithSyncer(ended))
	made := &Traces{provider: provider, tracer: provider.Tracer("")}
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	now := time.Now()
	made.Written(1, header)
	made.Delivered(1, now, now)
	made.Delivered(2, now, now)
	made.Written(2, header)
	made.Delivered(3, now, now)
	if len(ended.spans) != 2 || ended.spans[1].Parent().SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("%d results belong to writes", len(ended.spans))
	}
	for i := range int64(5 * mostRecent) {
		made.Delivered(100+i, now, now)
	}
	if n := len(made.deliveries.values); n != mostRecent {
		t.Errorf("%d results are remembered", n)
	}
}

// recorder keeps spans.
type recorder struct{ spans []sdk.ReadOnlySpan }

func (r *recorder) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	r.spans = append(r.spans, spans...)
	return nil
}

func (r *recorder) Shutdown(context.Context) error { return nil }
