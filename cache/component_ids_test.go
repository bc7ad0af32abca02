package cache

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// Components of a session that are asked for by their ids cost what these ids cost, however
// many members the session has.
func TestComponentsOfASessionByIDDoNotScanItsMembers(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x9999", "a"))
		filter := bos.ComponentFilter{IDs: []string{"x9999"}}
		for i := range bos.MaxBatch - 1 {
			filter.IDs = append(filter.IDs, fmt.Sprintf("y%04d", i))
		}
		list := func() error {
			_, err := s.store.ListComponents(s.ctx, &bos.MembersOf{Session: s.read(name("a"))}, filter, bos.Page{First: 1}, true, false)
			return err
		}
		small := s.count(list)
		var batch []bos.ComponentPatch
		for i := range 1500 {
			batch = append(batch, component(fmt.Sprintf("x%04d", i), "a"))
		}
		s.put(batch...)
		large := s.count(list)
		if large.trips != small.trips || large.words != small.words {
			s.Errorf("in a session of 1 it takes %d round trips and %d words, of 1,501 %d and %d", small.trips, small.words, large.trips, large.words)
		}
	})
}
