package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// world is the simulated system: its components, its sessions and what will
// happen next. It has no clock and does no I/O.
type world struct {
	rng   *rand.Rand
	queue queue
	now   time.Duration
	stamp *bos.Time // the real time of this advance's records; shared by them

	computes []*component // liquid-cooled, but for those of lanes
	lanes    [2]lane
	turns    int          // boots of lanes so far
	access   []*component // air-cooled: user access nodes
	tenanted int          // how many of computes, the last ones, the tenant owns

	round  int          // counts from 1
	rounds [][]*session // of the rounds that are still kept, oldest first
	dirty  []*component // have a patch
	out    []command
}

// component is one simulated node and what BOS knows of it.
type component struct {
	id       string
	session  *session // manages it; nil for none
	enabled  bool
	phase    bos.Phase
	powered  bool // booted, or at least drawing power
	attempts bos.EventStats
	fate     fate
	failures int    // how many attempts to power on fail
	fault    fate   // what goes wrong with it in nearly every boot: a few nodes are bad
	token    string // BSS's, of the boot under way

	// life is how often a session took the component over. What was planned
	// in an earlier life does not happen.
	life  int
	patch *bos.ComponentPatch // what changed since the last flush; nil for nothing
}

func newWorld(seed uint64, components int) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0))}
	for i, id := range xnames(components) {
		c := &component{id: id}
		if i < liquidCooled(components) {
			w.computes = append(w.computes, c)
		} else {
			w.access = append(w.access, c)
		}
	}
	w.spoil(w.computes)
	w.lanes, w.computes = newLanes(w.computes)
	w.tenanted = share(len(w.computes), 10)
	w.after(0, w.begin)
	return w
}

// advance lets simulated time come to now and returns the calls that report it,
// in order. stamp is the real time.
func (w *world) advance(now time.Duration, stamp time.Time) []command {
	w.stamp = new(bos.TimeOf(stamp))
	for {
		e, due := w.queue.next(now)
		if !due {
			break
		}
		w.now = e.at
		e.do()
	}
	w.now = now
	w.flush()
	out := w.out
	w.out = nil
	return out
}

// after plans do for d from now.
func (w *world) after(d time.Duration, do func()) { w.queue.plan(w.now+d, do) }

// then plans the next step of a component's life, unless it is taken over first.
func (w *world) then(c *component, d time.Duration, step func(*component)) {
	life := c.life
	w.after(d, func() {
		if c.life == life {
			step(c)
		}
	})
}

// change returns the patch that collects c's changes until the next flush: a
// batch must not name a component twice.
func (w *world) change(c *component) *bos.ComponentPatch {
	if c.patch == nil {
		c.patch = &bos.ComponentPatch{ID: c.id}
		w.dirty = append(w.dirty, c)
	}
	return c.patch
}

// flush turns the collected changes into calls.
func (w *world) flush() {
	for len(w.dirty) > 0 {
		n := min(len(w.dirty), batch)
		patches := make([]bos.ComponentPatch, n)
		for i, c := range w.dirty[:n] {
			patches[i], c.patch = *c.patch, nil
		}
		w.dirty = w.dirty[n:]
		w.out = append(w.out, command{patch: patches})
	}
}

// emit adds a call, behind the changes that were made before it.
func (w *world) emit(c command) {
	w.flush()
	w.out = append(w.out, c)
}

// chance is true with that probability.
func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// between draws a duration evenly.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rng.Int64N(int64(high-low)))
}

// around draws a duration from a log-normal distribution, as times of machines
// have: most near the median, a few stragglers. It is bounded, so that a round
// ends.
func (w *world) around(median time.Duration) time.Duration {
	const least, most = 0.4, 2.0
	f := math.Exp(spread * w.rng.NormFloat64())
	return time.Duration(float64(median) * min(max(f, least), most))
}
