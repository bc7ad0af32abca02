package cache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestStaysInPhasesAreTimed takes components through phases: stays last over statuses of one phase, and end with the phase, when the
// component is disabled, or when another session takes it over.
func TestStaysInPhasesAreTimed(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		shown := func(of *bos.Session) string { return fmt.Sprint(of.Status.PhaseDurations) }
		phase := func(id, phase string) bos.ComponentPatch {
			return bos.ComponentPatch{ID: id, Status: &bos.StatusPatch{Phase: &phase}}
		}
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"), component("x3", "a"))
		s.state("a", bos.StateRunning)
		s.equal([]string{shown(s.read(name("a")))}, []string{"[]"}, "before any stay has ended")
		clock.pass(time.Minute)
		s.patch(bos.ComponentPatch{ID: "x1", LastAction: &bos.LastActionPatch{Action: new(bos.ActionPoweringOn)}},
			bos.ComponentPatch{ID: "x2", Status: &bos.StatusPatch{StatusOverride: new(bos.OverrideOnHold)}})
		clock.pass(time.Minute)
		s.patch(phase("x1", "configuring"))
		clock.pass(time.Minute)
		s.patch(bos.ComponentPatch{ID: "x2", Enabled: new(false)}, bos.ComponentPatch{ID: "x3", Session: new("b")})
		s.patch(done("x1"))
		const want = "[{powering_on 3 165.5 180 180} {configuring 1 60 60 60}]"
		ended := s.read(name("a"))
		if !ended.Status.FromSnapshot {
			s.Fatal("the session is not complete")
		}
		s.equal([]string{shown(ended)}, []string{want}, "at the end")
		// Its components are booted once more, by nobody.
		s.patch(bos.ComponentPatch{ID: "x1", Enabled: new(true), Status: &bos.StatusPatch{Phase: new("powering_on")}})
		clock.pass(time.Hour)
		s.patch(done("x1"))
		s.equal([]string{shown(s.read(name("a")))}, []string{want}, "of a frozen session")

		s.must(s.store.MarkDeleted(s.ctx, name("a")))
		s.create("a")
		s.equal([]string{shown(s.read(name("a")))}, []string{"[]"}, "of the next session of that name")
		s.equal([]string{shown(s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: ended.Incarnation, Want: everything}))}, []string{want}, "of the one before")

		// One that is deleted while it runs leaves nothing to the next, either.
		s.put(component("x4", "a"))
		s.state("a", bos.StateRunning)
		clock.pass(time.Minute)
		s.patch(phase("x4", "configuring"))
		s.equal([]string{shown(s.read(name("a")))}, []string{"[{powering_on 1 60 60 60}]"}, "while it runs")
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		s.create("a")
		s.equal([]string{shown(s.read(name("a")))}, []string{"[]"}, "of the next one after it was deleted")
	})
}

// TestRecordsFromBeforePhasesWereTimed reads a record without the part for it: its phase counts from its status.
func TestRecordsFromBeforePhasesWereTimed(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		s.create("a")
		s.put(component("x1", "a"))
		clock.pass(time.Minute)
		s.patch(bos.ComponentPatch{ID: "x1", LastAction: &bos.LastActionPatch{Action: new(bos.ActionPoweringOn)}})
		key := s.store.db.Keys.Component("x1")
		stored := s.store.db.Client.Get(s.ctx, key).Val()
		before := stored[:strings.LastIndex(stored, "\x00")]
		s.must(s.store.db.Client.Set(s.ctx, key, before, 0).Err())
		s.store.recent.doubt() // as after a restart
		clock.pass(time.Minute)
		s.patch(bos.ComponentPatch{ID: "x1", Status: &bos.StatusPatch{Phase: new("configuring")}})
		s.equal([]string{fmt.Sprint(s.status("a").PhaseDurations)}, []string{"[{powering_on 1 60 60 60}]"}, "of the record of an earlier version")
	})
}
