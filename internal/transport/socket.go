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
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/auth"
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
	// maxReason is the most that a close frame holds: its payload has 125 bytes, of which the
	// code takes two.
	maxReason = 123
	// readBuffer is small because a socket keeps it as long as it lives: clients send little after
	// their subscriptions, and longer messages are read past it.
	readBuffer = 128
	// maxDiscarded bounds what is read from a client that is being disconnected.
	maxDiscarded = 16 << 20
)

// The two ways to ask whether the client is there: its WebSocket, as RFC 6455 has it, and its
// program, by the subprotocol. Either answer will do, so the second is only for clients that do
// not give the first. Nothing changes them: what is written is copied where it has to be kept.
var (
	pingFrame   = appendFrame(nil, framePing)
	pingMessage = appendFrame(nil, frameText, `{"type":"ping"}`)
)

// socket is a WebSocket. gorilla/websocket opens it; everything that is written goes through push.Conn.
type socket struct {
	connection
	streams *Streams
	request audit.Request // that opened it

	// Of await and read alone, one of which runs:
	frames frameReader
	init   *time.Timer // closes it if the client does not begin; nil once it has

	// mu guards what the reading goroutine shares with those that execute operations, with the
	// timer of init, and with Drain. No other lock is taken while it is held.
	mu         sync.Mutex
	state      state
	operations map[string]*operation
	executed   chan struct{} // of line; nil before the first
}

// line is that of the queries and mutations of this socket, which are executed concurrently.
func (c *socket) line() chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.executed == nil { // most sockets only follow
		c.executed = make(chan struct{}, 1)
	}
	return c.executed
}

// state says what the client may send. It only grows.
type state byte

const (
	fresh   state = iota
	begun         // connection_init was received
	open          // and acknowledged: operations may start
	closing       // whatever is still received is ignored
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
		// is, so that they are notified.
		Subprotocols: append([]string{subprotocol}, websocket.Subprotocols(r)...),
		CheckOrigin:  func(*http.Request) bool { return true }, // has been checked, as that of every request
		Error: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			w.Header().Set("Sec-WebSocket-Version", "13")
			if status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", http.MethodGet)
			}
			s.refuse(w, status, bos.BadUserInput, err.Error())
		},
	}
	taken := &taking{ResponseWriter: w, deadline: s.o.WriteDeadline}
	request := audit.RequestOf(r.Context())
	ws, err := upgrader.Upgrade(taken, r, http.Header{audit.RequestHeader: {request.ID}})
	if err != nil {
		s.expel(address)
		return
	}
	c := &socket{streams: s, request: request, operations: map[string]*operation{}}
	c.Conn, c.address, c.pinged = taken.conn, address, s.moment(time.Now())
	c.frames = frameReader{in: bufio.NewReaderSize(c.Conn, readBuffer), most: s.o.MaxMessage}
	c.may(auth.GrantOf(r.Context()))
	// Before enter, which lets the keeper see the socket: one that has received nothing yet would
	// count as an event stream, whose client never sends.
	c.received()
	c.init = time.AfterFunc(s.o.InitTimeout, func() {
		c.close(closeInitTimeout, "Connection initialisation timeout")
	})
	s.enter(c)
	if ws.Subprotocol() != subprotocol {
		c.close(closeSubprotocol, "speak the subprotocol "+subprotocol)
	}
	// The handler returns at once: a goroutine that has served HTTP holds several times the
	// memory of one that only waits.
	s.done.Add(1)
	go c.await()
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
	if c, err = takeOver(c); err != nil {
		return nil, nil, err
	}
	t.conn = push.New(c, t.deadline)
	return t.conn, buffers, nil
}

// await waits for what the client sends, and does nothing else: a stack begins with 2 KB, and once
// it has had to grow it never gets that small again. What has come is read and dealt with on
// another one, which is given back; then this one's successor waits.
func (c *socket) await() {
	if _, err := c.frames.in.Peek(1); err != nil {
		c.end()
		return
	}
	go c.read()
}

// read does what the client says until it has said no more.
func (c *socket) read() {
	more := c.readFrame()
	for more && c.frames.in.Buffered() > 0 {
		more = c.readFrame()
	}
	if more {
		go c.await()
	} else {
		c.end()
	}
}

// readFrame reads a frame and does what it says. It reports whether more may come.
func (c *socket) readFrame() (more bool) {
	defer c.recover()
	more = true
	opcode, payload, err := c.frames.next()
	if err != nil {
		c.discard(err)
		return false
	}
	c.received()
	switch opcode {
	case opText:
		c.receive(payload)
	case opBinary:
		c.close(closeInvalid, "Messages are JSON, in text frames")
	case opPing:
		_, _ = c.Write(appendFrame(nil, framePong, string(payload))) // an error also reaches await
	case opClose:
		c.close(closeCode(payload), "")
		return false
	}
	return true
}

// received notes that something has come.
func (c *socket) received() { c.lastReceived.Store(int64(c.streams.moment(time.Now()))) }

// recover keeps a panic to the socket that it happened on. net/http does that for requests, but
// this goroutine is not one of its own: without recover a fault would end the process and all
// subscriptions with it.
func (c *socket) recover() {
	if p := recover(); p != nil {
		c.streams.o.Log.Error("panic on a WebSocket", "error", p, "stack", string(debug.Stack()))
		c.close(websocket.CloseInternalServerErr, "Internal error; the server's log has it")
	}
}

// discard closes the socket after a frame that can't be read, and takes what still comes: closing
// a connection with something unread in it would keep the client from reading why.
func (c *socket) discard(err error) {
	var broken *brokenFrame
	if !errors.As(err, &broken) {
		return // the connection has ended
	}
	c.close(broken.code, broken.reason)
	if c.SetReadDeadline(time.Now().Add(c.streams.o.CompleteWithin)) == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, maxDiscarded))
	}
}

// end releases everything.
func (c *socket) end() {
	if c.init != nil {
		c.init.Stop()
	}
	for _, o := range c.take() {
		o.stop()
	}
	c.streams.leave(c)
	c.streams.done.Done()
}

// take takes all operations from the socket. They are stopped without its lock: stopping
// takes the fan-out's, which all sockets share.
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

// close says goodbye, and waits a while for the client to do so as well: a connection that
// is cut before the close frame was read shows the client no code, and so no reason.
func (c *socket) close(code int, reason string) {
	c.mu.Lock()
	done := c.state == closing
	// Before anything is stopped: an operation that starts meanwhile sees it, and does not
	// begin.
	c.state = closing
	c.mu.Unlock()
	if done {
		return
	}
	for _, o := range c.take() {
		o.stop()
	}
	// Cut by bytes, and then without half a character: clients fail on a reason that is no
	// UTF-8.
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
	status := string(binary.BigEndian.AppendUint16(nil, uint16(code)))
	if code == websocket.CloseNoStatusReceived { // as the client closes: this is no code to send
		status, reason = "", ""
	}
	_, _ = c.Last(appendFrame(nil, frameClose, status, reason)) // an error means that it is closed already
	// The deadline ends the goroutine that reads if the client never answers: without it a client
	// that ignores the close frame would keep its connection, and its place among the allowed.
	_ = c.SetReadDeadline(time.Now().Add(c.streams.o.CompleteWithin))
}

func (c *socket) ping() { _, _ = c.Write(pingFrame) }

func (c *socket) pingAgain() { _, _ = c.Write(pingMessage) }

func (c *socket) expire(reason string) { c.close(closeForbidden, reason) }

func (c *socket) goAway() { c.close(closeGoingAway, "The server is stopping: connect again") }

// say sends a message of the subprotocol.
func (c *socket) say(parts ...string) {
	_, _ = c.Write(appendFrame(nil, frameText, parts...)) // the reader gets an error
}

// became moves the socket from one state to another, and reports whether it was in the first.
// Comparing and setting are one step, because a timer or Drain may close the socket at any time:
// one that is closing must not open again.
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
