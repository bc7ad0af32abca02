package fanout

import (
	"slices"

	"github.com/bosgraph/bosgraph/bos"
)

// entry is one result, encoded.
type entry struct {
	seq     uint64
	payload []byte
	bos.Standing
}

// log is what a group has to say: the newest result that stands alone, and the
// changes since. It never changes: members read it while the next one is made.
type log struct {
	seq     uint64 // of the newest entry
	whole   *entry
	changes []*entry // ascending
	dropped uint64   // the newest change that is not kept any more and that no other replaces
	firsts  bool     // whoever joins gets a whole result first
	end     *Message // what to say when all is said
}

// Changes that are kept for the slow. What has a key is kept until something newer
// of that key comes, and there may be many keys.
const (
	maxChanges = 64
	maxKeyed   = 4096
)

// with is the log with a result added.
func (l log) with(payload []byte, s bos.Standing) *log {
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
	kept, most := l.changes, maxChanges
	if s.Key != "" {
		most = maxKeyed
		kept = slices.DeleteFunc(slices.Clone(kept), func(old *entry) bool { return old.Key == s.Key })
	}
	if len(kept) == most {
		l.dropped, kept = kept[0].seq, kept[1:]
	}
	l.changes = append(kept, e) // those who read the log before do not look so far
	return &l
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

// after finds what comes after a sequence number. fell tells that some of it is
// not there any more.
func (l *log) after(seq uint64) (next *entry, fell bool) {
	if seq >= l.dropped {
		for _, e := range l.changes {
			if e.seq > seq {
				return e, false
			}
		}
	}
	if l.whole != nil && l.whole.seq > seq {
		return l.whole, false
	}
	return nil, seq < l.dropped
}
