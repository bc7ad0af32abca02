package schema

import (
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// Counters are packed: several in one field of the hash of a session, each a letter and its number ("m64p3a3"), without those that
// are 0. None of these values is longer than the 64 bytes up to which Redis keeps a hash small, as long as a session has fewer than a
// million components, and a hash that is small is read by going through it: fewer fields are faster for all.

// packedFields say what those are that are not in [Session], for the documentation.
var packedFields = []string{
	cabinetMark + "<cabinet>\twhat its components count, by the letters of the counters above",
	"q1.<n>, q2.<n>, …\tstays in the phase of q1, q2, … that have ended, until the session is frozen: a to h are the buckets (bos.TimeBucket) from 8n on",
}

// cabinetMark is in front of a cabinet, whose counters ([CabinetCounters]) its field has.
const cabinetMark = "/"

// AppendCabinet adds the field of a cabinet and by how much which of its counters change, unless none does.
func AppendCabinet(to []byte, cabinet string, by *bos.Tally) []byte {
	before := len(to)
	to = append(append(append(append(to, ' '), cabinetMark...), cabinet...), ' ')
	head := len(to)
	if to = appendMoves(to, CabinetCounters, by); len(to) == head {
		return to[:before]
	}
	return to
}

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

// PhaseStay is one in a timed phase that has ended.
type PhaseStay struct {
	Phase   bos.Phase
	Seconds int64
}

// AppendStays adds the fields in which these stays are counted, each with what is added to it, and those of the longest.
func AppendStays(to []byte, all []PhaseStay) []byte {
	for _, p := range bos.TimedPhases {
		var of bos.PhaseTimes
		n := 0
		for _, one := range all {
			if one.Phase == p {
				n++
				of.Stays[bos.TimeBucket(one.Seconds)]++
				of.Longest = max(of.Longest, one.Seconds)
			}
		}
		if n > 0 {
			to = appendPhase(to, p, &of)
		}
	}
	return to
}

// appendPhase adds those of one phase.
func appendPhase(to []byte, p bos.Phase, of *bos.PhaseTimes) []byte {
	field := "" // of the bucket before that counts something
	for bucket, n := range of.Stays {
		if n == 0 {
			continue
		}
		if name := staysOf[p][bucket/staysInField]; name != field {
			field = name
			to = append(append(append(to, ' '), field...), ' ')
		}
		to = appendMove(to, string(rune('a'+bucket%staysInField)), n)
	}
	to = append(append(append(append(to, ' '), LongestStays[p]...), ' '), atLeast...)
	return strconv.AppendInt(to, of.Longest, 10)
}

// PhaseTimes reads the times that components stayed in a phase.
func PhaseTimes(p bos.Phase, hash map[string]string) bos.PhaseTimes {
	t := bos.PhaseTimes{Phase: p}
	t.Longest, _ = strconv.ParseInt(hash[LongestStays[p]], 10, 64) // absent: 0
	for i, field := range staysOf[p] {
		for letter, n := range unpack(hash[field]) {
			if bucket := i*staysInField + int(letter-'a'); bucket < bos.TimeBuckets {
				t.Stays[bucket] = n
			}
		}
	}
	return t
}

// unpack goes through packed counters: letters and numbers.
func unpack(stored string) func(yield func(letter byte, n int) bool) {
	return func(yield func(byte, int) bool) {
		for stored != "" {
			end := 1
			for end < len(stored) && (stored[end] == '-' || stored[end] >= '0' && stored[end] <= '9') {
				end++
			}
			if n, err := strconv.Atoi(stored[1:end]); err == nil && !yield(stored[0], n) {
				return
			}
			stored = stored[end:]
		}
	}
}

// Tally reads what is stored of counters: of a cabinet, or of a session in one or both of its fields. Letters of no counter are left out.
func Tally(stored ...string) (t bos.Tally) {
	for _, counters := range stored {
		for letter, n := range unpack(counters) {
			if of := ofLetter[letter]; of != nil {
				*of(&t) = n
			}
		}
	}
	return t
}

// ofLetter says which counter has a letter.
var ofLetter = func() (all [1 << 8]func(*bos.Tally) *int) {
	for _, c := range Counters {
		all[c.Letter[0]] = c.Of
	}
	return all
}()

// AppendTally adds by how much the counters of a session change: those that every status has, and behind a space the others.
func AppendTally(to []byte, by *bos.Tally) []byte {
	return appendMoves(append(AppendMoves(to, by), ' '), SeparateCounters, by)
}

// AppendMoves adds by how much those change that every status has.
func AppendMoves(to []byte, by *bos.Tally) []byte { return appendMoves(to, LeadingCounters, by) }

// atLeast is in front of what a field is to be at least, where a write says that to its script and not what is added to counters.
const atLeast = ">"

// appendMoves adds by how much which of the counters change; nothing if none does.
func appendMoves(to []byte, counters []Counter, by *bos.Tally) []byte {
	for i := range counters {
		to = appendMove(to, counters[i].Letter, *counters[i].Of(by))
	}
	return to
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
