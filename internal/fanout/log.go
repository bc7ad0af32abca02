package fanout

import (
	"sync"

	"github.com/bosgraph/bosgraph/internal/latest"
	"github.com/bosgraph/bosgraph/internal/live"
)

// entry is one result, encoded.
type entry struct {
	seq     uint64
	payload []byte
	live.Metadata
}

// log is what a group has to say: the newest result that stands alone, and the
// changes since. It never changes but for its changes, which later logs share: members
// read it while the next one is made. One who finds a change of a later log has it a
// little earlier, and is offered that log in any case.
type log struct {
	seq     uint64 // of the newest entry
	whole   *entry
	changes *changes // since then; nil for none
	dropped uint64   // what came before is contained in the whole result, or lost
	firsts  bool     // a member that joins gets a whole result first
	end     *Message // what to say when all is said
}

// changes are results that are of no use without those before. They are indexed by number
// and key, and added to in place: copying thousands for each result made a list ever
// slower the more sessions it had. A log of whole results has none, and needs no lock.
type changes struct {
	mu      sync.RWMutex
	entries latest.Log[*entry]
	bytes   int64
	dropped uint64 // the newest that is not kept any more and that no other replaces
}

// Changes that are kept for the slow. What has a key is kept until something newer
// of that key comes, and there may be many keys.
const (
	maxChanges = 64
	maxKeyed   = 4096
	maxBytes   = 8 << 20 // of all but the newest
)

// with is the log with a result added. Of one log only one other may be made with a change.
func (l log) with(payload []byte, s live.Metadata) *log {
	if s.Whole && s.Again && l.whole != nil {
		// It is for those who join; the others have it already, or its parts.
		l.whole = &entry{l.seq, payload, s}
		return &l
	}
	l.seq++
	e := &entry{l.seq, payload, s}
	if s.Whole { // what was to be said before is contained in it
		l.whole, l.changes, l.dropped = e, nil, l.seq
		return &l
	}
	if l.changes == nil {
		l.changes = &changes{}
	}
	l.changes.add(e)
	return &l
}

// add adds a change, and drops the oldest if there are too many.
func (c *changes) add(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := maxChanges
	if e.Key != "" {
		most = maxKeyed
	}
	retained := c.bytes
	if old, replaced := c.entries.Add(e.seq, e.Key, e); replaced {
		retained -= int64(len(old.payload))
	}
	c.bytes = retained + int64(len(e.payload))
	for c.entries.Len() > most || retained > maxBytes {
		old, seq, _ := c.entries.Drop()
		size := int64(len(old.payload))
		c.dropped, c.bytes, retained = seq, c.bytes-size, retained-size
	}
}

// after finds the change that comes next. fell says that some before it are not there
// any more.
func (c *changes) after(seq uint64) (next *entry, fell bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if seq < c.dropped {
		return nil, true
	}
	next, _, _ = c.entries.After(seq)
	return next, false
}

// bytes is how much the results in the log come to.
func (l *log) bytes() (n int64) {
	if l.changes != nil {
		l.changes.mu.RLock()
		n = l.changes.bytes
		l.changes.mu.RUnlock()
	}
	if l.whole != nil {
		n += int64(len(l.whole.payload))
	}
	return n
}

// asOf is the log whose newest result is still so as of a later read.
func (l log) asOf(read uint64) *log {
	e := *l.whole
	e.Read = read
	l.whole = &e
	return &l
}

// ended is the log with an end.
func (l log) ended(how Message) *log {
	l.end = &how
	return &l
}

// after finds what comes after a sequence number. fell says that some of it is
// not there any more.
func (l *log) after(seq uint64) (next *entry, fell bool) {
	fell = seq < l.dropped
	if l.changes != nil && !fell {
		if next, fell = l.changes.after(seq); next != nil {
			return next, false
		}
	}
	if l.whole != nil && l.whole.seq > seq {
		return l.whole, false
	}
	return nil, fell
}
