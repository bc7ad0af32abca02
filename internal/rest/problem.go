package rest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"github.com/bosgraph/bosgraph/bos"
)

// problem is an error as RFC 7807 has it. Its titles and details are BOS's where
// BOS has one.
type problem struct {
	Detail string `json:"detail"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	Type   string `json:"type"`
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

// noSession is the answer for a session that is not there.
// BOS: _404_tenanted_resource_not_found, which puts the tenant before the name.
func noSession(tenant, name string) *problem {
	what := "Session"
	if tenant != "" {
		what += fmt.Sprintf(" for tenant '%s'", tenant)
	}
	return notFound(what, name)
}

func notFound(what, id string) *problem {
	return newProblem(http.StatusNotFound, "The resource was not found", "%s '%s' does not exist", what, id)
}

// unknown answers for paths that there are none of.
func (h *handler) unknown(w http.ResponseWriter, r *http.Request) {
	h.fail(w, r, newProblem(http.StatusNotFound, "Not Found",
		"There is nothing at this address: %s/v2 has sessions, components, version and healthz", h.Prefix))
}

// readOnly refuses all that is no reading, and says what to do instead.
func (h *handler) readOnly(w http.ResponseWriter, r *http.Request, mutations instead) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	w.Header().Set("Allow", "GET, HEAD")
	how := "read it with GET"
	if mutation := mutations[r.Method]; mutation != "" {
		how = "send the GraphQL mutation " + mutation + ", or this request to BOS"
	}
	return newProblem(http.StatusMethodNotAllowed, "Method Not Allowed", "This address is only for reading: %s", how)
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
		id := rand.Text()
		h.Log.ErrorContext(r.Context(), "internal error", "id", id, "path", r.URL.Path, "error", err)
		p = newProblem(http.StatusInternalServerError, "Internal Server Error", "internal error; the server's log has it under %s", id)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = encode(w, p)
}

func problemOf(err *bos.Error) *problem {
	switch err.Code {
	case bos.Unavailable:
		return newProblem(http.StatusServiceUnavailable, "Unable to connect to the Redis database", "%s", err.Message)
	case bos.Conflict:
		return newProblem(http.StatusServiceUnavailable, "Redis database busy", "%s", err.Message)
	default:
		return badRequest("%s", err.Message)
	}
}

// abort breaks an answer off that has begun: a client must not take what it has for
// the whole.
func (h *handler) abort(ctx context.Context, err error) {
	if ctx.Err() == nil { // else it is the client who has gone
		h.Log.WarnContext(ctx, "a list was broken off", "error", err)
	}
	panic(http.ErrAbortHandler)
}
