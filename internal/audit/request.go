package audit

import (
	"context"
	"crypto/rand"
	"net/http"
)

// RequestHeader carries a request's id, both ways.
const RequestHeader = "X-Request-Id"

// Request is what is known of a request besides who sends it. A WebSocket's is that of its
// handshake.
type Request struct {
	ID   string // see [NewRequestID]
	From string // the client's address
}

// maxRequestID is how long the id of a client may be, in bytes.
const maxRequestID = 128

// NewRequestID returns the id that a request has brought, by which its sender finds it
// again, or makes one: if there is none, or one that could not be written as it is.
func NewRequestID(h http.Header) string {
	if ids := h[RequestHeader]; len(ids) == 1 && isRequestID(ids[0]) {
		return ids[0]
	}
	return rand.Text()
}

func isRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=', c == '@':
		default:
			return false
		}
	}
	return true
}

type requestKey struct{}

// WithRequest returns a context for what a request does.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestOf returns the request of a context, an empty one if it has none.
func RequestOf(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}

// ErrorID is the id under which an internal error is logged and shown: the request's, if there is
// one, so that the log, the answer and the audit log can be put together.
func ErrorID(ctx context.Context) string {
	if id := RequestOf(ctx).ID; id != "" {
		return id
	}
	return rand.Text()
}
