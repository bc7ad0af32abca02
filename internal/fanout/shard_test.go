package fanout

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counter is a sink that only counts, and may do something at each offer.
type counter struct {
	offers atomic.Int64
	then   func()
}

func (c *counter) Offer(*[]byte) {
	c.offers.Add(1)
	if c.then != nil {
		c.then()
	}
}

func TestAShardHasRoomForSoMany(t *testing.T) {
	s, all := &shard{}, []*Member{}
	for range shardSize {
		m := &Member{sink: &counter{}}
		if !s.add(m) {
			t.Fatal("there is no room")
		}
		all = append(all, m)
	}
	if s.add(&Member{}) {
		t.Error("there is room for one more")
	}
	if !s.remove(all[7]) || s.remove(all[7]) || s.remove(&Member{}) {
		t.Error("who leaves is removed once, and nobody else")
	}
	if !s.add(&Member{}) {
		t.Error("there is no room where one has left")
	}
}

func TestEveryKickIsFollowedByASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shard{}
		going, release := make(chan struct{}), make(chan struct{})
		slow, fast := &counter{then: func() { going <- struct{}{}; <-release }}, &counter{}
		s.add(&Member{sink: slow})
		s.add(&Member{sink: fast})
		s.kick()
		<-going
		for range 100 { // while it sweeps: one more is enough
			s.kick()
		}
		release <- struct{}{}
		<-going
		release <- struct{}{}
		synctest.Wait()
		if a, b := slow.offers.Load(), fast.offers.Load(); a != 2 || b != 2 {
			t.Errorf("offered %d and %d times, want twice", a, b)
		}
		s.kick()
		<-going
		release <- struct{}{}
		synctest.Wait()
		if n := fast.offers.Load(); n != 3 {
			t.Errorf("offered %d times, want once more", n)
		}
	})
}

func TestAShardIsKickedAtTheEarliestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := &shard{}, &counter{}
		s.add(&Member{sink: c})
		for _, wait := range []time.Duration{5 * time.Second, time.Second, 3 * time.Second} {
			s.later(wait)
		}
		<-time.After(time.Second - 1)
		synctest.Wait()
		if n := c.offers.Load(); n != 0 {
			t.Errorf("offered %d times before", n)
		}
		<-time.After(time.Millisecond)
		synctest.Wait()
		if n := c.offers.Load(); n != 1 {
			t.Errorf("offered %d times, want once", n)
		}
		s.later(time.Second) // a member that is offered something too early asks again
		<-time.After(time.Second)
		synctest.Wait()
		if n := c.offers.Load(); n != 2 {
			t.Errorf("offered %d times, want twice", n)
		}
	})
}

// A timer may go off late: until then, one who wants to wait for long must not put off those who are due.
func TestAShardThatIsLateIsKickedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := &shard{}, &counter{}
		s.add(&Member{sink: c})
		s.later(time.Second)
		s.timer.Reset(2 * time.Second) // as on a processor that is busy
		<-time.After(time.Second)
		s.later(time.Hour)
		<-time.After(time.Second)
		synctest.Wait()
		if n := c.offers.Load(); n != 1 {
			t.Errorf("offered %d times, want once", n)
		}
		s.later(time.Second)
		<-time.After(time.Second)
		synctest.Wait()
		if n := c.offers.Load(); n != 2 {
			t.Errorf("offered %d times, want twice", n)
		}
	})
}

// Members join and leave while there is always something to say.
func TestShardsWhoseMembersComeAndGo(t *testing.T) {
	simulate(t, func(w *world) {
		w.join(plain)
		var all []*sink
		for i := range 2000 {
			all = append(all, w.join(plain))
			if i%3 == 0 {
				all[i/2].leave()
				all[i/2].take()
			}
			if i%100 == 0 {
				w.show(int64(i))
			}
		}
		w.show(5000)
		stayed := map[*sink]bool{}
		for _, s := range *shardsOf(w) {
			for _, m := range *s.members.Load() {
				stayed[m.sink.(*sink)] = true
			}
		}
		for _, s := range all {
			got := s.take()
			if !stayed[s] {
				continue
			}
			if len(got) == 0 || string(got[len(got)-1].Payload) != `{"data":{"sessionStatusUpdated":{"revision":5000}}}` {
				t.Fatalf("one who stays has %d messages", len(got))
			}
		}
		if n := len(stayed); n < 1300 || n > 1700 {
			t.Errorf("%d stayed", n)
		}
	})
}

func shardsOf(w *world) *[]*shard {
	w.fanout.mu.Lock()
	defer w.fanout.mu.Unlock()
	for _, g := range w.fanout.groups {
		return g.shards.Load()
	}
	return &[]*shard{}
}
