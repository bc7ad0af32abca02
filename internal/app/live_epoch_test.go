package app_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestOlderDataAreAnotherEpochHoweverSoonTheyAreWrittenTo loses some writes and lets
// as many and more come before anybody has noticed: the revisions that were lost are
// given out again, for other states. A client that comes back with one of them would be
// taken for one who has the newest state.
func TestOlderDataAreAnotherEpochHoweverSoonTheyAreWrittenTo(t *testing.T) {
	t.Parallel()
	d := newDurable(t)
	s := apptest.Serve(t, "redis://"+d.addr())
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"))
	older := filepath.Join(t.TempDir(), "older")
	copyOf(t, older, d.dir)
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": "lost"}}})
	w := apptest.Watch(t, s, apptest.Follow, apptest.Vars{"name": "s"})
	lost := s.Status("s")
	apptest.Every(t, "what will be lost", []*apptest.Watcher{w}, apptest.Reached(lost["revision"]))

	d.end()
	copyOf(t, d.dir, older)
	d.start()
	// A server that has just been started knows nothing of what was.
	other := apptest.Serve(t, "redis://"+d.addr(), "--namespace", s.Namespace)
	for n := 0; n == 0 || other.Status("s")["revision"].(float64) <= lost["revision"].(float64); n++ {
		other.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": fmt.Sprint("found ", n)}}})
	}
	final := other.Status("s")
	apptest.Every(t, "the last state", []*apptest.Watcher{w}, func(w *apptest.Watcher) bool {
		return apptest.At(w.Now("errorSummary"), "0.message") == apptest.At(final, "errorSummary.0.message")
	})
	apptest.Eventually(t, fmt.Sprintf("another epoch: revision %v of this one was another state before", lost["revision"]), func() bool {
		return s.Must(`{ serverInfo { epoch } }`).At("serverInfo.epoch") != lost["epoch"]
	})
	apptest.NeverBack(t, []*apptest.Watcher{w})
}
