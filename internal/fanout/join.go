package fanout

import "github.com/bosgraph/bosgraph/graph"

// This file settles the race of an update against a subscriber that joins; its other half
// is internal/hub/join.go, which numbers reads as they begin. A member notes the number of
// a read that had not begun when it joined, and its first result is of that read or a
// later one: whatever was committed before it joined is in there, and whatever comes
// after that read is another result of the group, which the member is offered like all.
// Members join, and drivers are asked, under the lock of the Fanout.

// add adds a member, with what it needs to begin: of a group whose execution has not begun
// all members begin with its first result. It is false if the group is ending by a read that
// began before the member came, which is no answer to it.
func (g *group) add(m *Member) bool {
	need := uint64(0)
	if g.driver != nil {
		if need = g.driver.Fresh(); g.driver.Ended() {
			return false
		}
	}
	m.group, m.cursor, m.need = g, g.log.Load().seq, need
	g.place(m)
	return true
}

// lead lets those who join ask the driver for what they need. Those who have joined
// before need a read from now on, too: results of reads before its number are of no use.
func (g *group) lead(driver graph.Driver) (need uint64) {
	g.fanout.mu.Lock()
	defer g.fanout.mu.Unlock()
	g.driver = driver
	need = driver.Fresh()
	if need == 0 {
		g.log.Store(&log{})
	}
	return need
}

// find finds the entry that comes next. fell says that the member has missed some
// and can't begin again.
func (m *Member) find(l *log) (e *entry, fell bool) {
	if m.lost && !l.firsts {
		m.lost = false // it begins with what comes after it has joined
	}
	if !m.lost {
		if e, fell = l.after(m.cursor); !fell {
			return e, false
		}
		if !l.firsts {
			return nil, true
		}
		m.lost, m.need = true, m.group.fresh()
	}
	if l.whole != nil && (l.whole.Read >= m.need || l.end != nil) {
		return l.whole, false
	}
	return nil, false
}

// fresh asks for a whole result for one who has fallen behind: it joins again.
func (g *group) fresh() (need uint64) {
	g.fanout.mu.Lock()
	defer g.fanout.mu.Unlock()
	return g.driver.Fresh()
}
