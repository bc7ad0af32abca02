package transport

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// streamConn is a stream of an HTTP/2 connection, as a connection that stays. Other streams share
// the connection, so it cannot be taken from the HTTP server: the handler waits until the stream
// has ended. What is written waits for the client, so that [push.Conn] leaves every write to a
// goroutine. Browsers have a few such streams; programs that have thousands use a WebSocket.
type streamConn struct {
	w       http.ResponseWriter
	control *http.ResponseController
	request *http.Request
	ended   chan struct{} // closed by end
	end     func()

	mu       sync.Mutex // held while w is in use
	finished bool       // w must not be used any more

	last     sync.Mutex // guards what follows
	complete bool       // all there was to say has been said
	deadline *time.Timer
}

func newStreamConn(w http.ResponseWriter, r *http.Request) *streamConn {
	c := &streamConn{w: w, control: http.NewResponseController(w), request: r, ended: make(chan struct{})}
	c.end = sync.OnceFunc(func() { close(c.ended) })
	header := w.Header()
	header.Set("Content-Type", typeEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	_ = c.control.Flush() // an error comes again with the first message
	return c
}

// wait returns when nothing writes to the response any more, and nothing will. A stream that was
// not completed is reset: its client then knows that it has to reconnect.
func (c *streamConn) wait() {
	select {
	case <-c.ended:
	case <-c.request.Context().Done():
		c.end()
	}
	if !c.mu.TryLock() {
		_ = c.control.SetWriteDeadline(time.Now().Add(-time.Second)) // ends the write that is under way
		c.mu.Lock()
	}
	c.finished = true
	c.mu.Unlock()
	c.last.Lock()
	defer c.last.Unlock()
	if c.deadline != nil {
		c.deadline.Stop()
	}
	if !c.complete {
		panic(http.ErrAbortHandler)
	}
}

// Read implements net.Conn. A client has nothing to say: it waits for the end.
func (c *streamConn) Read([]byte) (int, error) {
	select {
	case <-c.ended:
	case <-c.request.Context().Done():
	}
	return 0, io.EOF
}

// Write implements net.Conn.
func (c *streamConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return 0, net.ErrClosed
	}
	n, err := c.w.Write(b)
	if err == nil {
		err = c.control.Flush()
	}
	return n, err
}

// Close implements net.Conn.
func (c *streamConn) Close() error {
	c.end()
	return nil
}

// CloseWrite ends the stream, once all has been written.
func (c *streamConn) CloseWrite() error {
	c.last.Lock()
	c.complete = true
	c.last.Unlock()
	c.end()
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *streamConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return net.ErrClosed
	}
	return c.control.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn: it says when the client has to have left after the last
// message.
func (c *streamConn) SetReadDeadline(t time.Time) error {
	c.last.Lock()
	defer c.last.Unlock()
	c.complete = true
	if c.deadline == nil {
		c.deadline = time.AfterFunc(time.Until(t), c.end)
	}
	return nil
}

// SetDeadline implements net.Conn; nobody sets both.
func (c *streamConn) SetDeadline(time.Time) error { return nil }

// LocalAddr implements net.Conn.
func (c *streamConn) LocalAddr() net.Addr {
	a, _ := c.request.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return a
}

// RemoteAddr implements net.Conn; the address that counts is the request's.
func (c *streamConn) RemoteAddr() net.Addr { return nil }
