package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// patience is how long a server may take to answer while clients connect. A server
// under load is slow, not broken.
const patience = 60 * time.Second

// client is one watcher: as much of a WebSocket and of graphql-transport-ws as it
// takes.
type client struct {
	subject
	protocol   Protocol
	wire       io.ReadWriteCloser // the connection; a socket from when it watches
	buffer     []byte
	start, end int  // of what has been read and not been looked at
	greeted    bool // has had a message of its subscription
}

// subject is what a client watches: what a document selects of a session, under an
// id of the subscription.
type subject struct{ document, session, id string }

// join connects a client and begins to watch. One that is to be stuck takes no more
// than a few KB from the kernel, and segments of the size that they have on an
// Ethernet: with those of loopback, the kernel would hold megabytes for it.
func join(address string, protocol Protocol, watch subject, stuck bool) (*client, error) {
	dialer := net.Dialer{Timeout: patience}
	if stuck {
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			var refused error
			err := raw.Control(func(fd uintptr) {
				refused = errors.Join(
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10),
					syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1448))
			})
			return errors.Join(err, refused)
		}
	}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	// Room for three messages: thousands of clients share the machine's memory with the server.
	c := &client{subject: watch, protocol: protocol, wire: conn, buffer: make([]byte, 2<<10)}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := c.upgrade(address); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := c.subscribe(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// Only now: until it watches, a client waits for answers with deadlines, as connections
	// have them.
	s, err := detach(conn.(*net.TCPConn))
	c.wire = s
	return c, err
}

// upgrade opens the WebSocket, by the same key each time: servers only have to answer it.
func (c *client) upgrade(address string) error {
	path, subprotocol := c.protocol.upgrade()
	header := ""
	if subprotocol != "" {
		header = "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	if _, err := fmt.Fprintf(c.wire, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, address, header); err != nil {
		return err
	}
	for {
		if err := c.fill(); err != nil {
			return err
		}
		head, _, whole := strings.Cut(string(c.buffer[c.start:c.end]), "\r\n\r\n")
		if !whole {
			continue
		}
		if !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, subprotocol) {
			return fmt.Errorf("the server does not speak %q: %q", subprotocol, head)
		}
		c.start += len(head) + len("\r\n\r\n")
		return nil
	}
}

// subscribe begins to watch.
func (c *client) subscribe() error {
	if c.protocol == Centrifugo {
		return c.subscribeChannel()
	}
	if err := c.send(map[string]any{"type": "connection_init"}); err != nil {
		return err
	}
	if err := c.await("connection_ack"); err != nil {
		return err
	}
	return c.send(map[string]any{"type": "subscribe", "id": c.id, "payload": map[string]any{
		"query": c.document, "variables": map[string]string{"name": c.session},
	}})
}

func (c *client) send(message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = c.wire.Write(appendFrame(nil, opText, text))
	return err
}

// await reads up to a message of a type. Servers may send pings before.
func (c *client) await(kind string) error {
	for {
		op, payload, err := c.next()
		switch {
		case err != nil:
			return fmt.Errorf("waiting for %s: %w", kind, err)
		case op == opText && bytes.Contains(payload, []byte(`"`+kind+`"`)):
			return nil
		}
		if err := c.answer(op, payload); err != nil {
			return fmt.Errorf("waiting for %s: %w", kind, err)
		}
	}
}

// next returns the next frame. Its payload is valid until the next call: it is a part of the
// buffer, because copying it would cost the cores that the server needs.
func (c *client) next() (op byte, payload []byte, err error) {
	for {
		op, payload, size, err := parseFrame(c.buffer[c.start:c.end])
		if err != nil || size > 0 {
			c.start += size
			return op, payload, err
		}
		if err := c.fill(); err != nil {
			return 0, nil, err
		}
	}
}

// fill reads what has arrived.
func (c *client) fill() error {
	c.start, c.end = 0, copy(c.buffer, c.buffer[c.start:c.end])
	if c.end == len(c.buffer) {
		// Doubled, and never made smaller: messages of one client are of about one size.
		c.buffer = append(c.buffer, make([]byte, len(c.buffer))...)
	}
	n, err := c.wire.Read(c.buffer[c.end:])
	c.end += n
	return err
}

// answer does what the protocols want for a frame that shows no status.
func (c *client) answer(op byte, payload []byte) error {
	switch {
	case op == opPing:
		_, err := c.wire.Write(appendFrame(nil, opPong, payload))
		return err
	case op == opClose:
		return fmt.Errorf("the server closes the connection: %q", payload)
	case op == opText && c.protocol == Centrifugo:
		return c.answerCentrifugo(payload)
	case op != opText || bytes.Contains(payload, []byte(`"pong"`)):
		return nil
	case bytes.Contains(payload, []byte(`"ping"`)):
		return c.send(map[string]any{"type": "pong"})
	}
	return fmt.Errorf("the server says %.500s", payload)
}

// revision finds which revision a message shows, and what follows it. The clients share the
// machine with the server: they don't decode JSON.
func revision(payload []byte) (shown int64, rest []byte, ok bool) {
	const name = `"revision":`
	i := bytes.Index(payload, []byte(name))
	if i < 0 {
		return 0, nil, false
	}
	rest = payload[i+len(name):]
	for len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' {
		shown = shown*10 + int64(rest[0]-'0')
		rest = rest[1:]
	}
	return shown, rest, true
}
