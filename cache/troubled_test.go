package cache

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

const day = daySeconds * time.Second

// TestTroubledComponentsAreThoseThatFailMost has them fail over several days, in sessions of two templates.
func TestTroubledComponentsAreThoseThatFailMost(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		clock.pass(-10 * day)
		start := clock.Now()
		fail := func(session string, ids ...string) {
			for _, id := range ids {
				failed := component(id, session)
				failed.Status.StatusOverride, failed.Error = new("failed"), new(session+" failed")
				s.put(component(id, session))
				s.put(failed)
			}
		}
		s.create("a")
		_, err := s.store.CreateSession(s.ctx, bos.NewSession{SessionKey: name("b"), TemplateName: "gpu", Operation: bos.OperationBoot, Source: bos.SourceProducer})
		s.must(err)
		fail("a", "x1", "x2", "x3")
		clock.pass(2 * day)
		fail("b", "x2", "x3")
		clock.pass(day)
		fail("b", "x2") // again in the same session
		fail("none", "x4")
		troubles := func(q bos.TroubleQuery, first int) (all []string) {
			s.Helper()
			found, err := s.store.TroubledComponents(s.ctx, q, first)
			s.must(err)
			for _, t := range found {
				all = append(all, fmt.Sprintf("%s %d in %d, %s %v", t.ID, t.Failures, t.Sessions, t.LastError, t.LastFailure.Sub(start)/day))
			}
			return all
		}
		s.equal(troubles(bos.TroubleQuery{}, 10), []string{"x2 3 in 2, b failed 3ns", "x3 2 in 2, b failed 2ns", "x1 1 in 1, a failed 0s", "x4 1 in 1, none failed 3ns"}, "all")
		s.equal(troubles(bos.TroubleQuery{}, 1), []string{"x2 3 in 2, b failed 3ns"}, "the first")
		s.equal(troubles(bos.TroubleQuery{Template: "gpu"}, 10), []string{"x2 2 in 1, b failed 3ns", "x3 1 in 1, b failed 2ns"}, "of a template")
		s.equal(troubles(bos.TroubleQuery{Since: clock.Now().Add(-time.Minute)}, 10), []string{"x2 1 in 1, b failed 3ns", "x4 1 in 1, none failed 3ns"}, "of the last day")
		s.equal(troubles(bos.TroubleQuery{Tenant: new("blue")}, 10), nil, "of a tenant without sessions")
		for _, key := range s.allKeys() {
			if life := s.store.db.Client.PTTL(s.ctx, key).Val(); (key[len(s.store.db.Keys):][:2] == "tb" || key[len(s.store.db.Keys):][:2] == "tl") &&
				(life < DefaultRetention-time.Minute || life > DefaultRetention+day) {
				s.Errorf("%s is kept for %v", key, life)
			}
		}
	})
}

// TestAFailureCountsForTheTemplateOfItsSession has another server give the name of a session that failures were noted for to one of
// another template, which this one does not know.
func TestAFailureCountsForTheTemplateOfItsSession(t *testing.T) {
	conform(t, func(s *suite) {
		other := s.open(nil)
		fail := func() {
			s.put(component("x1", "a"))
			s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{StatusOverride: new("failed")}})
		}
		failures := func(template string, want int) {
			s.Helper()
			found, err := s.store.TroubledComponents(s.ctx, bos.TroubleQuery{Template: template}, 10)
			s.must(err)
			if len(found) != 1 || found[0].Failures != want {
				s.Errorf("of %s: %+v, want %d failures", template, found, want)
			}
		}
		s.create("a")
		fail()
		if got := s.count(func() error { fail(); return nil }); slices.Contains(got.commands, "hmget") {
			s.Errorf("the template is read again: %q", got.commands)
		}
		failures("compute", 3)
		s.must(other.MarkDeleted(s.ctx, name("a")))
		_, err := other.CreateSession(s.ctx, bos.NewSession{SessionKey: name("a"), TemplateName: "gpu", Operation: bos.OperationBoot, Source: bos.SourceProducer})
		s.must(err)
		fail()
		failures("compute", 3)
		failures("gpu", 1)
	})
}

// TestTroubledComponentsAreExactBeyondWhatIsReadFirst has one that is never among the first of a day.
func TestTroubledComponentsAreExactBeyondWhatIsReadFirst(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		clock.pass(-10 * day)
		for d := range 3 {
			var failed []bos.ComponentPatch
			for i := range walkChunk + 20 {
				id := fmt.Sprintf("y%d-%04d", d, i) // others each day, and greater
				one := component(id, "a")
				one.Status.StatusOverride = new("failed")
				failed = append(failed, one)
			}
			again := component("x1", fmt.Sprint("s", d))
			again.Status.StatusOverride = new("failed")
			s.put(append(failed, again)...)
			clock.pass(day)
		}
		found, err := s.store.TroubledComponents(s.ctx, bos.TroubleQuery{}, 2)
		s.must(err)
		if len(found) != 2 || found[0].ID != "x1" || found[0].Failures != 3 || found[0].Sessions != 3 || found[1].Failures != 1 {
			s.Errorf("the first is %+v", found)
		}
	})
}

// TestOfComponentsThatFailedEquallyOftenTheIdDecides has more of them than are read first, on two days.
func TestOfComponentsThatFailedEquallyOftenTheIdDecides(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		clock.pass(-10 * day)
		for range 2 {
			var failed []bos.ComponentPatch
			for i := range walkChunk + 20 {
				one := component(fmt.Sprintf("x%04d", i), fmt.Sprint("s", clock.Now().Unix()))
				one.Status.StatusOverride = new("failed")
				failed = append(failed, one)
			}
			s.put(failed...)
			for _, since := range []time.Time{{}, clock.Now()} {
				found, err := s.store.TroubledComponents(s.ctx, bos.TroubleQuery{Since: since}, 5)
				s.must(err)
				for i, one := range found {
					if want := fmt.Sprintf("x%04d", i); one.ID != want {
						s.Errorf("%d is %s in place of %s", i, one.ID, want)
					}
				}
			}
			clock.pass(day)
		}
	})
}

// TestARecountVerifiesThePast damages histories and failures, and has them repaired.
func TestARecountVerifiesThePast(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		failed := component("x1", "a")
		failed.Status.StatusOverride = new("failed")
		s.put(failed, component("x2", "a"))
		s.put(component("x1", "b"), component("x2", "b"))
		s.equal(s.recounted(false), []string{}, "found where nothing is wrong")
		before := s.dump()
		c, k := s.store.db.Client, s.store.db.Keys
		today := schema.Troubles{Day: dayOf(clock.Now())}
		s.must(c.RPush(s.ctx, k.Stays("x1"), "nonsense").Err())
		s.must(c.HSet(s.ctx, k.LastFailures(today), "x2", "abc wrong").Err())
		wrong := []string{"ch:x1 has 1 sessions that can't be read, or are too many", "tl:" + today.String() + " has the last failure of x2, which did not fail"}
		s.equal(s.recounted(false), wrong, "found")
		s.equal(s.recounted(true), wrong, "repaired")
		s.equal(s.recounted(false), []string{}, "found after the repair")
		after := s.dump()
		for _, key := range []string{k.Stays("x1"), k.Stays("x2"), k.Troubles(today), k.LastFailures(today)} {
			if after[key] != before[key] {
				s.Errorf("%s was %q and is %q", key, before[key], after[key])
			}
		}
		s.must(c.Del(s.ctx, k.LastFailures(today)).Err())
		s.equal(s.recounted(true), []string{"tl:" + today.String() + " lacks the last failure of x1"}, "without last failures")
		s.equal(s.recounted(false), []string{}, "found after that repair")
	})
}
