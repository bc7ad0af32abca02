package cache

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// gate stands between a store and Redis. It counts reads of sessions, and holds
// their answers back while it is shut: Redis has given them by then.
type gate struct {
	reads atomic.Int64 // sent
	given atomic.Int64 // of their answers, those that have come to the gate
	shut  sync.RWMutex
}

func (g *gate) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &gatedConn{Conn: conn, gate: g}, err
}

type gatedConn struct {
	net.Conn
	gate  *gate
	asked atomic.Int64 // reads whose answers are still to come
}

func (c *gatedConn) Write(b []byte) (int, error) {
	n := int64(bytes.Count(bytes.ToLower(b), []byte("\r\nhmget\r\n")))
	c.asked.Add(n)
	c.gate.reads.Add(n)
	return c.Conn.Write(b)
}

func (c *gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.gate.given.Add(c.asked.Swap(0))
	c.gate.shut.RLock()
	defer c.gate.shut.RUnlock()
	return n, err
}

// until waits for what other goroutines do.
func until(ok func() bool) {
	for !ok() {
		runtime.Gosched()
	}
}

// waiting is how many callers wait for a round that is not sent yet.
func waiting(q *rounds) int {
	callers, _ := q.Waiting(struct{}{})
	return callers
}

func idle(q *rounds) bool {
	_, busy := q.Waiting(struct{}{})
	return !busy
}

// outcome is what became of a read.
type outcome struct {
	session *bos.Session
	err     error
}

// reader is a store behind a gate.
type reader struct {
	*suite
	gate  gate
	store *Store
}

func newReader(s *suite) *reader {
	r := &reader{suite: s}
	r.store = s.open(r.gate.dial)
	s.must((<-r.begin(s.ctx, "none")).err) // the gate lets connections be made
	return r
}

func (r *reader) begin(ctx context.Context, session string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		found, err := r.store.ReadSessions(ctx, []bos.SessionRead{{SessionKey: name(session), Want: bos.Want{Status: true}}})
		if err != nil {
			done <- outcome{nil, err}
		} else {
			done <- outcome{found[0], nil}
		}
	}()
	return done
}

// hold begins a read whose answer is held back until the gate is opened.
func (r *reader) hold(session string) <-chan outcome {
	r.gate.shut.Lock()
	before := r.gate.given.Load()
	held := r.begin(r.ctx, session)
	until(func() bool { return r.gate.given.Load() > before })
	r.gate.reads.Store(0)
	return held
}

// join begins a read and returns when it waits for the next round trip.
func (r *reader) join(ctx context.Context, session string) <-chan outcome {
	before := waiting(r.store.rounds)
	done := r.begin(ctx, session)
	until(func() bool { return waiting(r.store.rounds) > before })
	return done
}

func (r *reader) open() { r.gate.shut.Unlock() }

func (r *reader) want(done <-chan outcome, components int) {
	r.Helper()
	got := <-done
	r.must(got.err)
	if n := got.session.Status.Managed(); n != components {
		r.Errorf("%d components are seen, want %d", n, components)
	}
}

// TestReadsShareTheNextRoundTrip shows that reads that come while another is under
// way are done by one more, which sees what was written before they came, and asks
// the same only once.
func TestReadsShareTheNextRoundTrip(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.create("b")
		s.put(component("x1", "a"))
		r := newReader(s)

		held := r.hold("a")
		s.put(component("x2", "a"), component("y1", "b"))
		var a, b []<-chan outcome
		for range 50 {
			a, b = append(a, r.join(s.ctx, "a")), append(b, r.join(s.ctx, "b"))
		}
		r.open()
		r.want(held, 1)
		seen := map[*bos.Session]bool{}
		for i := range a {
			r.want(b[i], 1)
			got := <-a[i]
			s.must(got.err)
			if n := got.session.Status.Managed(); n != 2 || seen[got.session] {
				s.Fatalf("%d components are seen; the same session twice: %v", n, seen[got.session])
			}
			seen[got.session] = true
		}
		if n := r.gate.reads.Load(); n != 2 {
			s.Errorf("Redis was asked %d times", n)
		}
	})
}

// TestSharedReadsAreFresh hammers: a read that begins after a write was answered
// sees it.
func TestSharedReadsAreFresh(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		written := atomic.Int64{}
		ctx, stop := context.WithCancel(s.ctx)
		var readers sync.WaitGroup
		for range 16 {
			readers.Go(func() {
				for ctx.Err() == nil {
					want := written.Load()
					found, err := s.store.ReadSessions(s.ctx, []bos.SessionRead{{SessionKey: name("a"), Want: bos.Want{Status: true}}})
					if err != nil || int64(found[0].Status.Managed()) < want {
						s.Errorf("after %d writes: %+v, %v", want, found, err)
						return
					}
				}
			})
		}
		for i := range int64(200) {
			s.put(component(fmt.Sprintf("x%d", i), "a"))
			written.Store(i + 1)
		}
		stop()
		readers.Wait()
	})
}

// TestACallerThatGivesUpHoldsUpNobody shows that a caller that gives up waiting returns at once, harms
// nobody, and that what nobody waits for is not asked.
func TestACallerThatGivesUpHoldsUpNobody(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.create("b")
		r := newReader(s)
		impatient, leave := context.WithCancel(s.ctx)

		held := r.hold("a")
		gone, stays := r.join(impatient, "a"), r.join(s.ctx, "a")
		leave()
		s.code((<-gone).err, bos.Unavailable)
		r.open()
		r.want(held, 0)
		r.want(stays, 0)

		impatient, leave = context.WithCancel(s.ctx)
		held = r.hold("a")
		gone = r.join(impatient, "b")
		leave()
		s.code((<-gone).err, bos.Unavailable)
		r.open()
		r.want(held, 0)
		until(func() bool { return idle(r.store.rounds) })
		r.want(r.begin(s.ctx, "a"), 0)
		if n := r.gate.reads.Load(); n != 1 {
			s.Errorf("Redis was asked %d times", n)
		}
	})
}

// TestOneBadReadTakesNoOtherWithIt shows that a session that can't be read takes no other with it.
func TestOneBadReadTakesNoOtherWithIt(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("good")
		key := s.store.db.Keys.Session(schema.ScopeHome(name("bad")))
		s.must(s.store.db.Client.Set(s.ctx, key, "no hash", 0).Err())
		r := newReader(s)
		held := r.hold("good")
		bad, good := r.join(s.ctx, "bad"), r.join(s.ctx, "good")
		r.open()
		r.want(held, 0)
		r.want(good, 0)
		if got := <-bad; got.err == nil || bos.CodeOf(got.err) != bos.Internal {
			s.Errorf("the bad one is %+v, %v", got.session, got.err)
		}
		s.must(s.store.db.Client.Del(s.ctx, key).Err())
	})
}

// TestRoundsAreBounded shows that more than fit into one round trip make several.
func TestRoundsAreBounded(t *testing.T) {
	const callers = 30
	rounds := []*round{newRound(nil)}
	for i := range callers {
		reads := make([]homeRead, maxJoin)
		for j := range reads {
			reads[j].home = schema.Home(fmt.Sprint(i, " ", j))
		}
		if !rounds[len(rounds)-1].admit(reads) {
			rounds = append(rounds, newRound(reads))
		}
	}
	total := 0
	for _, r := range rounds {
		if len(r.asked) > maxRound {
			t.Errorf("%d reads in one round trip", len(r.asked))
		}
		total += len(r.asked)
	}
	if total != callers*maxJoin || len(rounds) < total/maxRound {
		t.Errorf("%d reads in %d rounds, want %d", total, len(rounds), callers*maxJoin)
	}
}
