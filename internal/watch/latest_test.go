package watch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/internal/client"
)

// TestTheEndOfWatchingTheLatestWithoutAServer interrupts the command while it asks which session that is, or lets it give up: the
// status, and the last line for scripts, are those of a session that was named.
func TestTheEndOfWatchingTheLatestWithoutAServer(t *testing.T) {
	for _, test := range []struct {
		name         string
		after        time.Duration
		status       int
		outcome      string
		complaints   int
		lastComplain string
	}{
		{"interrupted", 3 * time.Second, Interrupted, `"outcome":"interrupted","exitStatus":130}`, 1, "trying for 1m0s"},
		{"given up", time.Hour, Unknown, `"outcome":"lost","exitStatus":2}`, 2, "out of reach for 1m0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				time.AfterFunc(test.after, interrupt)
				var stdout, stderr bytes.Buffer
				o := Options{Options: client.Options{Server: "http://127.0.0.1:1", Patience: time.Minute}, Latest: true, JSON: true}
				if status := Run(ctx, o, &stdout, &stderr); status != test.status {
					t.Errorf("it exits with %d", status)
				}
				if lines := strings.Count(stdout.String(), "\n"); lines != 1 || !strings.Contains(stdout.String(), test.outcome) {
					t.Errorf("it prints %s", &stdout)
				}
				if lines := strings.Split(strings.TrimSpace(stderr.String()), "\n"); len(lines) != test.complaints || !strings.Contains(lines[len(lines)-1], test.lastComplain) {
					t.Errorf("it complains\n%s", &stderr)
				}
			})
		})
	}
}

// TestLinesThatCannotBeWrittenEndTheCommand shows that a full disk is reported: the exit status would otherwise be that of a
// session of which the log says nothing.
func TestLinesThatCannotBeWrittenEndTheCommand(t *testing.T) {
	r, full := io.Pipe()
	if err := r.CloseWithError(errors.New("no space left on device")); err != nil {
		t.Fatal(err)
	}
	for name, display := range map[string]func(io.Writer) display{
		"lines": func(w io.Writer) display { return &plain{out: w} },
		"JSON":  func(w io.Writer) display { return newJSON(w) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, lost := context.WithCancel(t.Context())
			var stderr bytes.Buffer
			out := &output{to: full, lost: lost}
			status := conclude(display(out), complete(), nil, out, &stderr)
			if status != Unknown || stderr.String() != "bosgraph: no space left on device\n" || ctx.Err() == nil {
				t.Errorf("it exits with %d, complains %q, and its context ended with %v", status, &stderr, ctx.Err())
			}
		})
	}
}
