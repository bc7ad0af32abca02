package transport

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// granted is a client that notes why it was sent away.
type granted struct {
	connection
	mu  sync.Mutex
	why []string
}

func (c *granted) reasons() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.why)
}

func (c *granted) ping()      {}
func (c *granted) pingAgain() {}
func (c *granted) goAway()    {}
func (c *granted) expire(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.why = append(c.why, reason)
}

// issuer accepts all tokens but those that were withdrawn, and counts.
type issuer struct {
	withdrawn sync.Map
	asked     atomic.Int32
}

func (i *issuer) Verify(_ context.Context, token string) (auth.Principal, error) {
	i.asked.Add(1)
	if _, withdrawn := i.withdrawn.Load(token); withdrawn {
		return auth.Principal{}, auth.Refuse(auth.Unknown, "secret detail")
	}
	return auth.Principal{Roles: auth.Roles(0).With(auth.Viewer)}, nil
}

// TestWithdrawnTokensEndConnections withdraws the token of some connections.
func TestWithdrawnTokensEndConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		gate := auth.NewGate(i, slog.New(slog.DiscardHandler))
		s := NewStreams(StreamOptions{PingInterval: time.Minute})
		clients := make([]*granted, 100)
		for n := range clients {
			grant, err := gate.Admit(t.Context(), auth.Credentials{Token: []string{"a", "b"}[n%2]})
			if err != nil {
				t.Fatal(err)
			}
			clients[n] = &granted{}
			clients[n].may(grant)
			s.enter(clients[n])
		}
		i.asked.Store(0)
		time.Sleep(checkEvery + time.Second)
		synctest.Wait()
		if n := i.asked.Load(); n != 2 {
			t.Errorf("two tokens were verified %d times for %d connections", n, len(clients))
		}
		i.withdrawn.Store("b", true)
		time.Sleep(checkEvery)
		synctest.Wait()
		for n, c := range clients {
			if withdrawn := n%2 == 1; withdrawn != (len(c.reasons()) > 0) || strings.Contains(strings.Join(c.reasons(), ""), "secret") {
				t.Errorf("client %d: %q", n, c.reasons())
			}
		}
		s.end()
		s.done.Wait()
	})
}

// TestConnectionsEndInTime lets time pass until grants have ended.
func TestConnectionsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStreams(StreamOptions{PingInterval: time.Minute})
		brief, endless := &granted{}, &granted{}
		brief.may(auth.Grant{Until: time.Now().Add(time.Hour)})
		endless.may(auth.Grant{})
		s.enter(brief)
		s.enter(endless)
		time.Sleep(time.Hour - time.Millisecond)
		synctest.Wait()
		if len(brief.reasons()) > 0 {
			t.Error("ended before its time")
		}
		time.Sleep(grantTick + time.Millisecond)
		synctest.Wait()
		if len(brief.reasons()) == 0 || len(endless.reasons()) > 0 {
			t.Errorf("after its time: %q and %q", brief.reasons(), endless.reasons())
		}
		s.end()
		s.done.Wait()
	})
}

// TestEveryEndIsSeen lets grants end one after the other, of which some were given later and one was
// replaced: each connection ends in its time, whichever was to end first.
func TestEveryEndIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStreams(StreamOptions{PingInterval: time.Minute})
		begin := time.Now()
		ends := []time.Duration{3 * time.Minute, time.Minute, 2 * time.Minute, time.Minute, 0}
		clients := make([]*granted, len(ends))
		for i := range clients {
			clients[i] = &granted{}
			clients[i].may(auth.Grant{Until: begin.Add(time.Minute / 2)})
			s.enter(clients[i])
		}
		for i, end := range ends {
			grant := auth.Grant{}
			if end > 0 {
				grant.Until = begin.Add(end)
			}
			s.share(grant, clients[i].about())
		}
		for minute := time.Duration(0); minute <= 4*time.Minute; minute += time.Minute {
			time.Sleep(time.Until(begin.Add(minute + grantTick + time.Millisecond)))
			synctest.Wait()
			for i, end := range ends {
				if over := len(clients[i].reasons()) > 0; over != (end > 0 && end <= minute) {
					t.Errorf("after %v: connection %d, which ends after %v, has ended: %v", minute, i, end, over)
				}
			}
		}
		s.end()
		s.done.Wait()
	})
}

// TestConnectionsWithTheSameRightsShareTheirGrant keeps what a connection takes small.
func TestConnectionsWithTheSameRightsShareTheirGrant(t *testing.T) {
	var s Streams
	var a, b, c connection
	until := time.Now().Add(time.Hour)
	s.share(auth.Grant{Until: until}, &a)
	s.share(auth.Grant{Until: until}, &b)
	s.share(auth.Grant{Until: until.Add(time.Hour)}, &c)
	if a.granted.Load() != b.granted.Load() {
		t.Error("equal grants are held twice")
	}
	if a.granted.Load() == c.granted.Load() || !c.grant().Until.Equal(until.Add(time.Hour)) {
		t.Error("a grant that ends later is taken for an earlier one")
	}
}
