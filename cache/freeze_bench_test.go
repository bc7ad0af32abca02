package cache

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// BenchmarkFreeze freezes sessions of 100,000 components, a tenth of which have failed, each with one of ten errors: how
// long the one write takes that does it, in which Redis does nothing else, and how much memory is kept.
func BenchmarkFreeze(b *testing.B) {
	const n = 100_000
	store, err := Open(Options{URL: "redis://" + redistest.Server(b), Namespace: rand.Text(), Timeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	ctx := b.Context()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	var batch []bos.ComponentPatch
	for i := range n {
		c := component(fmt.Sprintf("x%dc%ds%db%dn%d", 1000+i/256, i/32%8, i/4%8, i/2%2, i%2), "a")
		if i%10 == 0 {
			c.Enabled, c.Error, c.Status.StatusOverride = new(false), new(fmt.Sprint("error ", i%100)), new(bos.OverrideFailed)
		}
		if batch = append(batch, c); len(batch) == bos.MaxBatch || i == n-1 {
			_, err := store.PutComponents(ctx, batch)
			must(err)
			batch = batch[:0]
		}
	}
	memory := func(keys ...string) (sum int64) {
		for _, key := range keys {
			sum += store.db.Client.MemoryUsage(ctx, key, 0).Val()
		}
		return sum
	}
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		next := sourceSession("a", bos.StateRunning)
		next.StartTime = bos.Time(fmt.Sprintf("2026-11-22T09:%02d:%02d", i/60%60, i%60))
		must(store.KeepSession(ctx, next))
		b.StartTimer()
		must(store.MarkDeleted(ctx, bos.SessionKey{Name: "a"})) // with 90,000 active ones
	}
	k := store.db.Keys
	b.ReportMetric(float64(memory(k.FrozenMembers("/a"))), "members-B")
	b.ReportMetric(float64(memory(k.FrozenWaiting("/a"))), "waiting-B")
	b.ReportMetric(float64(memory(k.FrozenCabinets("/a"))), "cabinets-B")
	b.ReportMetric(float64(memory(k.FrozenFailed("/a"), k.FrozenErrors("/a"), k.FrozenGroups("/a"))), "failed-B")
}
