package cache

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// checkLists compares the order of sessions, and each session's components, those
// of its error groups too.
func (x *machine) checkLists(rt *rapid.T) {
	var want []*modelSession
	for _, s := range x.model.sessions {
		want = append(want, s)
	}
	want = append(want, x.model.history...)
	slices.SortFunc(want, func(a, b *modelSession) int {
		return strings.Compare(schema.SessionPosition(&b.Session), schema.SessionPosition(&a.Session))
	})
	list, err := x.store.ListSessions(x.ctx, bos.SessionFilter{}, bos.Page{First: bos.MaxPage}, bos.Want{}, true)
	if err != nil || len(list.Items) != len(want) || *list.Total != len(want) {
		rt.Fatalf("%d sessions (%v) are listed, want %d", len(list.Items), err, len(want))
	}
	for i, s := range want {
		if list.Items[i].Incarnation != s.Incarnation {
			rt.Fatalf("at %d of the list is %s, want %s", i, list.Items[i].SessionKey, s.SessionKey)
		}
		x.checkMembers(rt, &bos.MembersOf{Session: list.Items[i]}, x.model.members(s.SessionKey, inSession(s.Name)))
		x.checkEnd(rt, list.Items[i], s)
		for _, g := range x.model.status(s).Groups {
			of := &bos.MembersOf{Session: list.Items[i], Group: g.Digest, Frozen: s.frozen != nil}
			x.checkMembers(rt, of, slices.DeleteFunc(slices.Clone(g.First), func(id string) bool {
				_, present := x.model.components[id]
				return !present // of a frozen group, those deleted since are left out
			}))
		}
	}
}

func (x *machine) checkMembers(rt *rapid.T, of *bos.MembersOf, want []string) {
	list, err := x.store.ListComponents(x.ctx, of, bos.ComponentFilter{}, bos.Page{First: bos.MaxPage}, false, of.Group == "")
	if err != nil {
		rt.Fatal(err)
	}
	ids := []string{}
	for _, c := range list.Items {
		ids = append(ids, c.ID)
	}
	if !slices.Equal(ids, want) || of.Group == "" && *list.Total != len(want) {
		rt.Fatalf("session %s group %q lists %v, want %v", of.Session.SessionKey, of.Group, ids, want)
	}
}
