package fanout

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/internal/live"
)

// BenchmarkListResult is the cost of one result of a list: it is kept for the slow, offered,
// and found by a member who keeps up. It must not depend on how many sessions are listed.
func BenchmarkListResult(b *testing.B) {
	for _, sessions := range []int{100, maxKeyed, 10_000} {
		b.Run(fmt.Sprint("sessions=", sessions), func(b *testing.B) {
			keys := make([]string, sessions)
			payload := make([]byte, 400)
			l := &log{}
			for i := range keys {
				keys[i] = fmt.Sprint("session-", i)
				l = l.with(payload, live.Metadata{Key: keys[i]})
			}
			m := &Member{group: &group{}, cursor: l.seq}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				l = l.with(payload, live.Metadata{Key: keys[i*7%sessions]})
				_ = l.bytes()
				m.group.log.Store(l)
				if _, ok := m.Next(); !ok {
					b.Fatal("nothing is found")
				}
			}
		})
	}
}
