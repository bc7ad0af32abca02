// Package transport carries GraphQL over the wire: requests over HTTP, by POST and
// GET as GraphQL over HTTP has it.
package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
)

// HTTP answers GraphQL requests over HTTP.
type HTTP struct {
	Executor graphql.GraphExecutor
	// MaxBody is how many bytes a request's body may have.
	MaxBody func(*http.Request) int64

	queries graphql.Cache[struct{}] // bodies that turned out to be queries
	shared  *shared[asked, *reply]
}

// NewHTTP makes a handler of requests for that executor. What one copy of it
// executes, the others share.
func NewHTTP(executor graphql.GraphExecutor, maxBody func(*http.Request) int64) HTTP {
	return HTTP{executor, maxBody, lru.New[struct{}](knownQueries), newShared[asked, *reply]()}
}

// What is remembered of bodies, to know a query before it is decoded.
const (
	knownQueries = 1000
	maxKnown     = 8 << 10 // bytes of one
)

// asked is what makes two requests the same: they are answered alike.
type asked struct {
	body, mediaType string
	by              graph.Principal
}

// The media types of answers. A client that names the first gets HTTP's status
// codes for requests that can't be executed; others get 200 and the errors.
const (
	typeResponse = "application/graphql-response+json"
	typeJSON     = "application/json"
)

func (h HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, nil) }

// serve answers a request; a subscription is left to follow, if there is such.
func (h HTTP) serve(w http.ResponseWriter, r *http.Request, follow func(*graphql.OperationContext)) {
	mediaType := typeJSON
	if strings.Contains(r.Header.Get("Accept"), typeResponse) {
		mediaType = typeResponse
	}
	raw, status, err := h.body(w, r)
	if err != nil {
		failure(mediaType, status, err).send(w)
		return
	}
	execute := func(ctx context.Context) *reply { return h.execute(ctx, r, raw, mediaType) }
	ctx := r.Context()
	if len(raw) <= maxKnown { // a longer one is not even copied
		if body := string(raw); h.isQuery(ctx, body) {
			h.shared.do(ctx, asked{body, mediaType, graph.PrincipalOf(ctx)}, execute).send(w)
			return
		}
	}
	if answer := execute(ctx); answer != nil && answer.subscription != nil && follow != nil {
		follow(answer.subscription)
	} else {
		answer.send(w)
	}
}

// isQuery says whether a body is known to be one that only reads.
func (h HTTP) isQuery(ctx context.Context, body string) bool {
	_, known := h.queries.Get(ctx, body)
	return known
}

// read reads the request; a status goes with an error.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (*request, int, *bos.Error) {
	raw, status, err := h.body(w, r)
	if err != nil {
		return nil, status, err
	}
	return decodeRequest(r, raw)
}

// body reads the body, which a GET has not; a status goes with an error.
func (h HTTP) body(w http.ResponseWriter, r *http.Request) ([]byte, int, *bos.Error) {
	switch r.Method {
	case http.MethodGet:
		return nil, 0, nil
	case http.MethodPost:
		// Nothing but JSON: what a form may send would come from any web page.
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != typeJSON {
			return nil, http.StatusUnsupportedMediaType, bos.Errorf(bos.BadUserInput, "send the request as Content-Type: application/json")
		}
		return readBody(http.MaxBytesReader(w, r.Body, h.MaxBody(r)), r.ContentLength)
	default:
		w.Header().Set("Allow", "GET, POST")
		return nil, http.StatusMethodNotAllowed, bos.Errorf(bos.BadUserInput, "GraphQL is asked by GET or POST")
	}
}

func readBody(body io.Reader, length int64) ([]byte, int, *bos.Error) {
	var raw bytes.Buffer
	raw.Grow(int(min(max(length, 0), 1<<20)) + bytes.MinRead)
	_, err := raw.ReadFrom(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge, bos.Errorf(bos.BadUserInput,
			"the request is larger than %d bytes: send it in parts", tooLarge.Limit)
	case err != nil:
		return nil, http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "the request broke off")
	}
	return raw.Bytes(), 0, nil
}

// execute answers a request whose body is raw; nil if ctx has ended. It neither
// reads from the client nor writes to it: there may be many.
func (h HTTP) execute(ctx context.Context, r *http.Request, raw []byte, mediaType string) *reply {
	start := graphql.Now()
	request, status, err := decodeRequest(r, raw)
	if err != nil {
		return failure(mediaType, status, err)
	}
	request.Headers = r.Header
	request.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}

	ctx = graphql.StartOperationTrace(ctx)
	op, errs := h.operation(ctx, request)
	switch {
	case errs != nil:
		return answered(mediaType, refused(mediaType), h.refusal(ctx, op, errs))
	case op.Operation.Operation == ast.Subscription:
		a := failure(mediaType, http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "a subscription needs a WebSocket or an event stream"))
		a.subscription = op
		return a
	case op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet:
		return onlyReads(mediaType)
	case op.Operation.Operation == ast.Query && len(raw) > 0 && len(raw) <= maxKnown && len(request.held) == 0:
		h.queries.Add(ctx, string(raw), struct{}{})
	}
	next, ctx := h.Executor.DispatchOperation(ctx, op)
	if response := next(ctx); response != nil {
		return answered(mediaType, http.StatusOK, response)
	}
	return nil
}

// operation makes an operation of a request, if it is valid.
func (h HTTP) operation(ctx context.Context, r *request) (*graphql.OperationContext, gqlerror.List) {
	op, errs := h.Executor.CreateOperationContext(ctx, r.RawParams)
	if errs == nil && !r.putBack(op) {
		r.whole()
		op, errs = h.Executor.CreateOperationContext(ctx, r.RawParams)
	}
	return op, errs
}

// refusal is the response to an operation that is not executed.
func (h HTTP) refusal(ctx context.Context, op *graphql.OperationContext, errs gqlerror.List) *graphql.Response {
	return h.Executor.DispatchError(graphql.WithOperationContext(ctx, op), errs)
}

func decodeRequest(r *http.Request, raw []byte) (*request, int, *bos.Error) {
	var w wire
	if r.Method == http.MethodGet {
		if err := w.readQuery(r.URL.Query()); err != nil {
			return nil, http.StatusBadRequest, err
		}
	} else if err := decode("the request", raw, &w); err != nil {
		return nil, http.StatusBadRequest, err
	}
	return finish(&w)
}

// finish makes a request of what has come. The literals of a query have escapes
// of their own, which JSON has not looked at.
func finish(w *wire) (*request, int, *bos.Error) {
	if halfSurrogate(w.Query) {
		return nil, http.StatusBadRequest, bos.Errorf(bos.BadUserInput,
			"the query has half of a surrogate pair in it: write the character itself")
	}
	return w.request(), 0, nil
}

// readQuery reads the query of a URL.
func (w *wire) readQuery(q url.Values) *bos.Error {
	w.Query, w.OperationName = q.Get("query"), new(q.Get("operationName"))
	if !utf8.ValidString(w.Query) {
		return bos.Errorf(bos.BadUserInput, "the query is not valid UTF-8")
	}
	if text := q.Get("variables"); text != "" {
		if err := decode("variables", []byte(text), &w.Variables); err != nil {
			return err
		}
	}
	if text := q.Get("extensions"); text != "" {
		if err := decode("extensions", []byte(text), &w.Extensions); err != nil {
			return err
		}
	}
	return nil
}

// reply is a response as it is sent, to one client or many.
type reply struct {
	status int
	header http.Header
	body   []byte

	subscription *graphql.OperationContext // that this refuses, in case that it can be followed
}

func answered(mediaType string, status int, response *graphql.Response) *reply {
	body := Encode(response)
	return &reply{status: status, body: body, header: http.Header{
		"Content-Type":           {mediaType + "; charset=utf-8"},
		"Content-Length":         {strconv.Itoa(len(body))},
		"X-Content-Type-Options": {"nosniff"},
	}}
}

func failure(mediaType string, status int, err *bos.Error) *reply {
	return answered(mediaType, status, &graphql.Response{Errors: gqlerror.List{shown(err)}})
}

// shown is an error of ours as users see it.
func shown(err *bos.Error) *gqlerror.Error {
	return &gqlerror.Error{Message: err.Message, Extensions: map[string]any{"code": string(err.Code)}}
}

// onlyReads refuses a mutation by GET.
func onlyReads(mediaType string) *reply {
	a := failure(mediaType, http.StatusMethodNotAllowed, bos.Errorf(bos.BadUserInput, "GET only reads: send a mutation by POST"))
	a.header.Set("Allow", http.MethodPost)
	return a
}

// refused is the status of a request that could not be executed.
func refused(mediaType string) int {
	if mediaType == typeResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// send writes a reply; nil is for a client that has gone.
func (p *reply) send(w http.ResponseWriter) {
	if p == nil {
		return
	}
	maps.Copy(w.Header(), p.header)
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body) // a client that has gone has no use for an error
}

// Encode writes a response. What execution has encoded goes out as it is, and a
// request that was not executed has no data, not even null.
func Encode(response *graphql.Response) []byte {
	if len(response.Errors) == 0 && len(response.Extensions) == 0 {
		return append(append([]byte(`{"data":`), response.Data...), '}')
	}
	body, err := json.Marshal(struct {
		Errors     gqlerror.List   `json:"errors,omitempty"`
		Data       json.RawMessage `json:"data,omitempty"`
		Extensions map[string]any  `json:"extensions,omitempty"`
	}{response.Errors, response.Data, response.Extensions})
	if err != nil {
		panic(err) // strings and numbers of our own making
	}
	return body
}
