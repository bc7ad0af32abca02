package app_test

import (
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestAllIsReadWhileRedisIsOutOfMemory reads what takes several commands as of one moment, watches and recounts, on a Redis that
// is full: it refuses transactions, also those that only read.
func TestAllIsReadWhileRedisIsOutOfMemory(t *testing.T) {
	t.Parallel()
	t.Run("one server", func(t *testing.T) {
		t.Parallel()
		address := redistest.New(t).Addr()
		testReadingOutOfMemory(t, "redis://"+address, address)
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		nodes := redistest.Cluster(t)
		testReadingOutOfMemory(t, apptest.ClusterURL(nodes), nodes...)
	})
}

func testReadingOutOfMemory(t *testing.T, url string, nodes ...string) {
	log := &apptest.Journal{}
	s := apptest.ServeLogging(t, apptest.TextLog(log), url)
	s.Running("s", "x1")
	name := apptest.Vars{"name": "s"}
	const changes = `subscription($name: String!) { componentsUpdated(session: $name) { revision components { id } } }`
	all := []*apptest.Watcher{{Query: apptest.Follow, Vars: name}, {Query: changes, Vars: name}, {Query: changes, Vars: name}}
	t.Cleanup(func() { apptest.Leave(s, all) })
	before, during := all[:2], all[2]
	for _, w := range before {
		if err := w.Connect(s.Base); err != nil {
			t.Fatal(err)
		}
	}
	apptest.Every(t, "there is a first message", before, func(w *apptest.Watcher) bool { return w.Count() > 0 })

	limit := func(bytes string) {
		for _, node := range nodes {
			redistest.Do(t, node, "CONFIG", "SET", "maxmemory", bytes)
		}
	}
	limit("1")
	if r := s.Ask(`mutation { putComponents(input: {components: [{id: "x2"}]}) { applied } }`); r.Reason() != "REDIS_OUT_OF_MEMORY" {
		t.Fatalf("a write is answered %s", r.Body)
	}
	began := published(t, nodes)
	// Watchers are stale after three.
	apptest.Eventually(t, "probes are published", func() bool { return slices.Max(published(t, nodes)) >= slices.Max(began)+5 })
	for i, n := range published(t, nodes) {
		if began[i] < slices.Max(began) && n > began[i] {
			t.Error("probes are published by a node that does not have the namespace")
		}
	}
	if w := before[0]; w.Now("stale") != false || w.Raised > 0 {
		t.Error("watchers were shown as stale")
	}
	if n := apptest.CountLines(log, "pub/sub"); n > 0 {
		t.Errorf("the log has %d lines about pub/sub:\n%s", n, log)
	}
	for query, path := range map[string]string{
		`{ component(id: "x1") { sessions { nodes { name } } } }`:    "component.sessions.nodes",
		`{ session(name: "s") { status { waitingFor { count } } } }`: "session.status.waitingFor",
	} {
		if list, _ := s.Must(query).At(path).([]any); len(list) != 1 {
			t.Errorf("%s has %v", query, list)
		}
	}
	if err := during.Connect(s.Base); err != nil {
		t.Fatal(err)
	}
	apptest.Eventually(t, "a session's components are followed", func() bool { return during.Count() > 0 })
	noDrift(t, s)
	problem := func() bool {
		problems, _ := s.Must(`{ serverInfo { problems { reason } } }`).At("serverInfo.problems").([]any)
		return slices.ContainsFunc(problems, func(p any) bool { return apptest.At(p, "reason") == "REDIS_OUT_OF_MEMORY" })
	}
	if !problem() {
		t.Error("reads that succeed have ended the state")
	}

	limit("0")
	// Not by a write: probes show it.
	apptest.Eventually(t, "the state is over", func() bool { return !problem() })
	s.Put(apptest.Vars{"id": "x1", "error": "burnt"})
	apptest.Every(t, "the change", all, apptest.Reached(s.Status("s")["revision"]))
	apptest.NeverBack(t, all)
}

// published is how many messages were published at each node.
func published(t *testing.T, nodes []string) []int {
	t.Helper()
	calls := regexp.MustCompile(`cmdstat_publish:calls=(\d+)`)
	all := make([]int, len(nodes))
	for i, node := range nodes {
		if m := calls.FindStringSubmatch(redistest.Do(t, node, "INFO", "commandstats")); m != nil {
			all[i], _ = strconv.Atoi(m[1])
		}
	}
	return all
}
