package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/audit"
)

// problem is an error as RFC 7807 has it. Its titles and details are BOS's where
// BOS has one.
type problem struct {
	Detail string `json:"detail"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	Type   string `json:"type"`
	Reason string `json:"reason,omitempty"` // ours: why Redis does not do it, as in GraphQL's errors
}

func (p *problem) Error() string { return p.Detail }

func newProblem(status int, title, format string, args ...any) *problem {
	return &problem{Detail: fmt.Sprintf(format, args...), Status: status, Title: title, Type: "about:blank"}
}

// badRequest is what a request is refused with. BOS: _400_bad_request, and the same
// from what checks parameters.
func badRequest(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "Bad Request", format, args...)
}

// notFoundFor is the answer for what is not there for a tenant.
// BOS: _404_tenanted_resource_not_found, which puts the tenant before the name.
func notFoundFor(what, tenant, id string) *problem {
	if tenant != "" {
		what += fmt.Sprintf(" for tenant '%s'", tenant)
	}
	return notFound(what, id)
}

func notFound(what, id string) *problem {
	return newProblem(http.StatusNotFound, "The resource was not found", "%s '%s' does not exist", what, id)
}

// notThere answers for paths that there are none of. BOS: Werkzeug's words.
func notThere() *problem {
	return newProblem(http.StatusNotFound, "Not Found",
		"The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.")
}

// fail answers with a problem. What is not meant for users is logged under an id,
// and only the id is shown.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	var known *bos.Error
	switch {
	case errors.As(err, &p):
	case errors.As(err, &known):
		p = problemOf(known)
	default:
		p = h.internal(r, err)
	}
	p.send(w)
}

// internal logs what is not meant for users, and says where it is.
func (h *handler) internal(r *http.Request, err error) *problem {
	id := audit.ErrorID(r.Context())
	h.Log.ErrorContext(r.Context(), "internal error", "id", id, "path", r.URL.Path, "error", err)
	return newProblem(http.StatusInternalServerError, "Internal Server Error", "internal error; the server's log has it under %s", id)
}

// Refuse answers a request that is not even looked at.
func Refuse(w http.ResponseWriter, status int, detail string) {
	newProblem(status, http.StatusText(status), "%s", detail).send(w)
}

func (p *problem) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = encode(w, p) // a client that has disconnected has no use for an error
}

// disconnected are the states of Redis in which BOS, too, has no connection to it: its client's
// ConnectionError. BOS: redis_db_utils, redis_error_handler. Everything else that is
// unavailable has nothing to do with that, as a server that does all it may at a time.
var disconnected = []bos.Reason{
	bos.RedisUnreachable, bos.RedisTimeout, bos.RedisLoading, bos.RedisAuthentication, bos.RedisMaxClients, bos.TooManyOpenFiles,
}

func problemOf(err *bos.Error) *problem {
	switch err.Code {
	case bos.Unavailable:
		title := "Service Unavailable"
		if slices.Contains(disconnected, err.Reason) {
			title = "Unable to connect to the Redis database"
		}
		p := newProblem(http.StatusServiceUnavailable, title, "%s", err.Message)
		p.Reason = string(err.Reason)
		return p
	case bos.Forbidden:
		return newProblem(http.StatusForbidden, "Forbidden", "%s", err.Message)
	case bos.Conflict:
		return newProblem(http.StatusServiceUnavailable, "Redis database busy", "%s", err.Message)
	default:
		return badRequest("%s", err.Message)
	}
}

// recover makes a panic an internal error like others: a problem, or the end of an answer that has begun. net/http would say nothing
// of it in the server's log.
func (h *handler) recover(w *Answered, r *http.Request) {
	panicked := recover()
	if panicked == nil {
		return
	}
	if panicked == http.ErrAbortHandler {
		panic(panicked)
	}
	p := h.internal(r, fmt.Errorf("panic: %v\n%s", panicked, debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	p.send(w)
}

// abort breaks an answer off that has begun: a client must not take what it has for
// the whole.
func (h *handler) abort(ctx context.Context, err error) {
	if ctx.Err() == nil { // otherwise the client has disconnected
		h.Log.WarnContext(ctx, "list response interrupted", "error", err)
	}
	panic(http.ErrAbortHandler)
}
