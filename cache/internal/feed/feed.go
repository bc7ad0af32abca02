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
	// Subscribed says that from now on every change is reported. It is called at first, and after every gap: read
	// everything then.
	Subscribed()
	// Changed says what has changed. The notices are the feed's again when it returns.
	Changed(notices []bos.Notice)
	// Interrupted says, once a loss, that changes go unreported until Subscribed is called again.
	Interrupted()
	// Alive says that a probe has come all the way back: Redis answers, takes
	// notices and delivers them. The namespace has been at that revision, and missed says that not all notices up to it have
	// been delivered before, although the connection held: they were lost on the way, or something writes that gives none.
	Alive(epoch string, revision int64, missed bool)
}

// Feed is the one subscription of a process to what changes in the namespace. It
// says only that something has changed; the listener reads.
type Feed struct {
	db       *redisdb.DB
	listener Listener
	interval time.Duration
	probes   string // the channel by which it receives its own probes

	probeNow chan struct{} // there is a new connection to be proved

	mu     sync.Mutex
	seen   redisdb.Position // the highest that was received
	proved time.Time        // when a probe last came back, or the connection was made
	next   int64            // the revision that the next notice begins with; 0 while that is not known
	missed bool             // one was lost since the last probe
}

// New makes a feed that proves every interval that it works, once it runs. If
// three intervals pass without such proof it connects again.
func New(db *redisdb.DB, l Listener, interval time.Duration) *Feed {
	return &Feed{db: db, listener: l, interval: interval, probes: db.Keys.Probes(rand.Text()), probeNow: make(chan struct{}, 1)}
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
	f.supervise(ctx, l)
	_ = l.pubsub.Close() // fails only if it is closed already; its reader ends with that
	<-l.ended
	if l.up && ctx.Err() == nil {
		f.listener.Interrupted()
	}
	return l.up
}

// supervise returns when the connection works no more.
func (f *Feed) supervise(ctx context.Context, l *connection) {
	check := time.NewTicker(max(f.interval/4, time.Millisecond)) // three intervals are not to become four
	defer check.Stop()
	for !f.silent() {
		select {
		case <-check.C:
		case <-l.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}
