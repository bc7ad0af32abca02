package webhooks

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// What is sent at a time, and when again.
const (
	window     = 256  // deliveries of a target that wait for nothing but their turn
	mostKnown  = 4096 // with those that were refused, and what is behind them
	atOnce     = 8    // requests to a target, while it accepts them
	firstPause = time.Second
	mostPause  = time.Hour       // of one delivery
	mostSpared = 5 * time.Minute // that a target gets nothing at all
	mostAsked  = 24 * time.Hour  // that a target may ask for with Retry-After
	manyFailed = 3               // in a row: it is the target's fault, and not that of a delivery
)

// queue decides what is sent to one target next. It has no clock and no I/O, and is for one
// goroutine.
//
// Deliveries of one session go one after the other: one that fails holds back those behind it. A
// target that fails gets one request at a time, with growing pauses, and everything that
// waited for it when it has recovered.
type queue struct {
	pending  []*delivery // in the order of their positions
	flying   int
	failures int       // in a row
	paused   time.Time // nothing is sent before that
}

// delivery is one that is pending.
type delivery struct {
	bos.Delivery
	body   []byte // once it was made: repetitions are the same
	flying bool
}

// add adds what comes behind all that is pending.
func (q *queue) add(all []bos.Delivery) {
	for _, d := range all {
		q.pending = append(q.pending, &delivery{Delivery: d})
	}
}

// room is how many more deliveries may be added: what was refused, and what it holds back, waits beside the window, or it
// would hold up all others.
func (q *queue) room() int {
	held, waiting := map[string]bool{}, 0
	for _, d := range q.pending {
		about := d.Event.About()
		if d.Attempts > 0 {
			held[about] = true
		}
		if !held[about] {
			waiting++
		}
	}
	return max(min(window-waiting, mostKnown-len(q.pending)), 0)
}

// last is the position of the last delivery that was added and is still pending; empty for none.
func (q *queue) last() string {
	if len(q.pending) == 0 {
		return ""
	}
	return q.pending[len(q.pending)-1].Position
}

// next takes the first delivery that may be sent now; nil for none.
func (q *queue) next(now time.Time) *delivery {
	if q.flying >= q.most() || now.Before(q.paused) {
		return nil
	}
	held := map[string]bool{}
	for _, d := range q.pending {
		about := d.Event.About()
		if !held[about] && !d.flying && !now.Before(d.Next) {
			d.flying = true
			q.flying++
			return d
		}
		held[about] = true
	}
	return nil
}

// most is how many requests there may be at a time.
func (q *queue) most() int {
	if q.failures > 0 {
		return 1
	}
	return atOnce
}

// due is when next may have something that it has not now; zero if only a result or
// another delivery can bring that.
func (q *queue) due() (at time.Time) {
	if q.flying >= q.most() {
		return at
	}
	held := map[string]bool{}
	for _, d := range q.pending {
		about := d.Event.About()
		if !held[about] && !d.flying {
			if when := later(d.Next, q.paused); at.IsZero() || when.Before(at) {
				at = when
			}
		}
		held[about] = true
	}
	return at
}

// accepted removes a delivery that the target has accepted.
func (q *queue) accepted(d *delivery) {
	q.remove(d)
	if q.failures >= manyFailed {
		for _, waiting := range q.pending {
			waiting.Next = time.Time{}
		}
	}
	q.failures, q.paused = 0, time.Time{}
}

// troubled says whether something is pending that has failed.
func (q *queue) troubled() bool {
	return slices.ContainsFunc(q.pending, func(d *delivery) bool { return d.Attempts > 0 })
}

// expired are the deliveries that were queued that long ago, unless they were not tried and the target
// accepts what is sent: a sender that comes back after days does try.
func (q *queue) expired(now time.Time, after time.Duration) (all []*delivery) {
	for _, d := range q.pending {
		if !d.flying && now.Sub(queuedAt(d.Position)) >= after && (d.Attempts > 0 || q.failures > 0) {
			all = append(all, d)
		}
	}
	return all
}

// failed puts a delivery off, by at least as long as the target has asked for.
func (q *queue) failed(d *delivery, now time.Time, reason string, asked time.Duration) {
	asked = min(asked, mostAsked)
	d.flying = false
	q.flying--
	q.failures++
	d.Attempts++
	d.Reason = reason
	d.Next = now.Add(max(pause(d.Attempts, mostPause), asked))
	q.paused = later(q.paused, now.Add(max(pause(q.failures, mostSpared), asked)))
}

// remove removes a delivery that was sent, or given up.
func (q *queue) remove(d *delivery) {
	if d.flying {
		q.flying--
	}
	q.pending = slices.DeleteFunc(q.pending, func(other *delivery) bool { return other == d })
}

// pause is how long to wait after so many failures: doubled with each, and a little different
// each time, so that targets that failed together are not tried together.
func pause(failures int, most time.Duration) time.Duration {
	p := min(firstPause<<min(failures-1, 20), most)
	return p - time.Duration(rand.Int64N(int64(p)/10))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// queuedAt is when a delivery was queued: positions begin with that, in milliseconds.
func queuedAt(position string) time.Time {
	text, _, _ := strings.Cut(position, "-")
	ms, _ := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms)
}
