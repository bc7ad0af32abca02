package transport

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// pinged is a client that notes when it was pinged.
type pinged struct {
	granted
	mu sync.Mutex
	at []time.Time
}

func (p *pinged) ping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = append(p.at, time.Now())
}

// TestACrowdIsNotPingedTogether lets a crowd connect at one moment: they are pinged once an
// interval each, a few at a time.
func TestACrowdIsNotPingedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, crowd, rounds = 25 * time.Second, 1000, 4
		s := NewStreams(StreamOptions{PingInterval: interval})
		clients := make([]*pinged, crowd)
		for i := range clients {
			clients[i] = &pinged{}
			clients[i].pinged = s.moment(time.Now())
			clients[i].may(auth.Grant{})
			s.enter(clients[i])
		}
		time.Sleep(rounds * interval)
		synctest.Wait()
		together := map[time.Time]int{}
		for i, c := range clients {
			c.mu.Lock()
			if len(c.at) < rounds-1 || len(c.at) > rounds {
				t.Errorf("client %d was pinged %d times in %d intervals", i, len(c.at), rounds)
			}
			if first := interval*rounds - time.Since(c.at[0]); first < interval/2 {
				t.Errorf("client %d was pinged %v after it had connected", i, first)
			}
			for _, at := range c.at {
				together[at]++
			}
			c.mu.Unlock()
		}
		for at, n := range together {
			if n > crowd/wheelParts+1 {
				t.Errorf("%d clients were pinged together at %v", n, at)
			}
		}
		s.end()
		s.done.Wait()
	})
}
