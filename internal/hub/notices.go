package hub

import (
	"context"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Subscribed is told by the feed: every change of the scope after this is told.
func (h *Hub) Subscribed(scope bos.SessionKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[scope]; t != nil {
		t.subscribed = true
		t.again(time.Now())
		h.poke()
	}
}

// Changed is told by the feed: the scope is at that revision.
func (h *Hub) Changed(scope bos.SessionKey, revision int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[scope]
	sooner := t != nil && t.changed(revision, h.o.Tick)
	if h.list.followsStatus() {
		sooner = h.list.changed(scope, h.o.Tick) || sooner
	}
	if sooner {
		h.poke()
	}
}

// ListSubscribed is told by the feed: every change of the list after this is told.
func (h *Hub) ListSubscribed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list.reload(time.Now())
	h.poke()
}

// ListChanged is told by the feed: a session's record has appeared, changed or gone.
func (h *Hub) ListChanged(scope bos.SessionKey, _ int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.list.watched() && h.list.changed(scope, h.o.Tick) {
		h.poke()
	}
}

// Interrupted is told by the feed: changes may be missed until it tells otherwise.
// What is known is stale only if that takes three intervals, but what is missing from
// now on may only be missing in a Redis that has come back with less.
func (h *Hub) Interrupted() {
	h.o.Log.Warn("the notices of Redis are interrupted")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.interrupted = true
}

// Alive is told by the feed: Redis takes and delivers notices.
func (h *Hub) Alive(epoch string, _ int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.alive = now
	if h.epoch != epoch && h.epoch != "" {
		h.o.Log.Warn("Redis has been away and may have come back with less: reading everything again")
		h.again(now)
	} else if h.interrupted {
		h.again(now)
	}
	h.epoch, h.interrupted = epoch, false
}

// Silent is told by the sync from BOS: what comes from there may be behind, or no more.
func (h *Hub) Silent(silent bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.silent == silent {
		return
	}
	h.silent = silent
	for _, t := range h.topics {
		switch {
		case t.known == nil || !fromBOS(t.known):
		case silent:
			t.showStale(h.reads)
		default:
			t.again(time.Now())
		}
	}
	h.poke()
}

// poll looks for changes whose notices were lost, although nothing has told so.
func (h *Hub) poll(ctx context.Context) {
	h.mu.Lock()
	scopes := make([]bos.SessionKey, 0, len(h.topics))
	for key := range h.topics {
		scopes = append(scopes, key)
	}
	if now := time.Now(); now.Sub(h.list.walked) >= walkEvery {
		h.list.reload(now)
	}
	h.mu.Unlock()
	revisions, err := h.store.Revisions(ctx, scopes)
	if err != nil {
		return // what is due will say so
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for scope, revision := range revisions {
		if t := h.topics[scope]; t != nil {
			t.changed(revision, h.o.Tick)
		}
	}
}
