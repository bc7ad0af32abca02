package cache

import (
	"slices"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// cabinet is by how much the counters of a cabinet change in the scope, for adding to it.
func (sc *scopeChange) cabinet(name string) *bos.Tally {
	t := sc.cabinets[name]
	if t == nil {
		if sc.cabinets == nil {
			sc.cabinets = map[string]*bos.Tally{}
		}
		t = &bos.Tally{}
		sc.cabinets[name] = t
	}
	return t
}

// movedCabinets are the fields of the cabinets of which counters change, each with what is added to these.
func (sc *scopeChange) movedCabinets() (words []string) {
	for _, name := range sortedKeys(sc.cabinets, always) {
		if moves := schema.Moves(schema.CabinetCounters, sc.cabinets[name]); moves != "" {
			words = append(words, schema.CabinetField(name), moves)
		}
	}
	return words
}

// cabinetCounters are the counters of cabinets, by cabinet, that the hash of a session has among others.
func cabinetCounters(hash map[string]string) map[string]string {
	all := map[string]string{}
	for field, counts := range hash {
		if name, is := schema.CutCabinet(field); is {
			all[name] = counts
		}
	}
	return all
}

// cabinetsOf makes the counts of cabinets of their counters. Of what an earlier version has left uncounted
// there may be less than nothing until a recount has repaired it: that is not shown.
func cabinetsOf(counters map[string]string) []bos.CabinetCounts {
	all := make([]bos.CabinetCounts, 0, len(counters))
	for name, counts := range counters {
		one := bos.CabinetCounts{Cabinet: name, Counts: schema.CabinetCounts(counts)}
		for _, c := range schema.CabinetCounters {
			*c.Of(&one.Counts) = max(*c.Of(&one.Counts), 0)
		}
		all = append(all, one)
	}
	all = slices.DeleteFunc(all, func(c bos.CabinetCounts) bool { return c.Counts.Managed == 0 })
	bos.SortCabinets(all)
	return all
}
