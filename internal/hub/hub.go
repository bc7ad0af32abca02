// Package hub follows sessions for whoever watches them: it turns notices that
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

// Feed is told which notices are wanted; it calls the hub's methods with them.
type Feed interface {
	Watch(scope bos.SessionKey)
	Unwatch(scope bos.SessionKey)
	WatchAll()
	UnwatchAll()
}

// Options say how often things are looked at.
type Options struct {
	Tick     time.Duration // least time between two reads of a session for changes
	Interval time.Duration // how often the feed proves that it works; three without make everything stale
	Poll     time.Duration // how often revisions are compared, in case that notices are lost all the same
	Log      *slog.Logger
}

// Hub follows what is watched. It is safe for concurrent use.
type Hub struct {
	store Store
	feed  Feed
	o     Options

	mu     sync.Mutex
	wake   chan struct{} // something may be due
	reads  uint64        // the number of the last read begun
	topics map[bos.SessionKey]*topic
	list   list

	epoch       string    // of Redis' data, as last heard
	interrupted bool      // since then the feed has been
	alive       time.Time // when the feed was last known to work
	failing     time.Time // since when reads fail; zero if they do not
	retry       time.Time // when to read again after a failure
	stale       bool
	silent      bool // what comes from BOS may be behind
}

// New makes a hub. [Hub.Run] needs the feed that tells it of changes.
func New(store Store, o Options) *Hub {
	h := &Hub{store: store, o: o, wake: make(chan struct{}, 1), topics: map[bos.SessionKey]*topic{}, alive: time.Now()}
	h.list.reset()
	return h
}

// Use sets the feed, before anything is watched.
func (h *Hub) Use(f Feed) { h.feed = f }

// Run reads until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	beat := time.NewTicker(h.o.Interval / 4)
	defer beat.Stop()
	poll := time.NewTicker(h.o.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		wait := h.readDue(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-h.wake:
			h.gather()
		case <-timer.C:
		case <-beat.C:
			h.judge()
		case <-poll.C:
			h.poll(ctx)
		}
		timer.Stop()
	}
}

// gathering is how small a part of a tick the reader waits for what comes together.
const gathering = 50

// gather waits: what was written together is read together. It does not pay to
// sleep for less than a while.
func (h *Hub) gather() {
	if wait := h.o.Tick / gathering; wait >= 100*time.Microsecond {
		time.Sleep(wait)
	}
}

// readDue reads what is due, and returns how long nothing will be.
func (h *Hub) readDue(ctx context.Context) time.Duration {
	now := time.Now()
	h.mu.Lock()
	if wait := h.retry.Sub(now); wait > 0 {
		h.mu.Unlock()
		return wait
	}
	round, wait := h.due(now)
	h.mu.Unlock()
	if round.empty() {
		return wait
	}
	err := h.readTopics(ctx, round)
	if err == nil && round.list {
		err = h.readList(ctx)
	}
	if ctx.Err() == nil {
		h.settle(round, err)
	}
	return 0
}

// round is what is read in one go.
type round struct {
	number     uint64
	status     []statusRead
	components []*componentWatch
	list       bool
}

// statusRead is what is read of a topic: a watch that comes later may want more.
type statusRead struct {
	topic *topic
	want  bos.Want
}

func (r *round) empty() bool { return len(r.status)+len(r.components) == 0 && !r.list }

// idle is how long the reader sleeps when nothing is due.
const idle = time.Hour

// due takes what is due, and says when the next will be.
func (h *Hub) due(now time.Time) (*round, time.Duration) {
	r, wait := &round{}, idle
	at := func(due time.Time) bool {
		if due.IsZero() {
			return false
		}
		if d := due.Sub(now); d > 0 {
			wait = min(wait, d)
			return false
		}
		return true
	}
	for _, t := range h.topics {
		if len(t.watches) > 0 && t.readable(now, h.o.Interval) && at(t.due) {
			t.due, t.read = time.Time{}, begun(t.due, now, h.o.Tick)
			r.status = append(r.status, statusRead{t, t.want})
		}
		for w := range t.components {
			if t.readable(now, h.o.Interval) && w.free() && at(w.due) {
				w.due, w.read = time.Time{}, begun(w.due, now, h.o.Tick)
				r.components = append(r.components, w)
			}
		}
	}
	r.list = at(h.list.due)
	if !r.empty() {
		h.reads++
		r.number = h.reads
	}
	return r, wait
}

// advance moves a time that something is due forward to another, if that is earlier.
// Zero is never.
func advance(due *time.Time, to time.Time) (sooner bool) {
	if sooner = due.IsZero() || to.Before(*due); sooner {
		*due = to
	}
	return sooner
}

// begun is when the read of something that was due counts as begun: when it was due,
// unless that is a tick ago. Otherwise each read would be a little later than the one
// before, and what is written every tick would wait for nearly as long.
func begun(due, now time.Time, tick time.Duration) time.Time {
	if now.Sub(due) < tick {
		return due
	}
	return now
}

// The pause after a read that has failed, doubled with each to the longest.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = time.Second
)

// settle notes how a round has gone. After a failure all of it is due again.
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
		h.o.Log.Warn("watched sessions can't be read; trying again", "error", err)
	}
	pause := min(max(now.Sub(h.failing), firstRetry), longestRetry)
	h.retry = now.Add(pause)
	for _, s := range r.status {
		s.topic.at(h.retry)
		if h.stale { // for those who have joined since
			s.topic.showStale(r.number)
		}
	}
	for _, w := range r.components {
		w.at(h.retry)
	}
	if r.list {
		h.list.at(h.retry)
	}
}

// poke lets the reader look again at what is due.
func (h *Hub) poke() { poke(h.wake) }

// poke wakes whoever waits for c, or will.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// judge raises stale when what is shown may be behind for too long, and lowers it
// by reading everything again.
func (h *Hub) judge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, patience := time.Now(), 3*h.o.Interval
	stale := now.Sub(h.alive) > patience || !h.failing.IsZero() && now.Sub(h.failing) > patience
	if stale == h.stale {
		return
	}
	h.stale = stale
	if stale {
		h.o.Log.Warn("Redis or its notices are silent: what is shown may be behind")
		for _, t := range h.topics {
			t.showStale(h.reads)
		}
		return
	}
	h.o.Log.Info("Redis and its notices are back: reading everything again")
	h.again(now)
}

// again reads everything anew.
func (h *Hub) again(now time.Time) {
	for _, t := range h.topics {
		t.again(now)
	}
	h.list.reload(now)
	h.poke()
}
