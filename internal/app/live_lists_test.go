package app_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// replicas are two servers of one namespace.
func replicas(t *testing.T, url string, options ...string) (a, b *apptest.Site) {
	t.Helper()
	a = apptest.Serve(t, url, options...)
	b = apptest.Serve(t, url, append(options, "--namespace", a.Namespace)...)
	b.Namespace = a.Namespace
	return a, b
}

// onReplicas runs a test on every kind of Redis that servers can share: what is
// written to one of them has to be reported by the other.
func onReplicas(t *testing.T, test func(t *testing.T, a, b *apptest.Site)) {
	for _, backend := range apptest.Backends[1:] {
		t.Run(backend.Name, func(t *testing.T) {
			a, b := replicas(t, backend.URL(t))
			test(t, a, b)
		})
	}
}

func TestSessionsWrittenToOneServerAreReportedByAnother(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, a, b *apptest.Site) {
		w := apptest.Watch(t, b, `subscription { sessionsUpdated(filter: {operation: BOOT}) {
			deletedId session { id name status { status counts { active } } } } }`, nil)
		// It says nothing at first: that something is reported shows that it has begun.
		n := 0
		apptest.Eventually(t, "anything is reported", func() bool {
			a.Session(fmt.Sprint("first", n))
			n++
			return w.Count() > 0
		})
		a.Session("other", "operation", "SHUTDOWN") // outside of the filter
		a.Session("s")
		apptest.Eventually(t, "it has appeared", func() bool { return w.Has(apptest.Vars{"session.name": "s", "session.status.status": "PENDING"}) })
		id := a.Must(`{ session(name: "s") { id } }`).At("session.id")
		a.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
		apptest.Eventually(t, "its status", func() bool { return w.Has(apptest.Vars{"session.id": id, "session.status.counts.active": 2.0}) })
		b.Update("s", "status", "RUNNING")
		apptest.Eventually(t, "it runs", func() bool { return w.Has(apptest.Vars{"session.id": id, "session.status.status": "RUNNING"}) })
		a.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished("x1"), apptest.Finished("x2")}})
		apptest.Eventually(t, "it is complete", func() bool { return w.Has(apptest.Vars{"session.id": id, "session.status.status": "COMPLETE"}) })
		a.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "s"}})
		apptest.Eventually(t, "its deletion", func() bool { return w.Has(apptest.Vars{"deletedId": id}) })
		if w.Has(apptest.Vars{"session.name": "other"}) || w.Ended() != "" {
			t.Errorf("one outside of the filter is reported, or the subscription has ended %q", w.Ended())
		}
	})
}

func TestComponentsWrittenToOneServerAreReportedByAnother(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, a, b *apptest.Site) {
		a.Session("s")
		a.Put(apptest.Powering("x0", "s"))
		a.Update("s", "status", "RUNNING")
		const query = `subscription { componentsUpdated(session: "s") { revision resync removed components { id status { phase } } } }`
		first := apptest.Watch(t, b, query, nil)
		apptest.Eventually(t, "the beginning", func() bool { return first.Has(apptest.Vars{"resync": true, "components.0": nil}) })
		a.Put(apptest.Powering("x1", "s"))
		apptest.Eventually(t, "one that is new", func() bool { return first.Has(apptest.Vars{"resync": false, "components.0.id": "x1"}) })
		second := apptest.Watch(t, b, query, nil)
		apptest.Eventually(t, "the beginning of who comes later", func() bool { return second.Has(apptest.Vars{"resync": true}) })
		a.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "status": apptest.Vars{"phase": "configuring"}}}})
		a.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x0", "session": "another"}}})
		for _, w := range []*apptest.Watcher{first, second} {
			apptest.Eventually(t, "a change", func() bool {
				return w.Has(apptest.Vars{"components.0.id": "x1", "components.0.status.phase": "CONFIGURING"})
			})
			apptest.Eventually(t, "one that has left", func() bool { return w.Has(apptest.Vars{"removed.0": "x0"}) })
		}
		a.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished("x1")}})
		for _, w := range []*apptest.Watcher{first, second} {
			apptest.Eventually(t, "the end", func() bool { return w.Ended() == "complete" })
			apptest.NeverBack(t, []*apptest.Watcher{w})
		}
	})
}

// TestManyWhoJoinComponentsAtOnceAllBegin lets many join while the reads of those
// before are under way: all of them have to get their beginning, and what changes.
func TestManyWhoJoinComponentsAtOnceAllBegin(t *testing.T) {
	t.Parallel()
	a, b := replicas(t, apptest.Backends[1].URL(t))
	a.Session("s")
	a.Put(apptest.Powering("x0", "s"))
	a.Update("s", "status", "RUNNING")
	all := apptest.Crowd(t, b, 200, func(int) (string, apptest.Vars) {
		return `subscription { componentsUpdated(session: "s") { revision resync components { id } } }`, nil
	})
	apptest.Every(t, "the beginning", all, func(w *apptest.Watcher) bool { return w.Count() > 0 })
	a.Put(apptest.Powering("x1", "s"))
	apptest.Every(t, "a change", all, func(w *apptest.Watcher) bool { return w.Now("components.0.id") == "x1" })
	a.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished("x0"), apptest.Finished("x1")}})
	apptest.Every(t, "the end", all, func(w *apptest.Watcher) bool { return w.Ended() == "complete" })
	if i := slices.IndexFunc(all, func(w *apptest.Watcher) bool { return w.Back != "" }); i >= 0 {
		t.Errorf("the revision went %s", all[i].Back)
	}
}
