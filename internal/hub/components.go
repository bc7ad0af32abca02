package hub

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// componentWatch is one watch of a session's components. Unlike statuses, which show the
// newest state to all watches at once, each follows the change log from where it is: a
// change that is skipped would leave its client with a wrong list for good.
type componentWatch struct {
	slot[*live.ComponentsUpdate]
	entry    entry
	topic    *topic
	detailed bool
	pace     time.Duration

	paced  time.Time       // nothing is shown before, but for the end and for those who join
	since  bos.ChangesRead // where the change log has been read to
	source bos.Source      // of the session, as last read
	need   uint64          // somebody needs to begin again, with this read or a later one; 0 if not
}

// WatchComponents follows a session's components, at least pace apart but for the end. Its watch
// ends with NOT_FOUND if there is no such session, or no more.
func (h *Hub) WatchComponents(key bos.SessionKey, detailed bool, pace time.Duration) live.Watch[*live.ComponentsUpdate] {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topicOf(key)
	w := &componentWatch{slot: slot[*live.ComponentsUpdate]{hub: h}, topic: t, detailed: detailed, pace: pace}
	w.entry.topic, w.entry.watch, w.since.SessionKey = t, w, key
	w.taken = &w.entry
	if t.components == nil {
		t.components = map[*componentWatch]bool{}
	}
	t.components[w] = true
	return w
}

// Close implements [live.Watch].
func (w *componentWatch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.topic.components, w)
	w.hub.place(&w.entry) // nobody waits for it any more
	w.hub.leave(w.topic)
}

// readComponents reads the change logs of watches and the components they name: those of
// several sessions in one round trip, for watches of one session often name the same.
func (h *Hub) readComponents(ctx context.Context, watches []*componentWatch, number uint64) error {
	// Only this goroutine writes since, so that it may be read without the lock.
	reads := make([]bos.ChangesRead, len(watches))
	for i, w := range watches {
		reads[i] = w.since
	}
	changes, err := h.store.ReadChanges(ctx, reads)
	if err != nil {
		return err
	}
	// What is missing was deleted, or was lost with much else: the epoch, read after it,
	// says which. Nobody pays for that as long as all are there.
	epoch := ""
	if slices.Contains(changes, nil) {
		if epoch, err = h.store.Epoch(ctx); err != nil {
			return err
		}
	}
	for len(watches) > 0 {
		n := atOnce(changes)
		found, err := h.readChanged(ctx, watches[:n], changes[:n])
		if err != nil {
			return err
		}
		h.mu.Lock()
		for i, w := range watches[:n] {
			h.showChanges(w, changes[i], found[w.detailed], number, epoch)
		}
		h.mu.Unlock()
		watches, changes = watches[n:], changes[n:]
	}
	return nil
}

// atOnce is how many of the first changes are read together, at least one: more than a
// round trip takes would be held in memory for nothing.
func atOnce(changes []*bos.Changes) int {
	ids := 0
	for i, c := range changes {
		if c != nil {
			ids += len(c.Changed)
		}
		if ids > bos.MaxPage {
			return max(i, 1)
		}
	}
	return len(changes)
}

// readChanged reads the components that changes name, by id, short and detailed ones: at
// most two round trips for all watches, and each component once however many name it.
func (h *Hub) readChanged(ctx context.Context, watches []*componentWatch, changes []*bos.Changes) (found map[bool]map[string]*bos.Component, err error) {
	found = map[bool]map[string]*bos.Component{}
	for i, c := range changes {
		if c == nil || len(c.Changed) == 0 {
			continue
		}
		of := found[watches[i].detailed]
		if of == nil {
			of = make(map[string]*bos.Component, len(c.Changed))
			found[watches[i].detailed] = of
		}
		for _, id := range c.Changed {
			of[id] = nil
		}
	}
	for detailed, of := range found {
		ids := slices.Sorted(maps.Keys(of))
		records, err := h.store.ReadComponents(ctx, ids, detailed)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			of[id] = records[i]
		}
	}
	return found, nil
}

// showChanges shows a watch its changes, or ends it if there is no such session any more.
func (h *Hub) showChanges(w *componentWatch, c *bos.Changes, records map[string]*bos.Component, number uint64, epoch string) {
	if c != nil {
		w.topic.missing = time.Time{}
	}
	switch {
	case (c == nil || c.Unfinished) && w.need > number: // made again since, maybe: the read that it needs shows that
	case c != nil && c.Unfinished:
		w.end((&bos.Session{SessionKey: w.topic.key, State: c.State}).DeletedWhile())
	case c != nil && c.State != bos.StateComplete && w.need == 0 && time.Now().Before(w.paced):
		h.at(&w.entry, w.paced) // read for what might have been the end
	case c != nil:
		w.show(c, records, number)
	case w.since.Epoch != "" && h.lost(number, w.since.Epoch, epoch) && h.awaits(&w.entry, w.source == bos.SourceBOS, number):
		w.since.After = 0 // revisions begin at 1 again
	default:
		w.end(bos.NoSession(w.topic.key))
	}
}

// show shows what has changed since the last read.
func (w *componentWatch) show(c *bos.Changes, records map[string]*bos.Component, number uint64) {
	// The log is followed to c.Revision, which was read in one moment with it: a record that
	// was read afterwards may be newer, and then its own change comes once more, which does
	// no harm.
	w.since.After, w.since.Incarnation, w.since.Epoch, w.source = c.Revision, c.Incarnation, c.Epoch, c.Source
	w.paced = w.entry.read.Add(w.pace)
	update := live.Update[*live.ComponentsUpdate]{
		Value:    &live.ComponentsUpdate{Revision: c.Revision, Components: []*bos.Component{}, Removed: c.Removed},
		Metadata: live.Metadata{Read: number, Revision: c.Revision, Epoch: c.Epoch, Last: c.State == bos.StateComplete},
	}
	for _, id := range c.Changed {
		if r := records[id]; r != nil && (r.Session == w.topic.key.Name || r.StagedSession() == w.topic.key.Name) {
			update.Value.Components = append(update.Value.Components, r)
		} else {
			update.Value.Removed = append(update.Value.Removed, id) // it has left since
		}
	}
	slices.Sort(update.Value.Removed)
	begins := w.need != 0 && number >= w.need
	if begins {
		w.need = 0
	}
	if c.Missed { // the log was cut, or it is another session's: clients read the list again
		update.Whole, update.Value.Resync = true, true
		w.replace(update)
		return
	}
	if begins {
		// Those who have joined since begin here, in front of the changes of this read: what
		// their client reads of the list afterwards has at least these.
		begin := update
		begin.Value = &live.ComponentsUpdate{Revision: c.Revision, Components: []*bos.Component{}, Resync: true}
		begin.Whole, begin.Again, begin.Last = true, true, false
		w.add(begin)
	}
	update.Empty = len(update.Value.Components)+len(update.Value.Removed) == 0
	// An empty read is no news, but the end of the session is, though nothing comes with it.
	if !update.Empty || update.Last {
		w.add(update)
	}
}
