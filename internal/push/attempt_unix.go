//go:build unix

package push

import "syscall"

const canTry = true

// attempt is a write that takes what the kernel has room for. It is kept with its
// connection, so that trying allocates nothing.
type attempt struct {
	do  func(fd uintptr) bool
	b   []byte
	n   int
	err error
}

// now writes as much of b as the kernel takes at once.
func (a *attempt) now(raw syscall.RawConn, b []byte) (int, error) {
	a.b, a.n, a.err = b, 0, nil
	err := raw.Write(a.do)
	a.b = nil
	if err == nil {
		err = a.err
	}
	return a.n, err
}

// write is called with the descriptor, which does not block. It is always done: a
// kernel that has no room is not waited for here.
func (a *attempt) write(fd uintptr) bool {
	for a.n < len(a.b) {
		n, err := syscall.Write(int(fd), a.b[a.n:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return true
		case err != nil:
			a.err = err
			return true
		default:
			a.n += n
		}
	}
	return true
}
