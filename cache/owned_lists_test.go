package cache

import (
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// TestWhatATenantNoLongerOwnsIsPassedOverInFewRoundTrips lists what a tenant still owns of a session that it had with very many
// components, of which it now owns the last one alone.
func TestWhatATenantNoLongerOwnsIsPassedOverInFewRoundTrips(t *testing.T) {
	conform(t, func(s *suite) {
		const lost = 2*walkChunk + 10
		key := bos.SessionKey{Tenant: "red", Name: "night"}
		var ids []string
		var batch []bos.ComponentPatch
		for i := range lost + 1 {
			ids = append(ids, fmt.Sprintf("x%04d", i))
			batch = append(batch, failing(ids[i], key.Name, "broken"))
		}
		last := ids[lost]
		put := func(tenant string, ids ...string) {
			_, err := s.store.PutTenant(s.ctx, tenant, ids)
			s.must(err)
		}
		put(key.Tenant, ids...)
		s.put(batch...)
		s.createAs(bos.NewSession{SessionKey: key})
		_, err := s.store.UpdateSession(s.ctx, key, bos.SessionUpdate{State: new(bos.StateComplete)})
		s.must(err)
		put(key.Tenant, last, "y")
		over := s.read(key)

		for what, c := range map[string]struct {
			of      bos.MembersOf
			filter  bos.ComponentFilter
			scanned int
			total   bool
		}{
			"the group":     {bos.MembersOf{Group: bos.DigestOf("broken")}, bos.ComponentFilter{}, lost, true},
			"at the end":    {bos.MembersOf{End: true}, bos.ComponentFilter{}, lost, true},
			"of one filter": {bos.MembersOf{Group: bos.DigestOf("broken")}, bos.ComponentFilter{HasError: new(true)}, lost + 1, false},
		} {
			c.of.Session, c.of.Frozen, c.of.Owned = over, true, true
			var list *bos.List[*bos.Component]
			within := func(scan int) (err error) {
				ctx, effort := (&cost.Limits{Response: 1 << 20, Scan: scan}).WithEffort(s.ctx)
				defer effort.Done()
				list, err = s.store.ListComponents(ctx, &c.of, c.filter, bos.Page{First: 1}, true, true)
				return err
			}
			took := s.count(func() error { return within(c.scanned) })
			s.equal(s.ids(list, nil), []string{last}, what)
			if list.More || c.total != (list.Total != nil) || c.total && *list.Total != lost+1 {
				s.Errorf("%s: more %v, total %v", what, list.More, list.Total)
			}
			if took.trips > 20 {
				s.Errorf("%s: %d round trips to pass over %d components", what, took.trips, lost)
			}
			s.code(within(c.scanned-1), bos.BadUserInput)
		}
		byID, err := s.store.ListComponents(s.ctx, &bos.MembersOf{Session: over, Group: bos.DigestOf("broken"), Frozen: true, Owned: true},
			bos.ComponentFilter{IDs: []string{ids[0], last}}, bos.Page{First: 5}, false, true)
		s.equal(s.ids(byID, err), []string{last}, "by ids")
		if *byID.Total != 1 {
			s.Errorf("by ids: %d in all, which says whether another's component matches", *byID.Total)
		}
	})
}
