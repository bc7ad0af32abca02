package cache

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// checkKeys wants each session in every index once, and nothing of those that
// were removed: what the audit cannot know, because sessions follow from no records.
func (x *machine) checkKeys(rt *rapid.T) {
	k := x.store.db.Keys
	homes := map[schema.Home]*modelSession{}
	for key, s := range x.model.sessions {
		homes[schema.ScopeHome(key)] = s
	}
	for _, s := range x.model.history {
		homes[schema.HistoryHome(s.Incarnation)] = s
	}
	var all, frozen, facets []string
	stored := map[string]bool{k.Sessions(): true, k.Frozen(): true}
	histories := map[string][]string{}
	for h, s := range homes {
		all = append(all, schema.SessionPosition(&s.Session))
		facets = append(facets, schema.FacetEntries(&s.Session)...)
		stored[k.Session(h)], stored[k.Extras(h)] = true, true
		stored[k.Progress(h)] = s.State != bos.StatePending
		alike := k.Alike(&s.Session)
		stored[alike] = true
		histories[alike] = append(histories[alike], schema.SessionPosition(&s.Session))
		history := k.History(schema.ScopeHome(s.SessionKey))
		stored[history] = true
		histories[history] = append(histories[history], schema.HistoryPosition(&s.Session))
		if s.frozen != nil {
			frozen = append(frozen, schema.FrozenEntry(&s.Session))
		}
		if s.frozen != nil && len(s.frozen.Groups) > 0 {
			stored[k.FrozenGroups(h)], stored[k.FrozenErrors(h)] = true, true
		}
		stored[k.FrozenFailed(h)] = s.frozen != nil && s.frozen.Tally.Failed > 0
		stored[k.FrozenMembers(h)] = s.frozen != nil && s.frozen.Tally.Managed > s.frozen.Tally.Staged
		stored[k.FrozenStaged(h)] = s.frozen != nil && s.frozen.Tally.Staged > 0
		stored[k.FrozenCabinets(h)] = s.frozen != nil && s.frozen.Tally.Managed > 0
	}
	for _, key := range modelScopes() {
		h := schema.ScopeHome(key)
		if x.model.count(key).Tally.Managed > 0 {
			stored[k.Session(h)] = true
		}
		if homes[h] != nil {
			stored[k.Log(h)] = true
		}
		x.checkIndex(rt, k.History(h), histories[k.History(h)])
	}
	for key, positions := range histories {
		x.checkIndex(rt, key, positions)
	}
	x.checkIndex(rt, k.Sessions(), all)
	x.checkIndex(rt, k.Frozen(), frozen)
	x.checkIndex(rt, k.Facets(), facets)
	for _, key := range x.allKeys() {
		switch kind, _, _ := strings.Cut(strings.TrimPrefix(key, string(k)), ":"); kind {
		case "s", "x", "fg", "fe", "ff", "fcb", "fm", "fst", "log", "co", "al", "h":
			if !stored[key] {
				rt.Fatalf("%s is left over: %s", key, x.value(key))
			}
		}
	}
}

func (x *machine) checkIndex(rt *rapid.T, key string, want []string) {
	got := x.store.db.Client.ZRange(x.ctx, key, 0, -1).Val()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatal(fmt.Sprintf("%s lists %q, want %q", key, got, want))
	}
}
