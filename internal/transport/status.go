package transport

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
)

// statusPartial is the status of data with errors: "294 Partial Success" of GraphQL over HTTP,
// edition September 2026. Clients that do not know it treat it as 200, as RFC 9110 has it for
// every 2xx.
const statusPartial = 294

// What follows is the same whichever media type a client accepts. Before the edition, one that
// accepts only application/json was to get 200 for everything that is well-formed; now a proxy,
// a log or a monitor sees for both whether a request failed.

// statusUnexecuted is the status of an operation that is not executed.
func statusUnexecuted(errs gqlerror.List) int {
	switch code, _ := errs[0].Extensions["code"].(string); code {
	case errcode.ParseFailed:
		return http.StatusBadRequest
	case errcode.ValidationFailed:
		return http.StatusUnprocessableEntity
	default:
		return statusOf(bos.Code(code))
	}
}

// statusFault is the status that goes with a fault of Redis or of this server by which fields have
// failed, 0 for none: [statusPartial], which the answer has, says nothing of whose fault it was.
func statusFault(errs gqlerror.List) int {
	for _, err := range errs {
		code, _ := err.Extensions["code"].(string)
		if status := statusOf(bos.Code(code)); status >= http.StatusInternalServerError {
			return status
		}
	}
	return 0
}

// statusOf is the status of an answer without data whose error has that code.
func statusOf(code bos.Code) int {
	switch code {
	case bos.Unauthenticated:
		return http.StatusUnauthorized
	case bos.Forbidden:
		return http.StatusForbidden
	case bos.Unavailable:
		return http.StatusServiceUnavailable
	case bos.Internal:
		return http.StatusInternalServerError
	default: // understood, and not to be done: too much is asked for, no operation is named
		return http.StatusUnprocessableEntity
	}
}
