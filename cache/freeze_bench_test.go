package cache

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// BenchmarkFreeze freezes sessions of 100,000 components: one with a tenth that have failed, each with one of ten errors, and all
// others active; one whose components are all done. It reports how long the one write takes that does it, in which Redis does nothing else,
// by Redis' own clock, and how much memory is kept.
func BenchmarkFreeze(b *testing.B) {
	for _, active := range []bool{true, false} {
		b.Run(fmt.Sprintf("active=%v", active), func(b *testing.B) { benchmarkFreeze(b, active) })
	}
}

func benchmarkFreeze(b *testing.B, active bool) {
	const n = 100_000
	address := redistest.Server(b)
	store, err := Open(Options{URL: "redis://" + address, Namespace: rand.Text(), Timeout: time.Minute})
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
		c.Enabled = &active
		if i%10 == 0 && active {
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
	var inRedis time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		next := sourceSession("a", bos.StateRunning)
		next.StartTime = bos.Time(fmt.Sprintf("2026-11-22T09:%02d:%02d", i/60%60, i%60))
		must(store.KeepSession(ctx, next))
		before := scriptTime(b, address)
		b.StartTimer()
		must(store.MarkDeleted(ctx, bos.SessionKey{Name: "a"}))
		b.StopTimer()
		inRedis += scriptTime(b, address) - before
		b.StartTimer()
	}
	k := store.db.Keys
	b.ReportMetric(float64(inRedis.Milliseconds())/float64(b.N), "blocked-ms")
	b.ReportMetric(float64(memory(k.FrozenMembers("/a"))), "members-B")
	b.ReportMetric(float64(memory(k.FrozenCabinets("/a"))), "cabinets-B")
	b.ReportMetric(float64(memory(k.FrozenFailed("/a"), k.FrozenErrors("/a"), k.FrozenGroups("/a"))), "failed-B")
}

var scriptCalls = regexp.MustCompile(`cmdstat_evalsha:calls=\d+,usec=(\d+)`)

// scriptTime is how long a Redis has been running scripts.
func scriptTime(b *testing.B, address string) time.Duration {
	b.Helper()
	found := scriptCalls.FindStringSubmatch(redistest.Do(b, address, "INFO", "commandstats"))
	if found == nil {
		b.Fatal("Redis does not say how long scripts take")
	}
	usec, _ := strconv.Atoi(found[1])
	return time.Duration(usec) * time.Microsecond
}
