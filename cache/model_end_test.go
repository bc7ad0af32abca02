package cache

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// checkEnd compares how the components of a frozen session are listed with how they were when it was frozen: all, page by
// page, those with one status, those with one error, and those with any.
func (x *machine) checkEnd(rt *rapid.T, of *bos.Session, s *modelSession) {
	if s.frozen == nil {
		return
	}
	spell := func(c *bos.Component) string {
		return fmt.Sprintf("%s %s %v %s %q", c.ID, c.Session, c.Enabled, c.Status(), c.Error)
	}
	failed, broken := bos.StatusFailed, "broken"
	for _, f := range []bos.ComponentFilter{{}, {Status: &failed}, {Error: &broken}, {HasError: new(true)}, {IDs: modelIDs[2:]}, {Enabled: new(true)}} {
		var want, got []string
		for _, id := range sortedKeys(s.frozen.Members, always) {
			c := s.frozen.Members[id]
			if c.Session != s.Name { // only staged: it belonged to another
				if c = x.model.components[id]; c.ID == "" {
					c.ID = id
				}
			} else if status := c.Status(); status != bos.StatusFailed && !c.Enabled {
				c.EndStatus = bos.StatusStable
			} else {
				c.EndStatus = status.Kind()
			}
			staged := c.Session != s.Name // has no error or failure of then
			if f.Match(&c) && !(staged && (f.Error != nil || f.HasError != nil || f.Status != nil)) {
				want = append(want, spell(&c))
			}
		}
		for after, more := "", true; more; {
			list, err := x.store.ListComponents(x.ctx, &bos.MembersOf{Session: of, Frozen: true, End: true}, f, bos.Page{First: 3, After: after}, true, true)
			if err != nil {
				rt.Fatal(err)
			}
			for _, c := range list.Items {
				got = append(got, spell(c))
			}
			if f.Empty() && *list.Total != len(want) {
				rt.Fatalf("session %s ended with %d components, want %d", s.SessionKey, *list.Total, len(want))
			}
			if more = list.More; more {
				after = list.Positions[len(list.Positions)-1]
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("session %s ended, of %+v, with\n%q\nwant\n%q", s.SessionKey, f, got, want)
		}
	}
}
