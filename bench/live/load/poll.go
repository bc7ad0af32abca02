package load

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
)

// socket is a TCP connection without Go's network poller: what the clients use of
// the processors, the server can't have, and this takes half as much.
type socket int

// detach makes a socket of a connection, which is closed.
func detach(conn *net.TCPConn) (socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, errors.Join(err, conn.Close())
	}
	fd, refused := -1, error(nil)
	err = raw.Control(func(original uintptr) { fd, refused = syscall.Dup(int(original)) })
	return socket(fd), errors.Join(err, refused, conn.Close())
}

// Read reads what has arrived; that may be nothing.
func (s socket) Read(b []byte) (int, error) {
	n, err := syscall.Read(int(s), b)
	switch {
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR):
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes b. Clients write so little that there is always room for it.
func (s socket) Write(b []byte) (int, error) { return syscall.Write(int(s), b) }

// Close closes the connection.
func (s socket) Close() error { return syscall.Close(int(s)) }

// poll calls for each client at which something has arrived, from one goroutine.
type poll struct {
	fd       int
	clients  []atomic.Pointer[client]
	read     func(*client) (more bool)
	closing  atomic.Bool
	finished chan error
}

// newPoll has place for so many clients.
func newPoll(clients int, read func(*client) bool) (*poll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	p := &poll{fd: fd, clients: make([]atomic.Pointer[client], clients), read: read, finished: make(chan error, 1)}
	go func() { p.finished <- p.run() }()
	return p, nil
}

// add has the ith client polled from now on: nobody else may read it any more.
func (p *poll) add(i int, one *client) error {
	p.clients[i].Store(one)
	// What is given here comes back with each event: the place of the client.
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(i)}
	return syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, int(one.wire.(socket)), &event)
}

func (p *poll) run() error {
	const wait = 50 // ms, then look whether it is to end
	events := make([]syscall.EpollEvent, 256)
	for !p.closing.Load() {
		n, err := syscall.EpollWait(p.fd, events, wait)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			one := p.clients[e.Fd].Load()
			if p.read(one) {
				continue
			}
			if err := syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_DEL, int(one.wire.(socket)), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends it; the sockets stay open.
func (p *poll) close() error {
	p.closing.Store(true)
	return errors.Join(<-p.finished, syscall.Close(p.fd))
}
