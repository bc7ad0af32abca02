package bossync

import (
	"testing"
	"time"
)

func TestTheNextSweepWaitsAsLongAsBOSTook(t *testing.T) {
	const s = time.Second
	for _, test := range []struct {
		name            string
		took, busy      time.Duration
		running, failed bool
		pause, every    time.Duration
	}{
		{"quick, running", s, s / 2, true, false, 2 * s, 3 * s},
		{"quick, nothing runs", s, s / 2, false, false, 14 * s, 15 * s},
		{"BOS takes more than half of the interval", 2 * s, 2 * s, true, false, 2 * s, 4 * s},
		{"BOS is slow", 50 * s, 49 * s, true, false, 49 * s, 99 * s},
		{"BOS is slow, nothing runs", 50 * s, 49 * s, false, false, 49 * s, 99 * s},
		{"the first failure", 0, 0, true, true, 3 * s, 3 * s},
	} {
		p := pace{interval: 3 * s}
		if pause, every := p.next(test.took, test.busy, test.running, test.failed); pause != test.pause || every != test.every {
			t.Errorf("%s: pause %v, every %v; want %v, %v", test.name, pause, every, test.pause, test.every)
		}
	}
}

func TestPausesGrowAfterFailures(t *testing.T) {
	p := pace{interval: time.Second}
	for i, want := range []time.Duration{1, 2, 4, 5, 5, 5} {
		if pause, _ := p.next(0, 0, true, true); pause != want*time.Second {
			t.Errorf("failure %d: pause %v, want %v s", i+1, pause, int(want))
		}
	}
	if pause, _ := p.next(0, 0, true, false); pause != time.Second {
		t.Errorf("once it works: %v", pause)
	}
	if pause, _ := p.next(0, 0, true, true); pause != time.Second {
		t.Errorf("the first failure after that: %v", pause)
	}
}

func TestPagesShrinkAfterFailuresAndGrowAgain(t *testing.T) {
	p := newPager(1000)
	for _, want := range []int{500, 250, 125, 100, 100} {
		if p.failed(); p.size != want {
			t.Errorf("after a failure %d, want %d", p.size, want)
		}
	}
	well := func(sweeps, want int) {
		t.Helper()
		for i := range sweeps {
			if p.size != want {
				t.Fatalf("pages of %d after %d sweeps, want %d", p.size, i, want)
			}
			p.wentWell()
		}
	}
	well(20, 100)
	well(20, 200)
	well(20, 400)
	well(20, 800)
	well(100, 1000)
	p.failed()
	well(20, 500)
	p.failed() // with larger pages again, it fails at once: they are tried less often
	well(40, 500)
	p.failed()
	well(80, 500)
	well(1, 1000)
	p.failed()
	well(80, 500) // that it went well once does not count
}
