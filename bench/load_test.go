package bench

import (
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// BenchmarkLoad fills an empty Redis with whole records, over HTTP.
func BenchmarkLoad(b *testing.B) {
	n := atMost(b, ingestComponents)
	s := newSite(b, redistest.Server(b), "load")
	l := layout{sessions: ingestSessions, each: n / ingestSessions}
	from, redis := newClient(b), dial(b, s.addr)
	var loading time.Duration
	var bytes int
	for b.Loop() {
		b.StopTimer()
		redis.must(b, "FLUSHALL")
		s.create(b, l.names())
		before := redis.memory(b)
		for first := 0; first < n; first += turn {
			requests := make([]request, (min(first+turn, n)-first)/batch)
			parallel(b, len(requests), func(_, i int) (err error) {
				requests[i], err = wholeRecords.request(s, first+i*batch, func(i int) []byte { return l.whole(i, 0) })
				return err
			})
			send := from.prepare(b, callers, requests)
			runtime.GC()
			b.StartTimer()
			start := time.Now()
			send()
			loading += time.Since(start)
			b.StopTimer()
		}
		bytes = redis.memory(b) - before
		b.StartTimer()
	}
	b.ReportMetric(loading.Seconds()/float64(b.N), "s/load")
	b.ReportMetric(float64(n*b.N)/loading.Seconds(), "components/s")
	b.ReportMetric(float64(bytes)/float64(n), "bytes/component")
}

// BenchmarkMemory fills an empty Redis with records that have a state and a session
// only, and says what one of them takes.
func BenchmarkMemory(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := newSite(b, redistest.Server(b), "memory")
			l := layout{sessions: ingestSessions, each: n / ingestSessions}
			redis := dial(b, s.addr)
			var bytes int
			for b.Loop() {
				b.StopTimer()
				redis.must(b, "FLUSHALL")
				s.create(b, l.names())
				before := redis.memory(b)
				b.StartTimer()
				s.load(b, n, func(i int) []byte { return l.small(i, 0) })
				bytes = redis.memory(b) - before
			}
			b.ReportMetric(float64(bytes)/float64(n), "bytes/component")
		})
	}
}
