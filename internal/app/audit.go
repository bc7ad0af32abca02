package app

import (
	"context"
	"net/http"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/rest"
	"github.com/bosgraph/bosgraph/internal/transport"
)

func (a *App) openAudit() (err error) {
	a.audit, err = audit.Open(a.config.AuditLog, a.log)
	return err
}

func (a *App) closeAudit(ctx context.Context) error { return a.audit.Close(ctx) }

// identified gives every request an id, and its answer the same one. It is in front of everything
// but the guard, which knows where a request comes from.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := audit.Request{ID: audit.NewRequestID(r.Header), From: transport.AddressOf(r.RemoteAddr)}
		w.Header()[audit.RequestHeader] = []string{request.ID}
		next.ServeHTTP(w, r.WithContext(audit.WithRequest(r.Context(), request)))
	})
}

// recorded records attempts to write over BOS's paths, all of which are refused: these are for
// reading.
func (a *App) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reads(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		answer := &rest.Answered{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		code := bos.BadUserInput
		if answer.Status() == http.StatusForbidden {
			code = bos.Forbidden
		}
		a.recordREST(r, code)
	})
}

func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// recordREST records a request over REST that would have changed something and was refused.
func (a *App) recordREST(r *http.Request, code bos.Code) {
	path, _ := strings.CutPrefix(r.URL.Path, a.config.BasePath)
	event := audit.Event{Action: r.Method + " " + path}
	event.Done(0, &bos.Error{Code: code, Message: "BOS's paths are for reading"})
	event.Outcome = audit.Refused // whatever the code: nothing was done
	a.audit.Record(r.Context(), event)
}
