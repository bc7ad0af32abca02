package fanout

import (
	"time"

	"github.com/bosgraph/bosgraph/graph"
)

// Sink is where a member's messages go.
type Sink interface {
	// Offer says that [Member.Next] may have something. It must not wait. scratch is
	// for what it puts together meanwhile.
	Offer(scratch *[]byte)
}

// Kind is what a message is about.
type Kind byte

// The kinds of message.
const (
	Next     Kind = iota // a result
	Error                // the subscription has ended with errors: a list of them
	Complete             // it has ended
)

// Message is one message to a subscriber.
type Message struct {
	Kind    Kind
	Payload []byte // JSON; shared, so not to be changed
}

// Member is one who follows a subscription: a cursor into what its group has to say, and no
// queue of its own. Its sink calls Next from one goroutine at a time, so that it needs no
// lock.
type Member struct {
	sink     Sink
	group    *group
	shard    *shard
	delivery graph.Delivery

	// How far it has come.
	lost   bool   // it needs a whole result to begin with
	need   uint64 // from a read of at least this number
	cursor uint64
	due    time.Time // not before; see graph.Delivery
	ended  bool
}

// Next returns what to send the member now, and counts it as sent. After an Error
// or Complete there is nothing more.
func (m *Member) Next() (Message, bool) {
	if m.ended {
		return Message{}, false
	}
	l := m.group.log.Load()
	for {
		e, fell := m.find(l)
		if fell {
			m.ended = true
			return Message{Error, m.group.fanout.fellBehind()}, true
		}
		if e == nil {
			break
		}
		// At the end nothing is held back: the last state is what clients wait for, and nothing
		// comes after it that it could be sent too soon before.
		if m.delivery.Pace > 0 && l.end == nil {
			if wait := time.Until(m.due); wait > 0 {
				m.shard.later(wait)
				return Message{}, false
			}
		}
		first, passed := m.lost, e.seq-m.cursor
		m.cursor, m.lost = e.seq, false
		if first && m.has(e) {
			continue // it does not count for the pace, either: nothing was sent
		}
		if m.delivery.Pace > 0 {
			m.due = time.Now().Add(m.delivery.Pace)
		}
		f := m.group.fanout
		f.delivered.Add(1)
		if !first && passed > 1 {
			f.coalesced.Add(int64(passed - 1))
		}
		return Message{Next, e.payload}, true
	}
	if l.end == nil {
		return Message{}, false
	}
	m.ended = true
	return *l.end, true
}

// has says whether the member said, when it joined, that it has that state.
func (m *Member) has(e *entry) bool {
	d := m.delivery
	return d.SinceRevision != nil && *d.SinceRevision == e.Revision && d.SinceEpoch == e.Epoch && !e.Stale
}

// Leave ends the membership.
func (m *Member) Leave() {
	f := m.group.fanout
	f.mu.Lock()
	defer f.mu.Unlock()
	m.group.remove(m)
}
