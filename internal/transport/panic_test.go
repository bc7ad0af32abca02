package transport

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/internal/cost"
)

// faulty is an executor whose extensions panic.
type faulty struct {
	executions
	made bool // a valid operation, before that
}

func (f *faulty) CreateOperationContext(ctx context.Context, p *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	if !f.made {
		panic("a secret of Go")
	}
	return f.executions.CreateOperationContext(ctx, p)
}

func (f *faulty) DispatchOperation(context.Context, *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	panic("a secret of Go")
}

// TestAPanicIsAnInternalError has a request panic outside of all resolvers: it is answered, under an id that the log has the stack
// of, and gives back what it holds.
func TestAPanicIsAnInternalError(t *testing.T) {
	for name, executor := range map[string]*faulty{"before the operation is made": {}, "executing": {made: true}} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h := NewHTTP(executor, func(*http.Request) int64 { return 4 << 20 })
			h.Log = slog.New(slog.NewTextHandler(&log, nil))
			h.Bounds = &cost.Limits{Response: 1 << 20, Memory: cost.NewPool(64 << 20), Heavy: make(chan struct{}, 1)}
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"query":"{ a }`+strings.Repeat(" ", 2<<20)+`"}`))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			found := regexp.MustCompile(`^\{"errors":\[\{"message":"internal error; the server's log has it under (\w+)","extensions":\{"code":"INTERNAL"\}\}\]\}$`).FindStringSubmatch(w.Body.String())
			if w.Code != http.StatusInternalServerError || found == nil {
				t.Fatalf("answered %d %s", w.Code, w.Body)
			}
			if text := log.String(); !strings.Contains(text, found[1]) || !strings.Contains(text, "a secret of Go") || !strings.Contains(text, "panic_test.go") {
				t.Errorf("the log has %s", text)
			}
			if held := h.Bounds.Memory.Held(); held != 0 || len(h.Bounds.Heavy) != 0 {
				t.Errorf("%d bytes and %d turns are held", held, len(h.Bounds.Heavy))
			}
		})
	}
}
