package hub

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// While what is stored may be incomplete everything is shown as stale, as of before, and
// when that is over everything is read again.
func TestWhatIsStoredMayBeIncomplete(t *testing.T) {
	simulate(t, func(w *world) {
		first := w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		known := f.last("the state")

		w.hub.Incomplete(true)
		w.hub.Incomplete(true) // says nothing new
		w.pass(10 * time.Second)
		if s := f.one("that it may be incomplete"); !s.Stale || s.Again || s.Revision != first || s.Value.AsOf != known.Value.AsOf {
			t.Errorf("shown: %+v as of %v", s.Metadata, s.Value.AsOf)
		}
		late := w.status("a", bos.Want{})
		w.pass(time.Second)
		if s := late.last("the state, to one who comes meanwhile"); !s.Stale {
			t.Errorf("shown: %+v", s.Metadata)
		}

		w.hub.Incomplete(false)
		w.pass(time.Second)
		if s := f.last("that it is whole again"); s.Stale || s.Again {
			t.Errorf("shown: %+v", s.Metadata)
		}
		w.pass(10 * time.Second)
		f.none("nothing changes")
	})
}
