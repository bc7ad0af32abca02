package cache

import (
	"reflect"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestReadsBringAllButWhatTheyAreWithout reads sessions without each selection of parts: a running one, a frozen one whose name
// counts on, one whose status BOS has saved, and one that is not there.
func TestReadsBringAllButWhatTheyAreWithout(t *testing.T) {
	conform(t, func(s *suite) {
		configuring, staged := component("x2", "running"), component("x4", "")
		configuring.Status, staged.StagedState = &bos.StatusPatch{Phase: new("configuring")}, &bos.StagedStatePatch{Session: new("running")}
		s.create("running")
		s.put(failing("x1", "running", "broken"), configuring, component("x3", "running"), staged)
		s.state("running", bos.StateRunning)
		s.create("frozen")
		s.put(failing("y1", "frozen", "broken"), component("y2", "frozen"))
		s.state("frozen", bos.StateComplete)
		s.put(component("y3", "frozen"))
		s.put(component("z1", "saved"))
		s.must(s.store.KeepSession(s.ctx, sourceSession("saved", bos.StateRunning)))
		complete := sourceSession("saved", bos.StateComplete)
		complete.Saved = saved(s.T, savedText, true)
		s.must(s.store.KeepSession(s.ctx, complete))

		for _, session := range []string{"running", "frozen", "saved", "none"} {
			for _, want := range []bos.Want{{}, {Status: true}, {Status: true, Groups: 3}, {Status: true, Progress: true}} {
				whole := s.readAs(bos.SessionRead{SessionKey: name(session), Want: want})
				for want.Without = range bos.AllParts + 1 {
					got := s.readAs(bos.SessionRead{SessionKey: name(session), Want: want})
					if expected := stripped(whole, want); !reflect.DeepEqual(still(got), still(expected)) {
						s.Fatalf("%s with %+v:\n%+v\n%+v\nwant\n%+v\n%+v", session, want, got, got.Status, expected, expected.Status)
					}
				}
			}
		}
	})
}

// stripped is a session without what a read of it was to be without.
func stripped(whole *bos.Session, want bos.Want) *bos.Session {
	if whole == nil || separate(want) {
		return whole
	}
	s := *whole
	if want.Without&bos.PartRecord != 0 {
		s = bos.Session{SessionKey: s.SessionKey, Incarnation: s.Incarnation, State: s.State, Deleted: s.Deleted, Removal: s.Removal, Status: s.Status}
	}
	if s.Status == nil {
		return &s
	}
	st := *s.Status
	s.Status, st.Session = &st, &s
	if want.Without&bos.PartRecord != 0 {
		st.Timing = bos.Timing{}
	}
	if want.Without&bos.PartRevision != 0 {
		st.Revision = 0
	}
	return &s
}

// still is a session without what differs from one read to the next.
func still(s *bos.Session) *bos.Session {
	if s == nil || s.Status == nil || s.Status.FromSnapshot {
		return s
	}
	now := *s
	st := *s.Status
	now.Status, st.Session = &st, &now
	st.AsOf, st.Timing.Duration, st.Progress = time.Time{}, 0, nil
	return &now
}

// TestAReadAsksForWhatItShows counts the fields that are asked for.
func TestAReadAsksForWhatItShows(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		const (
			command = 2 // its name and the key
			head    = 4 // incarnation, state, and whether it is history or frozen
			counts  = 3 // the counters, their frozen copy, and what BOS has saved
		)
		for _, c := range []struct {
			says  string
			want  bos.Want
			words int
		}{
			{"whether there is a session", bos.Want{Without: bos.AllParts}, command + head},
			{"the record", bos.Want{}, command + head + 7},
			{"the percentages", bos.Want{Status: true, Without: bos.AllParts}, command + head + counts},
			{"with the revision", bos.Want{Status: true, Without: bos.AllParts &^ bos.PartRevision}, command + head + counts + 3},
			{"a whole status", bos.Want{Status: true}, command + head + 7 + counts + 3},
		} {
			got := s.count(func() error {
				_, err := s.store.ReadSessions(s.ctx, []bos.SessionRead{{SessionKey: name("a"), Want: c.want}})
				return err
			})
			if got.words != c.words || len(got.commands) != 1 {
				s.Errorf("%s takes %+v, want %d words of one command", c.says, got, c.words)
			}
		}
		// Each gets what it wants, of one command.
		all := []bos.SessionRead{
			{SessionKey: name("a"), Want: bos.Want{Status: true, Without: bos.AllParts &^ bos.PartRevision}},
			{SessionKey: name("a"), Want: bos.Want{Status: true, Without: bos.AllParts &^ bos.PartRecord}},
			{SessionKey: name("a"), Want: bos.Want{Status: true, Without: bos.AllParts}},
		}
		if got := s.count(func() error {
			_, err := s.store.ReadSessions(s.ctx, all)
			return err
		}); got.words != command+head+7+counts+3 {
			s.Errorf("reads of one session take %+v", got)
		}
	})
}
