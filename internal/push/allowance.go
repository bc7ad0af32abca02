package push

import (
	"net"
	"time"
)

// Allowance is how long a client may take for one answer. It may take nothing for as long
// as the patience lasts, and in all as much longer as it takes at [minRate]. So one that
// has stopped reading is disconnected, one on a slow line gets all of a large answer, and
// one that takes a byte now and then does not keep the answer for ever. Only the time
// counts in which the client is waited for.
type Allowance struct {
	Patience time.Duration
	waited   time.Duration
	taken    int64
}

// minRate is how many bytes a second a client has to take once its patience is used up.
const minRate = 64 << 10

// piece is how much is written under one deadline.
const piece = 64 << 10

// Write writes all of b within what is left of the allowance.
func (a *Allowance) Write(c net.Conn, b []byte) (written int, err error) {
	for written < len(b) && err == nil {
		part := b[written:min(len(b), written+piece)]
		start := time.Now()
		err = c.SetWriteDeadline(start.Add(a.left()))
		if err != nil {
			break
		}
		var n int
		n, err = c.Write(part)
		a.waited += time.Since(start)
		a.taken += int64(n)
		written += n
	}
	return written, err
}

func (a *Allowance) left() time.Duration {
	return min(a.Patience, a.Patience+time.Duration(a.taken)*time.Second/minRate-a.waited)
}
