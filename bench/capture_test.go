package bench

import (
	"bytes"
	"context"
	"net"
	"sync"
)

// captor takes the write scripts' calls from a store, instead of Redis, and lets
// the store believe that they succeeded. So they can be sent later: the same keys
// and arguments, without the work of making them.
type captor struct {
	mu    sync.Mutex
	calls [][]byte
}

// written is what lua/write.lua answers to one change.
var written = append([]byte("*1\r\n"), wire("ok", "1")...)

func (c *captor) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &captured{Conn: conn, by: c}, err
}

// take returns the calls since it was last asked.
func (c *captor) take() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

// captured is a connection that passes everything on but scripts' calls. Nobody
// reads and writes one connection at a time, as requests and answers alternate.
type captured struct {
	net.Conn
	by      *captor
	sent    []byte       // the beginning of a command
	answers bytes.Buffer // to scripts' calls
}

func (c *captured) Write(p []byte) (int, error) {
	c.sent = append(c.sent, p...)
	for {
		words, size := unwire(c.sent, 1)
		if size == 0 {
			return len(p), nil
		}
		if command := c.sent[:size]; words[0] == "evalsha" {
			c.by.mu.Lock()
			c.by.calls = append(c.by.calls, bytes.Clone(command))
			c.by.mu.Unlock()
			c.answers.Write(written)
		} else if _, err := c.Conn.Write(command); err != nil {
			return 0, err
		}
		c.sent = c.sent[size:]
	}
}

func (c *captured) Read(p []byte) (int, error) {
	if c.answers.Len() > 0 {
		return c.answers.Read(p)
	}
	return c.Conn.Read(p)
}
