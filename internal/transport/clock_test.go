package transport

import (
	"net"
	"testing"
	"time"
	"unsafe"

	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/push"
)

// stepped is a moment as time.Now returns it after the wall clock was set: the monotonic part of a time.Time stays.
func stepped(at time.Time, by time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&at)) += uint64(by/time.Second) << 30 // where it has the seconds of the wall clock
	return at
}

// TestTheWallClockDisconnectsNobody visits clients after the wall clock was set by an hour: one that has just sent
// something stays connected, and one whose time has come is pinged.
func TestTheWallClockDisconnectsNobody(t *testing.T) {
	const interval = 25 * time.Second
	s := NewStreams(StreamOptions{PingInterval: interval})
	defer s.Close()
	for _, step := range []time.Duration{-time.Hour, time.Hour} {
		now := time.Now()
		if set := stepped(now, step); set.Sub(now) != 0 || set.UnixNano()-now.UnixNano() != int64(step) {
			t.Fatal("this is not how a time.Time is laid out: see stepped")
		}
		here, there := net.Pipe()
		defer there.Close()
		c := &pinged{}
		c.Conn = push.New(here, time.Second)
		c.may(auth.Grant{})
		c.pinged = s.moment(now)
		c.lastReceived.Store(int64(c.pinged))
		s.visit(c, stepped(now.Add(time.Second), step))
		if _, err := c.Conn.Write(nil); err != nil || len(c.at) != 0 {
			t.Errorf("%v: a client that has just sent something: pinged %d times, %v", step, len(c.at), err)
		}
		s.visit(c, stepped(now.Add(interval), step))
		if len(c.at) != 1 {
			t.Errorf("%v: pinged %d times in an interval", step, len(c.at))
		}
		_ = c.Close()
	}
}
