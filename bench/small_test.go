package bench

import (
	"encoding/json"
	"fmt"
	"testing"
)

// BenchmarkSmallIngest patches the state of one component a call, of many callers at the same
// time and in many sessions, as producers do that report each node by itself.
func BenchmarkSmallIngest(b *testing.B) {
	const sessions, components, calls = 1000, 20_000, 5_000
	l := layout{sessions: sessions, each: components / sessions, scattered: true}
	g := newIngest(b, components, l, layout.small)
	requests := make([]request, calls)
	var all latencies
	var server, redis float64 // seconds of computing
	for round := 1; b.Loop(); round++ {
		b.StopTimer()
		for i := range requests {
			at := (round*calls + i) % components
			requests[i] = g.single(b, l.patch(at, round))
		}
		send := g.from.prepare(b, smallCallers, requests)
		server -= computing().Seconds()
		redis -= g.bare[0].computing(b).Seconds()
		b.StartTimer()
		sent := send()
		b.StopTimer()
		server += computing().Seconds()
		redis += g.bare[0].computing(b).Seconds()
		all = append(all, sent.Took...)
		b.StartTimer()
	}
	all.report(b, "/call")
	made := float64(b.N * calls)
	b.ReportMetric(made/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(server*1e6/made, "server-cpu-µs/call")
	b.ReportMetric(redis*1e6/made, "redis-cpu-µs/call")
}

// smallCallers are the callers of a small change each.
const smallCallers = 32

// single is the public mutation of one component.
func (g *ingest) single(b *testing.B, component []byte) request {
	return request{URL: g.site.url, Want: `"applied":1,"userErrors":[]`, Body: query(b,
		fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { applied userErrors { field message code } } }", statePatches.input, statePatches.mutation),
		map[string]any{"input": map[string]any{"components": []json.RawMessage{component}}})}
}
