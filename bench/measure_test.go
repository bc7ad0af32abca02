package bench

import (
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// latencies of one kind of request.
type latencies []time.Duration

// quantile of, for example, 0.5 is the median, in microseconds.
func (l latencies) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(l))
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1000
}

// report reports median and 99th percentile, with a suffix to their names.
func (l latencies) report(b *testing.B, of string) {
	b.ReportMetric(l.quantile(0.5), "p50-µs"+of)
	b.ReportMetric(l.quantile(0.99), "p99-µs"+of)
}

// pace is how many components have been through in how much time, turn by turn.
type pace struct {
	turns int
	took  time.Duration
}

func (p *pace) add(took time.Duration) {
	p.turns++
	p.took += took
}

// time lets a way have its turn. What making the turn has left behind is cleaned up
// before.
func (p *pace) time(do func()) {
	runtime.GC()
	start := time.Now()
	do()
	p.add(time.Since(start))
}

func (p *pace) components() float64 { return float64(p.turns * turn) }

func (p *pace) perSecond() float64 { return p.components() / p.took.Seconds() }

// computing is the computing time that this process has used.
func computing() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // not of this process
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
