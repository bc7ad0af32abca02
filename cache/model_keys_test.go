package cache

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// checkKeys wants each session in every index once, and nothing of those that
// have gone: what the audit can't know, because sessions follow from no records.
func (x *machine) checkKeys(rt *rapid.T) {
	k := x.store.keys
	homes := map[home]*modelSession{}
	for key, s := range x.model.sessions {
		homes[scopeHome(key)] = s
	}
	for _, s := range x.model.history {
		homes[historyHome(s.Incarnation)] = s
	}
	var all, frozen []string
	kept := map[string]bool{k.sessions(): true, k.frozen(): true}
	histories := map[string][]string{}
	for h, s := range homes {
		all = append(all, sessionPosition(&s.Session))
		kept[k.session(h)], kept[k.extras(h)] = true, true
		kept[k.course(h)] = s.State != bos.StatePending
		alike := k.alike(&s.Session)
		kept[alike] = true
		histories[alike] = append(histories[alike], sessionPosition(&s.Session))
		history := k.history(scopeHome(s.SessionKey))
		kept[history] = true
		histories[history] = append(histories[history], historyPosition(&s.Session))
		if s.frozen != nil {
			frozen = append(frozen, frozenEntry(&s.Session))
		}
		if s.frozen != nil && len(s.frozen.Groups) > 0 {
			kept[k.frozenGroups(h)], kept[k.frozenErrors(h)] = true, true
		}
	}
	for _, key := range modelScopes() {
		h := scopeHome(key)
		if x.model.count(key).Tally.Managed > 0 {
			kept[k.session(h)] = true
		}
		if homes[h] != nil {
			kept[k.log(h)] = true
		}
		x.checkIndex(rt, k.history(h), histories[k.history(h)])
	}
	for key, positions := range histories {
		x.checkIndex(rt, key, positions)
	}
	x.checkIndex(rt, k.sessions(), all)
	x.checkIndex(rt, k.frozen(), frozen)
	for _, key := range x.allKeys() {
		switch kind, _, _ := strings.Cut(strings.TrimPrefix(key, string(k)), ":"); kind {
		case "s", "x", "fg", "fe", "log", "co", "al", "h":
			if !kept[key] {
				rt.Fatalf("%s is left over: %s", key, x.value(key))
			}
		}
	}
}

func (x *machine) checkIndex(rt *rapid.T, key string, want []string) {
	got := x.store.client.ZRange(x.ctx, key, 0, -1).Val()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatal(fmt.Sprintf("%s lists %q, want %q", key, got, want))
	}
}
