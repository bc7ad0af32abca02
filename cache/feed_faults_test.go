package cache

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/cache/internal/feed"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestFeedAfterALostConnection(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.create("b")
		var through lines
		l := newRecorder(s)
		run(s, s.open(through.dialer()).NewFeed(l, rareProbe))
		l.subscribed(0)
		epoch := l.alive(0, anyProbe).epoch
		for i := range 3 {
			from := l.now()
			through.cut()
			l.call(from, reported{what: "interrupted"})
			l.subscribed(from)
			l.alive(from, func(c reported) bool { return c.epoch == epoch })
			from2 := l.now()
			s.put(component(fmt.Sprint("x", i), "a"))
			l.call(from2, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
			calls := l.after(from)
			if n := count(calls, "interrupted"); n != 1 {
				s.Errorf("interrupted %d times by one loss", n)
			}
			if n := through.made(); n != i+2 {
				s.Errorf("%d connections after %d losses", n, i+1)
			}
		}
	})
}

// A connection that is open and silent, as when the network drops all that comes.
func TestFeedAfterASilentConnection(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		var through lines
		_, e, _ := s.feed(s.open(through.dialer()), often)
		e.subscribed(0)
		e.alive(0, anyProbe)
		from := e.now()
		through.last().mute.Store(true)
		e.call(from, reported{what: "interrupted"})
		e.subscribed(from)
		from = e.now()
		e.alive(from, anyProbe)
		s.put(component("x1", "a"))
		e.call(from, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
	})
}

// alone is a suite on a Redis that the test may take down.
func alone(t *testing.T) (*suite, *redistest.Process) {
	p := redistest.New(t)
	s := &suite{T: t, ctx: t.Context(), options: Options{
		URL: "redis://" + p.Addr(), Namespace: rand.Text(), Timeout: 500 * time.Millisecond,
	}}
	s.store = s.open(nil)
	return s, p
}

func TestFeedIsKilled(t *testing.T) {
	s, _ := alone(t)
	s.create("a")
	_, e, _ := s.feed(s.store, rareProbe)
	e.subscribed(0)
	from := e.now()
	s.must(s.store.db.Client.Do(s.ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err())
	e.call(from, reported{what: "interrupted"})
	e.subscribed(from)
	s.put(component("x1", "a"))
	e.call(from, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
	if n := count(e.after(from), "interrupted"); n != 1 {
		t.Errorf("interrupted %d times", n)
	}
}

func TestFeedWhenRedisComesBackEmpty(t *testing.T) {
	s, p := alone(t)
	s.create("a")
	for i := range 10 {
		s.put(failing("x1", "a", fmt.Sprint(i)))
	}
	_, e, _ := s.feed(s.store, rareProbe)
	e.subscribed(0)
	before := e.alive(0, anyProbe)
	from := e.now()
	p.Kill()
	e.call(from, reported{what: "interrupted"})
	p.Start()
	e.subscribed(from)
	after := e.alive(from, anyProbe)
	if after.epoch == before.epoch || after.revision >= before.revision {
		t.Errorf("before %+v, after %+v", before, after)
	}
	s.create("b")
	e.call(from, reported{what: "record changed", scope: "/b", revision: s.status("b").Revision})
	if n := count(e.after(from), "interrupted"); n != 1 {
		t.Errorf("interrupted %d times", n)
	}
}

func TestFeedBeforeRedisIsThere(t *testing.T) {
	s, p := alone(t)
	p.Kill()
	_, e, _ := s.feed(s.store, rareProbe)
	p.Start()
	e.subscribed(0)
	e.alive(0, anyProbe)
	if n := count(e.after(0), "interrupted"); n != 0 {
		t.Errorf("interrupted %d times before it began", n)
	}
}

func TestFeedWhenRedisHangs(t *testing.T) {
	s, p := alone(t)
	s.create("a")
	_, e, stop := s.feed(s.store, often)
	e.subscribed(0)
	before := e.alive(0, anyProbe)
	from := e.now()
	p.Pause()
	e.call(from, reported{what: "interrupted"})
	p.Resume()
	e.subscribed(from)
	from = e.now()
	e.alive(from, func(c reported) bool { return c.epoch == before.epoch })
	s.put(component("x1", "a"))
	e.call(from, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})

	p.Pause()
	began := time.Now()
	stop()
	if took := time.Since(began); took > patience/2 {
		t.Errorf("with Redis hanging, it took %s to end", took)
	}
	p.Resume()
}

func TestFeedWithSentinel(t *testing.T) {
	p := redistest.New(t)
	sentinel := redistest.Sentinel(t, p.Addr())
	s := &suite{T: t, ctx: t.Context(), options: Options{
		URL: "redis+sentinel://" + sentinel + "?master_name=main", Namespace: rand.Text(), Timeout: 5 * time.Second,
	}}
	s.store = s.open(nil)
	s.create("a")
	_, e, _ := s.feed(s.store, rareProbe)
	e.subscribed(0)
	e.alive(0, anyProbe)
	from := e.now()
	s.must(s.store.db.Client.Do(s.ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err())
	e.subscribed(from)
	s.put(component("x1", "a"))
	e.call(from, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
}

func TestFeedWhenTheNamespaceIsGone(t *testing.T) {
	conform(t, func(s *suite) {
		_, e, _ := s.feed(s.store, often)
		before := e.alive(0, anyProbe)
		s.must(s.store.db.Client.Del(s.ctx, s.store.db.Keys.Meta()).Err())
		e.alive(0, func(c reported) bool { return c.epoch != before.epoch && c.revision == 0 })
	})
}

// probes has the feed send a probe, and waits for it.
func (e *recorder) probes(f *Feed) reported {
	e.t.Helper()
	from := e.now()
	feed.ProbeNow(f)
	return e.alive(from, anyProbe)
}

func TestFeedWhenRevisionsGoBack(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		f, e, _ := s.feed(s.store, rareProbe)
		g, other, _ := s.feed(s.open(nil), rareProbe)
		e.subscribed(0)
		before := e.alive(0, anyProbe)
		other.alive(0, anyProbe)
		for i := range 10 {
			s.put(failing("x1", "a", fmt.Sprint(i)))
		}
		last := s.status("a").Revision
		e.call(0, reported{what: "changed", scope: "/a", revision: last})
		// No probe has been so far, only a notice.
		s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Meta(), "rev", last-1).Err())
		after := e.probes(f)
		if after.missed {
			s.Error("a new epoch is reported as notices that were missed")
		}
		if after.epoch == before.epoch || after.revision != last-1 {
			s.Errorf("at first %+v, revision %d was reported, then %+v", before, last, after)
		}
		for range 3 {
			s.put(failing("x1", "a", rand.Text()))
			for _, c := range []reported{e.probes(f), other.probes(g)} {
				if c.epoch != after.epoch || c.revision < after.revision {
					s.Errorf("after %+v came %+v", after, c)
				}
			}
		}
		// Both have received revisions that are lost.
		s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Meta(), "rev", 1).Err())
		feed.ProbeNow(f)
		feed.ProbeNow(g)
		again := func(c reported) bool { return c.epoch != before.epoch && c.epoch != after.epoch }
		if c, d := e.alive(0, again), other.alive(0, again); c.epoch != d.epoch {
			s.Errorf("two processes receive the epochs %s and %s", c.epoch, d.epoch)
		}
	})
}

// What is written while a probe is on its way is no sign of lost data.
func TestFeedKeepsTheEpochWhileRevisionsGrow(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		f, e, _ := s.feed(s.store, rareProbe)
		e.subscribed(0)
		first := e.alive(0, anyProbe)
		for i := range 200 {
			feed.ProbeNow(f)
			s.put(failing("x1", "a", fmt.Sprint(i)))
		}
		last := s.status("a").Revision
		feed.ProbeNow(f)
		e.alive(0, func(c reported) bool { return c.revision == last })
		for _, c := range e.after(0) {
			if c.what == "alive" && c.epoch != first.epoch {
				s.Errorf("another epoch: %+v", c)
			}
		}
	})
}
