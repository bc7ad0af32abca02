package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestAWrongTokenIsAWrongCommandLine makes tokens that no file could have: the status is that of other wrong options.
func TestAWrongTokenIsAWrongCommandLine(t *testing.T) {
	for name, h := range map[string]config.Holder{
		"a role that does not exist": {Name: "me", Roles: []string{"x"}},
		"a limited role for nobody":  {Name: "me", Roles: []string{"tenant"}},
		"a name with a space":        {Name: "m e", Roles: []string{"admin"}},
	} {
		if status := newToken(io.Discard, h); status != 64 {
			t.Errorf("%s: it exits with %d", name, status)
		}
	}
}

// TestWhatCannotBePrintedIsAnError shows that a command that only prints does not succeed on a full disk: a
// script would continue with an empty token.
func TestWhatCannotBePrintedIsAnError(t *testing.T) {
	full := errors.New("no space left on device")
	r, w := io.Pipe()
	if err := r.CloseWithError(full); err != nil {
		t.Fatal(err)
	}
	for name, status := range map[string]int{
		"token":          newToken(w, config.Holder{Name: "ops", Roles: []string{"viewer"}}),
		"version":        printed(printVersion(w, false)),
		"version --json": printed(printVersion(w, true)),
		"licenses":       printed(printLicenses(w)),
		"check":          check(w, config.Config{Server: config.Server{AuditLog: "none"}}),
		"recount": verdict(w, slog.New(slog.DiscardHandler), func(_ context.Context, out io.Writer) (bool, error) {
			fmt.Fprintln(out, "drift 0")
			return true, nil
		}),
	} {
		if status != 2 {
			t.Errorf("%s: it exits with %d", name, status)
		}
	}
}
