package cache

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// lateWrites are all kinds of writes that a tenure makes, each of which would change
// something where [suite.followed] has written; makingWrites would also where nothing is.
var makingWrites = []string{"components", "a component that is not there", "tenant", "a session that is not there",
	"completion of a session", "a session created again"}

var lateWrites = map[string]func(*suite, *Store) error{
	"components": func(s *suite, late *Store) error {
		_, err := late.KeepComponents(s.ctx, []bos.Component{{ID: "x1", Error: "late"}})
		return err
	},
	"a component that is not there": func(s *suite, late *Store) error {
		_, err := late.KeepComponents(s.ctx, []bos.Component{{ID: "x9", Session: "a"}})
		return err
	},
	"deletion of components": func(s *suite, late *Store) error {
		_, err := late.DeleteComponents(s.ctx, []string{"x1"})
		return err
	},
	"tenant": func(s *suite, late *Store) error {
		_, err := late.PutTenant(s.ctx, "blue", []string{"x1"})
		return err
	},
	"removal of a tenant": func(s *suite, late *Store) error {
		_, err := late.PutTenant(s.ctx, "green", nil)
		return err
	},
	"a session that is not there": func(s *suite, late *Store) error {
		return late.KeepSession(s.ctx, sourceSession("b", bos.StateRunning))
	},
	"completion of a session": func(s *suite, late *Store) error {
		return late.KeepSession(s.ctx, sourceSession("a", bos.StateComplete))
	},
	"a session created again": func(s *suite, late *Store) error {
		again := sourceSession("a", bos.StateRunning)
		again.StartTime = "2026-11-22T10:00:00"
		return late.KeepSession(s.ctx, again)
	},
	"deletion of a session": func(s *suite, late *Store) error {
		return late.MarkDeleted(s.ctx, name("a"))
	},
}

// followed writes, in a tenure, what the late writes would change.
func (s *suite) followed(during *Store) {
	s.Helper()
	s.must(during.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
	s.applied(1)(during.KeepComponents(s.ctx, []bos.Component{{ID: "x1", Enabled: true, Session: "a"}}))
	_, err := during.PutTenant(s.ctx, "green", []string{"x1", "x2"})
	s.must(err)
}

// refusedLate fails unless each of those late writes is refused and changes nothing but the
// epoch that begins.
func (s *suite) refusedLate(late *Store, kinds ...string) {
	s.Helper()
	data := func() string {
		all := s.dump()
		delete(all, s.store.db.Keys.Meta())
		delete(all, s.store.db.Keys.Epoch())
		return pairs(all)
	}
	before := data()
	if err := late.Current(s.ctx); !errors.Is(err, bos.ErrTenureEnded) {
		s.Errorf("the tenure lasts: %v", err)
	}
	for _, what := range kinds {
		if err := lateWrites[what](s, late); !errors.Is(err, bos.ErrTenureEnded) {
			s.Errorf("%s: %v, want it refused", what, err)
		}
		if after := data(); after != before {
			s.Fatalf("%s: something was written:\n%s\n%s", what, before, after)
		}
	}
}

func everyKind() []string { return slices.Sorted(maps.Keys(lateWrites)) }

// empty removes everything, as a Redis that came back empty has lost it.
func (s *suite) empty() {
	s.Helper()
	for _, key := range s.allKeys() {
		s.must(s.store.db.Client.Del(s.ctx, key).Err())
	}
}

func TestAnEarlierTenureWritesNothing(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(time.Minute), s.open(nil).NewLease(time.Minute)
		mine := a.During(s.hold(a, ""))
		s.followed(mine)
		s.must(a.Release(s.ctx))
		theirs := b.During(s.hold(b, ""))
		s.must(theirs.Current(s.ctx))
		s.refusedLate(mine, everyKind()...)
		s.must(theirs.KeepSession(s.ctx, sourceSession("a", bos.StateComplete)))
		s.patch(bos.ComponentPatch{ID: "x1", Error: new("others may write")})
	})
}

// A Redis that comes back empty has forgotten which fences there were.
func TestAnEarlierTenureWritesNothingAfterRedisCameBackEmpty(t *testing.T) {
	conform(t, func(s *suite) {
		a := s.store.NewLease(time.Minute)
		first := s.hold(a, "")
		late := a.During(first)
		s.followed(late)

		s.empty()
		s.refusedLate(late, makingWrites...) // nobody holds the lease
		second := s.hold(s.open(nil).NewLease(time.Minute), "")
		if second.Fence == first.Fence || second.Epoch == first.Epoch {
			s.Fatalf("after %+v comes %+v", first, second)
		}
		s.followed(a.During(second))
		s.refusedLate(late, everyKind()...)
	})
}

// Older data hold an older lease, with a fence whose holder may still be there: the one
// that stood still when it was overtaken.
func TestAnEarlierTenureWritesNothingAfterRedisCameBackOlder(t *testing.T) {
	conform(t, func(s *suite) {
		a, b := s.store.NewLease(time.Minute), s.open(nil).NewLease(time.Minute)
		first := s.hold(a, "")
		late := a.During(first)
		s.followed(late)
		s.must(s.store.db.Client.Copy(s.ctx, s.store.db.Keys.Lease(), string(s.store.db.Keys)+"older", 0, true).Err())
		s.must(a.Release(s.ctx))
		overtook := s.hold(b, "")

		s.must(s.store.db.Client.Rename(s.ctx, string(s.store.db.Keys)+"older", s.store.db.Keys.Lease()).Err())
		s.failOver()
		s.refusedLate(late, everyKind()...)
		s.refusedLate(b.During(overtook), everyKind()...)
		if now := s.hold(a, ""); !now.Held || now.Fence == first.Fence || now.Epoch == first.Epoch {
			s.Errorf("the older holder gets %+v, had %+v", now, first)
		}
		s.refusedLate(late, everyKind()...)
	})
}
