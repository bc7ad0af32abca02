package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// pastComponents are in every session of BenchmarkPast.
const pastComponents = 5000

// BenchmarkPast has the same components go from session to session, each with a name as BOS makes them, and measures what
// Redis keeps of those that they have left: the first, which makes a key, and each of the others; and of each that failed on a day.
func BenchmarkPast(b *testing.B) {
	var first, more, failed float64
	for b.Loop() {
		first, more, failed = pastBytes(b)
	}
	b.ReportMetric(first, "bytes/component")
	b.ReportMetric(more, "bytes/session")
	b.ReportMetric(failed, "bytes/failure")
	b.ReportMetric(0, "ns/op") // of filling Redis: it says nothing about what is kept
}

func pastBytes(b *testing.B) (first, more, failed float64) {
	b.Helper()
	addr := redistest.Server(b)
	redis, now := dial(b, addr), time.Now().UTC().Add(-80*24*time.Hour)
	store, err := cache.Open(cache.Options{URL: "redis://" + addr, Namespace: "past", Timeout: patience, Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	session := func(n int) string { return fmt.Sprintf("1b0e4a2c-5d3f-4c1e-9a77-%012d", n) }
	boot := func(n int, override string) {
		name := session(n)
		must(b, func() error {
			_, err := store.CreateSession(b.Context(), bos.NewSession{SessionKey: bos.SessionKey{Name: name}, Operation: bos.OperationBoot, TemplateName: "compute", Source: bos.SourceProducer})
			return err
		})
		for _, to := range []struct{ phase, override string }{{"powering_off", ""}, {"powering_on", ""}, {"configuring", ""}, {"", override}} {
			put := make([]bos.ComponentPatch, pastComponents)
			for i := range put {
				put[i] = bos.ComponentPatch{ID: xname(i), Session: &name, Enabled: new(to.phase != ""), Status: &bos.StatusPatch{Phase: &to.phase, StatusOverride: &to.override}}
				if to.override != "" {
					put[i].Error = new("The retry limit has been hit for this component, but no services have reported specific errors")
				}
			}
			must(b, func() error {
				_, err := store.PutComponents(b.Context(), put)
				return err
			})
			now = now.Add(5 * time.Minute)
		}
		// Change logs expire a few minutes after their sessions, and have more bytes than what is measured.
		for _, of := range []string{session(n - 1), name} {
			redis.must(b, "DEL", "{past}:log:/"+of)
		}
	}
	const sessions = 20
	boot(0, "")
	start := redis.memory(b)
	boot(1, "")
	one := redis.memory(b)
	for n := range sessions {
		boot(2+n, "")
	}
	many := redis.memory(b)
	now = now.Add(24 * time.Hour)
	boot(2+sessions, "")
	before := redis.memory(b)
	boot(3+sessions, "failed")
	after := redis.memory(b)
	more = float64(many-one) / pastComponents / sessions
	return float64(one-start)/pastComponents - more, more, float64(after-before)/pastComponents - more
}
