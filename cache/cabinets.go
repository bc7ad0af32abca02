package cache

import (
	"slices"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// cabinetChanges are by how much the counters of cabinets change.
type cabinetChanges struct {
	all []cabinetChange
	at  map[string]int // their places, once they are more than few
}

type cabinetChange struct {
	name  string
	tally bos.Tally
}

// fewCabinets are found faster by looking at each: most changes are in one or two.
const fewCabinets = 8

// of is by how much those of one cabinet change, for adding to it until another is asked for.
func (c *cabinetChanges) of(name string) *bos.Tally {
	if c.at != nil {
		if at, there := c.at[name]; there {
			return &c.all[at].tally
		}
	} else if at := slices.IndexFunc(c.all, func(one cabinetChange) bool { return one.name == name }); at >= 0 {
		return &c.all[at].tally
	}
	c.all = append(c.all, cabinetChange{name: name})
	switch n := len(c.all); {
	case c.at != nil:
		c.at[name] = n - 1
	case n > fewCabinets:
		c.at = make(map[string]int, 2*n)
		for i := range c.all {
			c.at[c.all[i].name] = i
		}
	}
	return &c.all[len(c.all)-1].tally
}

// appendMoves adds the moves of their counters.
func (c *cabinetChanges) appendMoves(to []byte) []byte {
	for i := range c.all {
		to = schema.AppendCabinet(to, c.all[i].name, &c.all[i].tally)
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
