package hub

import (
	"context"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// componentWatch is one watch of a session's components.
type componentWatch struct {
	slot[*bos.ComponentsUpdate]
	topic    *topic
	detailed bool
	pace     time.Duration

	since bos.ChangesRead // where the change log has been read to
	due   time.Time       // as that of a topic
	read  time.Time
	need  uint64 // somebody needs to begin anew, with this read or a later one; 0 if not
}

// WatchComponents follows a session's components, at least pace apart. Its watch
// ends with NOT_FOUND if there is no such session, or no more.
func (h *Hub) WatchComponents(key bos.SessionKey, detailed bool, pace time.Duration) bos.Watch[*bos.ComponentsUpdate] {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topicOf(key)
	w := &componentWatch{slot: newSlot[*bos.ComponentsUpdate](h), topic: t, detailed: detailed, pace: pace}
	w.since.SessionKey = key
	t.components[w] = struct{}{}
	return w
}

// at makes it due at a time, unless it is earlier already.
func (w *componentWatch) at(due time.Time) (sooner bool) { return advance(&w.due, due) }

// Fresh implements [bos.Watch].
func (w *componentWatch) Fresh() uint64 {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	w.need = h.reads + 1
	w.at(w.read.Add(h.o.Tick / joinSpread))
	h.poke()
	return w.need
}

// Close implements [bos.Watch].
func (w *componentWatch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.topic.components, w)
	w.hub.leave(w.topic)
}

// readComponents reads the change logs of watches and the components they name.
func (h *Hub) readComponents(ctx context.Context, watches []*componentWatch, number uint64) error {
	reads := make([]bos.ChangesRead, len(watches))
	for i, w := range watches {
		reads[i] = w.since
	}
	changes, err := h.store.ReadChanges(ctx, reads)
	if err != nil {
		return err
	}
	epoch := ""
	if slices.Contains(changes, nil) {
		if epoch, err = h.store.Epoch(ctx); err != nil {
			return err
		}
	}
	for i, w := range watches {
		var records []*bos.Component
		if c := changes[i]; c != nil && len(c.Changed) > 0 {
			if records, err = h.store.ReadComponents(ctx, c.Changed, w.detailed); err != nil {
				return err
			}
		}
		h.mu.Lock()
		switch {
		case changes[i] != nil:
			w.show(changes[i], records, number)
		case w.since.Epoch == "" || !h.lost(w.since.Epoch, epoch):
			w.end(bos.NoSession(w.topic.key))
		default:
			w.since.After = 0 // all have gone, and this one may come back
		}
		h.mu.Unlock()
	}
	return nil
}

// show shows what has changed since the last read.
func (w *componentWatch) show(c *bos.Changes, records []*bos.Component, number uint64) {
	w.since.After, w.since.Incarnation, w.since.Epoch = c.Revision, c.Incarnation, c.Epoch
	sight := bos.Sight[*bos.ComponentsUpdate]{
		Value:    &bos.ComponentsUpdate{Revision: c.Revision, Components: []*bos.Component{}, Removed: c.Removed},
		Standing: bos.Standing{Read: number, Revision: c.Revision, Epoch: c.Epoch, Last: c.State == bos.StateComplete},
	}
	for i, r := range records {
		if r != nil && (r.Session == w.topic.key.Name || r.StagedSession() == w.topic.key.Name) {
			sight.Value.Components = append(sight.Value.Components, r)
		} else {
			sight.Value.Removed = append(sight.Value.Removed, c.Changed[i]) // it has left since
		}
	}
	slices.Sort(sight.Value.Removed)
	begins := w.need != 0 && number >= w.need
	if begins {
		w.need = 0
	}
	if c.Missed {
		sight.Whole, sight.Value.Resync = true, true
		w.replace(sight)
		return
	}
	if begins { // for those who have joined since
		begin := sight
		begin.Value = &bos.ComponentsUpdate{Revision: c.Revision, Components: []*bos.Component{}, Resync: true}
		begin.Whole, begin.Again, begin.Last = true, true, false
		w.add(begin)
	}
	sight.Empty = len(sight.Value.Components)+len(sight.Value.Removed) == 0
	if !sight.Empty || sight.Last {
		w.add(sight)
	}
}
