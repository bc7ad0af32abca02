// Package feed is the one subscription of a process to what changes in the namespace.
package feed

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// Listener receives what a [Feed] reports. Its methods are called one at a time and
// must not block.
type Listener interface {
	// Subscribed says that from now on every change of the scope is reported. It
	// follows each Watch of a scope that nobody watched, and every gap: read then.
	Subscribed(scope bos.SessionKey)
	// Changed says that the scope is at that revision.
	Changed(scope bos.SessionKey, revision int64)
	// ListSubscribed is Subscribed for the list of sessions and, if all are
	// watched, for all scopes.
	ListSubscribed()
	// ListChanged says that a session's record appeared, changed or went.
	ListChanged(scope bos.SessionKey, revision int64)
	// Interrupted says, once a loss, that changes may go unreported until Subscribed
	// and ListSubscribed are called again.
	Interrupted()
	// Alive says that a probe has come all the way back: Redis answers, takes
	// notices and delivers them. All notices up to that revision, of the
	// namespace's counter, have been delivered before.
	Alive(epoch string, revision int64)
}

// Feed is the one subscription of a process to what changes in the namespace. It
// says only that something has changed; the listener reads.
type Feed struct {
	db       *redisdb.DB
	listener Listener
	interval time.Duration
	probes   string // the channel by which it receives its own probes

	wake     chan struct{} // what is wanted has changed
	probeNow chan struct{} // there is a new connection to be proved

	mu     sync.Mutex
	wanted map[string]int   // channels, and the pattern of all, by how many want them
	conn   *connection      // the connection; nil while there is none
	seen   redisdb.Position // the highest that was received
	proved time.Time        // when a probe last came back, or the connection was made
}

// New makes a feed that proves every interval that it works, once it runs. If
// three intervals pass without such proof it connects again.
func New(db *redisdb.DB, l Listener, interval time.Duration) *Feed {
	return &Feed{
		db: db, listener: l, interval: interval, probes: db.Keys.Probes(rand.Text()),
		wake: make(chan struct{}, 1), probeNow: make(chan struct{}, 1), wanted: map[string]int{},
	}
}

// Watch asks for the changes of a scope. Several that watch it ask once each, and
// each ends it by an Unwatch. It never blocks and may be called at any time.
func (f *Feed) Watch(scope bos.SessionKey) { f.want(f.db.Keys.Notices(scope)) }

// Unwatch takes back one Watch. What is on its way may still be reported.
func (f *Feed) Unwatch(scope bos.SessionKey) { f.unwant(f.db.Keys.Notices(scope)) }

// WatchAll is Watch for all scopes. A change of one that is watched besides may be
// reported twice.
func (f *Feed) WatchAll() { f.want(f.db.Keys.AllNotices()) }

// UnwatchAll takes back one WatchAll.
func (f *Feed) UnwatchAll() { f.unwant(f.db.Keys.AllNotices()) }

func (f *Feed) want(channel string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted[channel]++
	if f.wanted[channel] == 1 {
		f.turned(channel)
	}
}

func (f *Feed) unwant(channel string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch f.wanted[channel] {
	case 0:
	case 1:
		delete(f.wanted, channel)
		f.turned(channel)
	default:
		f.wanted[channel]--
	}
}

// turned notes that a channel is wanted now, or no more. A connection that is yet
// to be made looks at all of them.
func (f *Feed) turned(channel string) {
	if f.conn != nil {
		f.conn.turned[channel] = true
		wakeUp(f.wake)
	}
}

// wakeUp wakes the goroutine that waits for c, or will.
func wakeUp(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// How long the feed waits before it connects again: doubled with each failure, and
// anything up to twice that, so that many processes do not come back at once.
const (
	shortestPause = 10 * time.Millisecond
	longestPause  = time.Second
)

// Run receives notices until ctx ends. It returns when the connection is closed and nothing of
// it runs any more, which may take as long as one exchange with Redis.
func (f *Feed) Run(ctx context.Context) {
	var probing sync.WaitGroup
	probing.Go(func() { f.probe(ctx) })
	defer probing.Wait()
	pause := shortestPause
	for {
		if f.listen(ctx) {
			pause = shortestPause
		}
		select {
		case <-time.After(pause/2 + mathrand.N(pause)):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// listen follows one connection until it is lost, and says whether there was one.
func (f *Feed) listen(ctx context.Context) bool {
	l, err := f.connect(ctx)
	if err != nil {
		return false
	}
	go l.read()
	f.keepUp(ctx, l)
	f.hangUp(l)
	<-l.ended
	if l.up && ctx.Err() == nil {
		f.listener.Interrupted()
	}
	return l.up
}

// keepUp has the connection subscribe to what is wanted, while it works.
func (f *Feed) keepUp(ctx context.Context, l *connection) {
	check := time.NewTicker(max(f.interval/4, time.Millisecond)) // three intervals are not to become four
	defer check.Stop()
	for l.subscribe() == nil {
		select {
		case <-f.wake:
		case <-check.C:
			if f.silent() {
				return
			}
		case <-l.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}
