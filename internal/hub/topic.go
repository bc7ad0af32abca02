package hub

import (
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// topic is one watched session. Its watches share one read, of all that they want
// together; most sessions have one watch, for identical subscriptions are one.
type topic struct {
	key        bos.SessionKey
	status     entry
	watches    map[*statusWatch]struct{}
	components map[*componentWatch]bool // nil until there is one
	wants      map[bos.Want]int         // how many watches want that
	want       bos.Want                 // all of them together
	asking     []*statusWatch           // that are to be shown the next read, whatever it shows

	since     time.Time   // when it was first watched
	covered   int64       // the revision that the last read has shown
	known     *bos.Status // what the last read has shown, and of which parts
	knownWant bos.Want
	stale     bool      // it was shown as one that may be behind
	missing   time.Time // since when Redis, which has lost data, has been without it; zero if it is there
}

// topicOf returns a session's topic, which is new if nobody watches it yet.
func (h *Hub) topicOf(key bos.SessionKey) *topic {
	t := h.topics[key]
	if t == nil {
		t = &topic{key: key, watches: map[*statusWatch]struct{}{}, wants: map[bos.Want]int{}, since: time.Now()}
		t.status.topic = t
		h.topics[key] = t
	}
	return t
}

// leave forgets a topic that nobody watches any more. A read of it may be under way. Its result
// is discarded, and the next watch begins with a new topic. The lock is held from the watch's
// removal to here, so none can join a topic that is forgotten.
func (h *Hub) leave(t *topic) {
	h.place(&t.status) // which nobody may be waiting for any more
	if len(t.watches)+len(t.components) == 0 && h.topics[t.key] == t {
		delete(h.topics, t.key)
	}
}

// statusWatch is one watch of a session's status.
type statusWatch struct {
	slot[*bos.Status]
	topic *topic
	want  bos.Want
	had   bool   // it has been shown something
	need  uint64 // somebody needs this read or a later one
	asks  bool   // it is among those who ask
}

// WatchStatus follows the status of a session. Its watch ends with NOT_FOUND if
// there is no such session, or it has been deleted.
func (h *Hub) WatchStatus(key bos.SessionKey, want bos.Want) live.Watch[*bos.Status] {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topicOf(key)
	// Without its epoch a status can't be compared with the one before: revisions of two epochs
	// say nothing about each other.
	want.Status, want.Epoch = true, true
	w := &statusWatch{slot: slot[*bos.Status]{hub: h}, topic: t, want: want}
	t.watches[w] = struct{}{}
	t.ask(w)
	t.wants[want]++
	t.want = t.want.With(want)
	return w
}

// Close implements [live.Watch].
func (w *statusWatch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	t := w.topic
	if _, watched := t.watches[w]; !watched {
		return
	}
	delete(t.watches, w)
	if t.wants[w.want]--; t.wants[w.want] == 0 {
		delete(t.wants, w.want)
		t.want = bos.Want{} // of those that are left; there are few different ones
		for want := range t.wants {
			t.want = t.want.With(want)
		}
	}
	w.hub.leave(t)
}

// show shows a status as it was read.
func (h *Hub) show(t *topic, st *bos.Status, read uint64, want bos.Want) {
	before := t.known
	if before != nil && st.Epoch == before.Epoch && st.Revision < before.Revision {
		// Redis has lost data. The feed begins a new epoch for that in a moment; until then
		// clients keep what they have, for a revision never goes back within an epoch.
		h.at(&t.status, time.Now().Add(h.o.Tick))
		return
	}
	// By the number of the read and not by what is true now: a read that began before a doubt
	// ended may show what was doubted.
	stale := h.stale.of(read) || h.silent.of(read) && fromBOS(st)
	again := before != nil && st.Epoch == before.Epoch && st.Revision == before.Revision && t.stale == stale
	t.known, t.knownWant, t.covered, t.stale, t.missing = st, want, st.Revision, stale, time.Time{}
	t.publish(read, again)
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
	t.publish(read, again)
}

// publish shows what is known to all watches that do not need a later read.
func (t *topic) publish(read uint64, again bool) {
	st := t.known
	if t.stale { // what was read may be shared: it stays as it is
		status, session := *st, *st.Session
		status.Session, session.Status, status.Stale = &session, &status, true
		st = &status
	}
	show := func(w *statusWatch) {
		// A watch that came during the read may want more than it brought.
		if t.knownWant.Covers(w.want) {
			w.replace(live.Update[*bos.Status]{Value: st, Metadata: live.Metadata{
				Read: read, Revision: st.Revision, Epoch: st.Epoch, Stale: st.Stale,
				Whole: true, Again: again && w.had, Last: st.State() == bos.StateComplete && !st.Stale,
			}})
			w.had, w.asks = true, w.need > read
		}
	}
	if !again {
		for w := range t.watches {
			show(w)
		}
	}
	// Where something has changed all have been shown it above, and this only drops those that
	// need no later read. Where nothing has, these are the only ones to be shown anything.
	t.asking = slices.DeleteFunc(t.asking, func(w *statusWatch) (over bool) {
		_, watched := t.watches[w]
		if watched && again && (!w.had || read >= w.need) {
			show(w)
		}
		return !watched || !w.asks
	})
}

// ask has a watch shown the next read even if nothing has changed. Only those are: when
// thousands join a session with different selections, the read of each would wake all.
func (t *topic) ask(w *statusWatch) {
	if !w.asks {
		w.asks = true
		t.asking = append(t.asking, w)
	}
}

// gone ends the watches of a session that does not exist, but for those that need a later read: it may have been made since. They
// stay in the topic until their owners close them.
func (t *topic) gone(read uint64, err error) {
	for w := range t.watches {
		if w.need <= read {
			w.end(err)
		}
	}
	for w := range t.components {
		if w.need <= read {
			w.end(err)
		}
	}
}
