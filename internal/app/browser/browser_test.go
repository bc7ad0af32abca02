// Package browser tests the pages as people meet them: in a real browser, on real
// servers. The tests themselves are in web/e2e and run in Node; here is what runs them
// and the servers that they ask for.
package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// TestPagesInABrowser runs the tests of web/e2e: those alone whose name TEST_BOSGRAPH_ONLY matches, if
// it is set.
func TestPagesInABrowser(t *testing.T) {
	web := filepath.Join("..", "..", "..", "web")
	vitest := filepath.Join("node_modules", "vitest", "vitest.mjs")
	if _, err := os.Stat(filepath.Join(web, vitest)); err != nil {
		t.Fatalf("the tools of web/ are not installed, which scripts/need.sh does: %v", err)
	}
	// go test keeps results, and does not see what other processes read.
	for _, folder := range []string{"e2e", filepath.Join("src", "gql")} {
		if _, err := os.ReadDir(filepath.Join(web, folder)); err != nil {
			t.Fatal(err)
		}
	}
	// Before the deadline of go test, whose end would leave no word of what went wrong.
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-20*time.Second))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, "node", vitest, "run", "--config", filepath.Join("e2e", "vitest.config.ts"))
	cmd.Dir = web
	cmd.Env = append(os.Environ(), "TEST_BOSGRAPH_STAGE="+openStage(t), "NO_COLOR=1")
	if only := os.Getenv("TEST_BOSGRAPH_ONLY"); only != "" {
		cmd.Args = append(cmd.Args, "-t", only)
	}
	// Asked to end, it ends its browser, too.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Fatalf("the tests of web/e2e: %v", err)
	}
}
