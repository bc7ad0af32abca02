package bench

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// BenchmarkSampling compares the script that writes with itself without sampling, by
// turns: what the progress of sessions cost those who write. Time, by which a session is
// sampled once a second, is what the script itself takes.
func BenchmarkSampling(b *testing.B) {
	b.Run("neighbours", func(b *testing.B) {
		n := atMost(b, ingestComponents)
		newIngest(b, n, layout{sessions: ingestSessions, each: n / ingestSessions}, layout.small).compareSampling(b)
	})
	b.Run("scattered", func(b *testing.B) {
		n := atMost(b, ingestComponents)
		sessions := min(scatteredSessions, n/20)
		newIngest(b, n, layout{sessions: sessions, each: n / sessions, scattered: true}, layout.small).compareSampling(b)
	})
}

// unsampled is the script without sampling.
func unsampled(b *testing.B) string {
	b.Helper()
	script := lua.WriteText()
	for _, replace := range []struct {
		text *regexp.Regexp
		by   string
	}{
		{regexp.MustCompile(`fields = \{([^,}]+), [^,}]+\}`), "fields = {$1}"},
		{regexp.MustCompile(`head\.fields\[3\] = `), "head.fields[2] = "},
		{regexp.MustCompile(`local session, pace, active = has\[1\], has\[2\], has\[3\] or '0'`), "local session, active = has[1], has[2] or '0'"},
		{regexp.MustCompile(`if \(session == \S+ or session == [^)]+\) and not \(pace and pace > moment\) then\s+sample\(progress, key, pace\)\s+end\n`), ""},
	} {
		if len(replace.text.FindAllString(script, -1)) != 1 {
			b.Fatalf("the script that writes has %s not once", replace.text)
		}
		script = replace.text.ReplaceAllString(script, replace.by)
	}
	return script
}

func (g *ingest) compareSampling(b *testing.B) {
	b.Helper()
	without := g.bare[0].must(b, "SCRIPT", "LOAD", unsampled(b))
	redis := g.bare[0]
	var with, bare pace
	var withCPU, bareCPU time.Duration // of Redis
	began := time.Now()
	g.dry = func() *cache.Store { return openAt(b, g, func() time.Time { return began.Add(with.took) }) }
	turns := []func(){
		func() {
			send := g.bareScript(b, statePatches, g.next(statePatches, wayScript))
			withCPU -= redis.computing(b)
			with.time(send)
			withCPU += redis.computing(b)
		},
		func() {
			calls := g.captured(b, statePatches, g.next(statePatches, wayScript))
			for i, call := range calls {
				words, _ := unwire(call, 2)
				calls[i] = bytes.Replace(call, []byte(words[1]), []byte(without), 1)
			}
			bareCPU -= redis.computing(b)
			bare.time(func() { g.send(b, calls, "ok") })
			bareCPU += redis.computing(b)
		},
	}
	for n := 0; b.Loop(); n++ {
		for i := range turns { // neither always follows the other
			turns[(n+i)%len(turns)]()
		}
	}
	b.ReportMetric(with.perSecond(), "sampled-components/s")
	b.ReportMetric(bare.perSecond(), "unsampled-components/s")
	b.ReportMetric(with.perSecond()/bare.perSecond(), "sampled/unsampled")
	b.ReportMetric(float64(withCPU)/float64(bareCPU), "redis-cpu/unsampled")
	b.ReportMetric(0, "ns/op") // of both together: says nothing
}

// openAt opens a store that leaves its writes to the captor, with a clock of its own.
func openAt(b *testing.B, g *ingest, now func() time.Time) *cache.Store {
	b.Helper()
	store, err := cache.Open(cache.Options{
		URL: "redis://" + g.site.addr, Namespace: g.site.namespace, Timeout: patience, Dialer: g.writes.dial, Now: now,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	return store
}
