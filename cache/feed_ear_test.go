package cache

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// rarely is an interval that no test lives to see; often one for tests that wait
// for what an interval brings.
const (
	rarely = time.Hour
	often  = 50 * time.Millisecond
)

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

// told is one call of a listener.
type told struct {
	what     string
	scope    string
	revision int64
	epoch    string
}

// ear is a listener that keeps what it is told.
type ear struct {
	t    testing.TB
	busy atomic.Bool // to see that one call comes at a time

	mu    sync.Mutex
	calls []told
	more  chan struct{} // closed with each call, and made anew
}

func newEar(t testing.TB) *ear { return &ear{t: t, more: make(chan struct{})} }

func (e *ear) hear(c told) {
	if !e.busy.CompareAndSwap(false, true) {
		e.t.Errorf("%+v is told while something else is", c)
	}
	defer e.busy.Store(false)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, c)
	close(e.more)
	e.more = make(chan struct{})
}

func (e *ear) Subscribed(scope bos.SessionKey) {
	e.hear(told{what: "subscribed", scope: scope.String()})
}
func (e *ear) Changed(scope bos.SessionKey, revision int64) {
	e.hear(told{what: "changed", scope: scope.String(), revision: revision})
}
func (e *ear) ListSubscribed() { e.hear(told{what: "list subscribed"}) }
func (e *ear) ListChanged(scope bos.SessionKey, revision int64) {
	e.hear(told{what: "list changed", scope: scope.String(), revision: revision})
}
func (e *ear) Interrupted() { e.hear(told{what: "interrupted"}) }
func (e *ear) Alive(epoch string, revision int64) {
	e.hear(told{what: "alive", epoch: epoch, revision: revision})
}

// now is how much has been told so far.
func (e *ear) now() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.calls)
}

// after returns what was told from a moment on.
func (e *ear) after(from int) []told {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls[from:])
}

// await waits until what was told from a moment on satisfies is.
func (e *ear) await(from int, what string, is func([]told) bool) {
	e.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		e.mu.Lock()
		ok, more := is(e.calls[from:]), e.more
		e.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-more:
		case <-late.C:
			e.t.Fatalf("waited in vain for %s, told was %+v", what, e.after(from))
		}
	}
}

// one waits for a call that satisfies is, and returns the first.
func (e *ear) one(from int, what string, is func(told) bool) (found told) {
	e.t.Helper()
	e.await(from, what, func(calls []told) bool {
		at := slices.IndexFunc(calls, is)
		if at >= 0 {
			found = calls[at]
		}
		return at >= 0
	})
	return found
}

func (e *ear) call(from int, c told) {
	e.t.Helper()
	e.one(from, fmt.Sprintf("%+v", c), func(o told) bool { return o == c })
}

func (e *ear) alive(from int, is func(told) bool) told {
	e.t.Helper()
	return e.one(from, "a probe", func(c told) bool { return c.what == "alive" && is(c) })
}

func anyProbe(told) bool { return true }

func (e *ear) subscribed(from int, scopes ...bos.SessionKey) {
	e.t.Helper()
	for _, scope := range scopes {
		e.call(from, told{what: "subscribed", scope: scope.String()})
	}
}

func count(calls []told, what string) (n int) {
	for _, c := range calls {
		if c.what == what {
			n++
		}
	}
	return n
}

// feed runs a new feed until the test ends, or stop is called.
func (s *suite) feed(store *Store, interval time.Duration) (f *Feed, e *ear, stop func()) {
	e = newEar(s)
	f = store.NewFeed(e, interval)
	return f, e, run(s, f)
}

func run(t testing.TB, f *Feed) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits for what nothing tells of.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	pulse := time.NewTicker(5 * time.Millisecond)
	defer pulse.Stop()
	for late := time.Now().Add(patience); !is(); <-pulse.C {
		if time.Now().After(late) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// subscribers is how many connections are subscribed to a scope's channel.
func (s *suite) subscribers(scope bos.SessionKey) int64 {
	s.Helper()
	node, ok := s.store.client.(*redis.Client)
	if c, cluster := s.store.client.(*redis.ClusterClient); cluster {
		var err error
		node, err = c.MasterForKey(s.ctx, s.store.keys.meta())
		s.must(err)
	} else if !ok {
		s.Fatalf("unknown client %T", s.store.client)
	}
	channel := s.store.keys.notices(scope)
	n, err := node.PubSubNumSub(s.ctx, channel).Result()
	s.must(err)
	return n[channel]
}

// lines are connections to Redis that a test can cut as a broken network does. It
// counts those that were used to subscribe.
type lines struct {
	mu     sync.Mutex
	listen []*lineToCut
}

type lineToCut struct {
	net.Conn
	of   *lines
	once sync.Once
	lost atomic.Bool // whoever reads finds it closed from afar
	mute atomic.Bool // nothing comes any more, although it is open
}

func (l *lines) dialer() func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &lineToCut{Conn: conn, of: l}, nil
	}
}

func (c *lineToCut) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "\r\nsubscribe\r\n") {
		c.once.Do(func() {
			c.of.mu.Lock()
			defer c.of.mu.Unlock()
			c.of.listen = append(c.of.listen, c)
		})
	}
	return c.Conn.Write(b)
}

func (c *lineToCut) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil && c.lost.Load() {
			err = io.EOF
		}
		if err != nil || !c.mute.Load() {
			return n, err
		}
	}
}

// last is the newest connection that subscribes.
func (l *lines) last() *lineToCut {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listen[len(l.listen)-1]
}

func (l *lines) cut() {
	c := l.last()
	c.lost.Store(true)
	_ = c.Close()
}

func (l *lines) made() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.listen)
}
