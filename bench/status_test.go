package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

const statusFields = `revision status managedComponentsCount percentStaged percentSuccessful percentFailed
	phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
	counts { managed staged successful failed complete configuring poweringOff poweringOn active }
	timing { startTime endTime duration }`

// smallSession is how many components the small session has; the large one has
// all others.
const smallSession = 100

// rounds of reads are one iteration; in each round every size is read once.
const rounds = 100

// BenchmarkStatusRead reads one session's status with few and with many components
// stored, all sizes at the same time in one Redis and by turns, so that whatever
// else the machine does hits all alike.
func BenchmarkStatusRead(b *testing.B) {
	redis := redistest.Server(b)
	stats := dial(b, redis)
	var systems []*site
	for _, n := range sizes(b) {
		s := newSite(b, redis, fmt.Sprintf("components-%d", n))
		names := []string{sessionName(0), sessionName(1)}
		s.create(b, names)
		l := layout{sessions: 2, each: n - smallSession}
		s.load(b, n, func(i int) []byte { return l.small(i, 0) })
		s.start(b, names)
		systems = append(systems, s)
	}
	from := newClient(b)
	for _, session := range []struct{ size, name string }{{"all", sessionName(0)}, {"100", sessionName(1)}} {
		for _, errors := range []bool{false, true} {
			of := fmt.Sprintf("session=%s/errors=%t", session.size, errors)
			want, fields := bos.Want{Status: true}, statusFields
			if errors {
				want.Groups, fields = 100, fields+" errorSummary { message count list }"
			}
			b.Run("store/"+of, func(b *testing.B) {
				key := bos.SessionKey{Name: session.name}
				compareSizes(b, stats, func(at []int) func() []time.Duration {
					took := make([]time.Duration, len(at))
					return func() []time.Duration {
						for i, size := range at {
							start := time.Now()
							found, err := systems[size].store.ReadSessions(b.Context(), []bos.SessionRead{{SessionKey: key, Want: want}})
							took[i] = time.Since(start)
							if err != nil || found[0].Status.Tally.Managed == 0 {
								b.Fatal(found, err)
							}
						}
						return took
					}
				})
			})
			b.Run("http/"+of, func(b *testing.B) {
				document := query(b, fmt.Sprintf("query($name: String!) { session(name: $name) { name status { %s } } }", fields),
					map[string]any{"name": session.name})
				compareSizes(b, stats, func(at []int) func() []time.Duration {
					requests := make([]request, len(at))
					for i, size := range at {
						requests[i] = request{URL: systems[size].url, Body: document, Want: `"status":"RUNNING"`}
					}
					send := from.prepare(b, 1, requests)
					return func() []time.Duration { return send().Took }
				})
			})
		}
	}
}

// compareSizes reports how reads fare at each size. prepare is given sizes by their
// indexes; what it returns reads at each of them and says how long that took.
func compareSizes(b *testing.B, stats *raw, prepare func(at []int) (read func() []time.Duration)) {
	b.Helper()
	all := sizes(b)
	commands := make([]float64, len(all))
	for size := range all {
		read := prepare(slices.Repeat([]int{size}, rounds))
		read() // connects
		commands[size] = stats.commands(b, rounds, func() { read() })
		if commands[size] != commands[0] {
			b.Fatalf("a read takes %g commands with %d components, and %g with %d", commands[0], all[0], commands[size], all[size])
		}
	}
	var order []int
	for round := range rounds {
		for i := range all {
			order = append(order, (round+i)%len(all)) // no size always follows the same
		}
	}
	read := prepare(order)
	took := make([]latencies, len(all))
	for b.Loop() {
		for i, d := range read() {
			took[order[i]] = append(took[order[i]], d)
		}
	}
	for size, n := range all {
		took[size].report(b, fmt.Sprintf("@%d", n))
	}
	last := len(all) - 1
	b.ReportMetric(took[last].quantile(0.5)/took[0].quantile(0.5), fmt.Sprintf("p50@%d/p50@%d", all[last], all[0]))
	b.ReportMetric(commands[0], "commands/read")
	b.ReportMetric(0, "ns/op") // of all sizes together: says nothing
}
