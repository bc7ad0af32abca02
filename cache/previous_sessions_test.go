package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// run makes a session of some operation and template, with one component, and lets it
// run for a while; ended lets it come to its end.
func (s *suite) run(time0 *clock, key bos.SessionKey, operation bos.Operation, template string, ended bool) *bos.Session {
	s.Helper()
	made, err := s.store.CreateSession(s.ctx, bos.NewSession{
		SessionKey: key, Operation: operation, TemplateName: template, Source: bos.SourceProducer,
	})
	s.must(err)
	id := "x-" + key.Name
	s.put(component(id, key.Name))
	if key.Tenant != "" {
		owned, err := s.store.owned(s.ctx, key.Tenant)
		s.must(err)
		_, err = s.store.PutTenant(s.ctx, key.Tenant, append(owned, id))
		s.must(err)
	}
	_, err = s.store.UpdateSession(s.ctx, key, bos.SessionUpdate{State: new(bos.StateRunning)})
	s.must(err)
	time0.pass(time.Minute)
	if ended {
		s.patch(done(id))
	}
	return made
}

func TestPreviousSessionsAreThoseAlikeThatCompleted(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		boot := func(n string, ended bool) *bos.Session {
			return s.run(time0, name(n), bos.OperationBoot, "compute", ended)
		}
		boot("first", true)
		s.run(time0, name("other-template"), bos.OperationBoot, "uan", true)
		s.run(time0, name("other-operation"), bos.OperationReboot, "compute", true)
		s.run(time0, bos.SessionKey{Tenant: "blue", Name: "other-tenant"}, bos.OperationBoot, "compute", true)
		second := boot("second", true)
		boot("runs", false)
		boot("third", true)
		boot("deleted", true)
		_, err := s.store.DeleteSession(s.ctx, name("deleted"))
		s.must(err)
		last := boot("last", false)
		boot("later", true)

		previous := func(of *bos.Session, first int) []string {
			s.Helper()
			found, err := s.store.PreviousSessions(s.ctx, of, first, withProgress)
			s.must(err)
			names := []string{}
			for _, one := range found {
				if names = append(names, one.Name); !one.Status.FromSnapshot || len(one.Status.Progress) != 2 {
					s.Errorf("%s is read as %+v", one.Name, one.Status)
				}
			}
			return names
		}
		s.equal(previous(last, 10), []string{"third", "second", "first"}, "all before")
		s.equal(previous(last, 1), []string{"third"}, "the last before")
		s.equal(previous(second, 5), []string{"first"}, "all before the second")
		blue := s.run(time0, bos.SessionKey{Tenant: "blue", Name: "again"}, bos.OperationBoot, "compute", false)
		s.equal(previous(blue, 5), []string{"other-tenant"}, "all before of a tenant")

		// One whose name has been taken again is still found.
		gone := s.createAs(bos.NewSession{SessionKey: name("again"), Source: bos.SourceBOS, StartTime: bos.TimeOf(time0.Now())})
		ended := sourceSession("again", bos.StateComplete)
		ended.StartTime = gone.StartTime
		s.must(s.store.KeepSession(s.ctx, ended))
		s.must(s.store.MarkDeleted(s.ctx, name("again")))
		time0.pass(time.Minute)
		again := s.createAs(bos.NewSession{SessionKey: name("again"), Source: bos.SourceBOS})
		found, err := s.store.PreviousSessions(s.ctx, again, 1, bos.Want{})
		s.must(err)
		if len(found) != 1 || found[0].Incarnation != gone.Incarnation || !found[0].Deleted {
			s.Errorf("before the second of its name there was %+v", found)
		}
	})
}

// TestThoseThatHaveNotCompletedHideNoneBefore has more sessions on the way than are looked at
// at a time, and has them count as looked through.
func TestThoseThatHaveNotCompletedHideNoneBefore(t *testing.T) {
	conform(t, func(s *suite) {
		s.createAs(bos.NewSession{SessionKey: name("earliest"), StartTime: "2026-01-01T00:00:00"})
		s.state("earliest", bos.StateComplete)
		s.createAs(bos.NewSession{SessionKey: name("first"), StartTime: "2026-01-02T00:00:00"})
		failed := failing("x1", "first", "E")
		failed.Enabled, failed.Status = new(false), &bos.StatusPatch{StatusOverride: new("failed")}
		s.put(failed)
		s.state("first", bos.StateRunning)
		const between = spare + 2
		for i := range between {
			s.createAs(bos.NewSession{SessionKey: name(fmt.Sprint("waits", i)), StartTime: "2026-01-03T00:00:00"})
		}
		s.put(failing("x1", "last", "E"))
		last := s.createAs(bos.NewSession{SessionKey: name("last"), StartTime: "2026-01-04T00:00:00"})

		for first, want := range map[int][]string{1: {"first"}, 2: {"first", "earliest"}, 3: {"first", "earliest"}} {
			found, err := s.store.PreviousSessions(s.ctx, last, first, bos.Want{})
			s.must(err)
			names := []string{}
			for _, one := range found {
				names = append(names, one.Name)
			}
			s.equal(names, want, fmt.Sprint("the last ", first, " before"))
		}
		again, err := s.store.FailedBefore(s.ctx, last, []string{"x1"})
		s.must(err)
		counts, err := s.store.GroupsFailedBefore(s.ctx, last, []bos.Digest{bos.DigestOf("E")}, false)
		s.must(err)
		if !again[0] || counts[0] != 1 {
			s.Errorf("failed before: %v, %v of its error", again, counts)
		}
		ctx, effort := (&cost.Limits{Response: 100_000, Scan: between}).WithEffort(s.ctx)
		defer effort.Done()
		_, err = s.store.PreviousSessions(ctx, last, 1, bos.Want{})
		s.code(err, bos.BadUserInput)
	})
}

// TestWhatStartedAtTheSameTimeIsNoPreviousSession: of two with one start, the order is that of their incarnations.
func TestWhatStartedAtTheSameTimeIsNoPreviousSession(t *testing.T) {
	conform(t, func(s *suite) {
		for _, state := range []bos.State{bos.StateComplete, bos.StateRunning, bos.StateComplete} {
			s.must(s.store.KeepSession(s.ctx, sourceSession("set-back", state)))
		}
		all, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, bos.Page{First: 10}, bos.Want{}, false)
		s.must(err)
		if len(all.Items) != 2 {
			s.Fatalf("there are %d sessions, want one and its earlier end", len(all.Items))
		}
		for _, one := range all.Items {
			found, err := s.store.PreviousSessions(s.ctx, one, 10, bos.Want{})
			s.must(err)
			if len(found) > 0 {
				s.Errorf("before %+v there was %+v", one, found[0])
			}
		}
	})
}

func TestEstimatesCompareWithTheLatestSessionAlike(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		estimated := func() []int { // how many points there are to compare with, by session
			s.Helper()
			var reads []bos.SessionRead
			for i := range 4 {
				reads = append(reads, bos.SessionRead{SessionKey: name(fmt.Sprint("now", i)), Want: bos.Want{Status: true, Progress: true, Estimate: true}})
			}
			found, err := s.store.ReadSessions(s.ctx, reads)
			s.must(err)
			var points []int
			for _, one := range found {
				points = append(points, len(one.Status.Earlier))
			}
			return points
		}
		same := func(what string, got, want []int) {
			s.Helper()
			if fmt.Sprint(got) != fmt.Sprint(want) {
				s.Errorf("%s: %v points to compare with, want %v", what, got, want)
			}
		}
		s.run(time0, name("boot"), bos.OperationBoot, "compute", true)
		s.run(time0, name("reboot"), bos.OperationReboot, "compute", true)
		failed, err := s.store.CreateSession(s.ctx, bos.NewSession{ // its set-up failed: it shows nothing
			SessionKey: name("failed"), Operation: bos.OperationReboot, TemplateName: "compute", Source: bos.SourceProducer,
		})
		s.must(err)
		s.state(failed.Name, bos.StateComplete)
		time0.pass(time.Minute)
		s.run(time0, name("now0"), bos.OperationBoot, "compute", false)
		s.run(time0, name("now1"), bos.OperationReboot, "compute", false)
		s.run(time0, name("now2"), bos.OperationShutdown, "compute", false)
		s.run(time0, name("now3"), bos.OperationBoot, "compute", true)
		same("at first", estimated(), []int{2, 2, 0, 0})

		// What is compared with is read once in a while.
		_, err = s.store.DeleteSession(s.ctx, name("reboot"))
		s.must(err)
		same("remembered", estimated(), []int{2, 2, 0, 0})
		time0.pass(comparisonLife)
		same("after a while", estimated(), []int{2, 0, 0, 0})
	})
}
