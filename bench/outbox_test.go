package bench

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
)

// pendingEvents wait for targets of webhooks that do not answer, half of them in the outbox.
const pendingEvents = 100_000

// BenchmarkOutbox compares the script that writes, with webhooks and many events that wait for their
// targets, with itself without webhooks, by turns: what notifications cost those who write.
func BenchmarkOutbox(b *testing.B) {
	b.Run("neighbours", func(b *testing.B) {
		n := atMost(b, ingestComponents)
		newIngest(b, n, layout{sessions: ingestSessions, each: n / ingestSessions}, layout.small).compareOutbox(b)
	})
	b.Run("scattered", func(b *testing.B) {
		n := atMost(b, ingestComponents)
		sessions := min(scatteredSessions, n/20)
		newIngest(b, n, layout{sessions: sessions, each: n / sessions, scattered: true}, layout.small).compareOutbox(b)
	})
}

func (g *ingest) compareOutbox(b *testing.B) {
	b.Helper()
	redis := g.bare[0]
	g.fillOutbox(b)
	silent := func() *cache.Store { return openAt(b, g, time.Now) }
	noting := func() *cache.Store {
		store := silent()
		store.NoteEvents(true, []int{10, 50})
		return store
	}
	var with, bare pace
	var withCPU, bareCPU time.Duration // of Redis
	var withTurns, bareTurns []time.Duration
	one := func(store func() *cache.Store, took *pace, turns *[]time.Duration, cpu *time.Duration) func() {
		return func() {
			g.dry = store
			send := g.bareScript(b, statePatches, g.next(statePatches, wayScript))
			*cpu -= redis.computing(b)
			before := took.took
			took.time(send)
			*turns = append(*turns, took.took-before)
			*cpu += redis.computing(b)
		}
	}
	turns := []func(){one(noting, &with, &withTurns, &withCPU), one(silent, &bare, &bareTurns, &bareCPU)}
	for n := 0; b.Loop(); n++ {
		for i := range turns { // neither always follows the other
			turns[(n+i)%len(turns)]()
		}
	}
	b.ReportMetric(with.perSecond(), "noting-components/s")
	b.ReportMetric(bare.perSecond(), "silent-components/s")
	pairs := make([]float64, len(withTurns)) // each of two turns that follow each other
	for i := range pairs {
		pairs[i] = float64(bareTurns[i]) / float64(withTurns[i])
	}
	slices.Sort(pairs)
	b.ReportMetric(pairs[len(pairs)/2], "noting/silent")
	b.ReportMetric(float64(withCPU)/float64(bareCPU), "redis-cpu/silent")
	b.ReportMetric(0, "ns/op") // of both together: says nothing
}

// fillOutbox notes an event, and copies it until as many wait as are to wait.
func (g *ingest) fillOutbox(b *testing.B) {
	b.Helper()
	store := g.site.store
	store.NoteEvents(true, nil)
	defer store.NoteEvents(false, nil)
	tag := "{" + g.site.namespace + "}:"
	redis := g.bare[0]
	redis.must(b, "DEL", tag+"ob")
	if _, err := store.CreateSession(b.Context(), bos.NewSession{
		SessionKey: bos.SessionKey{Name: "noted"}, Operation: bos.OperationBoot, TemplateName: "compute", Source: bos.SourceProducer,
	}); err != nil {
		b.Fatal(err)
	}
	running := bos.StateRunning
	if _, err := store.UpdateSession(b.Context(), bos.SessionKey{Name: "noted"}, bos.SessionUpdate{State: &running}); err != nil {
		b.Fatal(err)
	}
	const fill = `
		local one = redis.call('XRANGE', KEYS[1], '-', '+')[1][2]
		for _, key in ipairs(KEYS) do
			for i = 1, tonumber(ARGV[1]) do redis.call('XADD', key, '*', unpack(one)) end
		end
		return tostring(redis.call('MEMORY', 'USAGE', KEYS[1]))`
	bytes, err := strconv.ParseFloat(redis.must(b, "EVAL", fill, "2", tag+"ob", tag+"wq:ops", strconv.Itoa(pendingEvents/2)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { b.ReportMetric(bytes/(pendingEvents/2), "B/event") })
}
