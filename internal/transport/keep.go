package transport

import (
	"maps"
	"runtime/debug"
	"slices"
	"time"
)

// wheelParts is how many parts half an interval has, unless they would be shorter than a
// millisecond. Pings of all 10,000 clients that had connected within three seconds, at once,
// kept updates waiting for 60 ms; in 32 parts, 156 of them take one. More parts wake an idle process
// more often: 256 of them were more than half of what a server without clients computed.
const wheelParts = 32

// keep pings clients and disconnects those that do not answer: of a peer that has
// vanished the network says nothing. One goroutine does that for all, because a timer for each
// connection would cost more memory than the rest of an idle one. It visits each client twice
// an interval, at moments that have nothing to do with when the client connected: a crowd that
// comes back together is not pinged together.
func (s *Streams) keep() {
	each := max(s.o.PingInterval/2/time.Duration(len(s.wheel)), 1)
	tick := time.NewTicker(each)
	defer tick.Stop()
	grants := time.NewTicker(grantTick)
	defer grants.Stop()
	calm := time.NewTicker(calmFor)
	defer calm.Stop()
	for part, next := 0, time.Now().Add(each); ; {
		select {
		case <-s.base.Done():
			return
		case <-calm.C:
			s.tidy()
		case now := <-grants.C:
			for _, c := range s.over(now) {
				c.expire(tokenEnded)
			}
		case now := <-tick.C:
			// A ticker leaves out ticks that come too late, but no part may be late by all of these. Once
			// around is enough.
			if round := now.Add(-each * time.Duration(len(s.wheel))); next.Before(round) {
				next = round
			}
			for ; !next.After(now); next = next.Add(each) {
				for _, c := range s.those(part) {
					s.visit(c, now)
				}
				part = (part + 1) % len(s.wheel)
			}
		}
	}
}

// those are the clients in a part of the wheel.
func (s *Streams) those(part int) []client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.wheel[part]))
}

// visit pings a client at every second visit, not before it has been there for a while, and again
// at the one in between if it has not answered. It disconnects it after two and a half intervals
// of silence: one lost ping is no reason, two are.
func (s *Streams) visit(c client, now time.Time) {
	about, interval, at := c.about(), s.o.PingInterval, s.moment(now)
	last := time.Duration(about.lastReceived.Load()) // 0 for an event stream, whose client never answers
	unanswered := last != 0 && last < about.pinged
	// An answer comes some time after its ping, so silence at a visit is a little less.
	if last != 0 && at-last > 9*interval/4 {
		_ = about.Close()
		return
	}
	if at-about.pinged > 3*interval/4 {
		about.pinged = at
		c.ping()
	}
	if unanswered { // also together with the next ping: a loaded machine may be late for the visit in between
		c.pingAgain()
	}
}

// When a crowd has come or gone, and for how long nobody else has.
const (
	crowd   = 100
	calmFor = 250 * time.Millisecond
)

// tidy gives memory back to the system after many clients have connected or disconnected:
// opening a connection takes several times the memory that it keeps. It waits until
// nobody else comes or goes, because a collection in the middle would delay those that are
// being admitted and would have to be repeated.
func (s *Streams) tidy() {
	s.mu.Lock()
	calm := s.moved == s.seen
	s.seen = s.moved
	due := calm && s.moved >= crowd
	if due {
		s.moved, s.seen = 0, 0
	}
	s.mu.Unlock()
	if due {
		debug.FreeOSMemory()
	}
}
