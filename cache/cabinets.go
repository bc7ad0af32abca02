package cache

import (
	"cmp"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// cabinetChanges are by how much the counters of cabinets change, in the order of their names. Most changes are in one or two: a map of
// them would cost more than all else that is done for a scope.
type cabinetChanges []*cabinetChange

type cabinetChange struct {
	name  string
	tally bos.Tally
}

// of is by how much those of one cabinet change, for adding to it.
func (c *cabinetChanges) of(name string) *bos.Tally {
	at, there := slices.BinarySearchFunc(*c, name, func(one *cabinetChange, name string) int { return cmp.Compare(one.name, name) })
	if !there {
		*c = slices.Insert(*c, at, &cabinetChange{name: name})
	}
	return &(*c)[at].tally
}

// appendMoves adds the moves of their counters.
func (c cabinetChanges) appendMoves(to []byte) []byte {
	for _, one := range c {
		to = schema.AppendCabinet(to, one.name, &one.tally)
	}
	return to
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
		one := bos.CabinetCounts{Cabinet: name, Counts: schema.Tally(counts)}
		for _, c := range schema.CabinetCounters {
			*c.Of(&one.Counts) = max(*c.Of(&one.Counts), 0)
		}
		all = append(all, one)
	}
	all = slices.DeleteFunc(all, func(c bos.CabinetCounts) bool { return c.Counts.Managed == 0 })
	bos.SortCabinets(all)
	return all
}
