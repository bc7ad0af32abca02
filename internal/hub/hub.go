// Package hub follows sessions for their watches: it turns notices that
// something has changed into reads, as few as there can be, and hands out what
// they show.
//
// Each watched session is read at most once a tick, by one reader at a time, which
// reads all that are due in one go. A notice says only how far a session has come;
// what is shown is always read, so what is lost on the way is made up for by the
// next read, and after any fault everything is read again.
package hub

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Store is what the hub reads.
type Store interface {
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
	ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error)
	ReadChanges(ctx context.Context, reads []bos.ChangesRead) ([]*bos.Changes, error)
	Revisions(ctx context.Context, scopes []bos.SessionKey) (map[bos.SessionKey]int64, error)
	Epoch(ctx context.Context) (string, error)
}

// Options say how often things are looked at.
type Options struct {
	Tick     time.Duration // least time between two reads of a session for changes
	Interval time.Duration // how often the feed proves that it works; three without make everything stale
	Repair   time.Duration // least time between two comparisons of all revisions, after notices were lost although the feed works
	Log      *slog.Logger
}

// Hub follows what is watched. It is safe for concurrent use.
type Hub struct {
	store Store
	o     Options

	mu     sync.Mutex
	timer  *time.Timer // wakes the reader
	asleep time.Time   // until when the reader sleeps; zero while it is awake
	reads  uint64      // the number of the last read begun
	topics map[bos.SessionKey]*topic
	queue  queue
	list   list

	subscribed bool // the feed notifies of every change
	missed     bool // it has not notified of all, and nobody has looked for that yet

	epoch   string    // of Redis' data, as last received
	alive   time.Time // when the feed was last known to work
	failing time.Time // since when reads fail; zero if they do not
	retry   time.Time // when to read again after a failure

	// What puts in doubt what is read.
	interrupted doubt // the feed was, and since then Redis may have lost data
	stale       doubt // Redis, or the feed, does not answer, or incomplete
	silent      doubt // what comes from BOS may be behind
	unread      doubt // BOS is not read
	incomplete  bool  // what is stored may be: Redis has evicted keys
	gaps        int64 // how often the feed was interrupted
}

// New makes a hub, which a feed is to notify of changes.
func New(store Store, o Options) *Hub {
	h := &Hub{store: store, o: o, timer: time.NewTimer(idle), topics: map[bos.SessionKey]*topic{}, alive: time.Now()}
	h.list.reset()
	return h
}

// Run reads until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	var repairing sync.WaitGroup
	repairing.Go(func() { h.repair(ctx) })
	defer repairing.Wait()
	beat := time.NewTicker(h.o.Interval / 4)
	defer beat.Stop()
	defer h.timer.Stop()
	for ctx.Err() == nil {
		h.sleep(h.readDue(ctx))
		select {
		case <-ctx.Done():
		case <-h.timer.C:
		case <-beat.C:
			h.judge()
		}
	}
}

// gathering is how small a part of a tick the reader waits for what comes together.
const gathering = 50

// gatherFor is how long that is: what was written together is read together. It does not
// pay to sleep for less than a while.
func (h *Hub) gatherFor() time.Duration {
	if wait := h.o.Tick / gathering; wait >= 100*time.Microsecond {
		return wait
	}
	return 0
}

// idle is how long the reader sleeps when nothing is due.
const idle = time.Hour

// sleep lets the reader sleep after a round that read so much, until something is due or
// [Hub.soon] wakes it.
func (h *Hub) sleep(read int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.retry.After(now) { // nothing is read before, whatever becomes due
		h.timer.Reset(h.retry.Sub(now))
		return
	}
	until := now.Add(idle)
	if len(h.queue) > 0 && h.queue[0].when.Before(until) {
		until = h.queue[0].when
	}
	if due := h.list.due; !due.IsZero() && due.Before(until) {
		until = due
	}
	if gathered := now.Add(h.gatherFor()); read > 0 && read < maxRound && until.Before(gathered) {
		until = gathered // what came during the round gathers, too
	}
	h.asleep = until
	h.timer.Reset(until.Sub(now))
}

// judge raises stale when what is shown may be behind for too long, and lowers it
// by reading everything again.
func (h *Hub) judge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, patience := time.Now(), 3*h.o.Interval
	silent := now.Sub(h.alive) > patience || !h.failing.IsZero() && now.Sub(h.failing) > patience
	stale := silent || h.incomplete // what watches Redis logs the second
	if !h.stale.set(stale, h.reads) {
		return
	}
	if stale {
		if silent {
			h.o.Log.Warn("Redis or its pub/sub does not answer; watched sessions are stale")
		}
		for _, t := range h.topics {
			t.showStale(h.reads)
		}
		return
	}
	h.o.Log.Info("watched sessions are no longer stale; reading everything again")
	h.again(now)
}

// again reads everything again.
func (h *Hub) again(now time.Time) {
	for _, t := range h.topics {
		h.readAgain(t, now)
	}
	h.reloadList(now)
}
