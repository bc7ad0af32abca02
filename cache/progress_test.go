package cache

import (
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// clock is a store's time, which passes when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// clocked gives the suite's store such a clock. It begins so long ago that freezing,
// which is on Redis' own clock, comes after all that a test does.
func (s *suite) clocked() *clock {
	s.Helper()
	c := &clock{now: time.Now().Add(-24 * time.Hour).Truncate(time.Second).UTC()}
	s.options.Now = c.Now
	s.store = s.open(nil)
	return c
}

var withProgress = bos.Want{Status: true, Progress: true}

func (s *suite) progress(key bos.SessionKey) bos.Progress {
	s.Helper()
	return s.readAs(bos.SessionRead{SessionKey: key, Want: withProgress}).Status.Progress
}

// TestProgressOfTenHours compares a progress with the updates that were sent: every point
// is how the session was at that moment, the first and the last are there, none is too
// near to another, and however long it takes they are few. Redis itself decides; the others
// show that the same script does so there, for as long as it takes to drop samples more than once.
func TestProgressOfTenHours(t *testing.T) {
	conform(t, func(s *suite) {
		const longest = 18 * time.Second // between two updates
		whole := 10 * time.Hour
		if !strings.HasSuffix(s.Name(), "/redis") && !long() {
			whole = 2 * time.Hour
		}
		time0 := s.clocked()
		components := map[string]bos.Component{}
		var ids []string
		var first []bos.ComponentPatch
		for i := range 40 {
			p := component(fmt.Sprintf("x%02d", i), "a")
			ids, first = append(ids, p.ID), append(first, p)
			components[p.ID] = p.NewComponent()
		}
		s.put(first...)
		s.create("a")
		begin := time0.pass(time.Minute)
		s.state("a", bos.StateRunning)

		sent := map[time.Time]bos.Tally{} // what the last update of a moment made
		note := func(at time.Time) bos.Tally {
			sent[at], _ = bos.Summarize(name("a"), slices.Collect(maps.Values(components)), nil)
			return sent[at]
		}
		initial := note(begin)
		check := func(now time.Time) {
			s.Helper()
			progress := s.progress(name("a"))
			last := len(progress) - 1
			if progress[0] != (bos.Point{Time: begin, Tally: initial}) || progress[last].Tally != sent[now] || progress[last].Time.Before(now) {
				s.Fatalf("after %v it goes from %+v to %+v", now.Sub(begin), progress[0], progress[last])
			}
			if len(progress) > bos.MaxProgress {
				s.Fatalf("after %v there are %d points", now.Sub(begin), len(progress))
			}
			dense := now.Sub(begin)/(bos.MaxProgress/5) + longest
			for i, p := range progress[:last] {
				if was, ok := sent[p.Time]; !ok || was != p.Tally {
					s.Fatalf("at %v it was %+v, the progress says %+v", p.Time, was, p.Tally)
				}
				if i > 0 && p.Time.Sub(progress[i-1].Time) < bos.ProgressGap || progress[i+1].Time.Sub(p.Time) > dense && i+1 < last {
					s.Fatalf("of %v, points %d and %d are at %v and %v", now.Sub(begin), i, i+1, p.Time, progress[i+1].Time)
				}
			}
		}
		rng := mathrand.New(mathrand.NewPCG(1, 2))
		draw := func(d time.Duration) time.Duration {
			return time.Duration(rng.Int64N(int64(d/time.Millisecond))+1) * time.Millisecond
		}
		checked, now := begin, begin
		for now.Sub(begin) < whole {
			step := longest
			if rng.IntN(4) == 0 {
				step = time.Second // several within a second
			}
			now = time0.pass(draw(step))
			var patches []bos.ComponentPatch
			for _, id := range ids[1:] { // the first one is active all the time
				if rng.IntN(4) == 0 {
					patches = append(patches, bos.ComponentPatch{
						ID: id, Enabled: new(rng.IntN(3) > 0),
						Status: &bos.StatusPatch{Phase: new([]string{"", "powering_on", "powering_off", "configuring"}[rng.IntN(4)])},
					})
				}
			}
			s.patch(patches...)
			for _, p := range patches {
				components[p.ID] = p.Apply(components[p.ID])
			}
			if note(now); now.Sub(checked) > whole/15 {
				check(now)
				checked = now
			}
		}
		check(now)
		if running := s.progress(name("a")); len(running) < bos.MaxProgress*2/5 {
			s.Errorf("only %d points are left of %v", len(running), whole)
		}

		// What is frozen keeps it, and how it ended, whatever happens later.
		running := s.progress(name("a"))
		time0.pass(time.Minute)
		var all []bos.ComponentPatch
		for _, id := range ids {
			all = append(all, done(id))
		}
		s.patch(all...)
		frozen := s.status("a")
		stored := s.progress(name("a"))
		last := len(stored) - 1
		if !frozen.FromSnapshot || stored[last] != (bos.Point{Time: frozen.AsOf, Tally: frozen.Tally}) || stored[last].Tally.Successful != len(ids) {
			s.Fatalf("it ended with %+v: %+v", stored[last], frozen)
		}
		if !slices.Equal(stored[:last], running[:len(running)-1]) {
			s.Errorf("of %d points before it was frozen %d are left", len(running), len(stored))
		}
		time0.pass(time.Hour)
		s.put(component("x00", "a"), component("x99", "a"))
		if again := s.progress(name("a")); !slices.Equal(again, stored) {
			s.Errorf("a frozen progress of %d points became one of %d", len(stored), len(again))
		}
	})
}

// samples are the moments that are kept of a session, from its first on.
func (s *suite) samples(key bos.SessionKey) string {
	s.Helper()
	progress := s.progress(key)
	var at []string
	for _, p := range progress[:max(0, len(progress)-1)] {
		at = append(at, fmt.Sprintf("%v:%d", p.Time.Sub(progress[0].Time), p.Tally.PoweringOn))
	}
	return strings.Join(at, " ")
}

func TestProgressIsSampledOnceASecond(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		s.put(component("x0", "a"))
		s.create("a")
		if pending := s.progress(name("a")); len(pending) != 0 {
			s.Errorf("pending it went %+v", pending)
		}
		time0.pass(time.Minute)
		s.put(component("x1", "a"))
		s.state("a", bos.StateRunning)
		n := 1
		for _, after := range []time.Duration{0, 400, 599, 1, 300, 2000, 999, 1} { // milliseconds
			time0.pass(after * time.Millisecond)
			n++
			s.put(component(fmt.Sprint("x", n), "a"))
		}
		s.equal([]string{s.samples(name("a"))}, []string{"0s:2 1s:6 3.3s:8 4.3s:10"}, "samples")
		time0.pass(time.Minute)
		s.equal([]string{s.samples(name("a"))}, []string{"0s:2 1s:6 3.3s:8 4.3s:10"}, "samples when only time passes")
		before := s.dump()
		s.put(component("x1", "a")) // as it is
		if after := s.dump(); !maps.Equal(before, after) {
			s.Error("an unchanged record has changed something")
		}

		// A replica whose clock is behind disturbs nothing.
		behind := s.options
		behind.Now = func() time.Time { return time0.Now().Add(-2 * time.Minute) }
		late, err := Open(behind)
		s.must(err)
		defer late.Close()
		s.applied(1)(late.PutComponents(s.ctx, []bos.ComponentPatch{component("x20", "a")}))
		time0.pass(time.Second)
		s.put(component("x21", "a"))
		s.equal([]string{s.samples(name("a"))}, []string{"0s:2 1s:6 3.3s:8 4.3s:10 1m5.3s:12"}, "samples with one that is late")
	})
}

// bosRuns has a sweep of BOS say that a session of its own runs.
func (s *suite) bosRuns(one *bos.Session) {
	s.Helper()
	s.must(s.store.KeepSession(s.ctx, bos.SourceSession{State: bos.StateRunning, NewSession: bos.NewSession{
		SessionKey: one.SessionKey, Operation: one.Operation, TemplateName: one.TemplateName, StartTime: one.StartTime, Source: one.Source,
	}}))
	s.must(s.store.Swept(s.ctx, []bos.SessionKey{one.SessionKey}))
}

// TestProgressOfBOS runs a session that bosgraph does not complete.
func TestProgressOfBOS(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		made := s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS})
		s.put(component("x1", "a"), component("x2", "a"))
		s.bosRuns(made)
		for range 2 {
			time0.pass(time.Second)
			s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new(fmt.Sprint(time0.Now().Unix()))}})
		}
		s.equal([]string{s.samples(name("a"))}, []string{"0s:2 1s:1 2s:1"}, "samples")
		s.must(s.store.MarkDeleted(s.ctx, name("a")))
		if progress := s.progress(name("a")); len(progress) != 4 || progress[3].Tally.PoweringOn != 1 {
			s.Errorf("deleted at its source it has the progress %+v", progress)
		}
	})
}

// TestProgressBelongsToOneIncarnation: one that is created again begins with none, and
// what is removed leaves none behind.
func TestProgressBelongsToOneIncarnation(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		run := func() *bos.Session {
			s.Helper()
			made := s.createAs(bos.NewSession{SessionKey: name("a"), Source: bos.SourceBOS})
			if progress := s.progress(name("a")); len(progress) != 0 {
				s.Errorf("created again it has the progress %+v", progress)
			}
			s.bosRuns(made)
			time0.pass(2 * time.Second)
			s.put(component(fmt.Sprint("x", time0.Now().Unix()), "a"))
			s.must(s.store.MarkDeleted(s.ctx, name("a")))
			return made
		}
		first := run()
		old := s.progress(name("a"))
		second := run()
		history := func(of *bos.Session) bos.Progress {
			found := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: of.Incarnation, Want: withProgress})
			if found == nil {
				return nil
			}
			return found.Status.Progress
		}
		if len(old) != 3 || !slices.Equal(history(first), old) {
			s.Errorf("archived, a progress of %d points is %+v", len(old), history(first))
		}
		if now := history(second); len(now) != 3 || now[0].Tally.Managed != 1 || now[1].Tally.Managed != 2 {
			s.Errorf("the second went %+v", now)
		}
		n, err := s.store.Expire(s.ctx, time.Now().Add(DefaultRetention+time.Minute))
		s.must(err)
		for _, key := range s.allKeys() {
			if kind, _, _ := strings.Cut(strings.TrimPrefix(key, string(s.store.db.Keys)), ":"); n != 2 || kind == "co" || kind == "al" {
				s.Errorf("%d sessions expired, and %s is left", n, key)
			}
		}

		s.create("a")
		s.state("a", bos.StateRunning)
		if _, err = s.store.DeleteSession(s.ctx, name("a")); err != nil {
			s.Fatal(err)
		}
		s.create("a")
		if progress := s.progress(name("a")); len(progress) != 0 {
			s.Errorf("deleted and created again it has the progress %+v", progress)
		}
	})
}
