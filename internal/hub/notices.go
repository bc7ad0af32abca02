package hub

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// ListSubscribed is called by the feed: every change of the list after this is notified.
// What changed before, and during a gap, is found by reading all of it.
func (h *Hub) ListSubscribed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reloadList(time.Now())
}

// ListChanged is called by the feed: a session's record was created, changed or removed.
func (h *Hub) ListChanged(scope bos.SessionKey, _ int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.list.watched() {
		h.listChanged(scope)
	}
}

// Interrupted is called by the feed: changes may be missed until [Hub.Subscribed].
// What is known is stale only if that takes three intervals, but what is missing from
// now on may only be missing in a Redis that has come back with less.
func (h *Hub) Interrupted() {
	h.o.Log.Warn("Redis pub/sub connection lost; reconnecting")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gaps++
	h.interrupted.set(true, h.reads)
}

// Health is how well the hub follows Redis.
type Health struct {
	Watched     int   // sessions
	Gaps        int64 // in the feed since the start: times in which notices may have been lost
	Stale       bool  // what is shown of all sessions may be behind
	SourceStale bool  // what is shown of those from BOS may be
}

// Health returns it.
func (h *Hub) Health() Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Health{Watched: len(h.topics), Gaps: h.gaps, Stale: h.stale.holds, SourceStale: h.silent.holds}
}

// Alive is called by the feed: Redis takes and delivers notices, and the namespace is at that
// revision.
func (h *Hub) Alive(epoch string, revision int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.alive = now
	if h.epoch != epoch && h.epoch != "" {
		// Revisions have begun again, so no comparison with what is known holds any more.
		h.o.Log.Warn("Redis epoch changed: data loss is possible; reading everything again")
		h.again(now)
	} else if h.interrupted.holds {
		h.again(now)
	}
	h.epoch, h.revision = epoch, revision
	h.interrupted.set(false, h.reads)
}

// Silent is called by the BOS sync: what comes from BOS may be behind, or is up to date
// again.
func (h *Hub) Silent(silent bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.silent.set(silent, h.reads) {
		return
	}
	for _, t := range h.topics {
		switch {
		case t.known == nil || !fromBOS(t.known):
		case silent:
			t.showStale(h.reads)
		default:
			h.readAgain(t, time.Now())
		}
	}
}

// Incomplete is called by what watches Redis: keys were evicted, so that what is stored may
// be wrong, or that is repaired. Watchers are shown what was known before, as stale.
func (h *Hub) Incomplete(incomplete bool) {
	h.mu.Lock()
	h.incomplete = incomplete
	h.mu.Unlock()
	h.judge()
}

// poll looks for changes whose notices were lost although nothing indicated it, until ctx
// ends. It runs beside the reader, so that nobody who joins waits for it. While nothing is
// written anywhere in the namespace there is nothing to look for, as long as the feed says so.
func (h *Hub) poll(ctx context.Context) {
	tick := time.NewTicker(h.o.Poll)
	defer tick.Stop()
	type position struct {
		epoch    string
		revision int64
	}
	var done position
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.walkList()
		// Before the comparison: what is written meanwhile is looked for the next time.
		h.mu.Lock()
		at, known := position{h.epoch, h.revision}, h.alive.After(last)
		h.mu.Unlock()
		last = time.Now()
		if known && at == done {
			continue
		}
		if h.compare(ctx) {
			done = at
		}
	}
}

// compare makes due what is at another revision than was read. It asks for some topics at a
// time, so that no command of others waits for all of them, and says whether it has asked
// for all.
func (h *Hub) compare(ctx context.Context) bool {
	for part := range slices.Chunk(h.watched(), bos.MaxPage) {
		revisions, err := h.store.Revisions(ctx, part)
		if err != nil {
			return false // the reader reports it
		}
		h.mu.Lock()
		for scope, revision := range revisions {
			if t := h.topics[scope]; t != nil {
				h.changed(t, revision)
			}
		}
		h.mu.Unlock()
	}
	return true
}

// walkList has all of the list read again if that was not done for a while.
func (h *Hub) walkList() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.Sub(h.list.walked) >= walkEvery {
		h.reloadList(now)
	}
}

// watched returns the keys of all topics.
func (h *Hub) watched() []bos.SessionKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.topics))
}
