package transport

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/push"
)

// ListenOptions bound the connections that requests come by.
type ListenOptions struct {
	Connections int // at a time, idle ones included
	PerAddress  int // of one client address
	// Proxy says whether an address is one of a trusted proxy, whose connections are of many
	// clients: there are as many as there may be in all. Nil for none.
	Proxy         func(address string) bool
	WriteDeadline time.Duration // how long a client may take; see [push.Allowance]
	TLS           *tls.Config   // to refuse connections with; nil without TLS
}

// Listener accepts connections for an HTTP server. It counts them until they end, or are
// taken over as a stream, which counts by itself; those beyond the limits are refused.
// Every write of the server has a deadline, whatever it answers.
type Listener struct {
	net.Listener
	o        ListenOptions
	refusing chan struct{} // a place for each that is being refused

	start    time.Time    // the wall clock may be set: received counts from here
	received atomic.Int64 // when a connection, or something on one, came last, in nanoseconds

	mu     sync.Mutex
	count  int
	from   map[string]int
	closed bool
}

// Listen makes a Listener of another one.
func Listen(l net.Listener, o ListenOptions) *Listener {
	return &Listener{Listener: l, o: o, start: time.Now(), refusing: make(chan struct{}, maxRefusing), from: map[string]int{}}
}

// note notes that something has come.
func (l *Listener) note() { l.received.Store(int64(time.Since(l.start))) }

// What is spent on connections beyond the limits.
const (
	maxRefusing  = 64
	refuseWithin = time.Second
)

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		// Counted here and not in a handler: a client that connects and sends nothing never gets
		// to one.
		address := AddressOf(c.RemoteAddr().String())
		l.note() // before it counts: Drain must not see one that nothing has come for
		status, message := l.enter(address)
		if status == 0 {
			return &requestConn{Conn: c, listener: l, leave: sync.OnceFunc(func() { l.leave(address) })}, nil
		}
		l.refuse(c, status, message)
	}
}

// AddressOf is the address of a client without its port: limits count by it, and logs name it.
func AddressOf(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}

// clientOf is whose budget a request is taken from: that of who has sent it or, while everybody is
// let in, of the address. A client that has one address of IPv6 has all of its network's, 2^64.
func clientOf(access auth.Access, remote string) string {
	if access.ID != "" && access.ID != auth.Anyone().ID {
		return access.ID
	}
	host := AddressOf(remote)
	if !strings.Contains(host, ":") {
		return host
	}
	address, err := netip.ParseAddr(host)
	if err != nil || !address.Is6() || address.Is4In6() {
		return host
	}
	network, _ := address.WithZone("").Prefix(64)
	return network.String()
}

func (l *Listener) enter(address string) (status int, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.count >= l.o.Connections:
		return http.StatusServiceUnavailable, "this server has as many connections as it may have (--max-http-connections): try again later"
	case l.from[address] >= l.o.PerAddress && (l.o.Proxy == nil || !l.o.Proxy(address)):
		return http.StatusTooManyRequests, "your address has as many connections as it may have (--max-http-connections-per-address): close some, or use one for several requests"
	}
	l.count++
	l.from[address]++
	return 0, ""
}

func (l *Listener) leave(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count--
	if l.from[address]--; l.from[address] == 0 {
		delete(l.from, address)
	}
}

// refuse answers whatever a client asks, if not too many are being refused.
func (l *Listener) refuse(c net.Conn, status int, message string) {
	// The answer says which limit was reached, which is worth a goroutine for a few at a time. In a
	// flood the rest are closed without one: they must not cost more than those that are served.
	select {
	case l.refusing <- struct{}{}:
	default:
		_ = c.Close()
		return
	}
	go func() {
		defer func() { <-l.refusing }()
		defer c.Close()
		if c.SetDeadline(time.Now().Add(refuseWithin)) != nil {
			return
		}
		if l.o.TLS != nil {
			c = tls.Server(c, Once(l.o.TLS))
			defer c.Close()
		}
		// Not before something was asked: some clients take what comes earlier for no answer of theirs.
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return
		}
		p := failure(typeJSON, status, bos.Errorf(bos.Unavailable, "%s", message))
		header := http.Header{}
		p.fill(header)
		response := &http.Response{
			StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header, Close: true,
			ContentLength: int64(p.body.Len()), Body: io.NopCloser(p.body.Reader()),
		}
		whole := bufio.NewWriter(c) // one write, not one for every line of the head
		if response.Write(whole) != nil || whole.Flush() != nil {
			return
		}
		if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(c, smallBody)) // else the client may lose the answer
		}
	}()
}

// requestConn is a connection that requests come by.
type requestConn struct {
	net.Conn
	listener  *Listener
	leave     func()
	allowance push.Allowance // of the answer being written
	asked     atomic.Bool    // something has come since the answer began
}

// Read implements net.Conn. What comes begins another request.
func (c *requestConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.asked.Store(true)
		c.listener.note()
	}
	return n, err
}

// Write implements net.Conn. The first write after something was received begins an answer, and
// with it another allowance: on a kept-alive connection, the time that earlier answers took
// would otherwise count against this one.
func (c *requestConn) Write(b []byte) (int, error) {
	if c.asked.Swap(false) {
		c.allowance = push.Allowance{Patience: c.listener.o.WriteDeadline}
	}
	return c.allowance.Write(c.Conn, b)
}

// SetWriteDeadline does nothing: every write has one.
func (c *requestConn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets the deadline for reading.
func (c *requestConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Close implements net.Conn. leave acts once: the HTTP server may close a connection twice, and
// one that was taken over has left before.
func (c *requestConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite ends the server's half; the HTTP server does that before it closes.
func (c *requestConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Secure puts TLS on what a listener accepts.
func Secure(l net.Listener, config *tls.Config) net.Listener { return &secureListener{l, config} }

type secureListener struct {
	net.Listener
	config *tls.Config
}

// Accept implements net.Listener. The handshake comes with the first read, in the goroutine of the
// connection. The HTTP server looks for a *tls.Conn, which is why it is one.
func (l *secureListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(&push.Wire{Conn: c}, l.config), nil
}

// Once is that configuration for connections that are answered once, in HTTP/1.1.
func Once(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.NextProtos = []string{"http/1.1"}
	return c
}

// takeOver makes a connection that was taken from the HTTP server one that stays, without
// deadlines, and counted no longer as one of requests.
func takeOver(c net.Conn) (net.Conn, error) {
	below := &c
	if secured, ok := c.(*tls.Conn); ok {
		if wire, ok := secured.NetConn().(*push.Wire); ok {
			below = &wire.Conn
		}
	}
	if r, ok := (*below).(*requestConn); ok {
		r.leave()
		*below = r.Conn
	}
	if err := c.SetDeadline(time.Time{}); err != nil { // of the HTTP server
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
