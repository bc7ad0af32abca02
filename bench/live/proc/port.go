package proc

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// FreeAddress finds an address on loopback that nobody listens on. It stays below
// the ports that the kernel gives to outgoing connections, of which the benchmark
// makes thousands.
func FreeAddress() (string, error) {
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(11_000+rand.IntN(20_000)))
		if l, err := net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", fmt.Errorf("no free port between 11000 and 31000")
}
