package hub

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// list is what is known of all sessions while somebody watches them.
type list struct {
	watches map[*listWatch]struct{}
	known   map[bos.SessionKey]*bos.Session // the newest of each name; nil until read
	dirty   map[bos.SessionKey]struct{}
	due     time.Time // as that of a topic
	read    time.Time
	whole   bool      // read all of it again, and see what has changed
	walked  time.Time // when that was last done
}

// walkEvery is how often all of the list is read in case that notices were lost: a
// system has thousands of sessions.
const walkEvery = 30 * time.Second

func (l *list) reset() {
	*l = list{watches: map[*listWatch]struct{}{}, dirty: map[bos.SessionKey]struct{}{}, read: l.read}
}

func (l *list) watched() bool { return len(l.watches) > 0 }

func (l *list) followsStatus() bool {
	for w := range l.watches {
		if w.want.Status {
			return true
		}
	}
	return false
}

func (l *list) at(due time.Time) (sooner bool) { return advance(&l.due, due) }

func (l *list) changed(scope bos.SessionKey, tick time.Duration) (sooner bool) {
	l.dirty[scope] = struct{}{}
	return l.at(l.read.Add(tick))
}

func (l *list) reload(now time.Time) {
	if l.watched() {
		l.whole = true
		l.at(now)
	}
}

// listWatch is one watch of the sessions of a filter.
type listWatch struct {
	slot[*bos.SessionsUpdate]
	filter bos.SessionFilter
	want   bos.Want
}

// WatchSessions follows the sessions of a filter as they appear, change and go.
func (h *Hub) WatchSessions(f bos.SessionFilter, want bos.Want) bos.Watch[*bos.SessionsUpdate] {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &listWatch{slot: newSlot[*bos.SessionsUpdate](h), filter: f, want: want}
	first := !h.list.watched()
	h.list.watches[w] = struct{}{}
	if first {
		h.list.reload(time.Now())
		h.poke()
	}
	if want.Status {
		h.feed.WatchAll()
	}
	return w
}

// Fresh implements [bos.Watch]: there is no first state.
func (w *listWatch) Fresh() uint64 { return 0 }

// Close implements [bos.Watch].
func (w *listWatch) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.list.watches, w)
	if w.want.Status {
		h.feed.UnwatchAll()
	}
	if !h.list.watched() {
		h.list.reset()
	}
}

// readList reads what has changed in the list and shows it.
func (h *Hub) readList(ctx context.Context) error {
	h.mu.Lock()
	now := time.Now()
	whole := h.list.whole
	dirty := slices.Collect(maps.Keys(h.list.dirty))
	h.list.due, h.list.read, h.list.whole = time.Time{}, begun(h.list.due, now, h.o.Tick), false
	if whole {
		h.list.walked = now
	}
	clear(h.list.dirty)
	var want bos.Want
	for w := range h.list.watches {
		want = want.With(w.want)
	}
	first := h.list.known == nil
	h.mu.Unlock()

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

func (h *Hub) readListed(ctx context.Context, whole, first bool, dirty []bos.SessionKey, want bos.Want) error {
	if whole {
		all, err := h.readAll(ctx)
		if err != nil {
			return err
		}
		h.mu.Lock()
		if first && h.list.watched() {
			for scope := range h.list.dirty { // they have changed during this very read
				delete(all, scope)
			}
			for _, scope := range dirty { // or since the first watch
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
		for i, scope := range part {
			h.list.show(scope, found[i], want)
		}
		h.mu.Unlock()
	}
	return nil
}

// readAll reads the records of all sessions that bear their name now.
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

// show shows what has become of a session to those whose list it is in or was in.
func (l *list) show(scope bos.SessionKey, s *bos.Session, want bos.Want) {
	old := l.known[scope]
	if l.known == nil || s == nil && old == nil {
		return
	}
	if s == nil {
		delete(l.known, scope)
	} else {
		l.known[scope] = s
	}
	changed := old == nil || s == nil || old.Version != s.Version || old.Incarnation != s.Incarnation
	replaced := old != nil && (s == nil || old.Incarnation != s.Incarnation)
	for w := range l.watches {
		was, is := old != nil && w.match(old), s != nil && w.match(s)
		// One that BOS has deleted stays in the list when its name is taken again.
		if was && (replaced && !(s != nil && old.Deleted) || !replaced && !is) {
			w.show(old.ID(), &bos.SessionsUpdate{DeletedID: new(old.ID())})
		}
		if is && (changed || w.want.Status) && want.Covers(w.want) {
			w.show(s.ID(), &bos.SessionsUpdate{Session: s})
		}
	}
}

func (w *listWatch) show(id string, update *bos.SessionsUpdate) {
	w.add(bos.Sight[*bos.SessionsUpdate]{Value: update, Standing: bos.Standing{Key: id}})
}

// match says whether a session is one of the filter.
func (w *listWatch) match(s *bos.Session) bool {
	start, err := s.StartTime.UTC()
	if err != nil {
		start = time.Time{} // as the list has it: before all others
	}
	return w.filter.Match(s) && passes(w.filter.StartedAfter, start.After) && passes(w.filter.StartedBefore, start.Before)
}

func passes(bound *bos.Time, compare func(time.Time) bool) bool {
	if bound == nil {
		return true
	}
	at, err := bound.UTC()
	return err == nil && compare(at)
}
