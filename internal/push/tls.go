package push

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// Wire is the connection below a TLS connection. Once a [Conn] has taken that over, what TLS
// writes is collected here instead of being sent, and so does not wait for the client: the Conn
// sends it as it sends everything else, by trying first. Encrypted bytes that the client has not
// taken are kept as they are, for a record that was half sent cannot be made again.
type Wire struct {
	net.Conn

	mu    sync.Mutex
	taken bool
	out   []byte // records, in order
}

// Write implements net.Conn.
func (w *Wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.taken {
		return w.Conn.Write(b)
	}
	if w.out == nil {
		w.out = buffer()
	}
	w.out = append(w.out, b...)
	return len(b), nil
}

// SetWriteDeadline implements net.Conn. TLS sets one around its goodbye, which would hold for
// what the Conn sends.
func (w *Wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken {
		return nil
	}
	return w.Conn.SetWriteDeadline(t)
}

// secured is what a Conn needs to know of TLS.
type secured struct {
	conn *tls.Conn
	wire *Wire
}

// secure takes a connection over; nil if it is not one of TLS on a Wire.
func secure(c net.Conn) *secured {
	conn, ok := c.(*tls.Conn)
	if !ok {
		return nil
	}
	wire, ok := conn.NetConn().(*Wire)
	if !ok {
		return nil
	}
	wire.mu.Lock()
	defer wire.mu.Unlock()
	wire.taken = true
	return &secured{conn, wire}
}

// line is the connection that the kernel knows.
func (c *Conn) line() net.Conn {
	if c.secured != nil {
		return c.secured.wire.Conn
	}
	return c.Conn
}

// onWire is b as it goes over the wire.
func (c *Conn) onWire(b []byte) []byte {
	if c.secured == nil {
		return b
	}
	return c.seal(b)
}

// seal is b encrypted.
func (c *Conn) seal(b []byte) []byte {
	sealed, err := c.secured.seal(b)
	if err != nil {
		c.fail(err)
	}
	return sealed
}

// seal encrypts b, and returns all that TLS has to send: the reader may have left an answer to
// the client's change of keys.
func (s *secured) seal(b []byte) ([]byte, error) {
	_, err := s.conn.Write(b)
	return s.take(), err
}

// end returns TLS's goodbye, after which nothing can be sent; nothing the second time.
func (s *secured) end() []byte {
	_ = s.conn.CloseWrite() // fails only where there is nothing to say goodbye to
	return s.take()
}

// take returns what is collected.
func (s *secured) take() []byte {
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	taken := s.wire.out
	s.wire.out = nil
	return taken
}

// sealed are buffers for records: a message is usually sent as soon as it is encrypted, and a
// buffer for each connection would be many connections' memory.
var sealed sync.Pool

// mostReused is the capacity, in bytes, up to which buffers are kept.
const mostReused = 64 << 10

// buffer returns an empty one.
func buffer() []byte {
	if b, ok := sealed.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

// reuse gives one back that nothing refers to any more.
func reuse(b []byte) {
	if cap(b) > 0 && cap(b) <= mostReused {
		sealed.Put(&b)
	}
}
