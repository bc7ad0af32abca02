package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Sentinel starts a Redis Sentinel for this test alone, which knows the server of
// that address as the master "main", and returns its address.
func Sentinel(t testing.TB, master string) string {
	t.Helper()
	return newSentinel(t, master).addr()
}

func newSentinel(t testing.TB, master string) *server {
	t.Helper()
	// Sentinel insists on a file that it can write its state to.
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(conf, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServerOf([]string{conf, "--sentinel"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	if err := order(s, fmt.Sprintf("SENTINEL MONITOR main %s %s 1", host, port)); err != nil {
		t.Fatal(err)
	}
	return s
}
