package redistest

import (
	"strings"
	"testing"
)

func runID(t *testing.T, addr string) string {
	t.Helper()
	_, id, _ := strings.Cut(must(t, addr, "INFO server"), "run_id:")
	id, _, _ = strings.Cut(id, "\r")
	return id
}

func TestAFailoverLosesWhatWasNotReplicated(t *testing.T) {
	f := NewFailover(t)
	first := f.Master()
	process := runID(t, first)
	must(t, first, "SET k kept")
	for range 2 {
		from := f.Master()
		f.Switch(func() { must(t, f.Master(), "SET k lost") })
		if f.Master() == from {
			t.Fatal("the master is still the same")
		}
		if got := must(t, f.Master(), "GET k"); got != "kept" {
			t.Errorf("the new master has %q: the last write was not lost", got)
		}
		if got := must(t, from, "GET k"); got != "kept" {
			t.Errorf("the former master has %q still", got)
		}
	}
	if f.Master() != first || runID(t, first) != process {
		t.Error("the first master is not back, or was restarted")
	}
}
