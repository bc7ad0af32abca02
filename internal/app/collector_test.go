package app

import (
	"runtime"
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

// TestTheCollectorFollowsTheMemoryInUse shows that the percentage is lowered while much is in use, raised again
// after that, and in the end what it was.
func TestTheCollectorFollowsTheMemoryInUse(t *testing.T) {
	t.Setenv("GOGC", "")
	before := percentNow()
	restore := TuneCollector(config.Collector{GCPercent: 400, GCHeap: 400 << 20})
	if n := percentNow(); n != 400 {
		t.Errorf("%d at the beginning", n)
	}
	held := make([]byte, 300<<20)
	collectUntil(t, usual)
	runtime.KeepAlive(held)
	collectUntil(t, 400)
	restore()
	if n := percentNow(); n != before {
		t.Errorf("%d after it was restored, want %d", n, before)
	}
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
