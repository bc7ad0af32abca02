package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// Invariant 4: who counts.

func TestAComponentCountsInOneSessionAtATime(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("old")
		s.create("new")
		s.put(component("x1", "old"), failing("x2", "old", "broken"), component("x3", "old"))
		s.state("old", bos.StateRunning)
		s.patch(bos.ComponentPatch{ID: "x2", Session: new("new")}, bos.ComponentPatch{ID: "x3", Session: new("new")})
		was, is := s.status("old"), s.status("new")
		if was.Tally.Managed != 1 || was.GroupCount != 0 || is.Tally.Managed != 2 || is.GroupCount != 1 {
			s.Errorf("the older session has %+v, the newer %+v", was.Tally, is.Tally)
		}
		s.patch(bos.ComponentPatch{ID: "x1", Session: new("new")})
		if was := s.status("old"); was.State() != bos.StateComplete || was.Tally.Managed != 0 {
			s.Errorf("with its last component taken over, the older session is %s with %+v", was.State(), was.Tally)
		}
	})
}

func TestContributionsNeedNoSession(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		if found := s.read(name("a")); found != nil {
			s.Fatalf("a component made the session %+v", found)
		}
		first := s.create("a")
		if got := s.status("a").Tally.Managed; got != 1 {
			s.Fatalf("a created session counts %d, want the component that was there", got)
		}
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		if found := s.read(name("a")); found != nil {
			s.Fatalf("a deleted session is still %+v", found)
		}
		if again := s.create("a"); again.Incarnation == first.Incarnation || s.status("a").Tally.Managed != 1 {
			s.Errorf("created again it is %+v", again)
		}
	})
}

// TestATenantOwnsWhatWasPutKnownOrNot asks for ids that a tenant owns, known or not, and for others.
func TestATenantOwnsWhatWasPutKnownOrNot(t *testing.T) {
	conform(t, func(s *suite) {
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x2", "x9"})
		s.must(err)
		owns, err := s.store.Owns(s.ctx, "blue", []string{"x1", "x2", "x9", "x91"})
		s.must(err)
		if want := []bool{false, true, true, false}; !slices.Equal(owns, want) {
			s.Errorf("blue owns %v, want %v", owns, want)
		}
		if owns, err = s.store.Owns(s.ctx, "nobody", []string{"x2"}); err != nil || owns[0] {
			s.Errorf("nobody owns %v, %v", owns, err)
		}
	})
}

func TestTenantsSessionCountsWhatTheTenantOwns(t *testing.T) {
	conform(t, func(s *suite) {
		blue, green := bos.SessionKey{Tenant: "blue", Name: "a"}, bos.SessionKey{Tenant: "green", Name: "a"}
		s.createAs(bos.NewSession{SessionKey: blue})
		s.create("a")
		s.put(component("x1", "a"), failing("x2", "a", "broken"), component("x3", "a"))
		managed := func(want ...int) {
			s.Helper()
			for i, key := range []bos.SessionKey{name("a"), blue} {
				if got := s.read(key).Status; got.Tally.Managed != want[i] {
					s.Errorf("session %s manages %d, want %d", key, got.Tally.Managed, want[i])
				}
			}
		}
		managed(3, 0)
		owned, err := s.store.PutTenant(s.ctx, "blue", []string{"x2", "x1", "x9", "x1"})
		s.must(err)
		if owned != 3 {
			s.Errorf("blue owns %d, want 3", owned)
		}
		managed(3, 2)
		s.put(component("x9", "a")) // owned before it existed
		managed(4, 3)
		_, err = s.store.PutTenant(s.ctx, "green", []string{"x1"}) // owned by two
		s.must(err)
		s.createAs(bos.NewSession{SessionKey: green})
		if got := s.read(green).Status.Tally.Managed; got != 1 {
			s.Errorf("green's session manages %d, want 1", got)
		}
		_, err = s.store.PutTenant(s.ctx, "blue", []string{"x3"})
		s.must(err)
		managed(4, 1)
		if st := s.read(blue).Status; st.GroupCount != 0 {
			s.Errorf("blue's session has %d error groups of components it lost", st.GroupCount)
		}
		page := bos.Page{First: 10}
		s.equal(s.ids(s.store.ListComponents(s.ctx, &bos.MembersOf{Session: s.read(blue)}, bos.ComponentFilter{}, page, false, false)),
			[]string{"x3"}, "components of blue's session")
	})
}

func TestDeletedComponentsCountNoMore(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x2"})
		s.must(err)
		staged := component("x1", "")
		staged.StagedState = &bos.StagedStatePatch{Session: new("a")}
		s.put(staged, failing("x2", "a", strings.Repeat("e", 1000)), component("x3", "a"))
		s.state("a", bos.StateRunning)
		s.applied(2)(s.store.DeleteComponents(s.ctx, []string{"x1", "x2"}))
		if st := s.status("a"); st.Tally != (bos.Tally{Managed: 1, PoweringOn: 1, Active: 1}) || st.GroupCount != 0 {
			s.Errorf("after two were deleted: %+v, %d groups", st.Tally, st.GroupCount)
		}
		r, err := s.store.DeleteComponents(s.ctx, []string{"x1", "x3"})
		s.must(err)
		if r.Applied != 1 || len(r.Refused) != 1 || r.Refused[0].Err.Code != bos.NotFound {
			s.Errorf("deleting one that is deleted already, and the last: %+v", r)
		}
		if st := s.status("a"); st.State() != bos.StateComplete || st.Tally.Managed != 0 {
			s.Errorf("without components the running session is %s with %+v", st.State(), st.Tally)
		}
	})
}

// Invariant 14: long error texts, all different.

func TestLongErrorsAreStoredOnce(t *testing.T) {
	conform(t, func(s *suite) {
		text := func(i int) string { return strings.Repeat("ü", bos.MaxText-4) + fmt.Sprintf("%04d", i) }
		s.create("a")
		var batch []bos.ComponentPatch
		for i := range 20 {
			batch = append(batch, failing(fmt.Sprintf("x%02d", i), "a", text(i)))
		}
		batch = append(batch, failing("x99", "a", text(7)))
		s.put(batch...)
		st := s.status("a")
		if st.GroupCount != 20 || st.Errors[0].Message != text(7) || st.Errors[0].Count != 2 || st.Errors[0].List() != "x07,x99" {
			s.Fatalf("%d groups, the first of %d: %s", st.GroupCount, st.Errors[0].Count, st.Errors[0].List())
		}
		if n := s.store.db.Client.HLen(s.ctx, s.store.db.Keys.Texts()).Val(); n != 20 {
			s.Errorf("%d texts are kept, want each once", n)
		}
		s.equal(s.ids(s.store.ListComponents(s.ctx, nil, bos.ComponentFilter{Error: new(text(7))}, bos.Page{First: 10}, false, true)),
			[]string{"x07", "x99"}, "components of a long error")

		s.state("a", bos.StateRunning)
		for i := range batch {
			batch[i] = done(batch[i].ID)
			batch[i].Error = new("")
		}
		s.patch(batch[:19]...)
		if n := s.store.db.Client.HLen(s.ctx, s.store.db.Keys.Texts()).Val(); n != 2 {
			s.Errorf("%d texts are kept for the two that are left", n)
		}
		s.patch(batch[20])
		s.patch(bos.ComponentPatch{ID: "x19", Enabled: new(false)}) // completes with its error
		s.patch(batch[19])
		if st := s.status("a"); !st.FromSnapshot || st.Errors[0].Message != text(19) {
			s.Errorf("the snapshot has lost the text of its error: %d groups", st.GroupCount)
		}
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		if n := s.store.db.Client.HLen(s.ctx, s.store.db.Keys.Texts()).Val(); n != 0 {
			s.Errorf("%d texts are kept for nobody", n)
		}
	})
}

// TestComponentsOfAnOwner lists what a tenant owns, by pages, by ids and with other filters, and
// asks for owners.
func TestComponentsOfAnOwner(t *testing.T) {
	conform(t, func(s *suite) {
		for tenant, ids := range map[string][]string{"blue": {"x1", "x2", "x5", "x9"}, "red": {"x2", "x3"}} {
			_, err := s.store.PutTenant(s.ctx, tenant, ids)
			s.must(err)
		}
		var records []bos.ComponentPatch
		for _, id := range []string{"x1", "x2", "x3", "x4", "x5"} { // x9 is owned, and not there
			records = append(records, bos.ComponentPatch{ID: id, Enabled: new(id != "x5"), Session: new("s")})
		}
		_, err := s.store.PutComponents(s.ctx, records)
		s.must(err)
		list := func(f bos.ComponentFilter, page bos.Page) (ids []string, more bool) {
			s.Helper()
			f.Owner = new("blue")
			list, err := s.store.ListComponents(s.ctx, nil, f, page, true, true)
			s.must(err)
			// How many there are is known only where an index has just these: all that is here then.
			if n := list.Total; n != nil && *n != len(list.Positions) {
				s.Errorf("%+v counts %d", f, *n)
			}
			return list.Positions, list.More
		}
		for _, test := range []struct {
			filter bos.ComponentFilter
			page   bos.Page
			want   []string
			more   bool
		}{
			{bos.ComponentFilter{}, bos.Page{First: 10}, []string{"x1", "x2", "x5"}, false},
			{bos.ComponentFilter{}, bos.Page{First: 2}, []string{"x1", "x2"}, true},
			{bos.ComponentFilter{}, bos.Page{First: 2, After: "x2"}, []string{"x5"}, false},
			{bos.ComponentFilter{Session: new("s")}, bos.Page{First: 10}, []string{"x1", "x2", "x5"}, false},
			{bos.ComponentFilter{Enabled: new(false)}, bos.Page{First: 10}, []string{"x5"}, false},
			{bos.ComponentFilter{IDs: []string{"x4", "x3", "x2", "x9"}}, bos.Page{First: 10}, []string{"x2"}, false},
		} {
			if got, more := list(test.filter, test.page); !slices.Equal(got, test.want) || more != test.more {
				s.Errorf("%+v %+v: %v, more %v, want %v, %v", test.filter, test.page, got, more, test.want, test.more)
			}
		}
		owners, err := s.store.Owners(s.ctx, []string{"x9", "x2", "x4", "x8"})
		s.must(err)
		if want := "[[blue] [blue red] [] []]"; fmt.Sprint(owners) != want {
			s.Errorf("owners are %v, want %s", owners, want)
		}
	})
}
