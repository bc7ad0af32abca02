package cache

import (
	"slices"
	"strconv"

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

// movedCabinets are the counters of cabinets that change, in the order of their fields.
func (sc *scopeChange) movedCabinets() (moved []cabinetCount) {
	for _, name := range sortedKeys(sc.cabinets, always) {
		for _, counter := range schema.CabinetCounters {
			if by := *counter.Of(sc.cabinets[name]); by != 0 {
				moved = append(moved, cabinetCount{schema.CabinetField(name, counter), by})
			}
		}
	}
	return moved
}

// cabinetCount is a field of the counters of cabinets, and a number.
type cabinetCount struct {
	field string
	n     int
}

// count adds to fields of a hash, by one command for many: a batch moves a few counters of each of many
// cabinets. The script drops those that come to 0.
func (c *change) count(key string, by []cabinetCount) {
	for len(by) > 0 {
		n := min(len(by), chunk)
		args := make([]string, 0, 2*n)
		for _, one := range by[:n] {
			args = append(args, one.field, strconv.Itoa(one.n))
		}
		c.do("COUNT", key, args...)
		by = by[n:]
	}
}

// cabinetsOf makes the counts of cabinets of their hash. Of what an earlier version has left uncounted
// there may be less than nothing until a recount has repaired it: that is not shown.
func cabinetsOf(hash map[string]string) []bos.CabinetCounts {
	at := map[string]int{}
	all := make([]bos.CabinetCounts, 0, len(hash)/2)
	for field, value := range hash {
		name, counter, ok := schema.ParseCabinetField(field)
		n, err := strconv.Atoi(value)
		if !ok || err != nil || n <= 0 {
			continue
		}
		i, known := at[name]
		if !known {
			i = len(all)
			at[name], all = i, append(all, bos.CabinetCounts{Cabinet: name})
		}
		*counter.Of(&all[i].Counts) = n
	}
	all = slices.DeleteFunc(all, func(c bos.CabinetCounts) bool { return c.Counts.Managed == 0 })
	bos.SortCabinets(all)
	return all
}
