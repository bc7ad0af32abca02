package sim

import (
	"fmt"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Two small groups of nodes boot by turns, apart from the rounds, so that an untenanted boot is running
// at any moment: the first queries of the documents, and of the playground, find one to show and to follow. A boot that comes to its
// last nodes has the other group begin, and its last node is not done before that one runs.

// lane is one of the two groups, and its latest session.
type lane struct {
	components []*component
	session    *session // nil before the first
}

const (
	relayTemplate = "burnin-24.7"
	relayRetry    = 5 * time.Second // simulated: how often a last node looks whether the other boot runs
	leastRelay    = 12              // components: a smaller system has no lanes
)

// newLanes takes the nodes of both lanes from a system's; the rest take part in rounds.
func newLanes(computes []*component) (lanes [2]lane, rest []*component) {
	if len(computes) < leastRelay {
		return lanes, computes
	}
	n := max(share(len(computes), 3), 2)
	lanes[0].components, lanes[1].components = computes[:n:n], computes[n:2*n:2*n]
	return lanes, computes[2*n:]
}

// turn has a lane boot, after so long a set-up.
func (w *world) turn(i int, setUp time.Duration) {
	l := &w.lanes[i]
	w.turns++
	l.session = &session{
		operation: bos.OperationBoot, template: relayTemplate, image: w.newImage("burnin", fmt.Sprintf("24.7.%d", w.turns)),
		components: l.components, onComplete: func() {},
	}
	w.startIn(l.session, setUp, w.run)
}

// passOn has the other lane begin once a lane is near its end, unless its last boot still runs.
func (w *world) passOn(s *session) {
	for i := range w.lanes {
		other := &w.lanes[1-i]
		if w.lanes[i].session == s && s.active <= max(1, len(s.components)/4) && (other.session == nil || other.session.complete) {
			w.turn(1-i, w.between(leastSetup, mostSetup))
		}
	}
}

// waits says whether a component has to wait with the end of its boot, and plans that.
func (w *world) waits(c *component, end func(*component)) bool {
	if !w.last(c) {
		return false
	}
	w.passOn(c.session)
	w.then(c, relayRetry, end)
	return true
}

// last says whether a component is the last of its lane's boot, and no other boot of the lanes runs: it has
// to wait.
func (w *world) last(c *component) bool {
	for i := range w.lanes {
		if w.lanes[i].session == c.session && c.session.active == 1 {
			other := w.lanes[1-i].session
			return other == nil || !other.running || other.complete
		}
	}
	return false
}
