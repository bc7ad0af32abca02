package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/push"
)

// subprotocol is the one that is spoken over WebSockets; see
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
const subprotocol = "graphql-transport-ws"

// The codes that a socket is closed with.
const (
	closeGoingAway    = websocket.CloseGoingAway
	closeInvalid      = 4400
	closeUnauthorized = 4401
	closeForbidden    = 4403
	closeSubprotocol  = 4406
	closeInitTimeout  = 4408
	closeDuplicate    = 4409
	closeTooManyInits = 4429
)

// Sizes in bytes.
const (
	maxReason    = 123 // of a close frame's reason
	readBuffer   = 256 // longer messages are read in parts
	maxDiscarded = 16 << 20
)

// pingFrames asks twice whether the client is there: its WebSocket, as RFC 6455 has
// it, and its program, by the subprotocol. Either answer will do.
const pingFrames = "\x89\x00\x81\x0f{\"type\":\"ping\"}"

// socket is a WebSocket. gorilla/websocket opens it and reads; everything that is
// written, what that library writes by itself too, goes through push.Conn.
type socket struct {
	connection
	streams *Streams
	ws      *websocket.Conn

	// Of the goroutine that reads alone:
	init      *time.Timer     // closes it if the client does not begin
	principal graph.Principal // who asks: at first as the request has it

	mu         sync.Mutex
	state      state
	operations map[string]*operation
}

type state byte

const (
	fresh   state = iota
	begun         // connection_init has come
	open          // and is acknowledged
	closing       // nothing that comes matters any more
)

func (s *Streams) serveSocket(w http.ResponseWriter, r *http.Request) {
	address, ok := s.admit(w, r)
	if !ok {
		return
	}
	// What is offered may stand on several lines, of which the library reads the first.
	if offers := r.Header.Values("Sec-Websocket-Protocol"); len(offers) > 1 {
		r.Header.Set("Sec-Websocket-Protocol", strings.Join(offers, ","))
	}
	upgrader := websocket.Upgrader{
		ReadBufferSize: readBuffer, WriteBufferPool: &noBuffers,
		// Clients that offer others only give up without a reason if none is taken: one
		// is, so that they are told.
		Subprotocols: append([]string{subprotocol}, websocket.Subprotocols(r)...),
		CheckOrigin:  func(*http.Request) bool { return true }, // it has been
		Error: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			w.Header().Set("Sec-WebSocket-Version", "13")
			if status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", http.MethodGet)
			}
			s.refuse(w, status, bos.BadUserInput, err.Error())
		},
	}
	taken := &taking{ResponseWriter: w, deadline: s.o.WriteDeadline}
	ws, err := upgrader.Upgrade(taken, r, nil)
	if err != nil {
		s.expel(address)
		return
	}
	c := &socket{streams: s, ws: ws, operations: map[string]*operation{}, principal: graph.PrincipalOf(r.Context())}
	c.Conn, c.address, c.pinged = taken.conn, address, time.Now()
	c.hear()
	s.enter(c)
	// The handler returns at once: a goroutine that has served HTTP holds twice the
	// memory of one that only reads.
	s.done.Go(c.read)
}

// noBuffers keeps gorilla/websocket from having a write buffer for each socket. It
// is a variable because all sockets have to share it.
var noBuffers sync.Pool

// taking hands gorilla/websocket our connection when it takes over the request's.
type taking struct {
	http.ResponseWriter
	deadline time.Duration
	conn     *push.Conn
}

// Hijack implements http.Hijacker.
func (t *taking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffers, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := c.SetDeadline(time.Time{}); err != nil { // of the HTTP server
		_ = c.Close()
		return nil, nil, err
	}
	t.conn = push.New(c, t.deadline)
	return closed{t.conn}, buffers, nil
}

// closed is the connection as gorilla/websocket writes to it: whole frames, and
// nothing goes after one that closes.
type closed struct{ *push.Conn }

func (c closed) Write(b []byte) (int, error) {
	if len(b) > 0 && b[0] == frameClose {
		return c.Last(b)
	}
	return c.Conn.Write(b)
}

// read reads what the client sends until the connection ends.
func (c *socket) read() {
	defer c.end()
	c.ws.SetReadLimit(c.streams.o.MaxMessage)
	c.ws.SetPongHandler(func(string) error { c.hear(); return nil })
	c.ws.SetCloseHandler(func(code int, _ string) error { c.close(code, ""); return nil })
	if c.ws.Subprotocol() != subprotocol {
		c.close(closeSubprotocol, "speak the subprotocol "+subprotocol)
	}
	c.init = time.AfterFunc(c.streams.o.InitTimeout, func() {
		c.close(closeInitTimeout, "Connection initialisation timeout")
	})
	defer c.init.Stop()
	for {
		kind, text, err := c.ws.ReadMessage()
		if err != nil {
			c.discard(err)
			return
		}
		c.hear()
		if kind != websocket.TextMessage {
			c.close(closeInvalid, "Messages are JSON, in text frames")
			continue
		}
		c.apart(func() { c.receive(text) })
	}
}

// apart does something on a stack of its own, and waits for it. What it takes to
// parse a query would stay with the goroutine that reads, for as long as the socket.
func (c *socket) apart(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer c.recover()
		do()
	}()
	<-done
}

// recover keeps a panic to the socket that it happened on.
func (c *socket) recover() {
	if p := recover(); p != nil {
		c.streams.o.Log.Error("panic on a WebSocket", "error", p, "stack", string(debug.Stack()))
		c.close(websocket.CloseInternalServerErr, "Internal error; the server's log has it")
	}
}

// discard takes what still comes after frames that are not to be had: closing a
// connection with something unread in it would keep the client from reading why.
func (c *socket) discard(err error) {
	var broken net.Error
	var closed *websocket.CloseError
	if errors.As(err, &broken) || errors.As(err, &closed) {
		return
	}
	if c.SetReadDeadline(time.Now().Add(c.streams.o.CompleteWithin)) == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, maxDiscarded))
	}
}

// end lets go of everything.
func (c *socket) end() {
	for _, o := range c.take() {
		o.stop()
	}
	c.streams.leave(c)
}

// take takes all operations from the socket.
func (c *socket) take() []*operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*operation, 0, len(c.operations))
	for _, o := range c.operations {
		all = append(all, o)
	}
	clear(c.operations)
	return all
}

// close says goodbye, and waits a while for the client to do so as well.
func (c *socket) close(code int, reason string) {
	c.mu.Lock()
	done := c.state == closing
	c.state = closing
	c.mu.Unlock()
	if done {
		return
	}
	for _, o := range c.take() {
		o.stop()
	}
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
	status := string(binary.BigEndian.AppendUint16(nil, uint16(code)))
	if code == websocket.CloseNoStatusReceived { // as the client closes: this is no code to send
		status, reason = "", ""
	}
	_, _ = c.Last(appendFrame(nil, frameClose, status, reason)) // if it has gone, the better
	_ = c.SetReadDeadline(time.Now().Add(c.streams.o.CompleteWithin))
}

func (c *socket) ping() { _, _ = c.Write([]byte(pingFrames)) }

func (c *socket) goAway() { c.close(closeGoingAway, "The server is stopping: connect again") }

// say sends a message of the subprotocol.
func (c *socket) say(parts ...string) {
	_, _ = c.Write(appendFrame(nil, frameText, parts...)) // whoever reads is told of an error
}

// became moves the socket on from one state to another.
func (c *socket) became(from, to state) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != from {
		return false
	}
	c.state = to
	return true
}

func (c *socket) is(s state) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == s
}
