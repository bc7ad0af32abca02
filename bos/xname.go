package bos

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// OtherCabinet stands for the cabinet of components whose id is no node's xname.
const OtherCabinet = "other"

// CabinetOf is the cabinet in a node's xname: "x3000" of "x3000c0s13b0n0". [OtherCabinet] for any
// other id, as the map of the machine on the dashboard has it.
func CabinetOf(id string) string {
	rest, end := id, 0
	for _, letter := range []byte("xcsbn") {
		if rest == "" || rest[0] != letter {
			return OtherCabinet
		}
		n := digits(rest[1:])
		if n == 0 {
			return OtherCabinet
		}
		rest = rest[1+n:]
		if end == 0 {
			end = 1 + n
		}
	}
	if rest != "" {
		return OtherCabinet
	}
	return id[:end]
}

// mostDigits is as long as a number of an xname may be.
const mostDigits = 6

// digits is the length of the number that a text begins with; 0 for none that an xname has: with leading zeros, a place
// would have two names.
func digits(s string) int {
	n := 0
	for n < len(s) && n <= mostDigits && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > mostDigits || n > 1 && s[0] == '0' {
		return 0
	}
	return n
}

// CabinetCounts is what the components of one cabinet add to the tally of their session.
type CabinetCounts struct {
	Cabinet string // [OtherCabinet] for ids without one
	Counts  Tally  // without the counters of the single statuses
}

// SortCabinets puts cabinets into the order of their numbers; [OtherCabinet] comes last.
func SortCabinets(all []CabinetCounts) {
	slices.SortFunc(all, func(a, b CabinetCounts) int { return compareCabinets(a.Cabinet, b.Cabinet) })
}

// compareCabinets orders the names of cabinets by their numbers, and puts [OtherCabinet] behind them.
func compareCabinets(a, b string) int {
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimPrefix(name, "x"))
		if err != nil {
			return 1 << 30
		}
		return n
	}
	return cmp.Compare(number(a), number(b))
}
