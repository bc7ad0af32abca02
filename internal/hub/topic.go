package hub

import (
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// topic is one watched session.
type topic struct {
	key        bos.SessionKey
	watches    map[*statusWatch]struct{}
	components map[*componentWatch]struct{}
	want       bos.Want // of all watches together

	subscribed bool        // the feed tells of every change
	since      time.Time   // when it was first watched
	due        time.Time   // when to read it; zero for not at all
	read       time.Time   // when the last read began
	covered    int64       // the revision that the last read has shown
	known      *bos.Status // what the last read has shown, and of which parts
	knownWant  bos.Want
	stale      bool // it was shown as one that may be behind
}

// readable says whether it may be read: once every later change is told. If the
// feed has nothing to say for too long, a read is better than none.
func (t *topic) readable(now time.Time, patience time.Duration) bool {
	return t.subscribed || now.Sub(t.since) > patience
}

// at makes it due at a time, unless it is earlier already.
func (t *topic) at(due time.Time) (sooner bool) { return advance(&t.due, due) }

// changed makes it due for a revision that has not been read: a tick after the last
// read, at once if that has passed.
func (t *topic) changed(revision int64, tick time.Duration) (sooner bool) {
	if len(t.watches) > 0 && revision > t.covered {
		sooner = t.at(t.read.Add(tick))
	}
	for w := range t.components {
		if revision > w.since.After {
			sooner = w.at(w.read.Add(max(tick, w.pace))) || sooner
		}
	}
	return sooner
}

// again makes it due whatever has been read.
func (t *topic) again(now time.Time) {
	if len(t.watches) > 0 {
		t.at(now)
	}
	for w := range t.components {
		w.at(now)
	}
}

// topicOf returns a session's topic, which is new if nobody watches it yet.
func (h *Hub) topicOf(key bos.SessionKey) *topic {
	t := h.topics[key]
	if t == nil {
		t = &topic{key: key, watches: map[*statusWatch]struct{}{}, components: map[*componentWatch]struct{}{}, since: time.Now()}
		h.topics[key] = t
		h.feed.Watch(key)
	}
	return t
}

// leave forgets a topic that nobody watches any more.
func (h *Hub) leave(t *topic) {
	if len(t.watches)+len(t.components) == 0 && h.topics[t.key] == t {
		delete(h.topics, t.key)
		h.feed.Unwatch(t.key)
	}
}

// statusWatch is one watch of a session's status.
type statusWatch struct {
	slot[*bos.Status]
	topic *topic
	want  bos.Want
	had   bool // it has been shown something
}

// WatchStatus follows the status of a session. Its watch ends with NOT_FOUND if
// there is none, or no more.
func (h *Hub) WatchStatus(key bos.SessionKey, want bos.Want) bos.Watch[*bos.Status] {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topicOf(key)
	want.Status, want.Epoch = true, true
	w := &statusWatch{slot: newSlot[*bos.Status](h), topic: t, want: want}
	t.watches[w] = struct{}{}
	t.want = t.want.With(want)
	return w
}

// joinSpread is how many reads a tick may have for those who join.
const joinSpread = 10

// Fresh implements [bos.Watch].
func (w *statusWatch) Fresh() uint64 {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	w.topic.at(w.topic.read.Add(h.o.Tick / joinSpread))
	h.poke()
	return h.reads + 1
}

// Close implements [bos.Watch].
func (w *statusWatch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.topic.watches, w)
	w.topic.want = bos.Want{}
	for other := range w.topic.watches {
		w.topic.want = w.topic.want.With(other.want)
	}
	w.hub.leave(w.topic)
}

// show shows a status as it was read.
func (h *Hub) show(t *topic, st *bos.Status, read uint64, want bos.Want) {
	before := t.known
	if before != nil && st.Epoch == before.Epoch && st.Revision < before.Revision {
		// Redis has come back with less than it had. The feed begins a new epoch
		// for that in a moment.
		t.at(time.Now().Add(h.o.Tick))
		return
	}
	stale := h.stale || h.silent && fromBOS(st)
	again := before != nil && st.Epoch == before.Epoch && st.Revision == before.Revision && t.stale == stale
	t.known, t.knownWant, t.covered, t.stale = st, want, st.Revision, stale
	t.tell(read, again)
}

// fromBOS says whether a status is one that the sync from BOS keeps up to date.
func fromBOS(st *bos.Status) bool {
	return st.Session.Source == bos.SourceBOS && !st.FromSnapshot
}

// showStale shows what was last known, with a warning.
func (t *topic) showStale(read uint64) {
	if t.known == nil {
		return
	}
	again := t.stale
	t.stale = true
	t.tell(read, again)
}

// tell shows what is known to all watches that it is enough for.
func (t *topic) tell(read uint64, again bool) {
	st := t.known
	if t.stale { // what was read may be shared: it stays as it is
		status, session := *st, *st.Session
		status.Session, session.Status, status.Stale = &session, &status, true
		st = &status
	}
	for w := range t.watches {
		if t.knownWant.Covers(w.want) {
			w.replace(bos.Sight[*bos.Status]{Value: st, Standing: bos.Standing{
				Read: read, Revision: st.Revision, Epoch: st.Epoch, Stale: st.Stale,
				Whole: true, Again: again && w.had, Last: st.State() == bos.StateComplete && !st.Stale,
			}})
			w.had = true
		}
	}
}

// gone ends all watches of a session that is not there.
func (t *topic) gone(err error) {
	for w := range t.watches {
		w.end(err)
	}
	for w := range t.components {
		w.end(err)
	}
}
