package app

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bosgraph/bosgraph/internal/transport"
)

// What is kept for the time when no file descriptor is left.
const (
	// reserves are the descriptors that are held for it, and so the connections that are
	// answered at a time then.
	reserves = 16
	// firstByte is how long such a connection may wait with its request, and wholeRequest
	// how long all of it may take: clients that send nothing must not keep a health probe,
	// which stands behind them in the kernel's queue, from its answer.
	firstByte    = 50 * time.Millisecond
	wholeRequest = 500 * time.Millisecond
	// calm is how long descriptors must not have run out before that counts as over.
	calm = 5 * time.Second
	// reserveRetry is how long to wait for a reserve that another part of the process was
	// faster to take.
	reserveRetry = 5 * time.Millisecond
)

// reserveListener accepts connections also when the process has no file descriptor left: it
// gives up one that it holds in reserve, answers the health probe on the connection that
// it gets for it and refuses anything else, and takes the reserve back. net/http would back
// off instead, for up to a second each time, and /healthz with it.
type reserveListener struct {
	net.Listener
	health string      // the path of the health probe
	tls    *tls.Config // nil without TLS
	log    *slog.Logger

	free chan *os.File // reserves; nil stands for one that is yet to be opened

	mu      sync.Mutex
	since   time.Time // when descriptors ran out; zero in good times
	last    time.Time // when that was noticed last
	refused atomic.Int64
	closed  atomic.Bool
}

// reserving wraps a listener. The reserves are given back with its Close.
func reserving(l net.Listener, health string, secured *tls.Config, log *slog.Logger) net.Listener {
	r := &reserveListener{Listener: l, health: health, tls: secured, log: log, free: make(chan *os.File, reserves)}
	for range reserves {
		f, _ := os.Open(os.DevNull) // if there is none left already, take opens it
		r.free <- f
	}
	return r
}

// exhausted says whether an error is about file descriptors, of the process or of the system.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// Accept implements [net.Listener]. It returns no connection that was made with a reserve.
func (r *reserveListener) Accept() (net.Conn, error) {
	for {
		conn, err := r.Listener.Accept()
		if err == nil {
			r.recovered()
			return conn, nil
		}
		if !exhausted(err) {
			return nil, err
		}
		r.ranOut(err)
		if err := r.acceptWithReserve(); err != nil {
			return nil, err
		}
	}
}

// acceptWithReserve accepts one connection with a reserve and leaves it to be answered.
// It waits for a reserve while all are in use.
func (r *reserveListener) acceptWithReserve() error {
	reserve := <-r.free
	if reserve == nil {
		<-time.After(reserveRetry) // then perhaps something was closed
	} else {
		_ = reserve.Close() // of /dev/null: nothing can be lost
	}
	conn, err := r.Listener.Accept()
	switch {
	case err == nil:
		go func() {
			r.answer(conn)
			r.restore()
		}()
		return nil
	case exhausted(err): // somebody else was faster
		r.restore()
		return nil
	default:
		r.free <- nil
		return err
	}
}

// restore takes a descriptor back.
func (r *reserveListener) restore() {
	if r.closed.Load() {
		return
	}
	f, _ := os.Open(os.DevNull) // nil if others have taken it
	r.free <- f
}

// answer reads one request and answers it: the health probe as ever, for the process is
// alive, and all else with a refusal.
func (r *reserveListener) answer(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(firstByte))
	reader := bufio.NewReader(conn)
	if _, err := reader.Peek(1); err != nil {
		r.refused.Add(1)
		return
	}
	_ = conn.SetDeadline(time.Now().Add(wholeRequest))
	if r.tls != nil {
		secured := tls.Server(&peeked{conn, reader}, transport.Once(r.tls))
		defer secured.Close()
		conn, reader = secured, bufio.NewReader(secured)
	}
	request, err := http.ReadRequest(reader)
	if err != nil {
		r.refused.Add(1)
		return
	}
	response := http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: request, Close: true,
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Cache-Control": {"no-store"}},
	}
	text := "alive\n"
	if request.URL.Path != r.health || request.Method != http.MethodGet && request.Method != http.MethodHead {
		r.refused.Add(1)
		response.StatusCode, text = http.StatusServiceUnavailable, "this server has no file descriptors left: try again in a moment\n"
		response.Header.Set("Retry-After", "1")
	}
	response.Body, response.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	_ = response.Write(conn) // who does not wait for it has no use for it
}

// peeked is a connection of which something has been read into a buffer.
type peeked struct {
	net.Conn
	reader *bufio.Reader
}

// Read implements net.Conn.
func (p *peeked) Read(b []byte) (int, error) { return p.reader.Read(b) }

// ranOut logs that descriptors have run out, once an episode.
func (r *reserveListener) ranOut(err error) {
	r.mu.Lock()
	now := time.Now()
	begins := r.since.IsZero()
	if begins {
		r.since = now
	}
	r.last = now
	r.mu.Unlock()
	if begins {
		r.log.Error("out of file descriptors; refusing connections, only /healthz is answered", "error", err, "limit", fileLimit(),
			"fix", "raise the limit of open files (ulimit -n, LimitNOFILE=), or lower --max-connections")
	}
}

// recovered logs that they are there again.
func (r *reserveListener) recovered() {
	r.mu.Lock()
	now := time.Now()
	since := r.since
	over := !since.IsZero() && now.Sub(r.last) >= calm
	if over {
		r.since = time.Time{}
	}
	r.mu.Unlock()
	if over {
		r.log.Info("file descriptors available again", "took", now.Sub(since).Round(time.Millisecond), "refused", r.refused.Swap(0))
	}
}

// Close implements [net.Listener].
func (r *reserveListener) Close() error {
	err := r.Listener.Close()
	r.closed.Store(true)
	for {
		select {
		case f := <-r.free:
			if f != nil {
				_ = f.Close()
			}
		default:
			return err
		}
	}
}
