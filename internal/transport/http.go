// Package transport carries GraphQL over the wire: requests over HTTP, by POST and
// GET as GraphQL over HTTP has it.
package transport

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/graph/limits"
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/coalesce"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// HTTP answers GraphQL requests over HTTP.
type HTTP struct {
	Executor graphql.GraphExecutor
	// Direct makes what answers an operation in place of the executor, as long as there are no errors; nil if only that can.
	// Nil for nothing.
	Direct func(*graphql.OperationContext) *graph.Direct
	// MaxBody is how many bytes a request's body may have.
	MaxBody func(*http.Request) int64
	// Bounds are what one operation may cost, and all may together; nil for any.
	Bounds *cost.Limits
	// Budget is what each client may ask for; nil for any.
	Budget *cost.Budget
	// Timeout is how long one operation may take; 0 for any time.
	Timeout time.Duration
	// Audit records mutations that are refused before they are executed; nil for none.
	Audit *audit.Log
	// Observe gets what was answered: the type of the operation ("" if it was refused before that
	// was known), the status that the answer has over HTTP, whatever it was sent over, or 500 or 503 if
	// any of its fields failed by a fault of this server or of Redis, and how long it took from when
	// the request had arrived. It is called from many goroutines at a time and
	// must not wait; nil for none.
	Observe func(operation string, status int, took time.Duration)
	// Log gets panics.
	Log *slog.Logger

	queries *lru.Cache[asked, *known] // requests that turned out to be queries
	shared  *coalesce.Runs[*known, *reply]
}

// NewHTTP makes a handler of requests for that executor. What one copy of it
// executes, the others share.
func NewHTTP(executor graphql.GraphExecutor, maxBody func(*http.Request) int64) HTTP {
	h := HTTP{Executor: executor, MaxBody: maxBody, Log: slog.New(slog.DiscardHandler), queries: newQueries()}
	h.shared = &coalesce.Runs[*known, *reply]{Patience: patience, Handed: (*reply).share, Left: (*reply).release}
	return h
}

// patience is how long an execution that is under way keeps the next one from beginning:
// many times what a usual query takes, and little to somebody who is to learn soon that
// Redis is away.
const patience = 100 * time.Millisecond

// The media types of answers.
const (
	typeResponse = "application/graphql-response+json"
	typeJSON     = "application/json"
)

func (h HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, nil) }

// serve answers a request; a subscription is left to follow, if there is such.
func (h HTTP) serve(w http.ResponseWriter, r *http.Request, follow func(*graphql.OperationContext)) {
	mediaType := accepted(r)
	if mediaType == "" {
		h.answer(w, failure(typeJSON, http.StatusNotAcceptable, notAcceptable()), time.Now())
		return
	}
	b, status, err := h.body(w, r)
	began := time.Now() // what a client takes to send its request says nothing about this server
	if err != nil {
		h.answer(w, failure(mediaType, status, err), began)
		return
	}
	defer b.release()
	ctx := r.Context()
	// Only what is known to be a query is shared: of two equal mutations both have to be executed.
	// Whether a request is one is known from an earlier execution, so the first of its kind is never
	// shared, and a body need not be parsed to look for another that is the same.
	seen := h.seen(ctx, b, mediaType)
	execute := func(ctx context.Context) *reply { return h.execute(ctx, r, b, mediaType, seen) }
	if seen != nil {
		// Each client pays for itself, before it is known with whom it shares: none is refused for
		// what another has spent.
		if err := h.Budget.Spend(b.client, seen.price); err != nil {
			h.answer(w, failure(mediaType, http.StatusTooManyRequests, err).to(string(ast.Query)), began)
			return
		}
		b.paid = true
		h.answer(w, h.shared.Do(ctx, seen, execute), began)
		return
	}
	if answer := execute(ctx); answer != nil && answer.subscription != nil && follow != nil {
		answer.release()
		h.observe(answer.operation, http.StatusOK, began)
		follow(answer.subscription)
	} else {
		h.answer(w, answer, began)
	}
}

// seen is what is known of a request, nil if that is nothing. It gives the body its key.
func (h HTTP) seen(ctx context.Context, b *body, mediaType string) *known {
	if len(b.raw) == 0 || len(b.raw) > maxKnown { // a GET, or not even copied
		return nil
	}
	// Not copied: nothing writes to a body that has been read.
	b.key = asked{unsafe.String(unsafe.SliceData(b.raw), len(b.raw)), mediaType, auth.AccessOf(ctx).Key()}
	seen, _ := h.queries.Get(b.key)
	return seen
}

// answer sends an answer to a request that had arrived by then.
func (h HTTP) answer(w http.ResponseWriter, p *reply, began time.Time) {
	if p != nil {
		h.observe(p.operation, p.outcome(), began) // before it is sent: a client may take long to read it
	}
	p.send(w)
}

func (h HTTP) observe(operation string, status int, began time.Time) {
	if h.Observe != nil {
		h.Observe(operation, status, time.Since(began))
	}
}

// Refuse answers a request that is not even looked at.
func Refuse(w http.ResponseWriter, r *http.Request, status int, err *bos.Error) {
	failure(cmp.Or(accepted(r), typeJSON), status, err).send(w)
}

// plainType is the media type of an answer that is no result of an operation: an event
// stream can't have it.
func plainType(mediaType string) string {
	if mediaType == typeEvents {
		return typeJSON
	}
	return mediaType
}

// execute answers a request that has that body, and may have been seen before; nil if ctx has
// ended. It neither reads from the client nor writes to it: there may be many.
func (h HTTP) execute(ctx context.Context, r *http.Request, b *body, mediaType string, seen *known) (p *reply) {
	operation := ""
	// The executor recovers from panics of resolvers, but not from those of its extensions.
	defer func() {
		if panicked := recover(); panicked != nil {
			p = h.internal(ctx, plainType(mediaType), graph.Recover(ctx, panicked)).to(operation)
		}
	}()
	if seen != nil {
		answer, execution := seen.direct.Answer(ctx)
		if answer != nil { // so small, and so soon, that there is nothing to bound
			return answered(mediaType, http.StatusOK, answer).to(string(ast.Query))
		}
		ctx = execution
	}
	p = h.bounded(ctx, mediaType, len(b.raw), nil, func(ctx context.Context) *reply {
		if seen != nil && seen.operation != nil {
			operation = typeOf(seen.operation)
			return h.dispatch(graphql.StartOperationTrace(ctx), mediaType, seen.operation, nil)
		}
		start := graphql.Now()
		request, status, err := decodeRequest(r, b)
		if err != nil {
			return failure(plainType(mediaType), status, err)
		}
		request.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}

		ctx = graphql.StartOperationTrace(ctx)
		op, errs := h.operation(ctx, request)
		operation = typeOf(op)
		price := priceOf(op, errs)
		if !b.paid {
			if err := h.pay(ctx, b.client, op, price); err != nil {
				return failure(mediaType, http.StatusTooManyRequests, err)
			}
		}
		switch {
		case errs != nil:
			return answered(mediaType, statusUnexecuted(errs), graph.Encode(h.refusal(ctx, op, errs)))
		case op.Operation.Operation == ast.Subscription:
			a := failure(mediaType, http.StatusNotAcceptable, bos.Errorf(bos.BadUserInput,
				"a subscription needs a WebSocket or an event stream: accept %s", typeEvents))
			a.subscription = op
			return a
		// A page elsewhere can make a browser send a GET with its cookies; nothing must change
		// by that.
		case op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet:
			graph.RecordRefused(ctx, h.Audit, op, gqlerror.List{shown(getReads)})
			return onlyReads(plainType(mediaType))
		}
		direct := h.directly(op)
		if op.Operation.Operation == ast.Query && b.key != (asked{}) && len(request.held) == 0 {
			b.key.body = strings.Clone(b.key.body) // which holds no more than it has
			// Never in place of what is known already, by which those who have seen it find each other.
			h.queries.ContainsOrAdd(b.key, newKnown(op, direct, price, len(b.raw)))
		}
		return h.dispatch(ctx, mediaType, op, direct)
	})
	return p.to(operation) // also what bounded has put in its place
}

// directly is what answers an operation without the executor; nil if only that can.
func (h HTTP) directly(op *graphql.OperationContext) *graph.Direct {
	if h.Direct == nil {
		return nil
	}
	return h.Direct(op)
}

// internal is the answer in place of one that an error prevents which is not for users. They are shown the id that it is logged under.
func (h HTTP) internal(ctx context.Context, mediaType string, err error) *reply {
	id := audit.ErrorID(ctx)
	h.Log.ErrorContext(ctx, "internal error", "id", id, "error", err)
	return failure(mediaType, http.StatusInternalServerError, bos.Errorf(bos.Internal, "internal error; the server's log has it under %s", id))
}

// typeOf is the type of an operation, "" if it is not known.
func typeOf(op *graphql.OperationContext) string {
	if op == nil || op.Operation == nil {
		return ""
	}
	return string(op.Operation.Operation)
}

// operation makes an operation of a request, if it is valid.
func (h HTTP) operation(ctx context.Context, r *request) (*graphql.OperationContext, gqlerror.List) {
	op, errs := h.Executor.CreateOperationContext(ctx, r.RawParams)
	// A list that was held is of another type than expected. It is validated whole then: rare,
	// and slower, but with the same errors as any other request.
	if errs == nil && !r.putBack(op) {
		r.whole()
		op, errs = h.Executor.CreateOperationContext(ctx, r.RawParams)
	}
	return op, errs
}

// refusal is the response to an operation that is not executed, of which a mutation is recorded.
func (h HTTP) refusal(ctx context.Context, op *graphql.OperationContext, errs gqlerror.List) *graphql.Response {
	response := h.Executor.DispatchError(graphql.WithOperationContext(ctx, op), errs)
	graph.RecordRefused(ctx, h.Audit, op, response.Errors)
	return response
}

// decodeRequest reads a request from the URL of a GET or the body of a POST; a status goes with
// an error.
func decodeRequest(r *http.Request, b *body) (*request, int, *bos.Error) {
	var w wire
	if r.Method == http.MethodGet {
		if status, err := w.readQuery(r.URL.Query()); err != nil {
			return nil, status, err
		}
	} else if status, err := decode("the request", b.raw, &w); err != nil {
		return nil, status, err
	}
	return finish(&w, b.listed)
}

// finish makes a request of what has come. The literals of a query have escapes
// of their own, which JSON has not looked at. listed says that the lists are known to be
// short enough.
func finish(w *wire, listed bool) (*request, int, *bos.Error) {
	if halfSurrogate(w.Query) {
		return nil, http.StatusBadRequest, bos.Errorf(bos.BadUserInput,
			"the query has half of a surrogate pair in it: write the character itself")
	}
	// What Apollo Client and urql look for, word for word, in order to send the query itself.
	if _, hash := w.Extensions["persistedQuery"]; hash && w.Query == "" {
		return nil, http.StatusUnprocessableEntity, bos.Errorf(persistedQueryNotSupported, "PersistedQueryNotSupported")
	}
	if len(w.Variables) > maxVariables {
		return nil, http.StatusUnprocessableEntity, manyVariables()
	}
	if !listed {
		if err := w.tooLong(); err != nil {
			return nil, http.StatusUnprocessableEntity, err
		}
	}
	return w.request(), 0, nil
}

// readQuery reads the query of a URL; a status goes with an error.
func (w *wire) readQuery(q url.Values) (int, *bos.Error) {
	w.Query, w.OperationName = q.Get("query"), new(q.Get("operationName"))
	if !utf8.ValidString(w.Query) {
		return http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "the query is not valid UTF-8")
	}
	if text := q.Get("variables"); text != "" {
		if status, err := decode("variables", []byte(text), &w.Variables); err != nil {
			return status, err
		}
	}
	if text := q.Get("extensions"); text != "" {
		if status, err := decode("extensions", []byte(text), &w.Extensions); err != nil {
			return status, err
		}
	}
	return 0, nil
}

// priceOf is what an operation costs its client, executed or not.
func priceOf(op *graphql.OperationContext, errs gqlerror.List) int {
	if errs != nil {
		return cost.Refused
	}
	return limits.CostOf(op)
}

// pay takes what an operation costs from its client's budget. A mutation that is refused for that is recorded.
func (h HTTP) pay(ctx context.Context, client string, op *graphql.OperationContext, price int) *bos.Error {
	err := h.Budget.Spend(client, price)
	if err != nil {
		graph.RecordRefused(ctx, h.Audit, op, gqlerror.List{shown(err)})
	}
	return err
}

// failure is the answer to a request that is not executed.
func failure(mediaType string, status int, err *bos.Error) *reply {
	p := answered(mediaType, status, graph.Encode(&graphql.Response{Errors: gqlerror.List{shown(err)}}))
	// Clients without a rule of their own would ask again at once, and keep a busy server busy.
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		p.header = http.Header{"Retry-After": {"5"}}
		if why := (*cost.Exceeded)(nil); errors.As(err, &why) {
			p.header.Set("Retry-After", strconv.Itoa(why.Seconds()))
		}
	}
	return p
}

// shown is an error of ours as users see it.
func shown(err *bos.Error) *gqlerror.Error {
	extensions := map[string]any{"code": string(err.Code)}
	if err.Reason != "" {
		extensions["reason"] = string(err.Reason)
	}
	if why := (*cost.Exceeded)(nil); errors.As(err, &why) {
		extensions["cost"], extensions["costPerMinute"], extensions["retryAfter"] = why.Cost, why.Limit, why.Seconds()
	}
	return &gqlerror.Error{Message: err.Message, Extensions: extensions}
}

// persistedQueryNotSupported is a code of this transport alone, by which clients recognize what they send another request for. The
// codes of package bos are those of what is asked.
const persistedQueryNotSupported bos.Code = "PERSISTED_QUERY_NOT_SUPPORTED"

var getReads = bos.Errorf(bos.BadUserInput, "GET only reads: send a mutation by POST")

// onlyReads refuses a mutation by GET.
func onlyReads(mediaType string) *reply {
	a := failure(mediaType, http.StatusMethodNotAllowed, getReads)
	a.header = http.Header{"Allow": {http.MethodPost}}
	return a
}
