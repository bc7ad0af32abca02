package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// Besides the counters that have a field each, the hash of a session has packed ones: several in one field, each a letter and its
// number ("m64p3a3"), without those that are 0. None of these values is longer than the 64 bytes up to which Redis keeps a hash small,
// and one that is small is read by going through it: fewer fields are faster for all.

// packedFields say what they are, for the documentation.
var packedFields = []string{
	cabinetMark + "<cabinet>\twhat its components count, by the letters of the counters above",
	"q1.<n>, q2.<n>, …\tstays in the phase of q1, q2, … that have ended, until the session is frozen: a to h are the buckets (bos.TimeBucket) from 8n on",
}

// cabinetMark is in front of a cabinet, whose counters ([CabinetCounters]) its field has.
const cabinetMark = "/"

// CabinetField is the field of a cabinet.
func CabinetField(cabinet string) string { return cabinetMark + cabinet }

// CutCabinet returns the cabinet whose field it is, if it is one.
func CutCabinet(field string) (cabinet string, ok bool) { return strings.CutPrefix(field, cabinetMark) }

// staysInField is how many buckets of stays share a field.
const staysInField = 8

// staysOf are the fields in which the stays in each timed phase are counted, so many buckets in each.
var staysOf = func() map[bos.Phase][]string {
	all := map[bos.Phase][]string{}
	for _, p := range bos.TimedPhases {
		for bucket := 0; bucket < bos.TimeBuckets; bucket += staysInField {
			all[p] = append(all[p], LongestStays[p]+"."+strconv.Itoa(bucket/staysInField))
		}
	}
	return all
}()

// stayFields are all those fields.
var stayFields = func() (all []string) {
	for _, p := range bos.TimedPhases {
		all = append(all, staysOf[p]...)
	}
	return all
}()

// StayMoves are the fields of a phase to which these stays are added, each with what is added to it, and that of the longest.
func StayMoves(p bos.Phase, of *bos.PhaseTimes) (words []string) {
	i := 0
	for part := range slices.Chunk(of.Stays[:], staysInField) {
		var moves []byte
		for bucket, n := range part {
			moves = appendMove(moves, string(rune('a'+bucket)), n)
		}
		if len(moves) > 0 {
			words = append(words, staysOf[p][i], string(moves))
		}
		i++
	}
	return append(words, LongestStays[p], atLeast+strconv.FormatInt(of.Longest, 10))
}

// PhaseTimes reads the times that components stayed in a phase.
func PhaseTimes(p bos.Phase, hash map[string]string) bos.PhaseTimes {
	t := bos.PhaseTimes{Phase: p}
	t.Longest, _ = strconv.ParseInt(hash[LongestStays[p]], 10, 64) // absent: 0
	for i, field := range staysOf[p] {
		for letter, n := range unpack(hash[field]) {
			if bucket := i*staysInField + int(letter[0]-'a'); bucket < bos.TimeBuckets {
				t.Stays[bucket] = n
			}
		}
	}
	return t
}

// unpack goes through packed counters: letters and numbers.
func unpack(stored string) func(yield func(letter string, n int) bool) {
	return func(yield func(string, int) bool) {
		for stored != "" {
			end := 1
			for end < len(stored) && (stored[end] == '-' || stored[end] >= '0' && stored[end] <= '9') {
				end++
			}
			if n, err := strconv.Atoi(stored[1:end]); err == nil && !yield(stored[:1], n) {
				return
			}
			stored = stored[end:]
		}
	}
}

// CabinetCounts reads the counters of one cabinet. Those of a cabinet that is counted by another version are left out.
func CabinetCounts(stored string) (t bos.Tally) {
	for letter, n := range unpack(stored) {
		if i := slices.IndexFunc(CabinetCounters, func(c Counter) bool { return c.Field == letter }); i >= 0 {
			*CabinetCounters[i].Of(&t) = n
		}
	}
	return t
}

// atLeast is in front of what a field is to be at least, where a write says that to its script and not what is added to counters.
const atLeast = ">"

// Moves is by how much which of the counters change; "" if none does.
func Moves(counters []Counter, by *bos.Tally) string {
	var word []byte
	for _, c := range counters {
		word = appendMove(word, c.Field, *c.Of(by))
	}
	return string(word)
}

// appendMove adds by how much one counter changes.
func appendMove(to []byte, counter string, by int) []byte {
	if by == 0 {
		return to
	}
	to = append(to, counter...)
	if by > 0 {
		to = append(to, '+')
	}
	return strconv.AppendInt(to, int64(by), 10)
}
