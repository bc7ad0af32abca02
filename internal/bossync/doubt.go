package bossync

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Trust says when it is believed that BOS has lost much at once. A BOS whose database
// was flushed, or came back from an old copy, answers 200 and short lists; one that
// really has lost a fifth of its components does so only after somebody took care of it.
type Trust struct {
	Sweeps int           // whole sweeps that have to show it
	Time   time.Duration // and how long, at least
}

// What counts as much: more than one component in shareDoubted, and at least
// leastDoubted of them; all there are; or any session that was not complete.
const (
	shareDoubted = 5
	leastDoubted = 20
)

// muchOf says whether so many components of all known are too many to be missing at once.
func muchOf(missing, known int) bool {
	return missing > 0 && missing == known || missing >= leastDoubted && missing*shareDoubted > known
}

// doubt is what is known while BOS lists much less than it did. Nothing is removed as
// long as it lasts.
type doubt struct {
	id     string    // by which an operator accepts it: of this one, and of no later one
	since  time.Time // the first sweep that has shown it
	first  uint64    // the number of that sweep
	sweeps int       // whole ones that have shown it
	less   string    // what BOS lists less, for users
	text   string    // and what becomes of it

	// What was missing when it began: sessions that were not complete, and components.
	live, components int
}

// believes decides whether what BOS does not list any more may be removed. If it is too
// much, it takes some sweeps and some time, or an operator.
func (f *follower) believes(ctx context.Context, a absent) (bool, error) {
	if len(a.live) == 0 && !muchOf(len(a.components), len(f.components)) {
		if f.doubt != nil {
			f.log.Info("BOS lists what it did before; nothing was removed")
		}
		f.doubt = nil
		return true, nil
	}
	// Of a database that is being emptied more is lost with each sweep. What is believed
	// then has to be all of it: a session is to be kept with the components that it had.
	d := f.doubt
	if d == nil || len(a.live) > d.live || muchOf(len(a.components)-d.components, len(f.components)) {
		d = &doubt{id: rand.Text(), since: f.now(), first: f.sweeps, live: len(a.live), components: len(a.components)}
		f.doubt = d
	}
	d.sweeps++
	d.less = a.text(len(f.components))
	d.text = d.less + fmt.Sprintf(": nothing is removed before %d whole sweeps and %s have shown the same, "+
		"or an operator confirms it with \"bosgraph sync accept\"", f.trust.Sweeps, bos.DurationText(f.trust.Time))
	// Read in every such sweep, as the operator's command may run on any machine: it leaves the id
	// in Redis.
	accepted, err := f.accepted(ctx)
	if err != nil {
		return false, err
	}
	// Sweeps alone are no measure: at short intervals three of them are over before a restarted
	// database has loaded. Nor is time alone, in which BOS may have been asked only once.
	if accepted != d.id && (d.sweeps < f.trust.Sweeps || f.now().Sub(d.since) < f.trust.Time) {
		return false, nil
	}
	f.log.Warn("removing what BOS does not list any more", "components", len(a.components), "sessions", len(a.live)+len(a.complete),
		"sweeps", d.sweeps, "for", f.now().Sub(d.since).Round(time.Second), "accepted", accepted == d.id)
	return true, nil
}

// text says what BOS lists less.
func (a absent) text(known int) string {
	var less []string
	if n := len(a.components); n > 0 {
		less = append(less, fmt.Sprintf("%s (%d instead of %d)", fewer(n, "component"), known-n, known))
	}
	if n := len(a.live); n > 0 {
		among := ""
		if n > 1 {
			among = " among them"
		}
		less = append(less, fmt.Sprintf("%s (%q%s)", fewer(n, "running session"), name(a.live[0]), among))
	}
	return "BOS lists " + strings.Join(less, " and ")
}

func name(key bos.SessionKey) string {
	if key.Tenant == "" {
		return key.Name
	}
	return key.String()
}

func fewer(n int, what string) string {
	if n == 1 {
		return "1 fewer " + what
	}
	return fmt.Sprintf("%d fewer %ss", n, what)
}
