// Package push writes to many clients at once without waiting for any of them.
package push

import (
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Source is something that may have a message for a connection.
type Source interface {
	// Append appends the next message as it goes over the wire; none if there is
	// none. last says that nothing may be sent after it. The connection calls this when
	// it can take a message, from one goroutine at a time.
	Append(to []byte) (message []byte, last bool)
}

// Conn is a connection to a client. Everything written to it goes out in order;
// nobody who writes waits for the client. What the kernel does not take at once is
// written by a goroutine that lives only as long as that takes, and that gives the
// client a deadline for it. Sources that have something meanwhile are asked
// afterwards: nothing is queued for them.
type Conn struct {
	net.Conn
	deadline time.Duration
	raw      syscall.RawConn // nil if there is none, as with TLS

	mu      sync.Mutex
	try     attempt
	busy    bool      // a goroutine is writing rest
	free    sync.Cond // busy may have ended
	rest    []byte    // what has to go out next
	waiting []Source  // to be asked then
	over    bool      // nothing may be sent any more,
	ended   bool      // and the client is told so by the end of the connection
	err     error
}

// maxRest bounds what is queued for a client that does not take it.
const maxRest = 1 << 20

// sendBuffer is how much the kernel shall hold for a client at most: some updates,
// not the megabytes that it would come to by itself.
const sendBuffer = 64 << 10

// New makes a Conn. A client has so long to take what it is sent.
func New(c net.Conn, deadline time.Duration) *Conn {
	w := &Conn{Conn: c, deadline: deadline}
	w.free.L = &w.mu
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without, it only takes longer to notice a slow client
	}
	if s, ok := c.(syscall.Conn); ok && canTry {
		if raw, err := s.SyscallConn(); err == nil {
			w.raw, w.try.do = raw, w.try.write
		}
	}
	return w
}

// ErrSlow says that a client has not taken what it was sent.
var ErrSlow = errors.New("the client does not take what it is sent")

// Write sends b after what was sent before. It never waits.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(b)
}

// Send is Write for what may be much: it waits until the client has taken what was
// sent before.
func (c *Conn) Send(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busy && c.err == nil {
		c.free.Wait()
	}
	_, err := c.write(b)
	return err
}

// Last is Write of what nothing may be sent after.
func (c *Conn) Last(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.write(b)
	c.over, c.waiting = true, nil
	return n, err
}

// SetWriteDeadline does nothing: what is written never waits, and what is left of it
// has a deadline already.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

func (c *Conn) write(b []byte) (int, error) {
	if c.over && c.err == nil {
		return 0, net.ErrClosed
	}
	if c.err == nil {
		c.send(b)
	}
	if c.err != nil {
		return 0, c.err
	}
	return len(b), nil
}

// Offer sends what a source has, or asks it as soon as the client can take it.
func (c *Conn) Offer(s Source, scratch *[]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil && !c.over {
		if c.busy {
			c.wait(s)
			return
		}
		message, last := s.Append((*scratch)[:0])
		if len(message) == 0 {
			return
		}
		*scratch = message
		c.send(message)
		if last {
			c.finish()
		}
	}
}

// finish lets nothing be sent any more, and ends our half of the connection when the
// client has all.
func (c *Conn) finish() {
	c.over, c.ended, c.waiting = true, true, nil
	c.endHalf()
}

func (c *Conn) endHalf() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.ended && !c.busy && c.err == nil {
		_ = half.CloseWrite() // whoever reads is told of an error
	}
}

// Drop forgets a source: it is not being asked, and nothing of it is sent unless it
// is offered again.
func (c *Conn) Drop(s Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = slices.DeleteFunc(c.waiting, func(w Source) bool { return w == s })
}

func (c *Conn) wait(s Source) {
	if !slices.Contains(c.waiting, s) {
		c.waiting = append(c.waiting, s)
	}
}

// send sends b, or queues what of it can't be sent now.
func (c *Conn) send(b []byte) {
	if c.busy {
		if len(c.rest)+len(b) > maxRest {
			c.fail(ErrSlow)
			return
		}
		c.rest = append(c.rest, b...)
		return
	}
	if c.raw != nil {
		n, err := c.try.now(c.raw, b)
		if err != nil {
			c.fail(err)
			return
		}
		if b = b[n:]; len(b) == 0 {
			return
		}
	}
	c.rest, c.busy = append([]byte(nil), b...), true
	go c.drain()
}

func (c *Conn) fail(err error) {
	c.err, c.rest, c.waiting = err, nil, nil
	c.free.Broadcast()
	_ = c.Conn.Close() // whoever reads is told so
}

// drain writes what is queued, then what the waiting sources have, until nobody has
// anything more.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil {
		if len(c.rest) == 0 && !c.ask() {
			c.busy, c.rest = false, nil
			_ = c.Conn.SetWriteDeadline(time.Time{}) // it would hold for what is tried later
			c.free.Broadcast()
			c.endHalf()
			return
		}
		b := c.rest
		c.rest = nil
		c.mu.Unlock()
		err := c.Conn.SetWriteDeadline(time.Now().Add(c.deadline))
		if err == nil {
			_, err = c.Conn.Write(b)
		}
		c.mu.Lock()
		if err != nil && c.err == nil {
			if tcp, ok := c.Conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // let the kernel forget what it holds for the client
			}
			c.fail(err)
		}
	}
}

// ask asks the waiting sources, by turns, until one has a message.
func (c *Conn) ask() bool {
	for len(c.waiting) > 0 {
		s := c.waiting[0]
		c.waiting = c.waiting[1:]
		if message, last := s.Append(nil); len(message) > 0 {
			c.rest = message
			if last {
				c.finish()
			} else {
				c.waiting = append(c.waiting, s) // it may have more
			}
			return true
		}
	}
	c.waiting = nil
	return false
}

// Close ends the connection.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.fail(net.ErrClosed)
	}
	return nil
}
