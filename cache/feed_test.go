package cache

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

func TestFeedReportsEveryWrite(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		_, e, _ := s.feed(s.store, rareProbe)
		e.subscribed(0)
		if n := count(e.after(0), "changed"); n != 0 {
			s.Fatalf("%d changes are reported before there is one", n)
		}
		var want []int64
		for i := range 50 {
			s.put(failing("x1", "a", fmt.Sprint(i)), component("x2", "b"))
			want = append(want, s.status("a").Revision)
		}
		e.await(0, "every change", func(calls []reported) bool { return count(calls, "changed") == len(want) })
		var got []int64
		for _, c := range e.after(0) {
			if c.what == "changed" {
				got = append(got, c.revision)
			}
		}
		if !slices.Equal(got, want) {
			s.Errorf("reported %v, want %v", got, want)
		}
	})
}

func TestFeedSubscribesBeforeItReports(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		ctx, stop := context.WithCancel(s.ctx)
		var writing sync.WaitGroup
		writing.Go(func() { // changes come all the time
			for i := 0; ctx.Err() == nil; i++ {
				if _, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{failing("x1", "a", fmt.Sprint(i))}); err != nil {
					s.Error(err)
					return
				}
			}
		})
		for range 5 {
			_, e, end := s.feed(s.store, rareProbe)
			e.one(0, "a change", func(c reported) bool { return c.what == "changed" })
			end()
			if calls := e.after(0); calls[0].what != "subscribed" {
				s.Errorf("reported first is %+v", calls[0])
			}
		}
		stop()
		writing.Wait()
	})
}

func TestFeedReportsChangesOfTheList(t *testing.T) {
	conform(t, func(s *suite) {
		_, e, _ := s.feed(s.store, rareProbe)
		e.subscribed(0)
		key := bos.SessionKey{Tenant: "blue", Name: "a"}
		s.createAs(bos.NewSession{SessionKey: key})
		e.call(0, reported{what: "record changed", scope: "blue/a", revision: s.read(key).Status.Revision})
		from := e.now()
		_, err := s.store.DeleteSession(s.ctx, key)
		s.must(err)
		e.one(from, "its end", func(c reported) bool { return c.what == "record changed" && c.scope == "blue/a" })
	})
}

// Writes that share a run of the script share a message, and each scope has the revision that its status has.
func TestFeedReportsEachOfManyWritesAtOnce(t *testing.T) {
	conform(t, func(s *suite) {
		const many = 64
		_, e, _ := s.feed(s.store, rareProbe)
		e.subscribed(0)
		var writing sync.WaitGroup
		for i := range many {
			writing.Go(func() {
				if _, err := s.store.CreateSession(s.ctx, bos.NewSession{SessionKey: name(fmt.Sprint("s", i)), Operation: bos.OperationBoot}); err != nil {
					s.Error(err)
				}
			})
		}
		writing.Wait()
		e.await(0, "all", func(calls []reported) bool { return count(calls, "record changed") == many })
		from := e.now()
		for i := range many {
			writing.Go(func() {
				if _, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{component(fmt.Sprint("x", i), fmt.Sprint("s", i))}); err != nil {
					s.Error(err)
				}
			})
		}
		writing.Wait()
		for i := range many {
			e.call(from, reported{what: "changed", scope: fmt.Sprint("/s", i), revision: s.status(fmt.Sprint("s", i)).Revision})
		}
	})
}

func TestFeedSaysWhatItMissed(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		var through lines
		f, e, _ := s.feed(s.open(through.dialer()), rareProbe)
		e.subscribed(0)
		e.alive(0, anyProbe)
		for i := range 20 {
			s.put(failing("x1", "a", fmt.Sprint(i)))
			if c := e.probes(f); c.missed {
				s.Fatalf("all has come, and %+v", c)
			}
		}
		// A write that gives no notice, of a program that knows none or whose message was lost: the next one shows the gap, or else the probe.
		lost := func() {
			s.must(s.store.db.Client.HIncrBy(s.ctx, s.store.db.Keys.Meta(), schema.Meta.Revision.Name, 1).Err())
		}
		lost()
		s.put(failing("x1", "a", "after a loss"))
		if c := e.probes(f); !c.missed {
			s.Errorf("one is lost between others, and %+v", c)
		}
		if c := e.probes(f); c.missed {
			s.Errorf("once more: %+v", c)
		}
		lost()
		if c := e.probes(f); !c.missed {
			s.Errorf("the last one is lost, and %+v", c)
		}
		s.put(failing("x1", "a", "at last"))
		if c := e.probes(f); c.missed {
			s.Errorf("all has come again, and %+v", c)
		}
		// What a lost connection has missed is read after it: it is no miss.
		from := e.now()
		through.cut()
		s.put(failing("x1", "a", "meanwhile"))
		e.subscribed(from)
		if c := e.alive(from, anyProbe); c.missed {
			s.Errorf("on a new connection: %+v", c)
		}
	})
}

func TestFeedLeavesNothing(t *testing.T) {
	conform(t, func(s *suite) {
		_, e, stop := s.feed(s.store, rareProbe)
		e.subscribed(0)
		e.alive(0, anyProbe)
		if !strings.Contains(goroutines(), "feed.(*Feed)") {
			s.Error("the check below looks for nothing")
		}
		stop()
		// The last thing that a goroutine does is to say that it ends.
		eventually(s, "the end of all goroutines", func() bool {
			left := goroutines()
			return !strings.Contains(left, "feed.(*Feed)") && !strings.Contains(left, "feed.(*connection)")
		})
		if n := count(e.after(0), "interrupted"); n != 0 {
			s.Errorf("interrupted %d times, but it was ended", n)
		}
		eventually(s, "Redis to notice", func() bool { return s.subscribers() == 0 })
	})
}

func goroutines() string {
	stacks := make([]byte, 4<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}
