package app_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// soakBOS is a BOS with a session that changes all the time, and two servers that follow it, with watchers at both. They have a
// namespace of their own: a server that follows a BOS refuses the updates of producers.
type soakBOS struct {
	*bosfake.BOS
	t       *testing.T
	fleet   *apptest.Fleet
	ids     []string
	servers []*apptest.Site
	all     []*apptest.Watcher
	faults  int // so many were brought about

	stop    context.CancelFunc
	running sync.WaitGroup
}

// newSoakBOS starts all of it, on the Redis of another fleet.
func newSoakBOS(t *testing.T, beside *apptest.Fleet) *soakBOS {
	t.Helper()
	fleet := *beside
	fleet.Namespace = "test-" + rand.Text()
	fake, ids, url := runningAtBOS(t)
	b := &soakBOS{BOS: fake, t: t, fleet: &fleet, ids: ids}
	for range 2 {
		s, _ := b.fleet.Serve(t, "--bos-url", url, "--bos-interval", "200ms", "--bos-timeout", "1s")
		apptest.Eventually(t, "all is read", func() bool { return b.managed(s) == float64(len(ids)) })
		b.servers, b.all = append(b.servers, s), append(b.all, apptest.Crowd(t, s, 10, followS)...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.stop = cancel
	b.running.Go(func() { b.change(ctx) })
	t.Cleanup(b.running.Wait) // the context of a test ends before
	b.recovered()             // all have been shown the session: none can be while Redis hangs
	return b
}

// change changes a component at BOS, ten times a second.
func (b *soakBOS) change(ctx context.Context) {
	pace := time.NewTicker(100 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-pace.C:
			b.Patch(bosfake.Record{"error": fmt.Sprint("change ", n)}, b.ids[n%len(b.ids)])
		case <-ctx.Done():
			return
		}
	}
}

// breaks are the faults of BOS.
func (b *soakBOS) breaks() []func() {
	const components, sessions = "/v2/components", "/v2/sessions"
	return []func(){
		func() { b.fault(bosfake.Fault{Path: components, Status: 503}, "it answered 503") },
		func() { b.fault(bosfake.Fault{Path: sessions, Until: make(chan struct{})}, "did not answer in time") },
		func() { b.fault(bosfake.Fault{Path: components, Without: b.ids[len(b.ids)/2:]}, "left out components") },
		func() { b.fault(bosfake.Fault{Path: components, CutConnection: true}, "cut off") },
	}
}

// fault lasts until both servers report it, and removes nothing.
func (b *soakBOS) fault(f bosfake.Fault, reports string) {
	b.t.Helper()
	b.faults++
	fault := b.Inject(f)
	defer fault.Lift()
	for _, s := range b.servers {
		apptest.Eventually(b.t, reports, func() bool { return strings.Contains(b.problem(s), reports) })
	}
	b.untouched()
}

// recovered wants both servers to report no problem any more, and to have lost nothing.
func (b *soakBOS) recovered() {
	b.t.Helper()
	for _, s := range b.servers {
		apptest.Eventually(b.t, "no problem of the sync", func() bool { return b.problem(s) == "" })
	}
	apptest.Every(b.t, "what BOS has", b.all, func(w *apptest.Watcher) bool { return w.Now("stale") == false })
	b.untouched()
}

// problem is what a server says of its sync.
func (b *soakBOS) problem(s *apptest.Site) string {
	b.t.Helper()
	problem, _ := s.Must(`{ serverInfo { sync { error } } }`).At("serverInfo.sync.error").(string)
	return problem
}

// managed is how many components a server shows in the session; nil if there is no such session.
func (b *soakBOS) managed(s *apptest.Site) any {
	b.t.Helper()
	return s.Must(`{ session(name: "s") { status { managedComponentsCount } } }`).At("session.status.managedComponentsCount")
}

// untouched wants the session to run, with all of its components.
func (b *soakBOS) untouched() {
	b.t.Helper()
	for _, s := range b.servers {
		r := s.Must(`{ components { totalCount } session(name: "s") { deleted status { status managedComponentsCount } } }`)
		r.Want(b.t, map[string]any{
			"components.totalCount": float64(len(b.ids)), "session.deleted": false,
			"session.status.status": "RUNNING", "session.status.managedComponentsCount": float64(len(b.ids)),
		})
	}
	for _, w := range b.all {
		if end := w.Ended(); end != "" {
			b.t.Fatalf("a watcher's subscription ended by %q", end)
		}
	}
}

// converges ends the changes, and wants everybody to see what BOS has in the end, and then that the session is complete. It returns
// what was counted, in words.
func (b *soakBOS) converges() string {
	b.t.Helper()
	b.stop()
	b.running.Wait()
	b.Patch(bosfake.Record{"error": "the last"}, b.ids...)
	last := fmt.Sprintf("[map[count:%d message:the last]]", len(b.ids))
	apptest.Every(b.t, "the last state of BOS", b.all, func(w *apptest.Watcher) bool {
		return fmt.Sprint(w.Now("errorSummary")) == last && w.Now("stale") == false
	})
	b.untouched()
	b.Finish(b.ids...)
	b.Complete(untenanted("s"))
	b.SaveStatus(untenanted("s"))
	apptest.Every(b.t, "the end", b.all, func(w *apptest.Watcher) bool { return w.Ended() == "complete" })
	apptest.NeverBack(b.t, b.all)
	b.fleet.NoDrift(b.t)
	return fmt.Sprintf("%d faults of a BOS in the mix, %d components and %d watchers: components or sessions removed 0, false completions 0, "+
		"unreported 0, watchers that did not converge 0, drift 0", b.faults, len(b.ids), len(b.all))
}
