package hub

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// reading has a session read again, and returns the number of that read and what lets
// it finish.
func (w *world) reading(f *follower[*bos.Status]) (number uint64, finish func()) {
	w.store.block()
	number = f.watch.Fresh()
	finish = w.store.next()
	w.store.unblock()
	return number, finish
}

// TestAReadThatBeganInDoubtIsShownInDoubt has a reason for stale end while a read is
// under way that began under it. What that read finds may be wrong, so it must neither
// be shown as reliable nor, the session being complete, end the subscription.
func TestAReadThatBeganInDoubtIsShownInDoubt(t *testing.T) {
	for _, test := range []struct {
		name  string
		doubt func(h *Hub, holds bool)
	}{
		{"keys were evicted", (*Hub).Incomplete},
		{"BOS was not read", func(h *Hub, holds bool) { h.Silent(holds, holds) }},
		{"a record of BOS could not be stored", func(h *Hub, holds bool) { h.Silent(holds, false) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			simulate(t, func(w *world) {
				w.write("a", func(s *bos.Session) { s.Source = bos.SourceBOS })
				f := w.status("a", bos.Want{})
				w.pass(time.Second)
				f.take()

				test.doubt(w.hub, true)
				w.pass(time.Second)
				f.take()
				revision := w.store.write(key("a"), complete)
				w.store.delay(tick / 10) // of the next read, too: what this one shows is taken before
				number, finish := w.reading(f)
				test.doubt(w.hub, false)
				finish()
				w.pass(time.Second)
				shown := f.take()
				for _, s := range shown {
					if s.Read == number && (!s.Stale || s.Last) {
						t.Errorf("what was read in doubt is shown as %+v", s.Metadata)
					}
				}
				if len(shown) == 0 {
					t.Fatal("nothing is shown")
				}
				if s := shown[len(shown)-1]; s.Revision != revision || s.Stale || !s.Last {
					t.Errorf("the end is shown as %+v", s.Metadata)
				}
			})
		})
	}
}

// TestWhatIsMissingDuringAnInterruptionIsNotTakenForDeleted lets a read that began
// during an interruption find nothing, and the feed recover before that is evaluated:
// the data was lost and is about to be written again, so subscribers wait for it.
func TestWhatIsMissingDuringAnInterruptionIsNotTakenForDeleted(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.status("a", bos.Want{})
		w.pass(2 * interval)
		f.take()

		w.hub.Interrupted()
		w.store.renew("one") // empty, and no new epoch yet
		var revision int64
		w.store.set(func() {
			w.store.afterEpoch = func() {
				w.store.renew("two")
				revision = w.store.write(key("a"))
				epoch, revision := w.store.at()
				w.hub.Alive(epoch, revision, false)
			}
		})
		_, finish := w.reading(f)
		finish()
		w.pass(2 * interval)
		if s := f.last("when it is back"); s.Stale || s.Revision != revision || s.Epoch != "two" {
			t.Errorf("when it is back: %+v", s.Metadata)
		}
		if err := f.ended(); err != nil {
			t.Errorf("the watch has ended: %v", err)
		}
	})
}

// TestWhatNobodyWritesAgainEnds lets Redis come back empty: who watches a session is shown that it may be behind until it is written
// again, and after ten minutes that it does not exist, unless it is one of BOS, and BOS is not read.
func TestWhatNobodyWritesAgainEnds(t *testing.T) {
	fromBOS := func(s *bos.Session) { s.Source = bos.SourceBOS }
	for name, test := range map[string]struct {
		change  func(*bos.Session)
		unread  bool
		behind  bool // what BOS has of something else can't be stored
		rewrite bool
		ends    bool
	}{
		"nobody writes it":                      {change: same, ends: true},
		"it is written again":                   {change: same, rewrite: true},
		"BOS is read, and does not have it":     {change: fromBOS, ends: true},
		"BOS is read, but for another record":   {change: fromBOS, behind: true, ends: true},
		"BOS is not read":                       {change: fromBOS, unread: true},
		"BOS is not read, and has no say in it": {change: same, unread: true, ends: true},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(w *world) {
				w.hub.Silent(test.unread || test.behind, test.unread)
				w.write("a", test.change)
				f := w.status("a", bos.Want{})
				w.pass(2 * interval)
				w.store.renew("two")
				w.pass(rewriting - interval)
				if s := f.last("while it is missing"); !s.Stale || f.ended() != nil {
					t.Errorf("while it is missing: %+v, %v", s.Metadata, f.ended())
				}
				if test.rewrite {
					w.write("a", test.change)
					w.pass(2 * interval)
					if s := f.last("written again"); s.Stale || s.Epoch != "two" {
						t.Errorf("written again: %+v", s.Metadata)
					}
				}
				w.pass(4 * interval)
				if err := f.ended(); test.ends != (bos.CodeOf(err) == bos.NotFound) {
					t.Errorf("it has ended with %v", err)
				}
				if !test.ends { // nor later
					w.pass(3 * rewriting)
					if err := f.ended(); err != nil {
						t.Errorf("it has ended with %v", err)
					}
				}
			})
		})
	}
}
