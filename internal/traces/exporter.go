package traces

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// exporter sends spans by OTLP over HTTP. The project's own one brings gRPC along, which is three times the size of all the rest.
type exporter struct {
	url     string
	headers map[string]string
	gzip    bool
	client  *http.Client
	pauses  []time.Duration // between attempts
}

// defaultEndpoint is that of a collector on this machine.
const defaultEndpoint = "http://localhost:4318/v1/traces"

// of is a variable of traces, or else of all signals.
func of(name string) string {
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), os.Getenv("OTEL_EXPORTER_OTLP_"+name))
}

// newExporter makes one of the environment.
func newExporter() (*exporter, error) {
	// While a collector is away or asks for patience; then these spans are lost, for more would pile up.
	pauses := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}
	e := &exporter{pauses: pauses, url: cmp.Or(endpoint(), defaultEndpoint), headers: map[string]string{}, gzip: of("COMPRESSION") == "gzip"}
	if u, err := url.Parse(e.url); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: this is not the URL of a collector: write it like http://localhost:4318")
	}
	if protocol := of("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, errProtocol
	}
	for pair := range strings.SplitSeq(of("HEADERS"), ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			decoded, err := url.PathUnescape(strings.TrimSpace(value))
			if err != nil {
				return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS: the value of %s is not percent-encoded", name)
			}
			e.headers[strings.TrimSpace(name)] = decoded
		}
	}
	timeout := 10 * time.Second
	if text := of("TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT: %q is no number of milliseconds", text)
		}
		timeout = time.Duration(ms) * time.Millisecond
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if file := of("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %s holds no PEM certificate of an authority", file)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	e.client = &http.Client{Transport: transport, Timeout: timeout}
	return e, nil
}

// ExportSpans implements [sdk.SpanExporter].
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := proto.Marshal(encode(spans))
	if err != nil {
		return err
	}
	if e.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(body) // to memory, which never fails
		_ = w.Close()
		body = packed.Bytes()
	}
	for n := 0; ; n++ {
		again, err := e.send(ctx, body)
		if !again || n == len(e.pauses) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(e.pauses[n]):
		}
	}
}

// send sends them once, and says whether it is worth to do so again.
func (e *exporter) send(ctx context.Context, body []byte) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	for name, value := range e.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if e.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	response, err := e.client.Do(r)
	if err != nil {
		return true, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	switch response.StatusCode {
	case http.StatusOK, http.StatusAccepted:
		return false, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("the collector answered %s", response.Status)
}

// Shutdown implements [sdk.SpanExporter].
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// encode makes the message of OTLP. TracesData is, on the wire, what a collector's request is. All spans are of one resource and one scope.
func encode(spans []sdk.ReadOnlySpan) *tracepb.TracesData {
	scope := &tracepb.ScopeSpans{}
	for _, s := range spans {
		scope.Scope = &commonpb.InstrumentationScope{Name: s.InstrumentationScope().Name}
		scope.Spans = append(scope.Spans, encodeSpan(s))
	}
	all := &tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{scope}}
	if len(spans) > 0 {
		all.Resource = &resourcepb.Resource{Attributes: encodeAttributes(spans[0].Resource().Attributes())}
	}
	return &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{all}}
}

func encodeSpan(s sdk.ReadOnlySpan) *tracepb.Span {
	id, traceID, parent := s.SpanContext().SpanID(), s.SpanContext().TraceID(), s.Parent().SpanID()
	span := &tracepb.Span{
		TraceId: traceID[:], SpanId: id[:], TraceState: s.SpanContext().TraceState().String(), Name: s.Name(), Kind: tracepb.Span_SpanKind(s.SpanKind()),
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()),
		Attributes: encodeAttributes(s.Attributes()), DroppedAttributesCount: uint32(s.DroppedAttributes()),
		// The numbers of OTLP are not those of the library.
		Status: &tracepb.Status{Message: s.Status().Description, Code: map[string]tracepb.Status_StatusCode{
			"Error": tracepb.Status_STATUS_CODE_ERROR, "Ok": tracepb.Status_STATUS_CODE_OK,
		}[s.Status().Code.String()]},
	}
	if parent != (trace.SpanID{}) {
		span.ParentSpanId = parent[:]
	}
	return span
}

func encodeAttributes(attributes []attribute.KeyValue) []*commonpb.KeyValue {
	var all []*commonpb.KeyValue
	for _, a := range attributes {
		value := &commonpb.AnyValue{}
		switch a.Value.Type() {
		case attribute.INT64:
			value.Value = &commonpb.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		case attribute.BOOL:
			value.Value = &commonpb.AnyValue_BoolValue{BoolValue: a.Value.AsBool()}
		default:
			value.Value = &commonpb.AnyValue_StringValue{StringValue: a.Value.String()}
		}
		all = append(all, &commonpb.KeyValue{Key: string(a.Key), Value: value})
	}
	return all
}
