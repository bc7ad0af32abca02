package cache

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestFeedReportsEveryWrite(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		f, e, _ := s.feed(s.store, rareProbe)
		f.Watch(name("a"))
		e.subscribed(0, name("a"))
		e.call(0, reported{what: "list subscribed"})
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
		f, e, _ := s.feed(s.store, rareProbe)
		writing := make(chan struct{})
		go func() { // changes come all the time
			defer close(writing)
			for i := range 50 {
				if _, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{failing("x1", "a", fmt.Sprint(i))}); err != nil {
					s.Error(err)
				}
			}
		}()
		for range 10 {
			from := e.now()
			f.Watch(name("a"))
			e.subscribed(from, name("a"))
			f.Unwatch(name("a"))
		}
		<-writing
		calls := e.after(0)
		if at := slices.IndexFunc(calls, func(c reported) bool { return c.scope == "/a" }); calls[at].what != "subscribed" {
			s.Errorf("reported first is %+v", calls[at])
		}
	})
}

func TestFeedReportsChangesOfTheList(t *testing.T) {
	conform(t, func(s *suite) {
		_, e, _ := s.feed(s.store, rareProbe)
		e.call(0, reported{what: "list subscribed"})
		key := bos.SessionKey{Tenant: "blue", Name: "a"}
		s.createAs(bos.NewSession{SessionKey: key})
		e.call(0, reported{what: "list changed", scope: "blue/a", revision: s.read(key).Status.Revision})
		from := e.now()
		_, err := s.store.DeleteSession(s.ctx, key)
		s.must(err)
		e.one(from, "its end", func(c reported) bool { return c.what == "list changed" && c.scope == "blue/a" })
	})
}

func TestFeedCountsWatches(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.create("b")
		f, e, _ := s.feed(s.store, rareProbe)
		barrier := func() { // all that was asked for before has been done
			s.Helper()
			from := e.now()
			f.Watch(name("barrier"))
			e.subscribed(from, name("barrier"))
			from = e.now()
			f.Unwatch(name("barrier"))
			f.Watch(name("barrier"))
			e.subscribed(from, name("barrier"))
			f.Unwatch(name("barrier"))
		}
		f.Unwatch(name("a")) // one too many does no harm
		f.Watch(name("a"))
		f.Watch(name("a"))
		f.Watch(name("b"))
		e.subscribed(0, name("a"), name("b"))
		f.Unwatch(name("a"))
		barrier()
		from := e.now()
		s.put(component("x1", "a"))
		e.call(from, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
		f.Unwatch(name("a"))
		barrier()
		if n := s.subscribers(name("a")); n != 0 {
			s.Errorf("nobody watches, but %d are subscribed", n)
		}
		from = e.now()
		s.put(failing("x1", "a", "again"), component("x2", "b"))
		e.call(from, reported{what: "changed", scope: "/b", revision: s.status("b").Revision})
		for _, c := range e.after(from) {
			if c.scope == "/a" {
				s.Errorf("reported although nobody watches: %+v", c)
			}
		}
		from = e.now()
		f.Watch(name("a"))
		e.subscribed(from, name("a"))
	})
}

// A watch of what was unwatched a moment ago waits to be notified that it is subscribed, and
// is notified when that is true.
func TestFeedWatchedAgainAtOnce(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		f, e, _ := s.feed(s.store, rareProbe)
		f.Watch(name("a"))
		e.subscribed(0, name("a"))
		for i := range 100 {
			from := e.now()
			f.Unwatch(name("a"))
			if i%2 == 0 {
				runtime.Gosched() // at times it gets through in between
			}
			f.Watch(name("a"))
			e.subscribed(from, name("a"))
			from = e.now()
			s.put(failing("x1", "a", fmt.Sprint(i)))
			e.call(from, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
		}
	})
}

func TestFeedWatchesManyAtOnce(t *testing.T) {
	conform(t, func(s *suite) {
		f, e, _ := s.feed(s.store, rareProbe)
		e.call(0, reported{what: "list subscribed"})
		const many = 3000
		scope := func(i int) bos.SessionKey { return name(fmt.Sprintf("s%04d", i)) }
		for i := range many {
			f.Watch(scope(i))
		}
		received := map[string]bool{}
		seen := 0
		e.await(0, "all", func(calls []reported) bool {
			for ; seen < len(calls); seen++ {
				if calls[seen].what == "subscribed" {
					received[calls[seen].scope] = true
				}
			}
			return len(received) == many
		})
		from := e.now()
		s.create("s2999")
		e.call(from, reported{what: "changed", scope: "/s2999", revision: s.status("s2999").Revision})
		for i := range many {
			f.Unwatch(scope(i))
		}
		from = e.now()
		f.Watch(name("last"))
		e.subscribed(from, name("last"))
	})
}

func TestFeedWatchesAll(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		f, e, _ := s.feed(s.store, rareProbe)
		e.call(0, reported{what: "list subscribed"})
		all := func(from int) {
			s.Helper()
			f.WatchAll()
			e.call(from, reported{what: "list subscribed"})
		}
		all(e.now())
		f.WatchAll()
		f.UnwatchAll()
		key := bos.SessionKey{Tenant: "blue", Name: "b"}
		s.createAs(bos.NewSession{SessionKey: key})
		e.call(0, reported{what: "changed", scope: "blue/b", revision: s.read(key).Status.Revision})
		s.put(component("x1", "a"))
		e.call(0, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})

		f.UnwatchAll()
		f.Watch(name("a"))
		e.subscribed(0, name("a"))
		from := e.now()
		s.put(component("x1", "a"), component("x2", "b"))
		s.createAs(bos.NewSession{SessionKey: bos.SessionKey{Tenant: "blue", Name: "c"}})
		e.one(from, "the list", func(c reported) bool { return c.what == "list changed" && c.scope == "blue/c" })
		for _, c := range e.after(from) {
			if c.what == "changed" && c.scope != "/a" {
				s.Errorf("reported although not all are watched any more: %+v", c)
			}
		}
		all(from)
	})
}

func TestFeedBeforeItRuns(t *testing.T) {
	conform(t, func(s *suite) {
		e := newRecorder(s)
		f := s.store.NewFeed(e, rareProbe)
		f.Watch(name("a"))
		f.Watch(name("b"))
		f.Unwatch(name("b"))
		f.WatchAll()
		run(s, f)
		e.subscribed(0, name("a"))
		e.await(0, "list and all", func(calls []reported) bool { return count(calls, "list subscribed") == 2 })
		if n := count(e.after(0), "subscribed"); n != 1 {
			s.Errorf("%d scopes are subscribed", n)
		}
	})
}

// replying is a listener that asks its feed for more from within its own methods.
type replying struct {
	*recorder
	feed *Feed
}

func (r *replying) Subscribed(scope bos.SessionKey) {
	r.recorder.Subscribed(scope)
	if scope == name("first") {
		r.feed.Watch(name("second"))
		r.feed.Unwatch(scope)
	}
}

func TestFeedIsAskedByItsListener(t *testing.T) {
	conform(t, func(s *suite) {
		r := &replying{recorder: newRecorder(s)}
		r.feed = s.store.NewFeed(r, rareProbe)
		r.feed.Watch(name("first"))
		run(s, r.feed)
		r.subscribed(0, name("first"), name("second"))
	})
}

func TestFeedLeavesNothing(t *testing.T) {
	conform(t, func(s *suite) {
		f, e, stop := s.feed(s.store, rareProbe)
		f.Watch(name("a"))
		e.subscribed(0, name("a"))
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
		eventually(s, "Redis to notice", func() bool { return s.subscribers(name("a")) == 0 })
	})
}

func goroutines() string {
	stacks := make([]byte, 4<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}
