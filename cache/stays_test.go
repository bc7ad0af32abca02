package cache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// stays are those of a component in short: session, seconds from the start of the test, outcome, error.
func (s *suite) stays(of bos.ComponentView, start time.Time) (all []string) {
	s.Helper()
	list, err := s.store.ComponentSessions(s.ctx, of, bos.Page{First: bos.MaxPage}, new(bos.Want{}))
	s.must(err)
	for _, one := range list.Items {
		left := "now"
		if !one.Left.IsZero() {
			left = fmt.Sprint(one.Left.Sub(start).Seconds())
		}
		there := "-"
		if one.Session != nil {
			there = one.Session.TemplateName
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %v-%s %s %s %s", one.SessionKey, one.Joined.Sub(start).Seconds(), left, one.Outcome, there, one.Error)))
	}
	return all
}

// TestAComponentRemembersItsSessions takes it from one to the next, deletes it and puts it again.
func TestAComponentRemembersItsSessions(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		start := clock.Now()
		blue := bos.SessionKey{Tenant: "blue", Name: "a"}
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x1"})
		s.must(err)
		s.create("a")
		s.createAs(bos.NewSession{SessionKey: blue})
		long := "x" + strings.Repeat("ü", 200)
		s.put(failing("x1", "a", long))
		clock.pass(10 * time.Second)
		s.patch(done("x1"))
		clock.pass(10 * time.Second)
		s.create("b")
		s.patch(bos.ComponentPatch{ID: "x1", Session: new("b"), Error: new("")})
		clock.pass(10 * time.Second)
		s.applied(1)(s.store.DeleteComponents(s.ctx, []string{"x1"}))
		s.equal(s.stays(bos.ComponentView{ID: "x1"}, start), []string{
			"/b 20-30 successful compute", "/a 0-20 successful compute " + long[:255], "blue/a 0-20 successful compute " + long[:255],
		}, "after the component was deleted")

		clock.pass(10 * time.Second)
		s.put(failing("x1", "c", long))
		s.equal(s.stays(bos.ComponentView{ID: "x1"}, start)[:2], []string{"/c 40-now active - " + long[:255], "/b 20-30 successful compute"}, "put again")
		s.equal(s.stays(bos.ComponentView{ID: "x1", Tenant: new("blue")}, start), []string{"blue/a 0-20 successful compute " + long[:255]}, "the tenant's")
		s.equal(s.stays(bos.ComponentView{ID: "x1", Tenant: new("green")}, start), nil, "those of a tenant that does not own it")
		_, err = s.store.DeleteSession(s.ctx, blue)
		s.must(err)
		s.create("c")
		s.equal(s.stays(bos.ComponentView{ID: "x1"}, start), []string{
			"/c 40-now active compute " + long[:255], "/b 20-30 successful compute", "/a 0-20 successful compute " + long[:255],
			"blue/a 0-20 successful - " + long[:255],
		}, "of sessions that were deleted, and created later")
		s.equal(s.recounted(false), []string{}, "found by a recount")
	})
}

// TestTheHistoryOfAComponentIsBounded has more sessions than are kept, and wants their list to expire.
func TestTheHistoryOfAComponentIsBounded(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		for i := range bos.MaxStays + 3 {
			clock.pass(time.Second)
			s.put(component("x1", fmt.Sprint("s", i)), component("x2", fmt.Sprint("s", i)))
		}
		list, err := s.store.ComponentSessions(s.ctx, bos.ComponentView{ID: "x1"}, bos.Page{First: bos.MaxPage}, nil)
		s.must(err)
		if n := len(list.Items); n != bos.MaxStays || list.Items[n-1].Name != "s3" || list.More {
			s.Errorf("there are %d sessions, up to %s, more: %v", n, list.Items[n-1].Name, list.More)
		}
		key := s.store.db.Keys.Stays("x1")
		if n := s.store.db.Client.LLen(s.ctx, key).Val(); n != bos.MaxStays {
			s.Errorf("%d sessions are stored", n)
		}
		if life := s.store.db.Client.PTTL(s.ctx, key).Val(); life < DefaultRetention-time.Hour || life > DefaultRetention {
			s.Errorf("they are kept for %v", life)
		}
	})
}

// TestAComponentCountsInTheSessionsOfItsName asks for them with and without tenants.
func TestAComponentCountsInTheSessionsOfItsName(t *testing.T) {
	conform(t, func(s *suite) {
		for _, tenant := range []string{"blue", "green"} {
			_, err := s.store.PutTenant(s.ctx, tenant, []string{"x1"})
			s.must(err)
		}
		for _, key := range []bos.SessionKey{name("a"), {Tenant: "blue", Name: "a"}, {Tenant: "red", Name: "a"}, {Tenant: "green", Name: "b"}} {
			s.createAs(bos.NewSession{SessionKey: key})
		}
		s.put(component("x1", "a"), component("x2", ""))
		s.patch(bos.ComponentPatch{ID: "x1", StagedState: &bos.StagedStatePatch{Session: new("b")}})
		counts := func(of bos.ComponentView) (keys []string) {
			found, err := s.store.CountsIn(s.ctx, of, bos.Want{})
			s.must(err)
			for _, one := range found {
				keys = append(keys, one.String())
			}
			return keys
		}
		s.equal(counts(bos.ComponentView{ID: "x1"}), []string{"/a", "blue/a"}, "all")
		s.equal(counts(bos.ComponentView{ID: "x1", Tenant: new("blue")}), []string{"blue/a"}, "a tenant's")
		s.equal(counts(bos.ComponentView{ID: "x1", Tenant: new("red")}), nil, "those of a tenant that does not own it")
		s.equal(counts(bos.ComponentView{ID: "x2"}), nil, "of a component without a session")
		s.equal(counts(bos.ComponentView{ID: "x3"}), nil, "of no component")
	})
}

// TestRecordsFromBeforeStaysWereStoredStayReadable reads a component that was written before its session was remembered.
func TestRecordsFromBeforeStaysWereStoredStayReadable(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		start := clock.Now()
		s.put(component("x1", "a"))
		key := s.store.db.Keys.Component("x1")
		value := s.store.db.Client.Get(s.ctx, key).Val()
		s.must(s.store.db.Client.Set(s.ctx, key, value[:strings.LastIndex(value, "\x00")], redis.KeepTTL).Err())
		before := s.dump()[key]
		clock.pass(10 * time.Second)
		s.put(component("x1", "a"))
		s.equal([]string{s.dump()[key]}, []string{before}, "put again, it is")
		s.equal(s.stays(bos.ComponentView{ID: "x1"}, start), []string{"/a 0-now active -"}, "by the time of its status")
		s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new("configuring")}})
		clock.pass(10 * time.Second)
		s.patch(bos.ComponentPatch{ID: "x1", Session: new("b")})
		s.equal(s.stays(bos.ComponentView{ID: "x1"}, start), []string{"/b 20-now active -", "/a 0-20 taken_over -"}, "later")
	})
}

// TestAPatchWithinASessionWritesNothingOfThePast looks at what a write is made of: only those who leave or fail add to it.
func TestAPatchWithinASessionWritesNothingOfThePast(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		past := func(change func(*bos.Component)) (n int) {
			old, err := s.store.readForChange(s.ctx, []string{"x1"}, false)
			s.must(err)
			next := []record{old[0]}
			change(&next[0].component)
			c := s.store.newChange()
			s.must(c.replace(old, next))
			before := len(c.commands)
			s.must(s.store.chronicle(s.ctx, c))
			if grown := len(c.values[0].value) - len(old[0].version) - len(old[0].body); grown > 30 {
				s.Errorf("the record has grown by %d bytes", grown)
			}
			return len(c.commands) - before
		}
		for _, tc := range []struct {
			change func(*bos.Component)
			want   int
		}{
			{func(c *bos.Component) { c.Phase = bos.PhaseConfiguring }, 0},
			{func(c *bos.Component) { c.Enabled, c.Phase = false, bos.PhaseNone }, 0},
			{func(c *bos.Component) { c.Error = "slow" }, 0},
			{func(c *bos.Component) { c.Session = "b" }, 1},
			{func(c *bos.Component) { c.Override = bos.OverrideFailed }, 8}, // of the day, and of the day and template
		} {
			if got := past(tc.change); got != tc.want {
				s.Errorf("a change has %d commands for the past, want %d", got, tc.want)
			}
		}
	})
}
