package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TuneCollector sets how much garbage may gather in this process, unless GOGC is set. restore
// sets it back to what it was.
func TuneCollector(o config.Collector) (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collector{options: o, percent: o.GCPercent}
	before := debug.SetGCPercent(c.percent)
	c.arm()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stopped = true
		debug.SetGCPercent(before)
	}
}

// collector keeps the heap below a size as long as Go's default would: a fixed percentage
// above that would multiply the memory of a server with many clients. A memory limit is no
// substitute: once the memory in use reaches it, the collector runs all the time.
type collector struct {
	options config.Collector

	mu      sync.Mutex
	percent int // set now
	stopped bool
}

// usual is Go's default percentage.
const usual = 100

// sentinel is unreachable from the beginning, so the next collection finds it. The pointer
// keeps it out of a block that it would share with other small objects.
type sentinel struct{ _ *sentinel }

// arm has adjust called after the next collection.
func (c *collector) arm() { runtime.AddCleanup(new(sentinel), (*collector).adjust, c) }

func (c *collector) adjust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	// Setting it stops the world for a moment, which is not worth it for every small change.
	if n := percentFor(int64(live[0].Value.Uint64()), c.options); n > c.percent+c.percent/8 || n < c.percent-c.percent/8 {
		c.percent = n
		debug.SetGCPercent(n)
	}
	c.arm()
}

// percentFor is the percentage for so many bytes in use.
func percentFor(live int64, o config.Collector) int {
	if o.GCPercent <= usual || live <= 0 {
		return o.GCPercent
	}
	fits := 100 * (o.GCHeap - live) / live
	return int(min(max(fits, usual), int64(o.GCPercent)))
}
