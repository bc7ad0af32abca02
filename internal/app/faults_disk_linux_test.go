package app_test

import (
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestADiskThatIsFullForLogs runs a server whose log and audit log cannot be written: it serves as ever.
func TestADiskThatIsFullForLogs(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	f := newFleet(t)
	address := apptest.FreeAddress(t) // its log cannot say where it listens
	cmd := exec.Command(f.Binary, "serve", "--listen", address, "--redis-url", "redis://"+f.Redis, "--namespace", f.Namespace, "--audit-log", "/dev/full")
	cmd.Stdout, cmd.Stderr = full, full
	apptest.Run(t, cmd)
	s := apptest.Reach(t, "http://"+address)
	const updates = 100
	s.Session("s")
	for range updates {
		s.Put(apptest.Powering("x1", "s"))
	}
	s.Ask("{ nothing }") // is logged
	if got := s.Status("s"); apptest.At(got, "counts.active") != 1.0 {
		t.Errorf("the session is %v", got)
	}
	apptest.WantHealth(t, s, "/healthz", http.StatusOK)
	f.NoDrift(t)
	redistest.Figure(t, "log and audit log on a full disk: %d updates answered, refused 0", updates)
}
