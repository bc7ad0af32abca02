// Package push writes to many clients at once without waiting for any of them.
package push

import (
	"errors"
	"net"
	"os"
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
	secured  *secured        // nil without TLS
	raw      syscall.RawConn // nil if there is none

	mu      sync.Mutex
	try     attempt
	busy    bool          // a goroutine is writing rest
	freed   chan struct{} // closed when busy has ended; nil while nobody waits for that
	rest    []byte        // what has to go out next, as it goes over the wire
	backlog *backlog      // after it; nil for nothing
	waiting []Source      // to be asked then
	over    bool          // nothing may be sent any more,
	ended   bool          // and the end of the connection says so to the client
	err     error
}

// backlog is what goes out after what is being written. It is apart from the connection
// because most never need one, and each is many connections' memory.
type backlog struct {
	parts  [][]byte // of one answer, with nothing in between
	behind []byte   // and after that
}

// maxQueued bounds, in bytes, what is queued behind a message that a client has not
// taken yet. The message itself is as long as it is: a healthy client may need several
// rounds for a long one, and a ping that comes meanwhile is no reason to give it up.
const maxQueued = 1 << 20

// sendBuffer is how much the kernel may hold for a client: some updates,
// not the megabytes that it would come to by itself.
const sendBuffer = 64 << 10

// New makes a Conn. A client has to accept something within that time; see [Allowance].
func New(c net.Conn, deadline time.Duration) *Conn {
	w := &Conn{Conn: c, deadline: deadline}
	w.secured = secure(c)
	line := w.line()
	if tcp, ok := line.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without, it only takes longer to notice a slow client
	}
	if s, ok := line.(syscall.Conn); ok && canTry {
		if raw, err := s.SyscallConn(); err == nil {
			w.raw, w.try.do = raw, w.try.write
		}
	}
	return w
}

// ErrSlow says that a client has not taken what it was sent.
var ErrSlow = errors.New("the client does not take what it is sent")

// Write sends b after everything that was sent before. It never waits.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(b)
}

// Send is Write for large messages: it waits until the client has accepted what was sent
// before, and then all parts, which are not copied and must not be changed.
func (c *Conn) Send(parts ...[]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.await()
	if c.over && c.err == nil {
		return net.ErrClosed
	}
	for len(parts) > 0 && c.err == nil {
		rest := c.tryNow(parts[0])
		parts = parts[1:]
		if len(rest) > 0 && c.err == nil {
			c.backlog = &backlog{parts: parts}
			c.start(rest)
			c.await()
			break
		}
	}
	return c.err
}

// await waits until nothing is being written.
func (c *Conn) await() {
	for c.busy && c.err == nil {
		if c.freed == nil {
			c.freed = make(chan struct{})
		}
		freed := c.freed
		c.mu.Unlock()
		<-freed
		c.mu.Lock()
	}
}

// Last is Write for the last bytes of a connection: nothing is sent after them.
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
	if !c.ended || c.busy || c.err != nil {
		return
	}
	if c.secured != nil {
		if rest := c.tryWire(c.secured.end()); len(rest) > 0 {
			c.start(rest) // and comes back here
			return
		}
	}
	if half, ok := c.line().(interface{ CloseWrite() error }); ok && c.err == nil {
		_ = half.CloseWrite() // the reader gets an error
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
		if c.backlog == nil {
			c.backlog = &backlog{}
		}
		if len(c.backlog.behind)+len(b) > maxQueued {
			c.fail(ErrSlow)
			return
		}
		c.backlog.behind = append(c.backlog.behind, b...)
		return
	}
	if b = c.tryNow(b); len(b) > 0 && c.err == nil {
		c.start(append([]byte(nil), b...))
	}
}

// tryNow sends what of b the kernel takes at once, and returns the rest as it goes over the wire.
func (c *Conn) tryNow(b []byte) []byte {
	if c.secured == nil {
		return c.tryWire(b)
	}
	sealed := c.seal(b)
	rest := slices.Clone(c.tryWire(sealed))
	reuse(sealed)
	return rest
}

// tryWire is tryNow for what is as it goes over the wire.
func (c *Conn) tryWire(b []byte) []byte {
	if c.raw == nil || len(b) == 0 {
		return b
	}
	n, err := c.try.now(c.raw, b)
	if err != nil {
		c.fail(err)
		return nil
	}
	return b[n:]
}

// start has b, which is nobody else's, written as the client takes it.
func (c *Conn) start(b []byte) {
	c.rest, c.busy = b, true
	go c.drain()
}

func (c *Conn) fail(err error) {
	c.err, c.rest, c.backlog, c.waiting = err, nil, nil, nil
	c.free()
	_ = c.line().Close() // the reader gets an error
}

// free wakes those that wait until nothing is being written.
func (c *Conn) free() {
	if c.freed != nil {
		close(c.freed)
		c.freed = nil
	}
}

// drain writes what is queued, then what the waiting sources have, until nobody has
// anything more.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil {
		if len(c.rest) == 0 && c.backlog == nil && !c.ask() {
			c.busy, c.rest = false, nil
			_ = c.line().SetWriteDeadline(time.Time{}) // it would hold for what is tried later
			c.free()
			c.endHalf()
			return
		}
		b := c.next()
		c.mu.Unlock()
		allowance := Allowance{Patience: c.deadline}
		_, err := allowance.Write(c.line(), b)
		c.mu.Lock()
		if err != nil && c.err == nil {
			if tcp, ok := c.line().(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // let the kernel forget what it holds for the client
			}
			c.fail(err)
		}
	}
}

// next takes what goes out next, as it goes over the wire.
func (c *Conn) next() []byte {
	b := c.rest
	c.rest = nil
	switch q := c.backlog; {
	case len(b) > 0:
		return b
	case len(q.parts) > 0:
		b, q.parts = q.parts[0], q.parts[1:]
	default:
		b, c.backlog = q.behind, nil
	}
	return c.onWire(b)
}

// ask asks the waiting sources, by turns, until one has a message.
func (c *Conn) ask() bool {
	for len(c.waiting) > 0 {
		s := c.waiting[0]
		c.waiting = c.waiting[1:]
		if message, last := s.Append(nil); len(message) > 0 {
			c.rest = c.onWire(message)
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

// Slow says whether the connection was ended because the client did not take what it was sent.
func (c *Conn) Slow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Is(c.err, ErrSlow) || errors.Is(c.err, os.ErrDeadlineExceeded)
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
