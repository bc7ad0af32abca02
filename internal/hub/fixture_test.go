package hub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

const (
	tick     = 100 * time.Millisecond
	interval = time.Second
	repair   = 5 * time.Second
)

// world is a hub with a store and a feed that a test controls, in virtual time.
type world struct {
	*testing.T
	ctx   context.Context
	store *store
	feed  *feed
	hub   *Hub
}

// simulate runs a test in virtual time. What it leaves running is found: all
// goroutines have to end with the context.
func simulate(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{T: t, ctx: ctx, store: newStore(t), feed: &feed{}}
		w.hub = New(w.store, Options{Tick: tick, Interval: interval, Repair: repair, Log: slog.New(slog.DiscardHandler)})
		w.hub.Subscribed()
		var running sync.WaitGroup
		running.Go(func() { w.hub.Run(ctx) })
		running.Go(w.beat)
		defer running.Wait()
		defer cancel()
		test(w)
	})
}

// beat proves that the feed works, while it does.
func (w *world) beat() {
	pulse := time.NewTicker(interval)
	defer pulse.Stop()
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-pulse.C:
			if !w.feed.is(silent) {
				epoch, revision := w.store.at()
				w.hub.Alive(epoch, revision, w.feed.takeMissed())
			}
		}
	}
}

// pass lets time pass, and all that happens meanwhile.
func (w *world) pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
	synctest.Wait()
}

// write changes a session and notifies of it.
func (w *world) write(name string, change ...func(*bos.Session)) int64 {
	revision := w.store.write(key(name), change...)
	w.notify(name, revision, false)
	return revision
}

// notify reports a change to the hub, unless that is lost.
func (w *world) notify(name string, revision int64, record bool) {
	if !w.feed.is(lossy) {
		w.hub.Changed([]bos.Notice{{Scope: key(name), Revision: revision, Record: record}})
	}
}

func key(name string) bos.SessionKey { return bos.SessionKey{Name: name} }

func complete(s *bos.Session) { s.State = bos.StateComplete }

func deleted(s *bos.Session) { s.Deleted = true }

// The ways in which a feed fails.
const (
	lossy  = 1 << iota // changes are lost
	silent             // its probes do not come back
)

// feed fails as a test wants it to.
type feed struct {
	mu     sync.Mutex
	faults int
	missed bool // since the last proof
}

func (f *feed) is(fault int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults&fault != 0
}

func (f *feed) set(faults int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.missed = faults, f.missed || faults&lossy != 0
}

// takeMissed says whether changes were lost since it was last asked.
func (f *feed) takeMissed() (missed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	missed, f.missed = f.missed, f.faults&lossy != 0
	return missed
}

// seen is a update and when it came.
type seen[T any] struct {
	live.Update[T]
	at time.Time
}

// follower takes all that a watch shows.
type follower[T any] struct {
	w     *world
	watch live.Watch[T]
	need  uint64 // what its Fresh has returned
	stop  func()

	mu      sync.Mutex
	updates []seen[T]
	err     error
}

// follow takes what a watch shows, beginning with something fresh, until the test
// ends or it is stopped.
func follow[T any](w *world, watch live.Watch[T]) *follower[T] {
	f := &follower[T]{w: w, watch: watch, need: watch.Fresh()}
	ctx, cancel := context.WithCancel(w.ctx)
	f.stop = func() {
		cancel()
		watch.Close()
	}
	ready := woken(watch)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-ready:
			}
			for {
				update, err := taken(watch)
				if errors.Is(err, errNothing) {
					break
				}
				f.mu.Lock()
				if err == nil {
					f.updates = append(f.updates, seen[T]{update, time.Now()})
				} else {
					f.err = err
				}
				f.mu.Unlock()
				if err != nil {
					return
				}
			}
		}
	}()
	return f
}

// woken is where something comes each time a watch has something again.
func woken[T any](watch live.Watch[T]) <-chan struct{} {
	ready := make(chan struct{}, 1)
	watch.Wake(func() {
		select {
		case ready <- struct{}{}:
		default:
		}
	})
	return ready
}

var errNothing = errors.New("there is nothing yet")

// taken takes what a watch has, and fails if it has nothing.
func taken[T any](watch live.Watch[T]) (live.Update[T], error) {
	update, ok, err := watch.Next()
	if !ok && err == nil {
		err = errNothing
	}
	return update, err
}

func (w *world) status(name string, want bos.Want) *follower[*bos.Status] {
	return follow(w, w.hub.WatchStatus(key(name), want))
}

// take returns what has come since the last take, when everything is at rest.
func (f *follower[T]) take() []seen[T] {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.updates
	f.updates = nil
	return taken
}

// one takes the only thing that has come.
func (f *follower[T]) one(what string) seen[T] {
	f.w.Helper()
	taken := f.take()
	if len(taken) != 1 {
		f.w.Fatalf("%s: %d updates: %+v, %v", what, len(taken), taken, f.ended())
	}
	return taken[0]
}

// last takes the newest thing that has come.
func (f *follower[T]) last(what string) seen[T] {
	f.w.Helper()
	taken := f.take()
	if len(taken) == 0 {
		f.w.Fatalf("%s: nothing has come, %v", what, f.ended())
	}
	return taken[len(taken)-1]
}

func (f *follower[T]) none(what string) {
	f.w.Helper()
	if taken := f.take(); len(taken) != 0 || f.ended() != nil {
		f.w.Fatalf("%s: %+v, %v", what, taken, f.ended())
	}
}

// ended is the error that has ended the watch, if it has ended.
func (f *follower[T]) ended() error {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
