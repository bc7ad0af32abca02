package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// BenchmarkIngest changes components, a session's neighbours in one call: their
// states by patches, then all of them by whole records.
func BenchmarkIngest(b *testing.B) {
	n := atMost(b, ingestComponents)
	g := newIngest(b, n, layout{sessions: ingestSessions, each: n / ingestSessions}, layout.whole)
	b.Run("patches", func(b *testing.B) { g.compare(b, statePatches, false) })
	b.Run("records", func(b *testing.B) { g.compare(b, wholeRecords, true) })
}

// BenchmarkScatteredIngest patches states in a large system, every component of a
// call in another session.
func BenchmarkScatteredIngest(b *testing.B) {
	all := sizes(b)
	n := all[len(all)-1]
	sessions := min(scatteredSessions, n/20)
	g := newIngest(b, n, layout{sessions: sessions, each: n / sessions, scattered: true}, layout.small)
	g.compare(b, statePatches, false)
}

// update is a kind of change, as it is made over GraphQL and in a store.
type update struct {
	mutation, input string
	component       func(l layout, i, round int) []byte
	write           func(*cache.Store, context.Context, []bos.ComponentPatch) (bos.BatchResult, error)
}

var (
	statePatches = update{"patchComponents", "PatchComponentsInput", layout.patch, (*cache.Store).PatchComponents}
	wholeRecords = update{"putComponents", "PutComponentsInput", layout.whole, (*cache.Store).PutComponents}
)

// request is the public mutation of a batch, from the first component on.
func (u update) request(s *site, first int, component func(i int) []byte) (request, error) {
	document := fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { applied userErrors { field message code } } }", u.input, u.mutation)
	body, err := json.Marshal(map[string]any{"query": document, "variables": map[string]any{
		"input": map[string]any{"components": json.RawMessage(array(first, component))},
	}})
	return request{URL: s.url, Body: body, Want: fmt.Sprintf(`"applied":%d,"userErrors":[]`, batch)}, err
}

// The ways in which components are changed, each those of a part of the system that is its own: a server and a store
// remember what they have written last, as long as no other changes it.
const (
	wayHTTP = iota
	wayStore
	wayScript
	ways
)

// ingest is a system that is changed part by part, in several ways by turns.
type ingest struct {
	site   *site
	layout layout
	rounds []int     // by part: how often it has been changed
	turns  [ways]int // how often each way has had its turn
	part   int       // whose turn it is
	from   *client
	dry    func() *cache.Store // opens one that reads, and leaves its writes to the captor
	writes captor
	bare   []*raw // a connection of each caller
	count  string // the plain counter script's SHA
}

func newIngest(b *testing.B, n int, l layout, record func(l layout, i, round int) []byte) *ingest {
	b.Helper()
	redis := redistest.Server(b)
	g := &ingest{site: newSite(b, redis, "ingest"), layout: l, rounds: make([]int, n/turn), from: newClient(b)}
	g.dry = func() *cache.Store { return g.site.open(b, g.writes.dial) }
	for range callers {
		g.bare = append(g.bare, dial(b, redis))
	}
	g.count = g.bare[0].must(b, "SCRIPT", "LOAD", countScript)
	g.site.create(b, l.names())
	g.site.load(b, n, func(i int) []byte { return record(l, i, 0) })
	g.site.start(b, l.names())
	return g
}

// compare lets each way change one part of the system after the other, and reports
// how many components it changes in a second. Only requests over HTTP are what the
// benchmark itself times.
func (g *ingest) compare(b *testing.B, u update, idle bool) {
	b.Helper()
	var calls latencies
	var overHTTP, unchanged, store, script, counter pace
	var server, client, redis time.Duration // computing
	for b.Loop() {
		b.StopTimer()
		send := g.overHTTP(b, u, g.next(u, wayHTTP))
		overHTTP.time(func() {
			redis -= g.bare[0].computing(b)
			server -= computing()
			b.StartTimer()
			sent := send()
			b.StopTimer()
			server += computing()
			redis += g.bare[0].computing(b)
			client += sent.CPU
			calls = append(calls, sent.Took...)
		})
		if idle {
			unchanged.time(func() { send() })
		}
		store.time(g.inStore(b, u, g.next(u, wayStore)))
		script.time(g.bareScript(b, u, g.next(u, wayScript)))
		counter.time(g.counters(b, g.again(u)))
		b.StartTimer()
	}
	calls.report(b, "/call")
	b.ReportMetric(overHTTP.perSecond(), "http-components/s")
	b.ReportMetric(store.perSecond(), "store-components/s")
	b.ReportMetric(script.perSecond(), "script-components/s")
	b.ReportMetric(counter.perSecond(), "counter-components/s")
	b.ReportMetric(overHTTP.perSecond()/store.perSecond(), "http/store")
	b.ReportMetric(overHTTP.perSecond()/script.perSecond(), "http/script")
	b.ReportMetric(overHTTP.perSecond()/counter.perSecond(), "http/counter")
	for process, cpu := range map[string]time.Duration{"server": server, "client": client, "redis": redis} {
		b.ReportMetric(float64(cpu.Microseconds())/overHTTP.components(), process+"-cpu-µs/component")
	}
	if idle {
		b.ReportMetric(unchanged.perSecond(), "idle-components/s")
		b.ReportMetric(unchanged.perSecond()/overHTTP.perSecond(), "idle/changed")
	}
}

// next changes every component of a way's next part.
func (g *ingest) next(u update, way int) func(i int) []byte {
	each := len(g.rounds) / ways
	g.part = way*each + g.turns[way]%each
	g.turns[way]++
	g.rounds[g.part]++
	return g.again(u)
}

// again is the change that the part has seen last.
func (g *ingest) again(u update) func(i int) []byte {
	round := g.rounds[g.part]
	return func(i int) []byte { return u.component(g.layout, i, round) }
}

// first is the first component of the part's batch.
func (g *ingest) first(i int) int { return g.part*turn + i*batch }

// overHTTP is the public mutation, sent by the client process.
func (g *ingest) overHTTP(b *testing.B, u update, component func(i int) []byte) func() outcome {
	b.Helper()
	requests := make([]request, turn/batch)
	parallel(b, len(requests), func(_, i int) (err error) {
		requests[i], err = u.request(g.site, g.first(i), component)
		return err
	})
	return g.from.prepare(b, callers, requests)
}

// inStore is what the mutation's resolver calls.
func (g *ingest) inStore(b *testing.B, u update, component func(i int) []byte) func() {
	b.Helper()
	all := g.patches(b, component)
	return func() {
		parallel(b, len(all), func(_, i int) error { return applied(u.write(g.site.store, b.Context(), all[i])) })
	}
}

// bareScript is what the store calls: lua/write.lua, with the keys and arguments
// that the store has made before.
func (g *ingest) bareScript(b *testing.B, u update, component func(i int) []byte) func() {
	b.Helper()
	calls := g.captured(b, u, component)
	return func() { g.send(b, calls, "ok") }
}

// captured are the calls of the script that the store makes for changes.
func (g *ingest) captured(b *testing.B, u update, component func(i int) []byte) [][]byte {
	b.Helper()
	all := g.patches(b, component)
	dry := g.dry() // another each time: it would remember what was not written
	parallel(b, len(all), func(_, i int) error { return applied(u.write(dry, b.Context(), all[i])) })
	calls := g.writes.take()
	for _, call := range calls {
		// Among the keys is one of each component: all of them do change.
		words, _ := unwire(call, 3)
		keys, err := strconv.Atoi(words[2])
		if err != nil {
			b.Fatal(err)
		}
		words, _ = unwire(call, 3+keys)
		changed := 0
		for _, key := range words[3:] {
			if strings.Contains(key, "}:c:") {
				changed++
			}
		}
		if changed != batch {
			b.Fatalf("a batch of %d changes %d components", batch, changed)
		}
	}
	return calls
}

// countScript does the least that counting components can do: one is stored, one
// counter of its session goes up, another goes down.
const countScript = `
for i = 1, #KEYS, 2 do
  redis.call('HINCRBY', KEYS[i], 'up', 1)
  redis.call('HINCRBY', KEYS[i], 'down', -1)
  redis.call('SET', KEYS[i + 1], ARGV[(i + 1) / 2])
end
return 'ok'`

// counters is the plain counter script, on keys of its own.
func (g *ingest) counters(b *testing.B, component func(i int) []byte) func() {
	b.Helper()
	calls := make([][]byte, turn/batch)
	for i := range calls {
		words := []string{"EVALSHA", g.count, strconv.Itoa(2 * batch)}
		var values []string
		for at := g.first(i); at < g.first(i+1); at++ {
			words = append(words, "{counter}:s:"+g.layout.session(at), "{counter}:c:"+xname(at))
			values = append(values, string(component(at)))
		}
		calls[i] = wire(append(words, values...)...)
	}
	return func() { g.send(b, calls, "ok") }
}

// send sends commands over the bare connections.
func (g *ingest) send(b *testing.B, commands [][]byte, want string) {
	b.Helper()
	parallel(b, len(commands), func(caller, i int) error {
		answer, err := g.bare[caller].do(commands[i])
		if err == nil && answer != want {
			err = errors.New("Redis answered " + answer)
		}
		return err
	})
}

func (g *ingest) patches(b *testing.B, component func(i int) []byte) [][]bos.ComponentPatch {
	b.Helper()
	all := make([][]bos.ComponentPatch, turn/batch)
	parallel(b, len(all), func(_, i int) (err error) {
		all[i], err = patches(g.first(i), component)
		return err
	})
	return all
}
