package cache

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestErrorsAreCountedByCabinet counts a group that is read in pages and one that its status names, live and frozen.
func TestErrorsAreCountedByCabinet(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		var batch []bos.ComponentPatch
		for i := range 2500 { // 9 and 10 are no neighbours as texts
			batch = append(batch, failing(fmt.Sprintf("x%dc0s%db0n0", 9+i%2, i), "a", "broken"))
		}
		s.put(append(batch, failing("x3000c0s1b0n0", "a", "rare"), failing("x3000c0s1b0n1", "a", "rare"), failing("one", "a", "rare"))...)
		s.state("a", bos.StateRunning)
		check := func(what string, frozen bool) {
			s.Helper()
			st := s.status("a")
			got, err := s.store.ErrorCabinets(s.ctx, st.Session, st.Errors, frozen)
			s.must(err)
			if want := "[{x9 1250} {x10 1250} {x3000 2} {other 1}]"; fmt.Sprint(got) != want {
				s.Errorf("%s: %v, want %s", what, got, want)
			}
			trips := s.count(func() error {
				_, err := s.store.ErrorCabinets(s.ctx, st.Session, st.Errors[1:], frozen)
				return err
			})
			if trips.trips != 0 {
				s.Errorf("%s: a small group takes %v", what, trips.commands)
			}
		}
		check("live", false)
		s.state("a", bos.StateComplete)
		s.put(component("x9c0s0b0n0", "b")) // taken over by another session
		check("frozen", true)
	})
}
