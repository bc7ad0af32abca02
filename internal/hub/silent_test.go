package hub

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// What comes from BOS is shown as one that may be behind while BOS is silent, and
// only that.
func TestBOSIsSilent(t *testing.T) {
	fromBOS := func(s *bos.Session) { s.Source = bos.SourceBOS }
	simulate(t, func(w *world) {
		w.write("theirs", fromBOS)
		w.write("ours")
		theirs, ours := w.status("theirs", bos.Want{}), w.status("ours", bos.Want{})
		w.pass(time.Second)
		theirs.take()
		ours.take()

		w.hub.Silent(true, true)
		w.hub.Silent(true, true) // says nothing new
		w.pass(0)
		if s := theirs.one("that it may be behind"); !s.Stale || s.Again {
			t.Errorf("shown: %+v", s.Metadata)
		}
		revision := w.write("theirs", fromBOS)
		w.pass(time.Second)
		if s := theirs.last("a change meanwhile"); !s.Stale || s.Revision != revision {
			t.Errorf("shown: %+v", s.Metadata)
		}
		w.write("ours")
		w.pass(time.Second)
		if s := ours.last("a change of what BOS does not know"); s.Stale {
			t.Errorf("shown: %+v", s.Metadata)
		}
		late := w.status("theirs", bos.Want{})
		w.pass(time.Second)
		if s := late.last("the state, to one who comes meanwhile"); !s.Stale {
			t.Errorf("shown: %+v", s.Metadata)
		}

		w.hub.Silent(false, false)
		w.pass(time.Second)
		if s := theirs.last("that it is up to date"); s.Stale || s.Revision != revision {
			t.Errorf("shown: %+v", s.Metadata)
		}
		ours.none("what BOS does not know is as before")
	})
}
