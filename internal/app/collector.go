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
	c := &collector{options: o, percent: o.GCPercent, most: debug.SetMemoryLimit(-1)}
	before := debug.SetGCPercent(c.percent)
	c.guard()
	c.arm()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stopped = true
		debug.SetGCPercent(before)
		debug.SetMemoryLimit(c.most)
	}
}

// collector keeps the heap below a size as long as Go's default would: a fixed percentage
// above that would multiply the memory of a server with many clients. A memory limit is no
// substitute: once the memory in use reaches it, the collector runs all the time. But one far above
// what is in use is there beside the percentage, which is adjusted some time after a collection, on
// a busy machine only shortly before the next: by then a heap that has grown for a moment may have
// five times the size that it had in that moment.
type collector struct {
	options config.Collector
	most    int64 // GOMEMLIMIT

	mu      sync.Mutex
	percent int   // set now, and
	limit   int64 // of memory
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
	live := c.guard()
	if n := percentFor(live, c.options); differs(n, c.percent) {
		c.percent = n
		debug.SetGCPercent(n)
	}
	c.arm()
}

// guard sets the memory limit for what is in use now, and returns that in bytes.
func (c *collector) guard() (live int64) {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
	}
	metrics.Read(samples)
	of := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	live = of(0)
	if n := min(limitFor(live, of(1)-of(2)-of(3)-of(4), c.options), c.most); differs(n, c.limit) {
		c.limit = n
		debug.SetMemoryLimit(n)
	}
	return live
}

// differs says whether one is enough from the other to be set: that stops the world for a moment.
func differs[N int | int64](one, other N) bool { return one > other+other/8 || one < other-other/8 }

// limitFor is the memory limit for so many bytes in use and so many around the heap: twice what the percentage leads to.
func limitFor(live, around int64, o config.Collector) int64 {
	return around + 2*max(o.GCHeap, live+live*int64(percentFor(live, o))/100)
}

// percentFor is the percentage for so many bytes in use.
func percentFor(live int64, o config.Collector) int {
	if o.GCPercent <= usual || live <= 0 {
		return o.GCPercent
	}
	fits := 100 * (o.GCHeap - live) / live
	return int(min(max(fits, usual), int64(o.GCPercent)))
}
