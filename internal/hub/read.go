package hub

import (
	"context"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
)

// readTopics reads the statuses and components of a round and shows them.
func (h *Hub) readTopics(ctx context.Context, r *round) error {
	for part := range slices.Chunk(r.status, bos.MaxPage) {
		if err := h.readStatus(ctx, part, r.number); err != nil {
			return err
		}
	}
	if len(r.components) == 0 {
		return nil
	}
	return h.readComponents(ctx, r.components, r.number)
}

func (h *Hub) readStatus(ctx context.Context, part []statusRead, number uint64) error {
	reads := make([]bos.SessionRead, len(part))
	for i, s := range part {
		reads[i] = bos.SessionRead{SessionKey: s.topic.key, Want: s.want}
	}
	found, err := h.store.ReadSessions(ctx, reads)
	if err != nil {
		return err
	}
	epoch := ""
	if slices.Contains(found, nil) {
		// A session that is not there has gone, unless much more has.
		if epoch, err = h.store.Epoch(ctx); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, s := range part {
		t := s.topic
		switch {
		case found[i] != nil:
			h.show(t, found[i].Status, number, s.want)
		case t.known != nil && h.lost(t.known.Epoch, epoch):
			t.covered = 0
			t.showStale(number) // until whoever keeps the sessions writes it again
		default:
			t.gone(bos.NoSession(t.key))
		}
	}
	return nil
}

// lost says whether what is missing, and was there in the epoch that was known, may
// be missing because Redis has come back with less.
func (h *Hub) lost(known, epoch string) bool { return known != epoch || h.interrupted }
