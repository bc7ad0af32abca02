package redisdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// valve stands between a client and Redis. It counts round trips of SET, and holds their
// replies back while it is shut.
type valve struct {
	sent atomic.Int64
	shut sync.RWMutex
}

func (v *valve) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &valvedConn{Conn: conn, valve: v}, err
}

type valvedConn struct {
	net.Conn
	valve *valve
	asked atomic.Bool
}

func (c *valvedConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("\r\nset\r\n")) { // and not what opens a connection
		c.asked.Store(true)
		c.valve.sent.Add(1)
	}
	return c.Conn.Write(b)
}

func (c *valvedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.asked.Load() {
		c.valve.shut.RLock()
		defer c.valve.shut.RUnlock()
	}
	return n, err
}

// reply is what became of a command.
type reply struct {
	value any
	err   error
}

// site is a namespace behind a valve.
type site struct {
	*testing.T
	valve valve
	db    *DB
}

func newSite(t *testing.T) *site {
	s := &site{T: t}
	var err error
	s.db, err = Open(Options{URL: "redis://" + redistest.SharedServer(t), Namespace: rand.Text(), Timeout: 20 * time.Second, Dialer: s.valve.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Client.Close() })
	if _, err := s.db.do(t.Context(), []any{"set", s.key("0"), "0"}); err != nil { // which makes a connection
		t.Fatal(err)
	}
	return s
}

func (s *site) key(name string) string { return s.db.Keys.Meta() + name }

func (s *site) begin(ctx context.Context, args ...any) <-chan reply {
	done := make(chan reply, 1)
	go func() {
		value, err := s.db.do(ctx, args)
		done <- reply{value, err}
	}()
	return done
}

// hold begins a command whose reply is held back until the valve is opened.
func (s *site) hold() <-chan reply {
	s.valve.shut.Lock()
	before := s.valve.sent.Load()
	held := s.begin(s.Context(), "set", s.key("0"), "1")
	for s.valve.sent.Load() == before {
		runtime.Gosched()
	}
	return held
}

// join begins a command and returns when it waits for the next round trip.
func (s *site) join(ctx context.Context, args ...any) <-chan reply {
	before, _ := s.db.exchanges.Waiting(struct{}{})
	done := s.begin(ctx, args...)
	for {
		if now, _ := s.db.exchanges.Waiting(struct{}{}); now > before {
			return done
		}
		runtime.Gosched()
	}
}

func (s *site) get(name string) string {
	s.Helper()
	value, err := s.db.Client.Get(s.Context(), s.key(name)).Result()
	if err != nil && err != redis.Nil {
		s.Fatal(err)
	}
	return value
}

// TestCommandsThatComeMeanwhileShareARoundTrip shows that each has its own reply, that one
// that fails fails alone, and that one whose caller has given up before is not sent.
func TestCommandsThatComeMeanwhileShareARoundTrip(t *testing.T) {
	s := newSite(t)
	held := s.hold()
	before := s.valve.sent.Load()
	var good []<-chan reply
	for i := range 20 {
		good = append(good, s.join(t.Context(), "set", s.key(fmt.Sprint(i)), fmt.Sprint("old", i)))
	}
	bad := s.join(t.Context(), "set", s.key("bad"))
	ctx, cancel := context.WithCancel(t.Context())
	left := s.join(ctx, "set", s.key("left"), "1")
	old := s.join(t.Context(), "set", s.key("3"), "new", "get")
	cancel()
	if got := <-left; !errors.Is(got.err, context.Canceled) {
		t.Errorf("who has given up gets %v", got.err)
	}
	s.valve.shut.Unlock()

	for i, done := range append(good, held) {
		if got := <-done; got.err != nil || got.value != "OK" {
			t.Errorf("command %d: %v %v", i, got.value, got.err)
		}
	}
	if got := <-bad; got.err == nil || !strings.Contains(got.err.Error(), "wrong number of arguments") {
		t.Errorf("the wrong command gets %v %v", got.value, got.err)
	}
	if got := <-old; got.err != nil || got.value != "old3" {
		t.Errorf("the last command gets %v %v", got.value, got.err)
	}
	if sent := s.valve.sent.Load() - before; sent != 1 {
		t.Errorf("the commands took %d round trips", sent)
	}
	if got := s.get("left"); got != "" {
		t.Errorf("the command of who had given up was executed: %q", got)
	}
	if got := s.get("19"); got != "old19" {
		t.Errorf("got %q", got)
	}
}

// TestWhoGivesUpTakesNothingFromTheOthers shows it for a caller that has opened the round trip
// and leaves while that is under way.
func TestWhoGivesUpTakesNothingFromTheOthers(t *testing.T) {
	s := newSite(t)
	held := s.hold()
	ctx, cancel := context.WithCancel(t.Context())
	first := s.join(ctx, "set", s.key("first"), "1")
	second := s.join(t.Context(), "set", s.key("second"), "2")
	before := s.valve.sent.Load()
	s.valve.shut.Unlock()
	<-held
	for s.valve.sent.Load() == before {
		runtime.Gosched()
	}
	cancel()
	<-first // done or not, as it happens
	if got := <-second; got.err != nil || got.value != "OK" {
		t.Errorf("got %v %v", got.value, got.err)
	}
}

// TestACommandThatIsNotSentHasAnError shows that it does not look answered to a caller that
// has given up and sees the end of the round trip first.
func TestACommandThatIsNotSentHasAnError(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	one := &shared{ctx, redis.NewCmd(ctx, "set", s.key("1"), "1")}
	cancel()
	(&exchange{[]*shared{one}}).send(s.db)
	if value, err := one.cmd.Result(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v %v", value, err)
	}
}

// TestLongCommandsKeepNobodyWaiting shows that a long command is sent at once and that
// others do not wait for it.
func TestLongCommandsKeepNobodyWaiting(t *testing.T) {
	s := newSite(t)
	held := s.hold()
	before := s.valve.sent.Load()
	long := s.begin(t.Context(), "set", s.key("long"), strings.Repeat("x", maxShared+1))
	for s.valve.sent.Load() == before {
		runtime.Gosched()
	}
	if waiting, _ := s.db.exchanges.Waiting(struct{}{}); waiting != 0 {
		t.Errorf("%d wait", waiting)
	}
	s.valve.shut.Unlock()
	for _, done := range []<-chan reply{held, long} {
		if got := <-done; got.err != nil {
			t.Error(got.err)
		}
	}
}

// TestAFailedRoundTripFailsForAll shows that nobody takes it for an answer.
func TestAFailedRoundTripFailsForAll(t *testing.T) {
	s := newSite(t)
	held := s.hold()
	var all []<-chan reply
	for i := range 3 {
		all = append(all, s.join(t.Context(), "set", s.key(fmt.Sprint(i)), "1"))
	}
	if err := s.db.Client.Close(); err != nil {
		t.Fatal(err)
	}
	s.valve.shut.Unlock()
	<-held
	for i, done := range all {
		if got := <-done; got.err == nil {
			t.Errorf("command %d gets %v of a client that is closed", i, got.value)
		}
	}
}
