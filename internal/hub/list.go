package hub

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// list is what is known of all sessions while somebody watches them. All filters share it: to
// notice that a session has left a filter, its earlier record is needed, and a copy for each
// filter would cost a read for each.
type list struct {
	watches  map[*listWatch]struct{}
	statuses int                             // watches that want a status
	known    map[bos.SessionKey]*bos.Session // the newest of each name; nil until read
	shown    map[bos.SessionKey]struct{}     // those of them of which a change was shown
	dirty    map[bos.SessionKey]struct{}
	due      time.Time // as that of a topic
	read     time.Time
	whole    bool      // read all of it again, and see what has changed
	walked   time.Time // when that was last done
}

// walkEvery is how often all of the list is read in case that notices were lost: a
// system has thousands of sessions.
const walkEvery = 30 * time.Second

// reset forgets what is known once nobody watches: it would be out of date for the next, and is
// megabytes. read stays, so that watches which come and go do not get more reads than one a
// tick.
func (l *list) reset() {
	*l = list{watches: map[*listWatch]struct{}{}, shown: map[bos.SessionKey]struct{}{}, dirty: map[bos.SessionKey]struct{}{}, read: l.read}
}

func (l *list) watched() bool { return len(l.watches) > 0 }

// want is what all watches want together.
func (l *list) want() (all bos.Want) {
	for w := range l.watches {
		all = all.With(w.want)
	}
	return all
}

// listAt makes the list due at a time, unless it is earlier already.
func (h *Hub) listAt(due time.Time) {
	advance(&h.list.due, due)
	h.soon(h.list.due)
}

// listChanged has a session's record read a tick after the last read of the list, at once
// if that has passed.
func (h *Hub) listChanged(scope bos.SessionKey) {
	h.list.dirty[scope] = struct{}{}
	h.listAt(h.list.read.Add(h.o.Tick))
}

// recordChanged notes the change of a record, whose version is the revision of its last one. The first read may have brought that very
// change, as its notice comes later: it counts as unknown, so that it is shown, unless it was.
func (l *list) recordChanged(n bos.Notice) {
	if known := l.known[n.Scope]; known != nil && known.Version == strconv.FormatInt(n.Revision, 10) {
		if _, shown := l.shown[n.Scope]; !shown {
			delete(l.known, n.Scope)
		}
	}
}

// reloadList has all of the list read again, if somebody watches it.
func (h *Hub) reloadList(now time.Time) {
	if h.list.watched() {
		h.list.whole = true
		h.listAt(now)
	}
}

// listWatch is one watch of the sessions of a filter.
type listWatch struct {
	slot[*live.SessionsUpdate]
	filter bos.SessionFilter
	want   bos.Want
}

// WatchSessions follows the sessions of a filter as they appear, change and leave it. It
// shows changes only: a client subscribes first and reads the list afterwards, so that
// nothing falls in between.
func (h *Hub) WatchSessions(f bos.SessionFilter, want bos.Want) live.Watch[*live.SessionsUpdate] {
	h.mu.Lock()
	defer h.mu.Unlock()
	want = want.With(f.Needs())
	w := &listWatch{slot: slot[*live.SessionsUpdate]{hub: h}, filter: f, want: want}
	first := !h.list.watched()
	h.list.watches[w] = struct{}{}
	if first {
		h.reloadList(time.Now())
	}
	if want.Status {
		h.list.statuses++
	}
	return w
}

// Fresh implements [live.Watch]: there is no first state.
func (w *listWatch) Fresh() uint64 { return 0 }

// Close implements [live.Watch].
func (w *listWatch) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, watched := h.list.watches[w]; !watched {
		return
	}
	delete(h.list.watches, w)
	if w.want.Status {
		h.list.statuses--
	}
	if !h.list.watched() {
		h.list.reset()
	}
}

// readList reads what has changed in the list and shows it. What changes during the read
// is dirty again, since dirty is emptied before it begins.
func (h *Hub) readList(ctx context.Context) error {
	h.mu.Lock()
	now := time.Now()
	whole := h.list.whole
	dirty := slices.Collect(maps.Keys(h.list.dirty))
	h.list.due, h.list.read, h.list.whole = time.Time{}, begun(h.list.due, now, h.o.Tick), false
	if whole {
		h.list.walked = now
	}
	h.list.dirty = map[bos.SessionKey]struct{}{} // another: one that once held all costs as much as all
	want, first := h.list.want(), h.list.known == nil
	h.mu.Unlock()

	// Without the lock: reading can take as long as Redis does, and joining must not wait for
	// that.
	err := h.readListed(ctx, whole, first, dirty, want)
	if err != nil { // all of it once more
		h.mu.Lock()
		h.list.whole = true
		for _, scope := range dirty {
			h.list.dirty[scope] = struct{}{}
		}
		h.mu.Unlock()
	}
	return err
}

// readListed reads what is dirty, and all records first if the list is to be read as a
// whole: in case that notices were lost, all that differ from what is known are dirty.
func (h *Hub) readListed(ctx context.Context, whole, first bool, dirty []bos.SessionKey, want bos.Want) error {
	if whole {
		all, err := h.readAll(ctx)
		if err != nil {
			return err
		}
		h.mu.Lock()
		if first && h.list.watched() {
			// What was there when the first watch began is known, and is not shown. What has
			// changed since, or during this very read, counts as unknown, so that it is.
			for scope := range h.list.dirty {
				delete(all, scope)
			}
			for _, scope := range dirty {
				delete(all, scope)
			}
			h.list.known = all
		} else {
			dirty = append(dirty, differing(h.list.known, all)...)
		}
		h.mu.Unlock()
	}
	for part := range slices.Chunk(dirty, bos.MaxPage) {
		reads := make([]bos.SessionRead, len(part))
		for i, scope := range part {
			reads[i] = bos.SessionRead{SessionKey: scope, Want: want}
		}
		found, err := h.store.ReadSessions(ctx, reads)
		if err != nil {
			return err
		}
		h.mu.Lock()
		enough := want.Covers(h.list.want())
		for i, scope := range part {
			if enough {
				h.list.show(scope, found[i])
			} else { // somebody who wants more has joined during the read: none may take this for known
				h.listChanged(scope)
			}
		}
		h.mu.Unlock()
	}
	return nil
}

// readAll reads the records of the session that each name stands for now. A name may have
// several in the list: one that is there goes before those that BOS has deleted, and the
// newest, which comes first, before the rest.
func (h *Hub) readAll(ctx context.Context) (map[bos.SessionKey]*bos.Session, error) {
	all := map[bos.SessionKey]*bos.Session{}
	for page := (bos.Page{First: bos.MaxPage}); ; {
		part, err := h.store.ListSessions(ctx, bos.SessionFilter{}, page, bos.Want{}, false)
		if err != nil {
			return nil, err
		}
		for _, s := range part.Items {
			if known := all[s.SessionKey]; known == nil || known.Deleted && !s.Deleted {
				all[s.SessionKey] = s
			}
		}
		if !part.More {
			return all, nil
		}
		page.After = part.Positions[len(part.Positions)-1]
		h.readRound(ctx, false) // those who wait for a session do not wait for all pages
	}
}

// differing are the sessions whose record is not the same in both.
func differing(old, now map[bos.SessionKey]*bos.Session) []bos.SessionKey {
	var scopes []bos.SessionKey
	for scope, s := range now {
		if old[scope] == nil || old[scope].Version != s.Version || old[scope].Incarnation != s.Incarnation {
			scopes = append(scopes, scope)
		}
	}
	for scope := range old {
		if now[scope] == nil {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// show shows a changed session to the watches whose filter it matches or matched.
func (l *list) show(scope bos.SessionKey, s *bos.Session) {
	old := l.known[scope]
	if l.known == nil || s == nil && old == nil {
		return
	}
	if s == nil {
		delete(l.known, scope)
		delete(l.shown, scope)
	} else {
		l.known[scope] = s
		l.shown[scope] = struct{}{}
	}
	changed := old == nil || s == nil || old.Version != s.Version || old.Incarnation != s.Incarnation
	replaced := old != nil && (s == nil || old.Incarnation != s.Incarnation)
	var removed, shown *live.SessionsUpdate // one for all watches, made when the first needs it
	var id string
	for w := range l.watches {
		was, is := old != nil && w.match(old), s != nil && w.match(s)
		// One that BOS has deleted stays in the list when its name is taken again.
		if was && (replaced && !(s != nil && old.Deleted) || !replaced && !is) {
			if removed == nil {
				removed = &live.SessionsUpdate{DeletedID: new(old.ID())}
			}
			w.show(*removed.DeletedID, removed)
		}
		if is && (changed || w.want.Status) {
			if shown == nil {
				shown, id = &live.SessionsUpdate{Session: s}, s.ID()
			}
			w.show(id, shown)
		}
	}
}

// show shows a change under the id of its session: an earlier one that was not taken yet is
// replaced.
func (w *listWatch) show(id string, update *live.SessionsUpdate) {
	w.add(live.Update[*live.SessionsUpdate]{Value: update, Metadata: live.Metadata{Key: id}})
}

// match says whether a session is one of the filter.
func (w *listWatch) match(s *bos.Session) bool {
	// Read before this watch, without what its filter needs. It is taken for one that matched: to be
	// notified that a session left which was not there does no harm, the opposite would.
	if needs := w.filter.Needs(); needs.Status && s.Status == nil || needs.Details && s.Details == nil {
		return true
	}
	return w.filter.Match(s)
}
