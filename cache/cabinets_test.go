package cache

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// TestABatchOverMoreCabinetsThanOneCallTakes counts, freezes and empties more of them than the script passes to a command.
func TestABatchOverMoreCabinetsThanOneCallTakes(t *testing.T) {
	conform(t, func(s *suite) {
		const many = 1200
		s.create("a")
		var all, over, away []bos.ComponentPatch
		for i := range many {
			id := fmt.Sprintf("x%dc0s0b0n0", 1000+i)
			all = append(all, component(id, "a"))
			over = append(over, done(id))
			away = append(away, bos.ComponentPatch{ID: id, Session: new("b")})
		}
		s.put(all...)
		s.state("a", bos.StateRunning)
		if n := len(s.status("a").ByCabinet); n != many {
			s.Errorf("%d cabinets are counted", n)
		}
		s.patch(over...)
		end := s.status("a")
		if n := len(end.ByCabinet); !end.FromSnapshot || n != many || end.ByCabinet[0].Counts.Successful != 1 {
			s.Errorf("at the end, of %d cabinets: %+v", n, end.ByCabinet[0])
		}
		s.patch(away...)
		if n := len(s.status("a").ByCabinet); n != many {
			s.Errorf("%d cabinets are counted at the end", n)
		}
		for field := range s.store.db.Client.HGetAll(s.ctx, s.store.db.Keys.Session(schema.ScopeHome(name("a")))).Val() {
			if cabinet, is := schema.CutCabinet(field); is {
				s.Fatalf("the cabinet %s is left, and nothing is there", cabinet)
			}
		}
	})
}
