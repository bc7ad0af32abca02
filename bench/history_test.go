package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// The sessions of BenchmarkHistory: how many there are, and how many components each has.
const (
	historySessions   = 100
	historyComponents = 100
)

// BenchmarkHistory reports what Redis needs for one completed session, without its
// components, which belong to newer sessions by then. What sets such sessions apart is how
// many samples of their counters were taken, how many error texts they ended with, and how
// many components they are recorded to have begun with.
func BenchmarkHistory(b *testing.B) {
	for _, of := range []struct {
		name            string
		samples, errors int
		initial         int
	}{
		{"short", 10, 0, 0},
		{"long", 400, 0, 0},
		{"errors", 10, 20, 0},
		{"initial", 10, 0, 10_000},
	} {
		b.Run(of.name, func(b *testing.B) {
			var bytes int
			for b.Loop() {
				bytes = historyBytes(b, of.samples, of.errors, of.initial)
			}
			b.ReportMetric(float64(bytes)/historySessions, "bytes/session")
			b.ReportMetric(0, "ns/op") // of filling Redis: it says nothing about the history
		})
	}
}

// historyBytes completes sessions one after the other, with the same components, and
// returns what Redis needs for them more than for the components alone.
func historyBytes(b *testing.B, samples, errors, initial int) int {
	b.Helper()
	addr := redistest.Server(b)
	redis, now := dial(b, addr), time.Now().UTC()
	// A clock of its own: a session is sampled once in a second of it.
	store, err := cache.Open(cache.Options{
		URL: "redis://" + addr, Namespace: "history", Timeout: patience, Now: func() time.Time { return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()

	ids := make([]string, initial)
	for i := range ids {
		ids[i] = xname(i)
	}
	list := strings.Join(ids, ",")
	run := func(name string) {
		key := bos.SessionKey{Name: name}
		must(b, func() error {
			_, err := store.CreateSession(b.Context(), bos.NewSession{
				SessionKey: key, Operation: bos.OperationReboot, TemplateName: "compute-24.7", Source: bos.SourceProducer,
			})
			return err
		})
		must(b, func() error { return historyWrite(b, store, name, 0, historyComponents, 0) })
		must(b, func() error {
			_, err := store.UpdateSession(b.Context(), key, bos.SessionUpdate{State: new(bos.StateRunning), InitialComponents: &list})
			return err
		})
		for n := range samples {
			now = now.Add(time.Second)
			i := n % historyComponents
			must(b, func() error { return historyWrite(b, store, name, i, i+1, n+1) })
		}
		must(b, func() error { return historyFail(b, store, errors) })
		must(b, func() error {
			_, err := store.UpdateSession(b.Context(), key, bos.SessionUpdate{State: new(bos.StateComplete)})
			return err
		})
	}
	// What lives for minutes only, change logs and answers of writes, is not history.
	settled := func() int {
		redis.must(b, "EVAL", `
			for _, pattern in ipairs({'{history}:log:*', '{history}:w:*'}) do
				for _, key in ipairs(redis.call('KEYS', pattern)) do redis.call('DEL', key) end
			end`, "0")
		return redis.memory(b)
	}
	run("first") // it makes the components and all keys that every session shares
	before := settled()
	for i := range historySessions {
		run(fmt.Sprintf("session-%04d", i))
	}
	return settled() - before
}

// historyWrite gives components of a session a phase that differs from one write to the
// next, and no error.
func historyWrite(b *testing.B, store *cache.Store, session string, from, to, n int) error {
	components := make([]bos.ComponentPatch, 0, to-from)
	for i := from; i < to; i++ {
		phase := string(bos.PhasePoweringOn)
		if n/historyComponents%2 == 1 {
			phase = string(bos.PhaseConfiguring)
		}
		components = append(components, bos.ComponentPatch{
			ID: fmt.Sprintf("x%04dc0s0b0n0", 1000+i), Enabled: new(true), Session: &session, Error: new(""),
			Status: &bos.StatusPatch{Phase: &phase},
		})
	}
	_, err := store.PutComponents(b.Context(), components)
	return err
}

// historyFail gives every other component one of so many error texts.
func historyFail(b *testing.B, store *cache.Store, texts int) error {
	if texts == 0 {
		return nil
	}
	var components []bos.ComponentPatch
	for i := 0; i < historyComponents; i += 2 {
		text := fmt.Sprintf("Powering on failed: the BMC did not answer; attempt %d of 20", i%texts+1)
		components = append(components, bos.ComponentPatch{ID: fmt.Sprintf("x%04dc0s0b0n0", 1000+i), Error: &text})
	}
	_, err := store.PatchComponents(b.Context(), components)
	return err
}

func must(b *testing.B, do func() error) {
	b.Helper()
	if err := do(); err != nil {
		b.Fatal(err)
	}
}
