// Package transport carries GraphQL over the wire: requests over HTTP, by POST and
// GET as GraphQL over HTTP has it.
package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
)

// HTTP answers GraphQL requests over HTTP.
type HTTP struct {
	Executor graphql.GraphExecutor
	// MaxBody is how many bytes a request's body may have.
	MaxBody func(*http.Request) int64
}

// The media types of answers. A client that names the first gets HTTP's status
// codes for requests that can't be executed; others get 200 and the errors.
const (
	typeResponse = "application/graphql-response+json"
	typeJSON     = "application/json"
)

func (h HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := answer{w: w, mediaType: typeJSON}
	if strings.Contains(r.Header.Get("Accept"), typeResponse) {
		a.mediaType = typeResponse
	}
	start := graphql.Now()
	request, status, err := h.read(w, r)
	if err != nil {
		a.fail(status, err)
		return
	}
	request.Headers = r.Header
	request.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}

	ctx := graphql.StartOperationTrace(r.Context())
	op, errs := h.Executor.CreateOperationContext(ctx, request.RawParams)
	if errs == nil && !request.putBack(op) {
		request.whole()
		op, errs = h.Executor.CreateOperationContext(ctx, request.RawParams)
	}
	switch {
	case errs != nil:
		response := h.Executor.DispatchError(graphql.WithOperationContext(ctx, op), errs)
		a.send(a.refused(), response)
	case op.Operation.Operation == ast.Subscription:
		a.fail(http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "a subscription needs a WebSocket or an event stream"))
	case op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet:
		w.Header().Set("Allow", http.MethodPost)
		a.fail(http.StatusMethodNotAllowed, bos.Errorf(bos.BadUserInput, "GET only reads: send a mutation by POST"))
	default:
		next, ctx := h.Executor.DispatchOperation(ctx, op)
		a.send(http.StatusOK, next(ctx))
	}
}

// read reads the request; a status goes with an error.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (*request, int, *bos.Error) {
	switch r.Method {
	case http.MethodGet:
		return readQuery(r.URL.Query())
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

func readBody(body io.Reader, length int64) (*request, int, *bos.Error) {
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
	var w wire
	if err := decode("the request", raw.Bytes(), &w); err != nil {
		return nil, http.StatusBadRequest, err
	}
	return finish(&w)
}

func readQuery(q url.Values) (*request, int, *bos.Error) {
	w := wire{Query: q.Get("query"), OperationName: new(q.Get("operationName"))}
	if !utf8.ValidString(w.Query) {
		return nil, http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "the query is not valid UTF-8")
	}
	if text := q.Get("variables"); text != "" {
		if err := decode("variables", []byte(text), &w.Variables); err != nil {
			return nil, http.StatusBadRequest, err
		}
	}
	if text := q.Get("extensions"); text != "" {
		if err := decode("extensions", []byte(text), &w.Extensions); err != nil {
			return nil, http.StatusBadRequest, err
		}
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

// answer is one response in the making.
type answer struct {
	w         http.ResponseWriter
	mediaType string
}

// refused is the status of a request that could not be executed.
func (a answer) refused() int {
	if a.mediaType == typeResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

func (a answer) fail(status int, err *bos.Error) {
	a.send(status, &graphql.Response{Errors: gqlerror.List{{
		Message: err.Message, Extensions: map[string]any{"code": string(err.Code)},
	}}})
}

func (a answer) send(status int, response *graphql.Response) {
	a.w.Header().Set("Content-Type", a.mediaType+"; charset=utf-8")
	a.w.Header().Set("X-Content-Type-Options", "nosniff")
	a.w.WriteHeader(status)
	_, _ = a.w.Write(Encode(response)) // a client that has gone has no use for an error
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
