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

	"github.com/bosgraph/bosgraph/bos"
)

// rareProbe is an interval that no test lives to see; often one for tests that wait
// for what an interval brings.
const (
	rareProbe = time.Hour
	often     = 50 * time.Millisecond
)

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

// reported is one call of a listener.
type reported struct {
	what     string
	scope    string
	revision int64
	epoch    string
	missed   bool
}

// recorder is a listener that keeps what is reported to it.
type recorder struct {
	t    testing.TB
	busy atomic.Bool // to see that one call comes at a time

	mu    sync.Mutex
	calls []reported
	more  chan struct{} // closed with each call, and made again
}

func newRecorder(t testing.TB) *recorder { return &recorder{t: t, more: make(chan struct{})} }

func (e *recorder) receive(c reported) {
	if !e.busy.CompareAndSwap(false, true) {
		e.t.Errorf("%+v is reported while something else is", c)
	}
	defer e.busy.Store(false)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, c)
	close(e.more)
	e.more = make(chan struct{})
}

func (e *recorder) Subscribed() { e.receive(reported{what: "subscribed"}) }
func (e *recorder) Changed(notices []bos.Notice) {
	for _, n := range notices {
		what := "changed"
		if n.Record {
			what = "record changed"
		}
		e.receive(reported{what: what, scope: n.Scope.String(), revision: n.Revision})
	}
}
func (e *recorder) Interrupted() { e.receive(reported{what: "interrupted"}) }
func (e *recorder) Alive(epoch string, revision int64, missed bool) {
	e.receive(reported{what: "alive", epoch: epoch, revision: revision, missed: missed})
}

// now is how much has been reported so far.
func (e *recorder) now() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.calls)
}

// after returns what was reported from a moment on.
func (e *recorder) after(from int) []reported {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls[from:])
}

// await waits until what was reported from a moment on satisfies is.
func (e *recorder) await(from int, what string, is func([]reported) bool) {
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
			e.t.Fatalf("waited in vain for %s, reported was %+v", what, e.after(from))
		}
	}
}

// one waits for a call that satisfies is, and returns the first.
func (e *recorder) one(from int, what string, is func(reported) bool) (found reported) {
	e.t.Helper()
	e.await(from, what, func(calls []reported) bool {
		at := slices.IndexFunc(calls, is)
		if at >= 0 {
			found = calls[at]
		}
		return at >= 0
	})
	return found
}

func (e *recorder) call(from int, c reported) {
	e.t.Helper()
	e.one(from, fmt.Sprintf("%+v", c), func(o reported) bool { return o == c })
}

func (e *recorder) alive(from int, is func(reported) bool) reported {
	e.t.Helper()
	return e.one(from, "a probe", func(c reported) bool { return c.what == "alive" && is(c) })
}

func anyProbe(reported) bool { return true }

func (e *recorder) subscribed(from int) {
	e.t.Helper()
	e.call(from, reported{what: "subscribed"})
}

func count(calls []reported, what string) (n int) {
	for _, c := range calls {
		if c.what == what {
			n++
		}
	}
	return n
}

// feed runs a new feed until the test ends, or stop is called.
func (s *suite) feed(store *Store, interval time.Duration) (f *Feed, e *recorder, stop func()) {
	e = newRecorder(s)
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

// eventually waits for what nothing reports.
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

// subscribers is how many connections are subscribed to notices.
func (s *suite) subscribers() int64 {
	s.Helper()
	node, err := s.store.db.Owner(s.ctx)
	s.must(err)
	channel := s.store.db.Keys.Notices()
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
	lost atomic.Bool // its reader finds it closed by the other side
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
