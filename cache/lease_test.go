package cache

import (
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

// What a note says is as old as Redis' clock says, whatever clocks its readers have.
func TestANoteHasAnAge(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(time.Minute), s.open(nil).NewLease(time.Minute)
		if t := s.hold(a, ""); t.NoteAge >= 0 {
			s.Errorf("no note is %v old", t.NoteAge)
		}
		s.hold(a, "first")
		if t := s.hold(b, ""); t.Note != "first" || t.NoteAge < 0 || t.NoteAge > 10*time.Second {
			s.Errorf("another finds %+v", t)
		}
		long := time.Now().Add(-time.Hour).Unix() // by the clock of this machine, which is Redis'
		s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Lease(), "noted", long).Err())
		if t := s.hold(b, ""); t.NoteAge < 59*time.Minute || t.NoteAge > 61*time.Minute {
			s.Errorf("a note of an hour ago is %v old", t.NoteAge)
		}
		s.hold(a, "second")
		if t := s.hold(b, ""); t.Note != "second" || t.NoteAge < 0 || t.NoteAge > 10*time.Second {
			s.Errorf("another finds %+v", t)
		}
	})
}

// After a failover Redis' clock may be another one: a lease that was given by one that
// was an hour ahead keeps nobody waiting for an hour.
func TestALeaseOfAClockThatWasAhead(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(5*time.Second), s.open(nil).NewLease(5*time.Second)
		first := s.hold(a, "")
		s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Lease(), "until", time.Now().Add(time.Hour).Unix()).Err())
		if t := s.hold(b, ""); !t.Held || t.Fence == first.Fence {
			s.Errorf("another gets %+v", t)
		}
	})
}
