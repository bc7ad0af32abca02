package redistest

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Faults loses answers on the way from Redis to a client that connects through
// its Dialer: what a client sees when a connection breaks after Redis has done
// the work. The zero value loses nothing. All its methods are safe for
// concurrent use.
type Faults struct {
	// Passed, where it is not empty, is in answers that always arrive: the client asks again after them,
	// and the next answer that a fault matches is lost in their place. It is set before a client connects.
	Passed string

	mu    sync.Mutex
	armed []fault
}

type fault struct {
	match   []byte // lower case
	between func()
}

// LoseNextAnswer breaks the connection of the next command that contains match,
// in any case of letters: the command, and whatever else its connection has sent
// by then, is carried out by Redis; the answers from that command's on are
// dropped; between runs, if there is one; and only then does the client read
// io.ErrUnexpectedEOF and finds the connection closed. It does so once. Called
// several times, it breaks as many commands, in that order if they match alike.
//
// Subscriptions are not commands with an answer in this sense.
func (f *Faults) LoseNextAnswer(match string, between func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = append(f.armed, fault{match: []byte(strings.ToLower(match)), between: between})
}

// Dialer returns the function that a client is to open its connections with.
func (f *Faults) Dialer() func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &faultyConn{Conn: conn, faults: f}, nil
	}
}

// claim takes the fault that a command has run into, if any.
func (f *Faults) claim(command []byte) (fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.armed) == 0 {
		return fault{}, false
	}
	command = bytes.ToLower(command)
	for i, candidate := range f.armed {
		if bytes.Contains(command, candidate.match) {
			f.armed = append(f.armed[:i], f.armed[i+1:]...)
			return candidate, true
		}
	}
	return fault{}, false
}

// unclaim gives back a fault whose answer has arrived all the same.
func (f *Faults) unclaim(hit fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = slices.Insert(f.armed, 0, hit)
}

// faultyConn counts the commands and the answers of a connection, so that it
// knows which answer is whose.
type faultyConn struct {
	net.Conn
	faults *Faults

	mu       sync.Mutex
	requests frames
	command  []byte // what has been written of a command that is not whole yet
	sent     int
	answers  frames
	answered int
	doomed   bool
	lostFrom int // while doomed: the first answer to drop, counted from 0
	hit      fault
	lost     []byte // what has come of that answer
	arrived  []byte // what the client is to see and has not read
}

// Write passes everything on. It looks at commands, not at writes: one may come
// in several pieces, and one piece may hold several.
func (c *faultyConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	for rest := b; len(rest) > 0; {
		n, ended := c.requests.next(rest)
		c.command = append(c.command, rest[:n]...)
		rest = rest[n:]
		if !ended {
			continue
		}
		if !c.doomed {
			if hit, ok := c.faults.claim(c.command); ok {
				c.doomed, c.lostFrom, c.hit, c.lost = true, c.sent, hit, nil
			}
		}
		c.sent++
		c.command = c.command[:0]
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// Read passes on what is not to be lost.
func (c *faultyConn) Read(b []byte) (int, error) {
	for {
		if n := c.deliver(b); n > 0 {
			return n, nil
		}
		doomed, lost, between := c.fate()
		if lost {
			if between != nil {
				between()
			}
			_ = c.Conn.Close() // the client gets its error below
			return 0, io.ErrUnexpectedEOF
		}
		if doomed {
			// Redis finishes the command before the client sees the error, even if the client times out.
			if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
				return 0, err
			}
		}
		n, err := c.Conn.Read(b)
		c.take(b[:n])
		if err != nil || len(b) == 0 {
			return c.deliver(b), err
		}
	}
}

// fate says whether an answer is to be lost, and whether it is: then with what
// to run, the first time.
func (c *faultyConn) fate() (doomed, lost bool, between func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if lost = c.doomed && c.answered >= c.sent; lost {
		between, c.hit.between = c.hit.between, nil
	}
	return c.doomed, lost, between
}

// take sorts what Redis sent: the client is to see all that comes before the first lost answer.
func (c *faultyConn) take(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(b) > 0 {
		n, ended := c.answers.next(b)
		switch {
		case !c.doomed || c.answered < c.lostFrom:
			c.arrived = append(c.arrived, b[:n]...)
		case c.answered == c.lostFrom:
			if c.lost = append(c.lost, b[:n]...); ended && c.faults.Passed != "" && strings.Contains(string(c.lost), c.faults.Passed) {
				c.faults.unclaim(c.hit)
				c.doomed, c.arrived = false, append(c.arrived, c.lost...)
			}
		}
		b = b[n:]
		if ended {
			c.answered++
		}
	}
}

// deliver moves to b what the client is to see.
func (c *faultyConn) deliver(b []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(b, c.arrived)
	c.arrived = c.arrived[n:]
	return n
}
