package cache

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// endOf is what a session that was frozen had.
func endOf(session *bos.Session) *bos.MembersOf {
	return &bos.MembersOf{Session: session, Frozen: true, End: true}
}

// TestAnEndOfManyPacksIsListed has a session end with several packs of members, of staged ones, and of such that are both, whose ids begin
// with one another and have the lowest character that an id can have.
func TestAnEndOfManyPacksIsListed(t *testing.T) {
	conform(t, func(s *suite) {
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		var all []string
		status := map[string]bos.ComponentStatus{}
		var patches []bos.ComponentPatch
		for i := range 2 * schema.PackSize {
			for _, id := range []string{fmt.Sprintf("x%d", i), fmt.Sprintf("x%d!", i)} {
				c := component(id, "a")
				status[id] = bos.StatusPowerOnPending
				if i%3 == 0 {
					c.Enabled, c.Status.Phase, status[id] = new(false), new(""), bos.StatusStable
				}
				if i%5 == 0 {
					c.StagedState = &bos.StagedStatePatch{Session: new("a")}
				}
				patches, all = append(patches, c), append(all, id)
			}
			id := fmt.Sprintf("x%d#", i)
			patches, all = append(patches, bos.ComponentPatch{ID: id, StagedState: &bos.StagedStatePatch{Session: new("a")}}), append(all, id)
		}
		s.put(patches...)
		s.must(s.store.MarkDeleted(s.ctx, name("a"))) // it is frozen with active ones
		a := s.read(name("a"))
		slices.Sort(all)

		check := func() {
			for _, first := range []int{7, schema.PackSize, bos.MaxPage} {
				s.equal(s.endIDs(a, bos.ComponentFilter{}, first, len(all)), all, fmt.Sprintf("pages of %d", first))
			}
			for _, prefix := range []string{"x1", "x12", "x127#", "x5!", "y", "w"} {
				var want []string
				for _, id := range all {
					if strings.HasPrefix(id, prefix) {
						want = append(want, id)
					}
				}
				s.equal(s.endIDs(a, bos.ComponentFilter{IDPrefix: &prefix}, 3, -1), want, "ids from "+prefix)
			}
			for _, ids := range [][]string{{all[0], all[len(all)-1]}, {"x12", "x12!", "x12#", "x12$"}, all[30:170], {"a", "x", "x2", "z"}} {
				var want []string
				for _, id := range ids {
					if slices.Contains(all, id) {
						want = append(want, id)
					}
				}
				slices.Sort(want)
				s.equal(s.endIDs(a, bos.ComponentFilter{IDs: ids}, 50, len(want)), want, fmt.Sprintf("%d named ids", len(ids)))
			}
			list, err := s.store.ListComponents(s.ctx, endOf(a), bos.ComponentFilter{}, bos.Page{First: bos.MaxPage}, false, false)
			s.must(err)
			for _, c := range list.Items {
				if want, member := status[c.ID]; member && (c.EndStatus != want || c.Session != "a") {
					s.Fatalf("%s ended in session %q as %s, want %s", c.ID, c.Session, c.EndStatus, want)
				}
			}
		}
		check()
		for i := range patches { // they leave
			patches[i].Session, patches[i].StagedState = new("b"), &bos.StagedStatePatch{Session: new("")}
		}
		s.patch(patches...)
		check()
	})
}

// endIDs are the ids of all pages; a total below 0 is not asked for.
func (s *suite) endIDs(of *bos.Session, f bos.ComponentFilter, first, total int) (ids []string) {
	s.Helper()
	for after, more := "", true; more; {
		list, err := s.store.ListComponents(s.ctx, endOf(of), f, bos.Page{First: first, After: after}, false, total >= 0)
		ids = append(ids, s.ids(list, err)...)
		if total >= 0 && (list.Total == nil || *list.Total != total) {
			s.Fatalf("the total is %v, want %d", value(list.Total), total)
		}
		if more = list.More; more {
			after = list.Positions[len(list.Positions)-1]
		}
	}
	return ids
}

// TestAnEndIsBounded has sessions with as many components as are kept, and with one more. What counts for the script is the size of
// an index, so all but one are in that alone.
func TestAnEndIsBounded(t *testing.T) {
	const most = 100_000
	s := &suite{T: t, ctx: t.Context(), options: Options{URL: "redis://" + redistest.SharedServer(t), Namespace: rand.Text()}}
	s.store = s.open(nil)
	failed := failing("x0", "a", "broken")
	failed.Enabled, failed.Status.StatusOverride = new(false), new(bos.OverrideFailed)
	s.put(failed)
	h := schema.ScopeHome(name("a"))
	fill := func(from, to int) {
		var members []redis.Z
		for i := from; i < to; i++ {
			members = append(members, z(fmt.Sprintf("x%06d", i)))
		}
		for part := range slices.Chunk(members, 10_000) {
			s.must(s.store.db.Client.ZAdd(s.ctx, s.store.db.Keys.Members(h), part...).Err())
		}
	}
	run := func(from, to int) { // until its last active component is done
		s.create("a")
		s.put(component("x00", "a"))
		s.state("a", bos.StateRunning)
		fill(from, to)
		s.patch(done("x00"))
	}
	run(2, most)
	packs := s.store.db.Client.ZRange(s.ctx, s.store.db.Keys.FrozenMembers(h), 0, -1).Val()
	var n int
	for i, pack := range packs {
		size := len(schema.ParsePack(pack))
		if n += size; size != schema.PackSize && i != len(packs)-1 {
			t.Fatalf("pack %d has %d components", i, size)
		}
	}
	if n != most {
		t.Errorf("of %d components %d are kept", most, n)
	}
	// It is the same for a page of many as for one of few: the packs that it is in are read, and no others.
	page := func(first int) trips {
		return s.count(func() error {
			_, err := s.store.ListComponents(s.ctx, endOf(s.read(name("a"))), bos.ComponentFilter{}, bos.Page{First: first, After: "x050000"}, false, true)
			return err
		})
	}
	if few, many := page(1), page(500); few.trips != many.trips || len(few.commands) != len(many.commands) {
		t.Errorf("a page of 500 takes %d round trips and %q, one of 1 %d and %q", many.trips, many.commands, few.trips, few.commands)
	}

	_, err := s.store.DeleteSession(s.ctx, name("a"))
	s.must(err)
	run(most, most+1)
	if n := s.store.db.Client.Exists(s.ctx, s.store.db.Keys.FrozenMembers(h)).Val(); n != 0 {
		t.Errorf("more than %d components are kept", most)
	}
	s.equal(s.endIDs(s.read(name("a")), bos.ComponentFilter{}, 10, -1), []string{"x0"}, "those that failed")
	s.sweep()
}

// TestStagedComponentsHaveNoErrorAtTheEnd lists by errors and failures a session that has one component of its own, and one staged.
func TestStagedComponentsHaveNoErrorAtTheEnd(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		staged := failing("x2", "b", "staged")
		staged.StagedState, staged.Status.StatusOverride = &bos.StagedStatePatch{Session: new("a")}, new("failed")
		s.put(failing("x1", "a", "broken"), staged)
		s.state("a", bos.StateRunning)
		s.state("a", bos.StateComplete)
		for want, f := range map[string]bos.ComponentFilter{"x1": {HasError: new(true)}, "": {Status: new(bos.StatusFailed)}, "x1 x2": {}} {
			for _, by := range []bos.ComponentFilter{f, {HasError: f.HasError, Status: f.Status, IDs: []string{"x1", "x2"}}} {
				list, err := s.store.ListComponents(s.ctx, endOf(s.read(name("a"))), by, bos.Page{First: 10}, true, false)
				if got := strings.Join(s.ids(list, err), " "); got != want {
					s.Errorf("of %+v: %q in place of %q", by, got, want)
				}
			}
		}
	})
}
