package cache

import (
	"errors"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func (s *suite) hold(l *Lease, note string) bos.Tenure {
	s.Helper()
	t, err := l.Hold(s.ctx, note)
	s.must(err)
	return t
}

// waitForLease asks for the lease until it is had.
func (s *suite) waitForLease(l *Lease) bos.Tenure {
	s.Helper()
	for ctx := s.ctx; ; {
		if t := s.hold(l, ""); t.Held {
			return t
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			s.Fatal("the lease does not run out")
		}
	}
}

func TestOneHoldsTheLease(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(time.Minute), s.open(nil).NewLease(time.Minute)
		first := s.hold(a, "from a")
		if !first.Held || first.Epoch == "" || first.Fence == "" || first.Note != "" {
			s.Fatalf("the first to ask gets %+v", first)
		}
		if t := s.hold(b, "from b"); t.Held || t.Note != "from a" || t.Fence != first.Fence {
			s.Errorf("another gets %+v", t)
		}
		if t := s.hold(a, ""); !t.Held || t.Fence != first.Fence || t.Note != "from a" {
			s.Errorf("renewing it gives %+v", t)
		}
		s.must(b.Release(s.ctx))
		if t := s.hold(b, ""); t.Held {
			s.Errorf("one who has it not could give it up: %+v", t)
		}
		s.must(a.Release(s.ctx))
		if t := s.hold(b, "from b"); !t.Held || t.Fence == first.Fence || t.Note != "from a" {
			s.Errorf("once it is given up, another gets %+v", t)
		}
		if t := s.hold(a, "again from a"); t.Held || t.Note != "from b" {
			s.Errorf("who gave it up then gets %+v", t)
		}
	})
}

func TestALeaseRunsOut(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(time.Second), s.store.NewLease(time.Second)
		first := s.hold(a, "")
		second := s.waitForLease(b)
		if second.Fence == first.Fence {
			s.Error("two holders have one fence")
		}
		third := s.waitForLease(b) // or the same, but for a slow machine
		if third.Fence == first.Fence {
			s.Error("a fence came again")
		}
	})
}

// Who was overtaken writes no more, whatever it is, and is told so.
func TestFence(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(time.Minute), s.store.NewLease(time.Minute)
		mine := s.store.During(s.hold(a, ""))
		running := sourceSession("a", bos.StateRunning)
		s.must(mine.KeepSession(s.ctx, running))
		s.applied(1)(mine.KeepComponents(s.ctx, []bos.Component{{ID: "x1", Enabled: true, Session: "a"}}))

		s.must(a.Release(s.ctx))
		theirs := s.store.During(s.hold(b, ""))
		before := pairs(s.dump())
		complete := sourceSession("a", bos.StateComplete)
		_, keep := mine.KeepComponents(s.ctx, []bos.Component{{ID: "x1"}})
		_, remove := mine.DeleteComponents(s.ctx, []string{"x1"})
		_, own := mine.PutTenant(s.ctx, "blue", []string{"x1"})
		for what, err := range map[string]error{
			"components": keep, "deletion": remove, "tenant": own, "session": mine.KeepSession(s.ctx, complete),
			"end of a session": mine.MarkDeleted(s.ctx, name("a")),
		} {
			if !errors.Is(err, ErrFenced) {
				s.Errorf("%s: %v", what, err)
			}
		}
		if after := pairs(s.dump()); after != before {
			s.Errorf("something was written:\n%s\n%s", before, after)
		}
		s.must(theirs.KeepSession(s.ctx, complete))
		s.patch(bos.ComponentPatch{ID: "x1", Error: new("others may write")})
	})
}

// A Redis that has restarted may have less than it had, so a renewed lease shows
// another epoch, even if nothing was written meanwhile.
func TestLeaseSeesARestart(t *testing.T) {
	conform(t, func(s *suite) {
		l := s.store.NewLease(time.Minute)
		first := s.hold(l, "")
		s.must(s.store.client.ScriptFlush(s.ctx).Err()) // all that a restart is sure to lose
		if t := s.hold(l, ""); !t.Held || t.Fence != first.Fence || t.Epoch == first.Epoch {
			s.Errorf("after a restart %+v, before %+v", t, first)
		}
		epoch, err := s.store.Epoch(s.ctx)
		s.must(err)
		if t := s.hold(l, ""); t.Epoch != epoch {
			s.Errorf("the epoch is %q, not %q", t.Epoch, epoch)
		}
	})
}
