package hub

import (
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// This file settles the race of an update against a subscriber that joins; its other half
// is internal/fanout/join.go. All of it runs under the hub's lock, so "before" and
// "after" have a meaning:
//
//   - Reads are numbered when they begin ([Hub.begin]). One who joins asks for a read that
//     has not begun ([Hub.fresh]), and is shown nothing older.
//   - Nothing is read for a session that was not watched here until Redis has confirmed the
//     subscription to the notices of all ([Hub.earliest], [Hub.Subscribed]), so that no change
//     falls between the read and the first notice.
//   - An update is either committed before that read, and is part of it, or afterwards,
//     and then its notice comes later and makes the session due again ([topic.changed]).

// joinSpread is how many reads a tick may have for those who join: each waits for a tenth
// of a tick at most, and a crowd that joins within a second shares a few reads.
const joinSpread = 10

// fresh asks for a read that begins from now on, and returns its number: all who ask
// before it begins share it.
func (h *Hub) fresh(e *entry) (read uint64) {
	h.at(e, e.read.Add(h.o.Tick/joinSpread))
	return h.reads + 1
}

// Fresh implements [live.Watch].
func (w *statusWatch) Fresh() uint64 {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.need = w.hub.fresh(&w.topic.status)
	w.topic.ask(w)
	return w.need
}

// Fresh implements [live.Watch].
func (w *componentWatch) Fresh() uint64 {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.need = w.hub.fresh(&w.entry)
	return w.need
}

// maxRound is how much is read in one round: the rest waits for the next, so that one who
// joins a session does not wait for the reads of thousands of others.
const maxRound = 512

// round is what is read in one go.
type round struct {
	number     uint64
	status     []statusRead
	components []*componentWatch
	list       bool
}

// statusRead is what is read of a topic: a watch that comes later may want more.
type statusRead struct {
	topic *topic
	want  bos.Want
}

func (r *round) size() int {
	n := len(r.status) + len(r.components)
	if r.list {
		n++
	}
	return n
}

// begin takes what is due out of the queue and numbers the read that shows it. From here
// on, changes make it due again, and those who join wait for the next.
func (h *Hub) begin(now time.Time, list bool) *round {
	r := &round{list: list && !h.list.due.IsZero() && !h.list.due.After(now)}
	for r.size() < maxRound {
		e := h.queue.take(now)
		if e == nil {
			break
		}
		e.due, e.read = time.Time{}, begun(e.due, now, h.o.Tick)
		if e.watch != nil {
			r.components = append(r.components, e.watch)
		} else {
			r.status = append(r.status, statusRead{e.topic, e.topic.want})
		}
	}
	if r.size() > 0 {
		h.reads++
		r.number = h.reads
	}
	return r
}

// earliest is when an entry may be read; ok is false while it may not. It waits until
// every later change is notified, but not for longer than an interval: if the feed has
// nothing to say for that long, a read is better than none. A watch whose last update
// nobody has taken is not read: what it misses is in the change log.
func (h *Hub) earliest(e *entry) (when time.Time, ok bool) {
	t, wanted := e.topic, false
	if e.watch == nil {
		wanted = len(t.watches) > 0
	} else {
		wanted = t.components[e.watch] && e.watch.free()
	}
	if !wanted || e.due.IsZero() {
		return time.Time{}, false
	}
	when = e.due
	if since := t.since.Add(h.o.Interval); !h.subscribed && when.Before(since) {
		when = since
	}
	return when, true
}

// changed makes a topic due for a revision that has not been read: a tick after the last
// read, at once if that has passed. A change of its record may be the end of the session, which no
// pace holds back: its components are read as soon, and what is not the end waits in [Hub.showChanges].
func (h *Hub) changed(t *topic, revision int64, record bool) {
	if revision > t.covered {
		h.at(&t.status, t.status.read.Add(h.o.Tick))
	}
	for w := range t.components {
		if revision > w.since.After {
			due := w.entry.read.Add(h.o.Tick)
			if !record && due.Before(w.paced) {
				due = w.paced
			}
			h.at(&w.entry, due)
		}
	}
}

// readAgain makes a topic due whatever has been read.
func (h *Hub) readAgain(t *topic, now time.Time) {
	h.at(&t.status, now)
	for w := range t.components {
		h.at(&w.entry, now)
	}
}
