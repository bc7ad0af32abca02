package cache

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// TestAWholeBatchIsNotRead changes components of one batch: while all of them are as that has written them, the script believes it
// by one look, and as soon as anything has changed any of them it compares their versions.
func TestAWholeBatchIsNotRead(t *testing.T) {
	conform(t, func(s *suite) {
		ids := []string{"x1", "x2", "x3"}
		all := func(message string) (batch []bos.ComponentPatch) {
			for _, id := range ids {
				batch = append(batch, erred(id, message))
			}
			return batch
		}
		other := s.open(nil)
		by := func(store *Store, patches ...bos.ComponentPatch) {
			s.Helper()
			s.applied(len(patches))(store.PatchComponents(s.ctx, patches))
		}
		noted := func() []string {
			s.Helper()
			note, err := s.store.db.Client.HGetAll(s.ctx, s.store.db.Keys.Batches()).Result()
			s.must(err)
			return slices.Sorted(maps.Values(note))
		}
		is := func(what string, want ...string) {
			s.Helper()
			found, err := s.store.ReadComponents(s.ctx, ids, false)
			s.must(err)
			var got []string
			for _, c := range found {
				got = append(got, fmt.Sprint(c.Error, c.Enabled))
			}
			s.equal(got, want, what)
			s.audit()
		}
		s.create("a")
		for _, id := range ids {
			s.put(component(id, "a"))
		}
		s.equal(noted(), []string(nil), "single components")
		by(s.store, all("1")...)
		s.equal(noted(), []string{"3"}, "a batch")
		by(s.store, all("2")...)
		s.equal(noted(), []string{"3"}, "the same again")

		// That no record is read shows by one that is changed by hand: it is replaced all the same.
		keys := s.store.db.Keys
		value, err := s.store.db.Client.Get(s.ctx, keys.Component("x1")).Result()
		s.must(err)
		byHand := "BYHAND1234 " + value[len("BYHAND1234 "):]
		s.must(s.store.db.Client.Set(s.ctx, keys.Component("x1"), byHand, 0).Err())
		by(s.store, all("by hand")...)
		s.audit()

		by(other, bos.ComponentPatch{ID: "x2", Enabled: new(false)})
		s.equal(noted(), []string(nil), "a batch of which another has changed a component")
		by(s.store, all("3")...)
		is("what another has changed stays", "3true", "3false", "3true")
		by(s.store, all("4")...)
		s.equal(noted(), []string{"3"}, "written by one again")

		s.applied(1)(other.DeleteComponents(s.ctx, []string{"x3"}))
		s.equal(noted(), []string(nil), "one was deleted")
		result, err := s.store.PatchComponents(s.ctx, all("5"))
		s.must(err)
		if result.Applied != 2 || len(result.Refused) != 1 {
			s.Errorf("%d are applied and %d refused, want 2 and 1", result.Applied, len(result.Refused))
		}
		s.equal(noted(), []string{"2"}, "the other two")

		by(s.store, erred("x1", "6"), erred("x2", "5")) // the second one stays as it is
		s.equal(noted(), []string(nil), "part of a batch has its own version, and part another")
		s.put(component("x3", "a"))
		by(s.store, all("7")...)
		s.equal(noted(), []string{"3"}, "all once more")

		// An earlier version of this program takes no note away.
		value, err = s.store.db.Client.Get(s.ctx, keys.Component("x1")).Result()
		s.must(err)
		_, err = s.store.db.Client.TxPipelined(s.ctx, func(pipe redis.Pipeliner) error {
			pipe.Set(s.ctx, keys.Component("x1"), "EARLIER123 "+value[11:], 0)
			pipe.HIncrBy(s.ctx, keys.Meta(), schema.Meta.Revision.Name, 1)
			return nil
		})
		s.must(err)
		c := s.store.newChange()
		for _, id := range ids {
			c.values = append(c.values, versioned{id, value[:11], value})
		}
		if err := s.store.run(s.ctx, c); err != errConflict {
			s.Errorf("a write of what an earlier version has changed: %v, want a conflict", err)
		}
		by(s.store, all("8")...)
		s.equal(noted(), []string{"3"}, "the next batch")
		is("in the end", "8true", "8false", "8true")

		// A write of the whole batch, of which a duplicate comes when it is known no more.
		late := s.store.newChange()
		for _, id := range ids {
			value, err := s.store.db.Client.Get(s.ctx, keys.Component(id)).Result()
			s.must(err)
			late.values = append(late.values, versioned{id, value[:11], late.version + value[11:]})
		}
		s.must(s.store.run(s.ctx, late))
		by(s.store, all("9")...)
		if err := s.store.run(s.ctx, late); err != errConflict {
			s.Errorf("a duplicate that comes late: %v, want a conflict", err)
		}
		is("after a late duplicate", "9true", "9false", "9true")
	})
}

// TestARecountFindsABatchThatIsNotWhole takes a record out of a batch by hand.
func TestARecountFindsABatchThatIsNotWhole(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"))
		keys := s.store.db.Keys
		value, err := s.store.db.Client.Get(s.ctx, keys.Component("x1")).Result()
		s.must(err)
		s.must(s.store.db.Client.Set(s.ctx, keys.Component("x1"), "ANOTHER123 "+value[11:], 0).Err())
		recount := func() (found []string) {
			s.Helper()
			_, err := s.store.Recount(s.ctx, RecountOptions{Repair: true, Report: func(f Finding) { found = append(found, fmt.Sprint(f)) }})
			s.must(err)
			return found
		}
		s.equal(recount(), []string{"{bt has a batch of 2 records, of which there are 1}"}, "found")
		s.equal(recount(), []string(nil), "found after it was repaired")
	})
}
