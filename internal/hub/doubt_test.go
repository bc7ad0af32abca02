package hub

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
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

// TestAReadDuringWhichAllIsStillWellIsNotInDoubt has it reported several times while a read is under way that there is no reason for
// stale. That comes with every sweep of BOS, and is no news.
func TestAReadDuringWhichAllIsStillWellIsNotInDoubt(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a", func(s *bos.Session) { s.Source = bos.SourceBOS })
		f := w.status("a", bos.Want{})
		w.pass(time.Second)
		f.take()
		number, finish := w.reading(f)
		w.pass(interval) // the hub looks at Redis meanwhile
		w.hub.Silent(false, false)
		w.hub.Incomplete(false)
		finish()
		w.pass(tick)
		if s := f.one("the read"); s.Read != number || s.Stale {
			t.Errorf("it is shown as %+v", s.Metadata)
		}
	})
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
// again, and after ten minutes that it does not exist, unless it is one of BOS, and BOS is not read. Who follows its components
// is shown nothing meanwhile, and ends likewise, whether or not somebody follows the status, too.
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
		for _, follows := range []struct {
			what               string
			status, components bool
		}{{"its status", true, false}, {"its components", false, true}, {"both", true, true}} {
			t.Run(name+", followed is "+follows.what, func(t *testing.T) {
				simulate(t, func(w *world) {
					w.hub.Silent(test.unread || test.behind, test.unread)
					w.write("a", test.change)
					var all []interface{ ended() error }
					var f *follower[*bos.Status]
					var c *follower[*live.ComponentsUpdate]
					if follows.status {
						f = w.status("a", bos.Want{})
						all = append(all, f)
					}
					if follows.components {
						c = w.components("a", 0)
						all = append(all, c)
					}
					wantEnded := func(ends bool) {
						w.Helper()
						for _, one := range all {
							if err := one.ended(); ends != (bos.CodeOf(err) == bos.NotFound) {
								w.Errorf("%T has ended with %v", one, err)
							}
						}
					}
					w.pass(2 * interval)
					if c != nil {
						c.one("the beginning")
					}
					w.store.renew("two")
					w.pass(rewriting - interval)
					wantEnded(false)
					if f != nil {
						if s := f.last("while it is missing"); !s.Stale {
							w.Errorf("while it is missing: %+v", s.Metadata)
						}
					}
					if c != nil {
						c.none("while it is missing")
					}
					if test.rewrite {
						w.write("a", test.change)
						w.pass(2 * interval)
						if f != nil {
							if s := f.last("written again"); s.Stale || s.Epoch != "two" {
								w.Errorf("written again: %+v", s.Metadata)
							}
						}
						if c != nil {
							if s := c.one("written again"); !s.Value.Resync || s.Epoch != "two" {
								w.Errorf("written again: %+v", s)
							}
						}
					}
					w.pass(4 * interval)
					wantEnded(test.ends)
					if !test.ends { // nor later
						w.pass(3 * rewriting)
						wantEnded(false)
					}
				})
			})
		}
	}
}

// TestASecondLossIsWaitedForAsLong loses a session that was written again after an earlier loss: its source has all of the time once more,
// though nothing of it was shown in between.
func TestASecondLossIsWaitedForAsLong(t *testing.T) {
	simulate(t, func(w *world) {
		w.write("a")
		f := w.components("a", 2*rewriting)
		w.pass(2 * interval)
		f.one("the beginning")
		w.store.renew("two")
		w.pass(rewriting - interval)
		w.record("a", same)
		w.pass(interval / 2)
		w.store.renew("three")
		w.pass(rewriting)
		f.none("lost again")
		w.pass(2 * interval)
		if err := f.ended(); bos.CodeOf(err) != bos.NotFound {
			t.Errorf("ended with %v", err)
		}
	})
}
