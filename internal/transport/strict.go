package transport

import (
	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/internal/push"
)

// readConn is the connection as gorilla/websocket has it: what it writes are whole frames,
// and nothing goes after one that closes. What it reads is looked at for what the library
// does not report: a close frame with half a status code in it.
type readConn struct {
	*push.Conn
	skip uint64   // bytes left of the payload under way
	head [14]byte // of the next frame, as much of it as has come
	have uint8
	half bool // a close frame had a payload of one byte
}

// Write implements net.Conn.
func (c *readConn) Write(b []byte) (int, error) {
	if len(b) > 0 && b[0] == frameClose {
		return c.Last(b)
	}
	return c.Conn.Write(b)
}

// Read implements net.Conn. The library reads from one goroutine.
func (c *readConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for seen := b[:n]; len(seen) > 0; {
		if c.skip > 0 {
			part := min(c.skip, uint64(len(seen)))
			c.skip, seen = c.skip-part, seen[part:]
			continue
		}
		c.head[c.have] = seen[0]
		c.have, seen = c.have+1, seen[1:]
		c.frame()
	}
	return n, err
}

// frame looks whether the head of a frame is complete, and what it says. RFC 6455, 5.2: the low
// seven bits of the second byte are the length, or 126 or 127 for one in the next two or eight
// bytes; the high bit announces a mask of four bytes. Reads end anywhere, so a head is collected
// byte by byte.
func (c *readConn) frame() {
	if c.have < 2 {
		return
	}
	length, size := uint64(c.head[1]&0x7f), uint8(2)
	switch length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	extended := size
	if c.head[1]&0x80 != 0 {
		size += 4
	}
	if c.have < size {
		return
	}
	if extended > 2 {
		length = 0
		for _, part := range c.head[2:extended] {
			length = length<<8 | uint64(part)
		}
	}
	// The library reports such a frame as one without a code, and would answer with none.
	c.half = c.half || c.head[0] == frameClose && length == 1
	c.have, c.skip = 0, length
}

// closeCode is the code to answer a close frame with that had this one.
func (c *readConn) closeCode(code int) int {
	if c.half {
		return websocket.CloseProtocolError
	}
	return code
}
