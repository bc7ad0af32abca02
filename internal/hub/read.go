package hub

import (
	"context"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// readDue reads what is due, a round at most, and returns how much that was.
func (h *Hub) readDue(ctx context.Context) (read int) {
	h.mu.Lock()
	h.asleep = time.Time{}
	h.mu.Unlock()
	return h.readRound(ctx, true)
}

// readRound reads a round of what is due, with the list or without it: the reading of the
// list calls it for the rest between its pages.
func (h *Hub) readRound(ctx context.Context, list bool) (read int) {
	now := time.Now()
	h.mu.Lock()
	if h.retry.After(now) {
		h.mu.Unlock()
		return 0
	}
	r := h.begin(now, list)
	h.mu.Unlock()
	if r.size() == 0 {
		return 0
	}
	// Watched sessions first: many clients follow them, and reading the whole list can take
	// long.
	err := h.readTopics(ctx, r)
	if err == nil && r.list {
		err = h.readList(ctx)
	}
	if ctx.Err() == nil { // else the error is that the server ends, which is none of Redis
		h.settle(r, err)
	}
	return r.size()
}

// The pause after a read that has failed, doubled with each to the longest.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = time.Second
)

// settle notes how a round ended. After a failure all of it is due again, and nothing else
// is read before: Redis is one, and what fails for some would fail for the others too.
func (h *Hub) settle(r *round, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if err == nil {
		h.failing, h.retry = time.Time{}, time.Time{}
		return
	}
	if h.failing.IsZero() {
		h.failing = now
		h.o.Log.Warn("reading watched sessions failed; trying again", "error", err)
	}
	// As long as it has failed for: that doubles the pause each time, without a counter.
	pause := min(max(now.Sub(h.failing), firstRetry), longestRetry)
	h.retry = now.Add(pause)
	for _, s := range r.status {
		h.at(&s.topic.status, h.retry)
		if h.stale.holds { // for those who have joined since
			s.topic.showStale(r.number)
		}
	}
	for _, w := range r.components {
		h.at(&w.entry, h.retry)
	}
	if r.list {
		h.listAt(h.retry)
	}
}

// readTopics reads the statuses and components of a round and shows them.
func (h *Hub) readTopics(ctx context.Context, r *round) error {
	if len(r.status) > 0 {
		if err := h.readStatus(ctx, r.status, r.number); err != nil {
			return err
		}
	}
	if len(r.components) > 0 {
		return h.readComponents(ctx, r.components, r.number)
	}
	return nil
}

// readStatus reads the statuses of topics in one round trip and shows them.
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
		// A session that is not there was deleted, unless much more is missing. Read after the
		// sessions: an epoch that is the same then was so when they were missing.
		if epoch, err = h.store.Epoch(ctx); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, s := range part {
		t := s.topic
		switch {
		case found[i] != nil && found[i].Unfinished():
			t.gone(number, found[i].DeletedWhile())
		case found[i] != nil:
			h.show(t, found[i].Status, number, s.want)
		case t.known != nil && h.lost(number, t.known.Epoch, epoch) && h.awaits(&t.status, fromBOS(t.known), number):
			t.covered = 0 // revisions begin at 1 again
			t.showStale(number)
		default:
			t.gone(number, bos.NoSession(t.key))
		}
	}
	return nil
}

// rewriting is how long the source of a session has to write it again after Redis has lost it.
const rewriting = 10 * time.Minute

// awaits says whether the source of a session, BOS or a producer, may still write it again, and has the entry read when it may not. A
// producer may have forgotten it; while BOS is not read, nobody can say whether BOS still has it.
func (h *Hub) awaits(e *entry, fromBOS bool, number uint64) bool {
	t, now := e.topic, time.Now()
	if t.missing.IsZero() {
		t.missing = now
	}
	end := t.missing.Add(rewriting)
	if h.interrupted.of(number) || h.unread.of(number) && fromBOS {
		end = now.Add(rewriting)
	}
	if !now.Before(end) { // watches end now: nothing is read until their owners close them
		return false
	}
	h.at(e, end)
	return true
}

// lost says whether what a read did not find, and was there in the epoch that was
// known, may be missing because Redis has lost data.
func (h *Hub) lost(number uint64, known, epoch string) bool {
	return known != epoch || h.interrupted.of(number)
}
