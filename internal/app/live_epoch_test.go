package app

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestOlderDataAreAnotherEpochHoweverSoonTheyAreWrittenTo loses some writes and lets
// as many and more come before anybody has noticed: the revisions that were lost are
// given out again, for other states. Whoever comes back with one of them would be
// taken for one who has the newest state.
func TestOlderDataAreAnotherEpochHoweverSoonTheyAreWrittenTo(t *testing.T) {
	t.Parallel()
	d := newDurable(t)
	s := serve(t, "redis://"+d.addr())
	s.session("s")
	s.put(powering("x1", "s"))
	older := filepath.Join(t.TempDir(), "older")
	copyOf(t, older, d.dir)
	s.must(patchComponents, vars{"in": []vars{{"id": "x1", "error": "lost"}}})
	w := watch(t, s, follow, vars{"name": "s"})
	lost := s.status("s")
	every(t, "what will be lost", []*watcher{w}, reached(lost["revision"]))

	d.end()
	copyOf(t, d.dir, older)
	d.start()
	// A server that has just been started knows nothing of what was.
	other := serve(t, "redis://"+d.addr(), "--namespace", s.namespace)
	for n := 0; n == 0 || other.status("s")["revision"].(float64) <= lost["revision"].(float64); n++ {
		other.must(patchComponents, vars{"in": []vars{{"id": "x1", "error": fmt.Sprint("found ", n)}}})
	}
	final := other.status("s")
	every(t, "the last state", []*watcher{w}, func(w *watcher) bool {
		return at(w.now("errorSummary"), "0.message") == at(final, "errorSummary.0.message")
	})
	eventually(t, fmt.Sprintf("another epoch: revision %v of this one was another state before", lost["revision"]), func() bool {
		return s.must(`{ serverInfo { epoch } }`).at("serverInfo.epoch") != lost["epoch"]
	})
	neverBack(t, []*watcher{w})
}
