package app

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestThePercentageFitsTheHeap shows how much garbage may gather with how much memory in use.
func TestThePercentageFitsTheHeap(t *testing.T) {
	for _, test := range []struct {
		percent    int
		heap, live int64
		want       int
	}{
		{400, 100, 10, 400}, {400, 100, 20, 400}, {400, 100, 25, 300}, {400, 100, 50, 100}, {400, 100, 90, 100}, {400, 100, 1000, 100},
		{400, 0, 10, 100}, {400, 100, 0, 400}, {100, 100, 10, 100}, {50, 100, 90, 50}, {1000, 1 << 40, 1, 1000},
	} {
		if got := percentFor(test.live, config.Collector{GCPercent: test.percent, GCHeap: test.heap}); got != test.want {
			t.Errorf("--gc-percent %d --gc-heap %d, %d in use: %d, want %d", test.percent, test.heap, test.live, got, test.want)
		}
	}
}

// TestTheLimitIsFarAboveTheHeap shows the memory limit beside how much is in use.
func TestTheLimitIsFarAboveTheHeap(t *testing.T) {
	for _, test := range []struct {
		percent            int
		heap, live, around int64
		want               int64
	}{
		{400, 100, 10, 7, 207}, {400, 100, 50, 0, 200}, {400, 100, 90, 0, 360}, {400, 100, 1000, 5, 4005}, {50, 100, 90, 0, 270}, {1000, 1 << 40, 1, 0, 2 << 40},
	} {
		if got := limitFor(test.live, test.around, config.Collector{GCPercent: test.percent, GCHeap: test.heap}); got != test.want {
			t.Errorf("--gc-percent %d --gc-heap %d, %d in use and %d around: %d, want %d", test.percent, test.heap, test.live, test.around, got, test.want)
		}
	}
}

// TestTheCollectorFollowsTheMemoryInUse shows that the percentage is lowered while much is in use, raised again
// after that, and in the end what it was; and that the memory limit is never near what is in use, nor far above
// what the heap may be.
func TestTheCollectorFollowsTheMemoryInUse(t *testing.T) {
	t.Setenv("GOGC", "")
	before, limit := percentNow(), debug.SetMemoryLimit(-1)
	const heap = 400 << 20
	restore := TuneCollector(config.Collector{GCPercent: 400, GCHeap: heap})
	if n := percentNow(); n != 400 {
		t.Errorf("%d at the beginning", n)
	}
	small := debug.SetMemoryLimit(-1)
	if small < 2*heap || small > 3*heap {
		t.Errorf("the limit is %d at the beginning", small)
	}
	held := make([]byte, 300<<20)
	collectUntil(t, usual)
	if n := debug.SetMemoryLimit(-1); n < 4*300<<20 || n > 6*300<<20 {
		t.Errorf("the limit is %d with 300 MiB in use", n)
	}
	runtime.KeepAlive(held)
	collectUntil(t, 400)
	if n := debug.SetMemoryLimit(-1); n > small+small/4 {
		t.Errorf("the limit is %d when they are not any more, and was %d", n, small)
	}
	restore()
	if n := percentNow(); n != before {
		t.Errorf("%d after it was restored, want %d", n, before)
	}
	if n := debug.SetMemoryLimit(-1); n != limit {
		t.Errorf("the limit is %d after it was restored, want %d", n, limit)
	}
}

// TestGOMEMLIMITTakesPrecedence shows that the limit of the environment is not raised.
func TestGOMEMLIMITTakesPrecedence(t *testing.T) {
	t.Setenv("GOGC", "")
	const limit = 1 << 30
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit)) // as GOMEMLIMIT does
	restore := TuneCollector(config.Collector{GCPercent: 400, GCHeap: 4 << 30})
	if n := debug.SetMemoryLimit(-1); n != limit {
		t.Errorf("%d", n)
	}
	restore()
}

// TestGOGCTakesPrecedence shows that nothing is set where the environment says it.
func TestGOGCTakesPrecedence(t *testing.T) {
	t.Setenv("GOGC", "70")
	before := percentNow()
	TuneCollector(config.Collector{GCPercent: 400, GCHeap: 1 << 30})()
	if n := percentNow(); n != before {
		t.Errorf("%d, want %d", n, before)
	}
}

func percentNow() int {
	n := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(n)
	return int(n[0].Value.Uint64())
}

// collectUntil collects until the percentage is that.
func collectUntil(t *testing.T, percent int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); percentNow() != percent; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("the percentage is %d, want %d", percentNow(), percent)
		}
	}
}
