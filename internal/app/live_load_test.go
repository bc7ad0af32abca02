package app_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// The load of TestReadsDoNotGrowWithClients: of all sessions some change, ten times a
// second, fifty components at a time.
const (
	loadSessions   = 200
	loadActive     = 10
	loadSelections = 20
	loadBatches    = 20 // into each active session
	loadBatch      = 50
	loadEvery      = 100 * time.Millisecond
)

func loadName(i int) string { return fmt.Sprint("s", i) }

// loadOf is what a client follows: every other one something that changes. Clients
// of one session differ in what they select.
func loadOf(i int) (query string, variables apptest.Vars) {
	session := i / 2 % loadActive
	if i%2 == 1 {
		session = loadActive + i/2%(loadSessions-loadActive)
	}
	selection := i / (2 * loadActive) % loadSelections
	more := fmt.Sprintf("errorSummary(first: %d) { message count }", 1+selection)
	if selection%2 == 0 {
		more = fmt.Sprintf("a%d: percentSuccessful errorGroupCount", selection)
	}
	return `subscription($name: String!) { sessionStatusUpdated(name: $name) { revision epoch stale ` + more + ` } }`, apptest.Vars{"name": loadName(session)}
}

func TestReadsDoNotGrowWithClients(t *testing.T) {
	t.Parallel()
	for _, clients := range []int{20, 400} {
		t.Run(fmt.Sprint(clients, " clients"), func(t *testing.T) {
			// What one server reads is counted; the other one writes.
			writer := apptest.ServeRedis(t)
			meter := redistest.NewMeter(t, redistest.SharedServer(t))
			reader := apptest.Serve(t, "redis://"+meter.Addr(), "--namespace", writer.Namespace)
			var components []apptest.Vars
			for i := range loadSessions {
				writer.Session(loadName(i))
				if i < loadActive {
					for j := range loadBatch {
						components = append(components, apptest.Powering(apptest.Xname(i*loadBatch+j), loadName(i)))
					}
				}
			}
			writer.Put(components...)
			all := apptest.Crowd(t, reader, clients, loadOf)
			apptest.Every(t, "the first state", all, func(w *apptest.Watcher) bool { return w.Count() > 0 })

			meter.Reset()
			start := time.Now()
			var writing sync.WaitGroup
			for i := range loadActive {
				writing.Go(func() { writeLoad(writer, i) })
			}
			writing.Wait()
			final := map[string]any{}
			for i := range loadActive {
				final[loadName(i)] = writer.Status(loadName(i))["revision"]
			}
			apptest.Every(t, "the last state", all, func(w *apptest.Watcher) bool {
				revision, active := final[w.Vars["name"].(string)]
				return !active || w.Now("revision") == revision
			})
			window := time.Since(start)

			tick := reader.App.Config().Tick
			most := 1 + int((window+tick-1)/tick)
			total, reads := 0, map[string]int{}
			for _, c := range meter.Snapshot().Commands {
				if _, session, ok := strings.Cut(c.Key(), "}:s:/"); ok && (c.Name() == "HMGET" || strings.HasPrefix(c.Name(), "EVAL")) {
					reads[session]++
					total++
				}
			}
			for i := range loadSessions {
				name := loadName(i)
				if n := reads[name]; i < loadActive && (n == 0 || n > most) || i >= loadActive && n > 0 {
					t.Errorf("%s is read %d times in %v, want at most %d", name, n, window, most)
				}
			}
			messages := 0
			for i, w := range all {
				messages += w.Count()
				if i%2 == 1 && w.Count() != 1 {
					t.Errorf("%d messages of a session that does not change", w.Count())
				}
			}
			apptest.NeverBack(t, all)
			t.Logf("%d batches in %v: %d reads for %d clients in %d groups, %d messages",
				loadActive*loadBatches, window, total, clients, reader.App.Executions(), messages)
		})
	}
}

// writeLoad writes batches into a session, at most so many a second.
func writeLoad(s *apptest.Site, session int) {
	pulse := time.NewTicker(loadEvery)
	defer pulse.Stop()
	for n := range loadBatches {
		batch := make([]apptest.Vars, loadBatch)
		for j := range batch {
			batch[j] = apptest.Vars{"id": apptest.Xname(session*loadBatch + j), "error": fmt.Sprintf("error %d of batch %d", j%5, n)}
		}
		if codes, err := apptest.Try(s, apptest.PatchComponents, apptest.Vars{"in": batch}); err != nil || len(codes) > 0 {
			s.T.Errorf("a batch: %v, %v", codes, err)
		}
		<-pulse.C
	}
}
