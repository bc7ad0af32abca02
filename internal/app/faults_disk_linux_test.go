package app_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
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
	// Its log cannot say where it listens.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close() // nobody has connected
	cmd := exec.Command(apptest.Command(t), "serve", "--listen", address, "--redis-url", "redis://"+redistest.Server(t), "--audit-log", "/dev/full")
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = full, full, apptest.EndWithParent()
	started, dead := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel's "parent" is this thread, so it has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(dead)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its error says that we killed it
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // fails only if it has ended
		<-dead
	}()
	s := &apptest.Site{T: t, Base: "http://" + address, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	apptest.Eventually(t, "it is ready", func() bool {
		response, err := s.Client.Get(s.Base + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
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
	redistest.Figure(t, "log and audit log on a full disk: %d updates answered, refused 0", updates)
}
