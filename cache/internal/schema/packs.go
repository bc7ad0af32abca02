package schema

import (
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// PackSize is how many components a pack has: the last one of a key fewer. A pack is a member of a sorted set that stands
// for many, "<id>\n<id> <place in bos.Waits>\n<id>": a member for each would need seven times the memory. Ids ascend in
// a pack and from one to the next, and what separates them is below all that an id can have. So a page of them is a range by
// text, as it is of members that are ids.
const PackSize = 64

// Packed is a component in a pack.
type Packed struct {
	ID   string
	Wait bos.Wait // empty for one that was not active
}

// ParsePack reads a pack.
func ParsePack(pack string) []Packed {
	all := make([]Packed, 0, PackSize)
	for entry := range strings.SplitSeq(pack, "\n") {
		id, place, active := strings.Cut(entry, " ")
		one := Packed{ID: id}
		if active {
			one.Wait = bos.WaitOther
			if i, err := strconv.Atoi(place); err == nil && i >= 0 && i < len(bos.Waits) {
				one.Wait = bos.Waits[i]
			}
		}
		all = append(all, one)
	}
	return all
}

// BehindPack is above all packs that begin with the id or with one before it, and at most at those that begin with a later one. No id
// has a character below "!".
func BehindPack(id string) string { return id + "!" }
