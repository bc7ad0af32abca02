package watch

import (
	"bytes"
	"context"
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
