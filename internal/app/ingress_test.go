package app_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// ingress forwards connections to a server, which can be replaced.
type ingress struct {
	listener net.Listener

	mu sync.Mutex
	to string
}

func newIngress(t *testing.T, to string) *ingress {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := &ingress{listener: listener, to: to}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed by the test's end
			}
			running.Go(func() { in.forward(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return in
}

func (in *ingress) address() string { return in.listener.Addr().String() }

// leadTo forwards connections that are made from now on to another server.
func (in *ingress) leadTo(to string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.to = to
}

func (in *ingress) forward(conn net.Conn) {
	defer conn.Close()
	in.mu.Lock()
	to := in.to
	in.mu.Unlock()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return // the client sees its connection end
	}
	defer server.Close()
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(server, conn)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	_, _ = io.Copy(conn, server)
	_ = conn.Close() // ends the other direction, too
	copying.Wait()
}
