package cache

import (
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// A tenant that gives one component for another owns both for a moment, not none:
// its session has work to do all the time, and must not complete.
func TestOwnershipChangesHandWithoutAGap(t *testing.T) {
	conform(t, func(s *suite) {
		blue := bos.SessionKey{Tenant: "blue", Name: "a"}
		s.put(component("x1", "a"), component("x2", "a"))
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x1"})
		s.must(err)
		s.createAs(bos.NewSession{SessionKey: blue})
		_, err = s.store.UpdateSession(s.ctx, blue, bos.SessionUpdate{State: new(bos.StateRunning)})
		s.must(err)
		_, err = s.store.PutTenant(s.ctx, "blue", []string{"x2"})
		s.must(err)
		if st := s.read(blue).Status; st.State() != bos.StateRunning || st.Tally.Active != 1 {
			s.Errorf("with one component given for another the session is %s with %+v", st.State(), st.Tally)
		}
	})
}
