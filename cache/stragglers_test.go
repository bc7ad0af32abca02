package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// activity is for how long a component has had its status, "unknown" if that is not
// known.
func activity(c *bos.Component, now time.Time) string {
	if c.StatusSince.IsZero() {
		return "unknown"
	}
	return now.Sub(c.StatusSince).String()
}

func TestAStatusIsTimedFromItsChange(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		whole := component("x1", "a")
		s.put(whole, component("x2", "a"))
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x1"})
		s.must(err)
		status := func(phase, override string) bos.ComponentPatch {
			return bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: &phase, StatusOverride: &override}}
		}
		called := bos.ComponentPatch{ID: "x1", LastAction: &bos.LastActionPatch{Action: new("powering_on")}}
		for _, step := range []struct {
			what  string
			patch bos.ComponentPatch
			keeps bool
		}{
			{"nothing", bos.ComponentPatch{ID: "x1"}, true},
			{"an error", bos.ComponentPatch{ID: "x1", Error: new("broken")}, true},
			{"details", bos.ComponentPatch{ID: "x1", RetryPolicy: new(3), EventStats: &bos.EventStatsPatch{PowerOnAttempts: new(1)}}, true},
			{"an action that makes another status", called, false},
			{"the same once more", called, true},
			{"another phase", status("configuring", ""), false},
			{"an override", status("configuring", "on_hold"), false},
			{"another phase under the same override", status("powering_on", "on_hold"), true},
			{"disabled", bos.ComponentPatch{ID: "x1", Enabled: new(false)}, true},
			{"enabled", bos.ComponentPatch{ID: "x1", Enabled: new(true)}, true},
			{"staged", bos.ComponentPatch{ID: "x1", StagedState: &bos.StagedStatePatch{Session: new("b")}}, true},
			{"another session", bos.ComponentPatch{ID: "x1", Session: new("b")}, false},
			{"no session", bos.ComponentPatch{ID: "x1", Session: new("")}, true},
			{"a session again", bos.ComponentPatch{ID: "x1", Session: new("b")}, false},
		} {
			before, err := s.store.ReadComponents(s.ctx, []string{"x1", "x2"}, false)
			s.must(err)
			now := time0.pass(time.Minute)
			s.patch(step.patch)
			after, err := s.store.ReadComponents(s.ctx, []string{"x1", "x2"}, false)
			s.must(err)
			want := now
			if step.keeps {
				want = before[0].StatusSince
			}
			if !after[0].StatusSince.Equal(want) || after[1].StatusSince != before[1].StatusSince {
				s.Errorf("%s: since %v became %v, want %v", step.what, before[0].StatusSince, after[0].StatusSince, want)
			}
		}
		_, err = s.store.PutTenant(s.ctx, "blue", []string{"x2"})
		s.must(err)
		time0.pass(time.Minute)
		s.applied(1)(s.store.DeleteComponents(s.ctx, []string{"x1"}))
		now := time0.pass(time.Minute)
		s.put(whole)
		found, err := s.store.ReadComponents(s.ctx, []string{"x1"}, true)
		s.must(err)
		if !found[0].StatusSince.Equal(now) {
			s.Errorf("deleted and put again it has its status since %v, not %v", found[0].StatusSince, now)
		}
	})
}

// stragglers are those of a session, with for how long.
func (s *suite) stragglers(key bos.SessionKey, first int, now time.Time) string {
	s.Helper()
	found, err := s.store.Stragglers(s.ctx, s.read(key), first, false)
	s.must(err)
	var all []string
	for _, c := range found {
		all = append(all, c.ID+" "+activity(c, now))
	}
	return strings.Join(all, ", ")
}

func TestStragglersComeLongestFirst(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		blue := bos.SessionKey{Tenant: "blue", Name: "a"}
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x2", "x3"})
		s.must(err)
		s.create("a")
		s.createAs(bos.NewSession{SessionKey: blue})
		s.put(component("x3", "a"), component("x1", "a"), component("other", "b"))
		time0.pass(time.Minute)
		s.put(component("x2", "a"), component("x0", "a"), component("staged", "b"))
		s.patch(bos.ComponentPatch{ID: "staged", StagedState: &bos.StagedStatePatch{Session: new("a")}})
		s.state("a", bos.StateRunning)
		now := time0.pass(time.Second)
		for _, want := range []struct {
			key   bos.SessionKey
			first int
			is    string
		}{
			{name("a"), 10, "x1 1m1s, x3 1m1s, x0 1s, x2 1s"},
			{name("a"), 3, "x1 1m1s, x3 1m1s, x0 1s"},
			{blue, 10, "x3 1m1s, x2 1s"},
		} {
			s.equal([]string{s.stragglers(want.key, want.first, now)}, []string{want.is}, fmt.Sprint(want.key, want.first))
		}

		s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new("configuring")}}, done("x3"),
			bos.ComponentPatch{ID: "x0", Session: new("b")}) // moves on, ends, leaves
		now = time0.pass(time.Second)
		s.equal([]string{s.stragglers(name("a"), 10, now)}, []string{"x2 2s, x1 1s"}, "after changes")
		s.equal([]string{s.stragglers(blue, 10, now)}, []string{"x2 2s"}, "the tenant's after changes")
		_, err = s.store.PutTenant(s.ctx, "blue", []string{"x1"})
		s.must(err)
		s.equal([]string{s.stragglers(blue, 10, now)}, []string{"x1 1s"}, "of what the tenant owns now")
		s.patch(bos.ComponentPatch{ID: "staged", StagedState: &bos.StagedStatePatch{Session: new("")}}, done("x1"), done("x2"))
		s.patch(bos.ComponentPatch{ID: "x1", Enabled: new(true)})
		s.equal([]string{s.stragglers(name("a"), 10, now)}, []string{""}, "once it is complete")
	})
}

// TestRecordsFromBeforeStatusesWereTimedStayReadable reads a namespace as it was written before progress, times of
// statuses and the index of active components were kept.
func TestRecordsFromBeforeStatusesWereTimedStayReadable(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		s.put(component("x1", "a"), component("x2", "a"), failing("x3", "a", "broken"))
		s.create("a")
		s.state("a", bos.StateRunning)
		c, ctx, k := s.store.db.Client, s.ctx, s.store.db.Keys
		for _, id := range []string{"x1", "x2", "x3"} {
			value := c.Get(ctx, k.Component(id)).Val()
			for range 3 {
				value = value[:strings.LastIndex(value, "\x00")]
			}
			s.must(c.Set(ctx, k.Component(id), value, redis.KeepTTL).Err())
		}
		s.must(c.Del(ctx, k.Waiting("/a"), k.Progress("/a"), k.Alike(s.read(name("a")))).Err())
		s.must(c.HDel(ctx, k.Session("/a"), schema.Session.Separate.Name, schema.Session.Sampled.Name).Err())
		s.store.recent.doubt() // as after a restart

		s.equal([]string{s.stragglers(name("a"), 10, time0.now)}, []string{""}, "who is known to be active")
		if progress := s.progress(name("a")); len(progress) != 1 || progress[0].Tally.PoweringOn != 3 {
			s.Errorf("one that has run since before has the progress %+v", progress)
		}
		now := time0.pass(time.Minute)
		s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new("configuring")}}, bos.ComponentPatch{ID: "x2", Error: new("slow")})
		s.equal([]string{s.samples(name("a"))}, []string{"0s:2"}, "samples from now on")
		s.equal([]string{s.stragglers(name("a"), 10, now)}, []string{"x2 unknown, x1 0s"}, "who has changed since")
		s.equal(slices.Sorted(slices.Values(s.recounted(true))), []string{"al:boot:/compute lacks session /a", "c:x3 is counted by other rules than today's"}, "found")
		s.equal(s.recounted(false), []string{}, "found after the repair")
		s.equal([]string{s.stragglers(name("a"), 10, now)}, []string{"x2 unknown, x3 unknown, x1 0s"}, "after the repair")
	})
}
