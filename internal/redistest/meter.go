package redistest

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Meter stands between clients and one Redis, passes everything on, and notes what
// the clients ask and how often they have to wait for it. Subscriptions are passed
// on, too, but what it counts of them means nothing.
type Meter struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	traffic Traffic
	open    map[net.Conn]bool // nil once the meter has ended
}

// Traffic is what went through a meter.
type Traffic struct {
	// RoundTrips counts how often a client, not waiting for any answer, sent
	// something: a pipeline is one, however many pieces it comes in.
	RoundTrips int
	Commands   []Command // as they came
}

// Command is a command's words.
type Command []string

// Name is the command's name in upper case.
func (c Command) Name() string { return strings.ToUpper(c[0]) }

// Key is the first key that the command names; "" for none.
func (c Command) Key() string {
	at := 1
	if strings.HasPrefix(c.Name(), "EVAL") { // script, number of keys, keys...
		if len(c) < 3 || c[2] == "0" {
			return ""
		}
		at = 3
	}
	if len(c) <= at {
		return ""
	}
	return c[at]
}

// NewMeter starts a meter in front of the Redis at target. It ends with the test.
func NewMeter(t testing.TB, target string) *Meter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &Meter{target: target, listener: listener, open: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed below
			}
			running.Go(func() { m.serve(client) })
		}
	})
	t.Cleanup(func() {
		m.end()
		running.Wait()
	})
	return m
}

// Addr is where clients connect to, as host:port.
func (m *Meter) Addr() string { return m.listener.Addr().String() }

// Reset forgets what went through.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.traffic = Traffic{}
}

// Snapshot returns what went through since the start or the last Reset.
func (m *Meter) Snapshot() Traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Traffic{m.traffic.RoundTrips, append([]Command(nil), m.traffic.Commands...)}
}

func (m *Meter) end() {
	_ = m.listener.Close() // it was open
	m.mu.Lock()
	defer m.mu.Unlock()
	for conn := range m.open {
		_ = conn.Close() // ends both directions, or has ended already
	}
	m.open = nil
}

// keep notes a connection that is to be closed in the end. It says no to one that
// comes too late for that.
func (m *Meter) keep(conn net.Conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != nil {
		m.open[conn] = true
	}
	return m.open != nil
}

func (m *Meter) drop(conn net.Conn) {
	_ = conn.Close() // either side may have closed it
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, conn)
}

// serve passes one connection on until either side ends it. A Redis that is not
// there looks like one that hangs up.
func (m *Meter) serve(client net.Conn) {
	defer m.drop(client)
	server, err := net.Dial("tcp", m.target)
	if err != nil {
		return
	}
	defer m.drop(server)
	if !m.keep(client) || !m.keep(server) {
		return
	}
	c := meteredConn{meter: m}
	var answers sync.WaitGroup
	answers.Go(func() {
		pass(client, server, c.answered)
		_ = client.Close() // ends the other direction
	})
	pass(server, client, c.asked)
	_ = server.Close()
	answers.Wait()
}

// pass copies until one side ends, and shows every piece before it continues: so
// that no answer is seen before its command, and no command before the answer
// that it waited for.
func pass(to io.Writer, from io.Reader, show func([]byte)) {
	piece := make([]byte, 1<<16)
	for {
		n, err := from.Read(piece)
		show(piece[:n])
		if _, failed := to.Write(piece[:n]); failed != nil || err != nil {
			return
		}
	}
}

// meteredConn is one client's connection, guarded by the meter's lock.
type meteredConn struct {
	meter             *Meter
	requests, replies frames
	command           []byte // what has come of a command that is not whole yet
	waiting           int    // commands begun and not answered
}

func (c *meteredConn) asked(b []byte) {
	c.meter.mu.Lock()
	defer c.meter.mu.Unlock()
	for len(b) > 0 {
		// A command counts from its first byte: a pipeline that is cut within a
		// command is not taken for two, however fast its first part is answered.
		if len(c.command) == 0 {
			if c.waiting == 0 {
				c.meter.traffic.RoundTrips++
			}
			c.waiting++
		}
		n, whole := c.requests.next(b)
		c.command = append(c.command, b[:n]...)
		b = b[n:]
		if whole {
			c.meter.traffic.Commands = append(c.meter.traffic.Commands, words(c.command))
			c.command = nil
		}
	}
}

func (c *meteredConn) answered(b []byte) {
	c.meter.mu.Lock()
	defer c.meter.mu.Unlock()
	for len(b) > 0 {
		n, whole := c.replies.next(b)
		b = b[n:]
		if whole {
			c.waiting--
		}
	}
}

// words takes a whole command apart.
func words(command []byte) Command {
	command = bytes.TrimLeft(command, "\r\n")
	if command[0] != '*' {
		return strings.Fields(string(command))
	}
	_, rest, _ := bytes.Cut(command, []byte("\n"))
	var all Command
	for len(rest) > 0 {
		header, body, _ := bytes.Cut(rest, []byte("\n"))
		size, err := strconv.Atoi(string(bytes.TrimSpace(header[1:])))
		if err != nil || size+len("\r\n") > len(body) {
			return append(all, string(rest)) // no string: Redis will refuse it
		}
		all, rest = append(all, string(body[:size])), body[size+len("\r\n"):]
	}
	return all
}
