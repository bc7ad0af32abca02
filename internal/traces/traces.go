// Package traces follows requests by OpenTelemetry: from an operation through its write in Redis to the message that a subscriber of any
// replica gets. Nothing else knows OpenTelemetry; others call functions that they were given, or none.
package traces

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces makes spans and sends them. It is safe for concurrent use.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer

	mu         sync.Mutex
	writes     recent[trace.SpanContext] // of this replica and of others, by the revision that they made
	deliveries recent[delivery]
}

// delivery is when a result was made, and when it had been offered to its subscribers.
type delivery struct{ from, to time.Time }

// wanted says whether the environment asks for traces. The variables are those of every program with OpenTelemetry; they are off without
// one that names where to, though the standard's default is on: a server must not look for a collector that nobody has.
func wanted() bool {
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true"), exporter == "none":
		return false
	default:
		return exporter != "" || endpoint() != ""
	}
}

// FromEnvironment makes what the variables OTEL_… ask for; nil for no traces.
func FromEnvironment(version string, log *slog.Logger) (*Traces, error) {
	if !wanted() {
		return nil, nil
	}
	if exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" && exporter != "otlp" {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is not known: use otlp or none", exporter)
	}
	e, err := newExporter()
	if err != nil {
		return nil, err
	}
	// The environment last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES replace these.
	r, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", "bosgraph"), attribute.String("service.version", version),
			attribute.String("service.instance.id", rand.Text())), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	// It is the program's only one: what the library itself has to say about sending goes by there.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces cannot be sent", "error", err) }))
	provider := sdk.NewTracerProvider(sdk.WithResource(r), sdk.WithBatcher(e)) // sampler and batches: OTEL_TRACES_SAMPLER, OTEL_BSP_…
	return &Traces{provider: provider, tracer: provider.Tracer("github.com/bosgraph/bosgraph")}, nil
}

// Stop sends what is left, until ctx ends. What could not be sent is lost and logged: a server whose collector is away
// has stopped as well as any other.
func (t *Traces) Stop(ctx context.Context) {
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

// propagator reads and writes the header traceparent.
var propagator propagation.TraceContext

// Handler continues the trace of requests that belong to one.
func (t *Traces) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))))
	})
}

// Operation is gqlgen's hook around queries and mutations. The span has the name that the conventions for GraphQL give it: the type alone, for
// names of operations are chosen by clients.
func (t *Traces) Operation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	kind := string(op.Operation.Operation)
	if kind == "subscription" { // lasts for hours; its results have spans
		return next(ctx)
	}
	ctx, span := t.tracer.Start(ctx, kind, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("graphql.operation.type", kind)))
	if name := op.Operation.Name; name != "" {
		span.SetAttributes(attribute.String("graphql.operation.name", name))
	}
	handler := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		defer span.End()
		response := handler(trace.ContextWithSpan(ctx, span))
		if response != nil && len(response.Errors) > 0 {
			code, _ := response.Errors[0].Extensions["code"].(string)
			span.SetAttributes(attribute.String("error.type", code))
			span.SetStatus(codes.Error, code) // the message may name what is not for those who read traces
		}
		return response
	}
}

// Write begins the span of a write in Redis, if ctx belongs to a trace that is recorded. What it returns ends it, with the revision that was made, and
// returns the context by which other replicas continue the trace; "" for none.
func (t *Traces) Write(ctx context.Context) func(revision string, err error) (context string) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return nil
	}
	ctx, span := t.tracer.Start(ctx, "EVALSHA write", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", "EVALSHA")))
	return func(revision string, err error) string {
		defer span.End()
		if err != nil {
			span.SetStatus(codes.Error, "")
			return ""
		}
		span.SetAttributes(attribute.String("bosgraph.revision", revision))
		carrier := propagation.MapCarrier{}
		propagator.Inject(ctx, carrier)
		return carrier["traceparent"]
	}
}

// Written is called for each traced write, by any replica.
func (t *Traces) Written(revision int64, context string) {
	of := trace.SpanContextFromContext(propagator.Extract(noContext, propagation.MapCarrier{"traceparent": context}))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes.add(revision, of)
	if d, delivered := t.deliveries.get(revision); delivered {
		t.delivered(of, revision, d)
	}
}

// Delivered is called when a result of a subscription was made of that revision, and has been offered to all who follow it. It comes before or after
// Written: both are pub/sub, and neither waits for the other.
func (t *Traces) Delivered(revision int64, from, to time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deliveries.add(revision, delivery{from, to})
	if of, traced := t.writes.get(revision); traced {
		t.delivered(of, revision, delivery{from, to})
	}
}

// delivered makes the span of a result, as a part of the trace of the write that it shows.
func (t *Traces) delivered(of trace.SpanContext, revision int64, d delivery) {
	_, span := t.tracer.Start(trace.ContextWithRemoteSpanContext(noContext, of), "subscription", trace.WithSpanKind(trace.SpanKindProducer), trace.WithTimestamp(d.from),
		trace.WithAttributes(attribute.String("graphql.operation.type", "subscription"), attribute.Int64("bosgraph.revision", revision)))
	span.End(trace.WithTimestamp(d.to))
}

// noContext is that of what belongs to no request.
var noContext = context.Background()

// recent are the latest values by revision.
type recent[T any] struct {
	values map[int64]T
	order  []int64
}

const mostRecent = 1024

func (r *recent[T]) add(revision int64, value T) {
	if r.values == nil {
		r.values = map[int64]T{}
	}
	if _, known := r.values[revision]; !known {
		r.order = append(r.order, revision)
	}
	r.values[revision] = value
	if len(r.order) > mostRecent {
		delete(r.values, r.order[0])
		r.order = r.order[1:]
	}
}

func (r *recent[T]) get(revision int64) (value T, known bool) {
	value, known = r.values[revision]
	return value, known
}

// Log adds the id of the trace to each line that is logged within one.
func (t *Traces) Log(log *slog.Logger) *slog.Logger { return slog.New(handler{log.Handler()}) }

type handler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if of := trace.SpanContextFromContext(ctx); of.IsValid() {
		r.AddAttrs(slog.String("trace_id", of.TraceID().String()), slog.String("span_id", of.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// endpoint is where traces go; "" for the default.
func endpoint() string {
	if at := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); at != "" {
		return at
	}
	if base := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); base != "" {
		return strings.TrimRight(base, "/") + "/v1/traces"
	}
	return ""
}

var errProtocol = errors.New("OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is known: use it, usually on port 4318")
