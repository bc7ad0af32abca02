package cache

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// sourceSession is a session as BOS has it.
func sourceSession(name string, state bos.State) bos.SourceSession {
	s := bos.SourceSession{State: state, InitialComponents: "x1,x2"}
	s.SessionKey, s.Operation, s.TemplateName = bos.SessionKey{Name: name}, bos.OperationBoot, "compute"
	s.StartTime, s.Limit = "2026-11-22T09:00:00", "x1"
	if state == bos.StateComplete {
		s.EndTime = "2026-11-22T09:30:00.5"
	}
	return s
}

const savedText = `{"error_summary": {"broken": {"count": 12, "list": "x9,x3,x11..."}, "odd": {"count": 1, "list": "x2"}},
"managed_components_count": 30000, "percent_failed": 0.04, "percent_staged": 0.0, "percent_successful": 99.96,
"phases": {"percent_complete": 100.0, "percent_configuring": 0.25, "percent_powering_off": 0.5, "percent_powering_on": 0.75},
"status": "complete", "timing": {"duration": "0:30:00.500000", "end_time": "2026-11-22T09:30:00.5", "start_time": "2026-11-22T09:00:00"}}`

func saved(t *testing.T, text string, final bool) *bos.SavedStatus {
	t.Helper()
	s, err := bos.ParseSavedStatus([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s.Final = final
	return s
}

func TestASessionOfBOSIsMirrored(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(failing("x1", "a", "broken"), component("x2", "a"))
		pending := sourceSession("a", bos.StatePending)
		s.must(s.store.KeepSession(s.ctx, pending))
		stored := s.read(name("a"))
		if stored.Source != bos.SourceBOS || stored.State != bos.StatePending || stored.StartTime != pending.StartTime ||
			stored.Details.Limit != "x1" || stored.Details.InitialComponents != "x1,x2" || stored.Status.Tally.Managed != 2 {
			s.Errorf("a pending session is kept as %+v, %+v", stored, stored.Details)
		}
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		before := pairs(s.dump())
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		s.must(s.store.KeepSession(s.ctx, pending)) // a session never goes back
		if after := pairs(s.dump()); after != before {
			s.Errorf("nothing has changed, yet something was written:\n%s\n%s", before, after)
		}

		// Nothing is active any more, but BOS does not say that it is complete.
		s.patch(done("x1"), done("x2"))
		if st := s.status("a"); st.State() != bos.StateRunning {
			s.Errorf("what BOS runs has completed by itself: %+v", st)
		}
		complete := sourceSession("a", bos.StateComplete)
		complete.Error = "some reason"
		s.must(s.store.KeepSession(s.ctx, complete))
		frozen := s.read(name("a"))
		if st := frozen.Status; frozen.EndTime != complete.EndTime || frozen.Details.Error != "some reason" || !st.FromSnapshot ||
			st.Tally.Managed != 2 || st.PercentSuccessful() != 100 || st.Errors[0].List() != "x1" || st.Timing.Duration.Seconds() != 1800.5 {
			s.Errorf("frozen as %+v", st)
		}
		complete.Error = "another reason"
		s.must(s.store.KeepSession(s.ctx, complete))
		now := s.read(name("a"))
		if now.Details.Error != "another reason" {
			s.Errorf("what BOS has changed in the record of a complete session is not followed: %+v", now.Details)
		}
		if st := now.Status; now.EndTime != frozen.EndTime || !st.FromSnapshot || st.Tally != frozen.Status.Tally || st.PercentSuccessful() != 100 ||
			st.Errors[0].List() != "x1" || st.Timing != frozen.Status.Timing {
			s.Errorf("a frozen status has changed: %+v", st)
		}
	})
}

// BOS's own saved status takes the place of ours, once for good, and our counts stay
// beside it.
func TestTheFinalStatusThatBOSSavedIsShown(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(failing("x3", "a", "broken"), component("x2", "a"))
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		complete := sourceSession("a", bos.StateComplete)
		s.must(s.store.KeepSession(s.ctx, complete))
		ours := s.status("a")

		complete.Saved = saved(s.T, `{"status":"complete","managed_components_count":1}`, false)
		s.must(s.store.KeepSession(s.ctx, complete))
		if st := s.status("a"); st.Managed() != 1 || st.GroupCount != 0 || len(st.Errors) != 0 || st.Saved.Text != complete.Saved.Text {
			s.Errorf("provisionally saved: %+v", st)
		}
		complete.Saved = saved(s.T, savedText, true)
		s.must(s.store.KeepSession(s.ctx, complete))
		st := s.status("a")
		if st.Managed() != 30000 || st.PercentFailed() != 0.04 || st.PercentSuccessful() != 99.96 || st.PercentStaged() != 0 ||
			st.Phases() != (bos.Phases{PercentComplete: 100, PercentConfiguring: 0.25, PercentPoweringOff: 0.5, PercentPoweringOn: 0.75}) {
			s.Errorf("saved: %+v", st.Saved)
		}
		if st.Tally != ours.Tally || st.Revision != ours.Revision || st.Saved.Text != savedText || !st.FromSnapshot {
			s.Errorf("beside what was saved there is %+v, was %+v", st, ours)
		}
		if st.GroupCount != 2 || len(st.Errors) != 2 || st.Errors[0].Message != "broken" || st.Errors[0].List() != "x11,x3,x9..." || st.Errors[1].List() != "x2" {
			s.Errorf("saved errors: %+v", st.Errors)
		}
		counted := s.readAs(bos.SessionRead{SessionKey: name("a"), Want: bos.Want{Status: true, GroupCount: true}}).Status
		if counted.GroupCount != 2 || counted.Managed() != 30000 || counted.Saved.Text != "" {
			s.Errorf("without errors: %+v", counted)
		}
		if st := s.readAs(bos.SessionRead{SessionKey: name("a"), Want: bos.Want{Status: true, Groups: 1}}).Status; len(st.Errors) != 1 || st.GroupCount != 2 {
			s.Errorf("one group of %d: %+v", st.GroupCount, st.Errors)
		}
		of := &bos.MembersOf{Session: st.Session, Group: st.Errors[0].Digest, Frozen: true}
		s.equal(s.ids(s.store.ListComponents(s.ctx, of, bos.ComponentFilter{}, bos.Page{First: 10}, false, false)), []string{"x3"}, "of the group, as counted here")

		before := pairs(s.dump())
		complete.Saved = saved(s.T, `{"status":"complete","managed_components_count":7}`, true)
		s.must(s.store.KeepSession(s.ctx, complete))
		if after := pairs(s.dump()); after != before {
			s.Error("what was saved for good was replaced")
		}
	})
}

// A session that BOS has created again under a name is another incarnation; the one
// before is history, with all that BOS saved.
func TestASessionThatBOSCreatesAgainIsAnother(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		old := sourceSession("a", bos.StateComplete)
		old.Saved = saved(s.T, savedText, true)
		s.must(s.store.KeepSession(s.ctx, old))
		first := s.read(name("a"))
		next := sourceSession("a", bos.StateRunning)
		next.StartTime = "2026-11-22T10:00:00"
		s.must(s.store.KeepSession(s.ctx, next))
		now := s.read(name("a"))
		if now.Incarnation == first.Incarnation || now.State != bos.StateRunning || now.Status.FromSnapshot || now.Status.Saved != nil || now.Status.Managed() != 1 {
			s.Errorf("created again it is %+v, %+v", now, now.Status)
		}
		past := s.readAs(bos.SessionRead{SessionKey: name("a"), Incarnation: first.Incarnation, Want: everything})
		if past == nil || !past.Deleted || past.Status.Managed() != 30000 || past.Status.Saved.Text != savedText {
			s.Errorf("the history is %+v", past)
		}

		// One that goes and comes back is another incarnation, too.
		s.must(s.store.MarkDeleted(s.ctx, name("a")))
		s.must(s.store.KeepSession(s.ctx, next))
		if back := s.read(name("a")); back.Deleted || back.Incarnation == now.Incarnation {
			s.Errorf("back again it is %+v", back)
		}
	})
}

func TestWhatIsNoSessionOfBOSIsRefused(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("ours")
		before := pairs(s.dump())
		s.code(s.store.KeepSession(s.ctx, sourceSession("ours", bos.StateRunning)), bos.Conflict)
		for i, spoil := range []func(*bos.SourceSession){
			func(s *bos.SourceSession) { s.Name = "a b" },
			func(s *bos.SourceSession) { s.Tenant = "-" },
			func(s *bos.SourceSession) { s.Operation = "configure" },
			func(s *bos.SourceSession) { s.State = "lost" },
			func(s *bos.SourceSession) { s.StartTime = "yesterday" },
			func(s *bos.SourceSession) { s.StartTime = "" },
			func(s *bos.SourceSession) { s.EndTime = "tomorrow" },
			func(s *bos.SourceSession) { s.Error = "a\x00b" },
		} {
			bad := sourceSession(fmt.Sprintf("bad%d", i), bos.StateRunning)
			spoil(&bad)
			s.code(s.store.KeepSession(s.ctx, bad), bos.BadUserInput)
		}
		if after := pairs(s.dump()); after != before {
			s.Error("something was written")
		}
	})
}

func TestComponentsOfBOSAreMirrored(t *testing.T) {
	conform(t, func(s *suite) {
		whole := bos.Component{ID: "x1", Enabled: true, Session: "a", Error: "broken", DesiredState: &bos.DesiredState{Configuration: "c", LastUpdated: "2026-11-22T09:00:00"}}
		result, err := s.store.KeepComponents(s.ctx, []bos.Component{whole, {ID: "x 2"}, {ID: "x3", Session: "-"}})
		s.must(err)
		if result.Applied != 1 || len(result.Refused) != 2 || result.Refused[0].Index != 1 || result.Refused[1].Index != 2 {
			s.Errorf("kept %+v", result)
		}
		before := pairs(s.dump())
		s.applied(1)(s.store.KeepComponents(s.ctx, []bos.Component{whole}))
		if after := pairs(s.dump()); after != before {
			s.Error("an unchanged record was written")
		}
		s.applied(1)(s.store.KeepComponents(s.ctx, []bos.Component{{ID: "x1", Session: "a"}}))
		found, err := s.store.ReadComponents(s.ctx, []string{"x1"}, true)
		s.must(err)
		if c := found[0]; c.Error != "" || c.Enabled || c.DesiredState != nil {
			s.Errorf("replaced, it is %+v", c)
		}
	})
}
