package app

import (
	"fmt"
	"slices"
	"testing"
)

// replicas are two servers of one namespace.
func replicas(t *testing.T, url string, options ...string) (a, b *site) {
	t.Helper()
	a = serve(t, url, options...)
	b = serve(t, url, append(options, "--namespace", a.namespace)...)
	b.namespace = a.namespace
	return a, b
}

// onReplicas runs a test on every kind of Redis that servers can share: what is
// written to one of them has to be told by the other.
func onReplicas(t *testing.T, test func(t *testing.T, a, b *site)) {
	for _, backend := range backends[1:] {
		t.Run(backend.name, func(t *testing.T) {
			a, b := replicas(t, backend.url(t))
			test(t, a, b)
		})
	}
}

func TestSessionsAreToldByAnotherServer(t *testing.T) {
	onReplicas(t, func(t *testing.T, a, b *site) {
		w := watch(t, b, `subscription { sessionsUpdated(filter: {operation: BOOT}) {
			deletedId session { id name status { status counts { active } } } } }`, nil)
		// It says nothing at first: that something is told shows that it has begun.
		n := 0
		eventually(t, "anything is told", func() bool {
			a.session(fmt.Sprint("first", n))
			n++
			return w.count() > 0
		})
		a.session("other", "operation", "SHUTDOWN") // outside of the filter
		a.session("s")
		eventually(t, "it has appeared", func() bool { return w.has(vars{"session.name": "s", "session.status.status": "PENDING"}) })
		id := a.must(`{ session(name: "s") { id } }`).at("session.id")
		a.put(powering("x1", "s"), powering("x2", "s"))
		eventually(t, "its status", func() bool { return w.has(vars{"session.id": id, "session.status.counts.active": 2.0}) })
		b.update("s", "status", "RUNNING")
		eventually(t, "it runs", func() bool { return w.has(vars{"session.id": id, "session.status.status": "RUNNING"}) })
		a.must(patchComponents, vars{"in": []vars{finished("x1"), finished("x2")}})
		eventually(t, "it is complete", func() bool { return w.has(vars{"session.id": id, "session.status.status": "COMPLETE"}) })
		a.must(deleteSession, vars{"in": vars{"name": "s"}})
		eventually(t, "it has gone", func() bool { return w.has(vars{"deletedId": id}) })
		if w.has(vars{"session.name": "other"}) || w.ended() != "" {
			t.Errorf("one outside of the filter is told, or the subscription has ended %q", w.ended())
		}
	})
}

func TestComponentsAreToldByAnotherServer(t *testing.T) {
	onReplicas(t, func(t *testing.T, a, b *site) {
		a.session("s")
		a.put(powering("x0", "s"))
		a.update("s", "status", "RUNNING")
		const query = `subscription { componentsUpdated(session: "s") { revision resync removed components { id status { phase } } } }`
		first := watch(t, b, query, nil)
		eventually(t, "the beginning", func() bool { return first.has(vars{"resync": true, "components.0": nil}) })
		a.put(powering("x1", "s"))
		eventually(t, "one that is new", func() bool { return first.has(vars{"resync": false, "components.0.id": "x1"}) })
		second := watch(t, b, query, nil)
		eventually(t, "the beginning of who comes later", func() bool { return second.has(vars{"resync": true}) })
		a.must(patchComponents, vars{"in": []vars{{"id": "x1", "status": vars{"phase": "configuring"}}}})
		a.must(patchComponents, vars{"in": []vars{{"id": "x0", "session": "another"}}})
		for _, w := range []*watcher{first, second} {
			eventually(t, "a change", func() bool {
				return w.has(vars{"components.0.id": "x1", "components.0.status.phase": "CONFIGURING"})
			})
			eventually(t, "one that has left", func() bool { return w.has(vars{"removed.0": "x0"}) })
		}
		a.must(patchComponents, vars{"in": []vars{finished("x1")}})
		for _, w := range []*watcher{first, second} {
			eventually(t, "the end", func() bool { return w.ended() == "complete" })
			neverBack(t, []*watcher{w})
		}
	})
}

// TestManyWhoJoinComponentsAtOnceAllBegin lets many join while the reads of those
// before are under way: all of them have to get their beginning, and what changes.
func TestManyWhoJoinComponentsAtOnceAllBegin(t *testing.T) {
	a, b := replicas(t, backends[1].url(t))
	a.session("s")
	a.put(powering("x0", "s"))
	a.update("s", "status", "RUNNING")
	all := crowd(t, b, 200, func(int) (string, vars) {
		return `subscription { componentsUpdated(session: "s") { revision resync components { id } } }`, nil
	})
	every(t, "the beginning", all, func(w *watcher) bool { return w.count() > 0 })
	a.put(powering("x1", "s"))
	every(t, "a change", all, func(w *watcher) bool { return w.now("components.0.id") == "x1" })
	a.must(patchComponents, vars{"in": []vars{finished("x0"), finished("x1")}})
	every(t, "the end", all, func(w *watcher) bool { return w.ended() == "complete" })
	if i := slices.IndexFunc(all, func(w *watcher) bool { return w.back != "" }); i >= 0 {
		t.Errorf("the revision went %s", all[i].back)
	}
}
