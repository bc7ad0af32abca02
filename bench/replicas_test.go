package bench

import (
	"context"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// BenchmarkReplicas compares writes that wait until a replica has them (--redis-wait 1) with
// those that do not, by turns, on one Redis that has one replica.
func BenchmarkReplicas(b *testing.B) {
	master, replica := redistest.Server(b), redistest.Server(b)
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		b.Fatal(err)
	}
	bare := dial(b, master)
	bare.must(b, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
	dial(b, replica).must(b, "REPLICAOF", host, port)
	for deadline := time.Now().Add(patience); bare.must(b, "WAIT", "1", "1000") != "1"; {
		if time.Now().After(deadline) {
			b.Fatal("the replica does not come up")
		}
	}
	for _, size := range []struct {
		name  string
		batch int
	}{{"1 component", 1}, {"500 components", batch}} {
		b.Run(size.name, func(b *testing.B) {
			namespace := rand.Text()
			var stores [2]*cache.Store // without and with waiting
			for n := range stores {
				stores[n], err = cache.Open(cache.Options{URL: "redis://" + master, Namespace: namespace, Timeout: patience, Replicas: n})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { _ = stores[n].Close() })
			}
			var took [2]latencies
			var total [2]time.Duration
			for round := 0; b.Loop(); round++ {
				for turn := range stores { // neither always follows the other
					n := (round + turn) % 2
					records := numbered(size.batch, round*len(stores)+turn)
					began := time.Now()
					result, err := stores[n].PutComponents(context.Background(), records)
					d := time.Since(began)
					if err != nil || result.Applied != size.batch {
						b.Fatalf("%+v, %v", result, err)
					}
					took[n], total[n] = append(took[n], d), total[n]+d
				}
			}
			took[0].report(b, "/write")
			took[1].report(b, "/waiting-write")
			b.ReportMetric(float64(total[0])/float64(total[1]), "waiting/not")
			b.ReportMetric(0, "ns/op") // of both together: says nothing
		})
	}
}

// numbered are records that are different with each round.
func numbered(n, round int) []bos.ComponentPatch {
	records := make([]bos.ComponentPatch, n)
	phase := []string{"powering_on", "configuring"}[round%2]
	session := "s"
	for i := range records {
		records[i] = bos.ComponentPatch{ID: xname(i), Enabled: new(true), Session: &session, Status: &bos.StatusPatch{Phase: &phase}}
	}
	return records
}
