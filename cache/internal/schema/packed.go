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

// PackedFields say what they are, for the documentation.
var PackedFields = []string{
	CabinetMark + "<cabinet>\twhat its components count, by the letters of the counters above",
	"q1.<n>, q2.<n>, …\tstays in the phase of q1, q2, … that have ended, until the session is frozen: a to h are the buckets (bos.TimeBucket) from 8n on",
}

// CabinetMark is in front of a cabinet, whose counters ([CabinetCounters]) its field has.
const CabinetMark = "/"

// CabinetField is the field of a cabinet.
func CabinetField(cabinet string) string { return CabinetMark + cabinet }

// CutCabinet returns the cabinet whose field it is, if it is one.
func CutCabinet(field string) (cabinet string, ok bool) { return strings.CutPrefix(field, CabinetMark) }

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

// Stays is where the stays in a phase are counted that belong to a bucket ([bos.TimeBucket]): a field, and a letter in it.
func Stays(p bos.Phase, bucket int) (field, letter string) {
	return staysOf[p][bucket/staysInField], string(rune('a' + bucket%staysInField))
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

// AtLeast is how a write says to its script that a field is to be at least n; [Moves] is how it says what is added to counters.
func AtLeast(n int64) string { return atLeast + strconv.FormatInt(n, 10) }

const atLeast = ">"

// Moves is by how much which of the counters change; "" if none does.
func Moves(counters []Counter, by *bos.Tally) string {
	var word []byte
	for _, c := range counters {
		word = AppendMove(word, c.Field, *c.Of(by))
	}
	return string(word)
}

// AppendMove adds by how much one counter changes.
func AppendMove(to []byte, counter string, by int) []byte {
	if by == 0 {
		return to
	}
	to = append(to, counter...)
	if by > 0 {
		to = append(to, '+')
	}
	return strconv.AppendInt(to, int64(by), 10)
}
