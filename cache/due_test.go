package cache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// few writes down all of a session that few read.
func (s *suite) few(key bos.SessionKey, now time.Time) string {
	s.Helper()
	of := s.readAs(bos.SessionRead{SessionKey: key, Want: everything})
	slowest, err := s.store.Stragglers(s.ctx, of, 3, false)
	s.must(err)
	var ids []string
	for _, c := range slowest {
		ids = append(ids, c.ID)
	}
	return fmt.Sprintf("%+v %+v; %s; slowest %q", of.Status.ByCabinet, of.Status.PhaseDurations, s.waitingFor(key, now), ids)
}

// TestWhatIsDueIsReadAsIfItWereMade reads the same after each of many small writes and a large one, whether what they move is made at
// once, after some time, or not yet.
func TestWhatIsDueIsReadAsIfItWereMade(t *testing.T) {
	phases := []string{"powering_off", "powering_on", "configuring"}
	ids := []string{"x1000c0s0b0n0", "x1000c0s0b0n1", "x1001c0s0b0n0", "x1001c0s0b1n1", "n5", "n6"}
	var atOnce []string
	for _, most := range []int{1, 12, longLog} {
		conform(t, func(s *suite) {
			clock := s.clocked()
			s.store.longLog = most
			s.create("a")
			var all []bos.ComponentPatch
			for _, id := range ids {
				all = append(all, component(id, "a"))
			}
			s.put(all...)
			s.state("a", bos.StateRunning)
			var seen []string
			for i := range 40 {
				now := clock.pass(time.Duration(1+i) * time.Second)
				s.patch(bos.ComponentPatch{ID: ids[i*5%len(ids)], Status: &bos.StatusPatch{Phase: &phases[i*7%3]}})
				if i == 20 { // more than are due
					for j := range all {
						all[j] = bos.ComponentPatch{ID: ids[j], Status: &bos.StatusPatch{Phase: &phases[j%3]}}
					}
					s.patch(all...)
				}
				seen = append(seen, s.few(name("a"), now))
			}
			for _, id := range ids {
				s.patch(done(id))
			}
			end := s.read(name("a"))
			if !end.Status.FromSnapshot {
				s.Fatal("the session is not complete")
			}
			seen = append(seen, fmt.Sprintf("%+v %+v", end.Status.ByCabinet, end.Status.PhaseDurations))
			if atOnce == nil {
				atOnce = seen
			}
			for i := range seen {
				if seen[i] != atOnce[i] {
					s.Fatalf("with logs of %d entries, after write %d:\n%s\nis read, and made at once\n%s", most, i, seen[i], atOnce[i])
				}
			}
		})
	}
}

// TestMovesAreDueUntilThereAreSoMany looks at what is stored: nothing is moved before, and nothing is due afterwards.
func TestMovesAreDueUntilThereAreSoMany(t *testing.T) {
	conform(t, func(s *suite) {
		s.store.longLog = 4
		s.create("a")
		s.put(component("x1000c0s0b0n0", "a"), component("x1000c0s0b0n1", "a"))
		s.state("a", bos.StateRunning)
		c, k := s.store.db.Client, s.store.db.Keys
		stored := func() (due, cabinet string) {
			return c.HGet(s.ctx, k.Session("/a"), schema.Session.Due.Name).Val(), c.HGet(s.ctx, k.Session("/a"), "/x1000").Val()
		}
		if due, cabinet := stored(); due == "" || cabinet != "" {
			s.Errorf("after one write, what is due begins with %q and the cabinet is %q", due, cabinet)
		}
		length := func() int64 { return c.LLen(s.ctx, k.Log("/a")).Val() }
		phases := []string{"configuring", "powering_on"}
		for i := 0; ; i++ {
			s.patch(bos.ComponentPatch{ID: "x1000c0s0b0n0", Status: &bos.StatusPatch{Phase: &phases[i%2]}})
			if length() == 4 {
				break
			}
		}
		due, cabinet := stored()
		counts := schema.CabinetCounts(cabinet)
		if due != "" || counts.Managed != 2 || counts.PoweringOn+counts.Configuring != 2 {
			s.Errorf("after %d entries, what is due begins with %q and the cabinet is %q", length(), due, cabinet)
		}

		// A write to more components makes what is due before its own.
		s.store.longLog = longLog
		s.patch(bos.ComponentPatch{ID: "x1000c0s0b0n0", Status: &bos.StatusPatch{Phase: new("powering_off")}})
		if due, _ := stored(); due == "" {
			s.Error("nothing is due after a small write")
		}
		var all []bos.ComponentPatch
		for i := range schema.MostDue + 1 {
			all = append(all, component(fmt.Sprintf("x1000c0s0b1n%d", i), "a"))
		}
		s.put(all...)
		due, cabinet = stored()
		if counts := schema.CabinetCounts(cabinet); due != "" || counts.Managed != 3+schema.MostDue || counts.PoweringOff != 1 {
			s.Errorf("after a large one, what is due begins with %q and the cabinet is %q", due, cabinet)
		}
	})
}

// TestOneRunMakesWhatIsDueOfFewScopes has many that are written to in step: their logs are cut some at a time, and none becomes longer for ever.
func TestOneRunMakesWhatIsDueOfFewScopes(t *testing.T) {
	conform(t, func(s *suite) {
		const sessions, most = 40, 16
		s.store.longLog = 4
		var all []bos.ComponentPatch
		for i := range sessions {
			session := fmt.Sprint("s", i)
			s.create(session)
			all = append(all, component(fmt.Sprintf("x%dc0s0b0n0", i), session), component(fmt.Sprintf("x%dc0s0b0n1", i), session))
		}
		s.put(all...)
		for i := range sessions {
			s.state(fmt.Sprint("s", i), bos.StateRunning)
		}
		phases := []string{"configuring", "powering_on"}
		made := 0
		for round := range 8 {
			for i := range sessions {
				all[i] = bos.ComponentPatch{ID: fmt.Sprintf("x%dc0s0b0n0", i), Status: &bos.StatusPatch{Phase: &phases[round%2]}}
			}
			s.patch(all[:sessions]...)
			now := 0
			for i := range sessions {
				if s.store.db.Client.HGet(s.ctx, s.store.db.Keys.Session(schema.Home(fmt.Sprint("/s", i))), schema.Session.Due.Name).Val() == "" {
					now++
				}
			}
			if now > most {
				s.Errorf("what is due of %d scopes was made in one run", now)
			}
			made += now
		}
		if made < sessions {
			s.Errorf("what is due was made %d times", made)
		}
	})
}

// TestAPackedFieldStaysSmall moves one component so often that its cabinet's counters would not fit.
func TestAPackedFieldStaysSmall(t *testing.T) {
	conform(t, func(s *suite) {
		s.store.longLog = 1
		s.create("a")
		s.put(component("x1000c0s0b0n0", "a"), component("x1000c0s0b0n1", "a"))
		s.state("a", bos.StateRunning)
		clock := s.clocked()
		phases := []string{"configuring", "powering_on", "powering_off"}
		for i := range 60 {
			clock.pass(time.Duration(i) * time.Minute)
			s.patch(bos.ComponentPatch{ID: "x1000c0s0b0n0", Status: &bos.StatusPatch{Phase: &phases[i%3]}})
			for field, value := range s.store.db.Client.HGetAll(s.ctx, s.store.db.Keys.Session("/a")).Val() {
				if len(value) > 64 {
					s.Fatalf("after %d writes, %s is %q", i, field, value)
				}
			}
		}
	})
}

// TestAPageOfThoseThatWaitFollowsOneThatIsGone turns pages while the last component of each comes to wait for something else, of more that
// began to wait in one second than a page has.
func TestAPageOfThoseThatWaitFollowsOneThatIsGone(t *testing.T) {
	conform(t, func(s *suite) {
		s.clocked()
		s.create("a")
		var all []bos.ComponentPatch
		for i := range 40 {
			all = append(all, component(fmt.Sprintf("x%02d", i), "a"))
		}
		s.put(all...)
		s.state("a", bos.StateRunning)
		groups, err := s.store.Waiting(s.ctx, s.read(name("a")))
		s.must(err)
		var ids []string
		for page := (bos.Page{First: 3}); ; {
			list, err := s.store.ListWaiting(s.ctx, &groups[0], page, false)
			s.must(err)
			for _, c := range list.Items {
				ids = append(ids, c.ID)
			}
			if !list.More {
				break
			}
			page.After = list.Positions[len(list.Positions)-1]
			s.patch(bos.ComponentPatch{ID: ids[len(ids)-1], Status: &bos.StatusPatch{Phase: new("configuring")}})
		}
		if len(ids) != len(all) || ids[0] != "x00" || ids[39] != "x39" {
			s.Errorf("%d components are listed: %s", len(ids), strings.Join(ids, " "))
		}
	})
}

// TestARecountReadsWhatIsDue finds nothing wrong while moves are due, and what is wrong in spite of them.
func TestARecountReadsWhatIsDue(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"))
		s.state("a", bos.StateRunning)
		s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new("configuring")}})
		s.equal(s.recounted(false), []string{}, "found while moves are due")
		k, c := s.store.db.Keys, s.store.db.Client
		s.must(c.HSet(s.ctx, k.Session("/a"), "/other", "m1").Err())
		s.must(c.ZAdd(s.ctx, k.Waiting("/a"), redis.Z{Score: 1, Member: "x9"}).Err())
		found := s.recounted(true)
		if text := strings.Join(found, "; "); len(found) != 2 || !strings.Contains(text, `counts "other m" = 3 instead of 2`) || !strings.Contains(text, "has x9") {
			s.Errorf("found: %q", found)
		}
		s.equal(s.recounted(false), []string{}, "found after the repair")
	})
}
