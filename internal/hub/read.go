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
		case t.known != nil && (t.known.Epoch != epoch || h.interrupted):
			t.covered = 0
			t.showStale(number) // until whoever keeps the sessions writes it again
		default:
			t.gone(notFound(t.key))
		}
	}
	return nil
}

func notFound(key bos.SessionKey) error {
	if key.Tenant != "" {
		return bos.Errorf(bos.NotFound, "tenant %q has no session %q", key.Tenant, key.Name)
	}
	return bos.Errorf(bos.NotFound, "there is no session %q without a tenant", key.Name)
}
