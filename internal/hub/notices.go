package hub

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Subscribed is called by the feed: every change after this is notified. What changed before, and during a gap, is found by
// reading everything.
func (h *Hub) Subscribed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscribed = true
	h.again(time.Now())
}

// Changed is called by the feed: these scopes have changed.
func (h *Hub) Changed(notices []bos.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range notices {
		if t := h.topics[n.Scope]; t != nil {
			h.changed(t, n.Revision, n.Record)
		}
		// Counters change without the record of the session: only where a status is wanted as well.
		if n.Record && h.list.watched() || h.list.statuses > 0 {
			if n.Record {
				h.list.recordChanged(n)
			}
			h.listChanged(n.Scope)
		}
	}
}

// Interrupted is called by the feed: changes may be missed until [Hub.Subscribed].
// What is known is stale only if that takes three intervals, but what is missing from
// now on may only be missing in a Redis that has come back with less.
func (h *Hub) Interrupted() {
	h.o.Log.Warn("Redis pub/sub connection lost; reconnecting")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscribed = false
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

// Alive is called by the feed: Redis takes and delivers notices, the namespace is at that
// revision, and notices were missed on the way to it, or not.
func (h *Hub) Alive(epoch string, _ int64, missed bool) {
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
	h.epoch = epoch
	if missed && !h.missed {
		h.o.Log.Info("changes may have come without a notice; comparing all revisions")
	}
	h.missed = h.missed || missed
	h.interrupted.set(false, h.reads)
}

// Silent is called by the BOS sync: what comes from BOS may be behind, or is up to date
// again. It may be behind although BOS is read.
func (h *Hub) Silent(silent, unread bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unread.set(unread, h.reads)
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

// repair looks for changes whose notices were lost although nothing else indicated it, until ctx
// ends. It runs beside the reader, so that nobody who joins waits for it.
func (h *Hub) repair(ctx context.Context) {
	tick := time.NewTicker(h.o.Repair)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if h.toRepair() && !h.compare(ctx) {
			h.mu.Lock()
			h.missed = true // for the next time
			h.mu.Unlock()
		}
	}
}

// toRepair says whether notices were lost since it was last asked, or the feed has had nothing to say for so long that they may
// be. What is known of the list is compared by reading it again, then and whenever that was not done for a while.
func (h *Hub) toRepair() (missed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	missed, h.missed = h.missed || now.Sub(h.alive) > 3*h.o.Interval, false
	if missed || now.Sub(h.list.walked) >= walkEvery {
		h.reloadList(now)
	}
	if missed && h.list.statuses > 0 {
		for scope, s := range h.list.known {
			if s.State != bos.StateComplete { // of one that is, nothing changes but its record
				h.listChanged(scope)
			}
		}
	}
	return missed
}

// compare makes due what is at another revision than was read, and what has none: it was deleted. It
// asks for some topics at a time, so that no command of others waits for all of them, and says whether
// it has asked for all.
func (h *Hub) compare(ctx context.Context) bool {
	for part := range slices.Chunk(h.watched(), bos.MaxPage) {
		revisions, err := h.store.Revisions(ctx, part)
		if err != nil {
			return false // the reader reports it
		}
		h.mu.Lock()
		for _, scope := range part {
			t := h.topics[scope]
			if t == nil {
				continue
			}
			if revision, known := revisions[scope]; known {
				h.changed(t, revision, true) // whose notice was lost may be the end
			} else {
				h.readAgain(t, time.Now())
			}
		}
		h.mu.Unlock()
	}
	return true
}

// watched returns the keys of all topics.
func (h *Hub) watched() []bos.SessionKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.topics))
}
