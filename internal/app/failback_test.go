package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// failbackRounds is how often Redis fails over and back. With TEST_BOSGRAPH_LONG=1 it is 20
// times: go test -run TestNothingIsLostSilentlyWhenRedisFailsOverAndBack -timeout 30m ./internal/app
func failbackRounds() int {
	if os.Getenv("TEST_BOSGRAPH_LONG") == "1" {
		return 20
	}
	return 2
}

// TestNothingIsLostSilentlyWhenRedisFailsOverAndBack lets Redis fail over and back to the very process that was the master
// before, and lose each time what a producer and what the sync from BOS wrote last.
func TestNothingIsLostSilentlyWhenRedisFailsOverAndBack(t *testing.T) {
	t.Parallel()
	redis := redistest.NewFailover(t)
	url := "redis+sentinel://" + redis.Sentinel() + "?master_name=main"
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(200)
	for _, name := range []string{"s", "ends"} {
		fake.CreateSession(untenanted(name))
	}
	fake.Start(untenanted("s"), ids...)
	fake.PutTenant("blue", ids[:50]...)
	followed := followBOS(t, url, fake, "--tapms-url", listenBOS(t, fake)+"/apis/tapms")
	produced := apptest.Serve(t, url)
	produced.Session("p")
	produced.Put(apptest.Powering("x1", "p"), apptest.Powering("x2", "p"))

	all := append(keeping(t, followed.Site, "s"), keeping(t, produced, "p")...)
	apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Now("stale") == false })

	for round := range 2 * failbackRounds() {
		fresh := func() {
			t.Helper()
			apptest.Every(t, "what a query answers", all, func(w *apptest.Watcher) bool {
				site := produced
				if w.Vars["name"] == "s" {
					site = followed.Site
				}
				w.Mu.Lock()
				last := w.Last
				w.Mu.Unlock()
				return fmt.Sprint(last) == fmt.Sprint(site.Status(w.Vars["name"].(string))) && last["stale"] == false
			})
		}
		replicated := fmt.Sprint("round ", round)
		produced.Put(with(apptest.Powering("x1", "p"), "error", replicated))
		followed.likeBOS("/v2/sessions/s/status", "")
		fresh()
		before := [2]any{all[0].Now("epoch"), all[2].Now("epoch")}

		redis.Switch(func() {
			produced.Put(with(apptest.Powering("x1", "p"), "error", "lost in "+replicated))
			for _, w := range all[2:] {
				apptest.Every(t, "what will be lost", []*apptest.Watcher{w}, func(w *apptest.Watcher) bool {
					return strings.Contains(fmt.Sprint(w.Now("errorSummary")), "lost in "+replicated)
				})
			}
			phase := []string{"configuring", "powering_on"}[round%2]
			fake.Patch(bosfake.Record{"status": bosfake.Record{"phase": phase}, "error": replicated}, ids[round:round+50]...)
			fake.PutTenant("blue", ids[round:round+50]...)
			fake.PutTenant(fmt.Sprint("green", round%2), ids[60:70]...)
			fake.DeleteTenant(fmt.Sprint("green", 1-round%2))
			followed.likeBOS("/v2/sessions/s/status", "")
			followed.likeBOS("/v2/sessions/s/status", "blue")
			followed.sweeps(1)
		})
		apptest.Every(t, "another epoch", all[:2], func(w *apptest.Watcher) bool { return w.Now("epoch") != before[0] })
		apptest.Every(t, "another epoch", all[2:], func(w *apptest.Watcher) bool { return w.Now("epoch") != before[1] })
		followed.sweeps(2)
		if _, have := followed.restAnswer("/v2/components", fmt.Sprint("green", 1-round%2)); strings.Contains(string(have), "x") {
			t.Errorf("round %d: after two sweeps a tenant that was deleted has %s", round, have)
		}
		for _, tenant := range []string{"", "blue", fmt.Sprint("green", round%2)} {
			_, want := answers(t, fake, "/v2/components", tenant)
			_, have := followed.restAnswer("/v2/components", tenant)
			if timeless(have) != timeless(want) {
				t.Errorf("round %d: after two sweeps the components of tenant %q are not BOS's", round, tenant)
			}
		}
		_, want := answers(t, fake, "/v2/sessions/s/status", "")
		if _, have := followed.restAnswer("/v2/sessions/s/status", ""); timeless(have) != timeless(want) {
			t.Errorf("round %d: after two sweeps\n%s\nBOS:\n%s", round, have, want)
		}
		if got := fmt.Sprint(produced.Status("p")["errorSummary"]); !strings.Contains(got, "message:"+replicated) {
			t.Errorf("round %d: the producer's last write was not lost: %s", round, got)
		}
		fresh()
		produced.Put(with(apptest.Powering("x2", "p"), "error", "after "+replicated))
		fresh()
	}
	checkGivenOnce(t, all)
	noDrift(t, produced)
	noDrift(t, followed.Site)
	for _, w := range all {
		if end := w.Ended(); end != "" {
			t.Errorf("a watcher's subscription has ended: %s", end)
		}
	}
}

// keeping lets two watch a session, who keep all that they see.
func keeping(t *testing.T, s *apptest.Site, session string) []*apptest.Watcher {
	t.Helper()
	all := make([]*apptest.Watcher, 2)
	for i := range all {
		all[i] = &apptest.Watcher{Query: apptest.Follow, Vars: apptest.Vars{"name": session}, Keep: true}
	}
	apptest.InParallel(t, all, func(w *apptest.Watcher) error { return w.Connect(s.Base) })
	t.Cleanup(func() { apptest.Leave(s, all) })
	return all
}

func with(component apptest.Vars, field string, value any) apptest.Vars {
	component[field] = value
	return component
}

// checkGivenOnce fails if a revision of an epoch stood for two different states of a session.
func checkGivenOnce(t *testing.T, all []*apptest.Watcher) {
	t.Helper()
	given, states := map[string]string{}, 0
	for _, w := range all {
		w.Mu.Lock()
		for _, m := range w.Seen {
			state := map[string]any{}
			for field, value := range m.(map[string]any) {
				if field != "stale" {
					state[field] = value
				}
			}
			text, err := json.Marshal(state)
			if err != nil {
				t.Fatal(err)
			}
			at := fmt.Sprint(w.Vars["name"], " ", state["epoch"], " ", state["revision"])
			if before, known := given[at]; known && before != string(text) {
				t.Errorf("%s was given out twice:\n%s\n%s", at, before, text)
			} else if !known {
				given[at] = string(text)
				states++
			}
		}
		w.Mu.Unlock()
	}
	redistest.Figure(t, "%d failovers: %d states were seen, each under a revision of its own", 2*failbackRounds(), states)
}
