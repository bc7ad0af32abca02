package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// refrain makes the kernel drop what would begin another connection, as if the network had lost it: clients try again after a
// second, and are refused then. Handshakes that are under way come to their end, and can be accepted. It reports whether the
// kernel does that.
func refrain(l net.Listener) bool {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	const (
		flags = 13   // where a header of TCP has its flags
		syn   = 0x02 // of them, what only the packets have that begin a connection
		whole = 1 << 18
	)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K},
		{Code: unix.BPF_RET | unix.BPF_K, K: whole},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	failed := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	})
	return failed == nil && err == nil
}
