package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// part is one thing that a server starts and stops. The parts are started in order, each
// on what the ones before it have made, and stopped in reverse. A start that fails leaves
// nothing behind.
type part struct {
	name  string
	start func() error
	stop  func(context.Context) error
}

const (
	// rollback is how long a start that has failed waits for what it had started.
	rollback = 5 * time.Second
	// lastWait is how long Stop waits after its time is up: all work has been cancelled
	// by then, and needs a moment to notice.
	lastWait = 2 * time.Second
	// leastWait is what each part gets even after that, so that closing connections is not
	// reported as a failure because something before it took long.
	leastWait = 100 * time.Millisecond
)

// errOnce is returned by a second Start, and by one after Stop: what the parts have made
// is not made again.
var errOnce = errors.New("a server can be started only once")

// Start serves until Stop. A Redis that is not there yet does not keep it from starting:
// /readyz says so. A namespace of another version does, and so does an address that
// cannot be listened on. If it fails, what had started is stopped in reverse.
func (a *App) Start() error {
	if a.stopping.Load() || len(a.started) > 0 {
		return errOnce
	}
	for _, p := range a.parts {
		if err := p.start(); err != nil {
			ctx, cancel := context.WithTimeout(context.Background(), rollback)
			defer cancel()
			return errors.Join(err, a.stopOnce(ctx))
		}
		a.started = append(a.started, p)
	}
	a.announce()
	return nil
}

// Stop ends the server: it says that it is not ready, serves on for the delay of its options, sends watchers
// elsewhere over half of the time that ctx leaves, lets requests under way end, then the rest, and Redis last,
// for they all need it. When ctx ends, what is left is cancelled, and given up soon after;
// the error then names it. It may be called any number of times, before Start and after
// one that failed: all calls return what the first returns.
func (a *App) Stop(ctx context.Context) error { return a.stopOnce(ctx) }

// stopAll stops what has been started, and logs what took long.
func (a *App) stopAll(ctx context.Context) error {
	a.stopping.Store(true)
	if len(a.started) == 0 {
		return nil
	}
	// One bound for all: parts that hang one after the other must not add up.
	final, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWait, giveUp) })()

	begun := time.Now()
	var waited []string
	var errs []error
	for _, p := range slices.Backward(a.started) {
		from := time.Now()
		errs = append(errs, a.stopPart(ctx, final, p))
		if took := time.Since(from).Round(time.Millisecond); took > 0 {
			waited = append(waited, fmt.Sprint(p.name, " ", took))
		}
	}
	// After a start that has failed nothing was served, and the line would hide the reason.
	if len(a.started) == len(a.parts) {
		a.log.Info("stopped", "took", time.Since(begun).Round(time.Millisecond), "waited", strings.Join(waited, ", "))
	}
	return errors.Join(errs...)
}

// stopPart stops one part, and returns when it has stopped or final has ended.
func (a *App) stopPart(ctx, final context.Context, p part) error {
	done := make(chan error, 1)
	go func() { done <- p.stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-final.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(leastWait):
		left := p.name
		if running := a.tasks.names(); len(running) > 0 {
			left += " (still running: " + strings.Join(running, ", ") + ")"
		}
		return fmt.Errorf("gave up waiting for %s", left)
	}
}

// tasks are what runs in the background until it is cancelled, by name: a stop that takes
// long says what it waits for.
type tasks struct {
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	running map[string]bool
}

func newTasks() *tasks {
	t := &tasks{running: map[string]bool{}}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// run runs something that ends when its context does.
func (t *tasks) run(name string, do func(context.Context)) {
	t.mu.Lock()
	t.running[name] = true
	t.mu.Unlock()
	t.all.Go(func() {
		do(t.ctx)
		t.mu.Lock()
		delete(t.running, name)
		t.mu.Unlock()
	})
}

// stop cancels them, and returns when they have ended.
func (t *tasks) stop(context.Context) error {
	t.cancel()
	t.all.Wait()
	return nil
}

// names are those that run still, in order.
func (t *tasks) names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.running))
}
