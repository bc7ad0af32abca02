package transport

import (
	"context"
	"time"
)

// What Drain waits for.
const (
	// handshakes is how long connections that have begun may take until they are accepted.
	handshakes = 50 * time.Millisecond
	// quiet is how long nothing has to have come: a proxy that takes a kept connection for a request has not seen yet that
	// it is closed, and a busy machine is not fast to read it.
	quiet = 250 * time.Millisecond
	// requestTick is how often Drain looks.
	requestTick = 5 * time.Millisecond
)

// Drain accepts no more connections, and returns when no request comes on those that it has accepted: none is left, nothing has
// come for a while, or ctx ends. It has to come before Shutdown of the HTTP server, which waits for answers, but closes
// connections whose request it has not read yet, also those that it has only just accepted.
func (l *Listener) Drain(ctx context.Context) error {
	// Closing resets connections that wait to be accepted, although their clients have sent their requests: none must wait.
	if refrain(l.Listener) {
		select {
		case <-ctx.Done():
		case <-time.After(handshakes):
		}
	}
	if err := l.Close(); err != nil {
		return err
	}
	tick := time.NewTicker(requestTick)
	defer tick.Stop()
	for l.open() > 0 && time.Since(l.start)-time.Duration(l.received.Load()) < quiet {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// open is how many connections are counted.
func (l *Listener) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Close implements net.Listener. After Drain there is nothing left to close.
func (l *Listener) Close() error {
	l.mu.Lock()
	done := l.closed
	l.closed = true
	l.mu.Unlock()
	if done {
		return nil
	}
	return l.Listener.Close()
}
