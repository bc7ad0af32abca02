package schema

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// What few read of a session is due for a while: the counters of cabinets, stays, and the order of waiting. A write that moves them for a
// few components notes that in its entry of the change log, which it makes anyway, and the script makes the moves of many entries
// at a time. Who reads adds what is due to what is there.

// MostDue is how many components a write moves at most for that to be due: it makes the moves of more of them at once.
const MostDue = 4

const (
	// moveMark is in front of each move: of a field and what it changes by, or of waitMark with ids, waitTo and two scores in the order
	// of waiting, "<to>:<from>". The script needs only the first of them.
	moveMark = "\t"
	waitMark = "@"
	waitTo   = "="
)

// NoWait is the score of a component that waits for nothing.
const NoWait = -1

// WaitMove is that a component goes from one score in the order of waiting to another.
type WaitMove struct {
	ID       string
	From, To int64
}

// AppendWaits adds these moves. Of more than may be due, those between the same scores are one: due ones are made with others of the same
// components, so that each is by itself.
func AppendWaits(to []byte, all []WaitMove) []byte {
	together := len(all) > MostDue
	if together {
		slices.SortStableFunc(all, func(a, b WaitMove) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.From, b.From)) })
	}
	for len(all) > 0 {
		n := 1
		for together && n < len(all) && all[n].To == all[0].To && all[n].From == all[0].From {
			n++
		}
		to = append(append(to, moveMark...), waitMark...)
		for i := range all[:n] {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(to, all[i].ID...)
		}
		to = appendScore(append(append(to, ' '), waitTo...), all[0].To)
		to = appendScore(append(to, ':'), all[0].From)
		all = all[n:]
	}
	return to
}

func appendScore(to []byte, score int64) []byte {
	if score == NoWait {
		return to
	}
	return strconv.AppendInt(to, score, 10)
}

func parseScore(text string) int64 {
	if score, err := strconv.ParseInt(text, 10, 64); err == nil {
		return score
	}
	return NoWait
}

// DueFrom is the index of the first entry of a change log of which the moves are due, as [Session].Due says; false if none are.
func DueFrom(due string) (index int64, any bool) {
	_, text, _ := strings.Cut(due, " ")
	index, err := strconv.ParseInt(text, 10, 64)
	return index, err == nil
}

// moves goes through those of entries of a change log, oldest first.
func moves(entries []string) func(yield func(name, word string) bool) {
	return func(yield func(string, string) bool) {
		for _, entry := range entries {
			_, all, moving := strings.Cut(entry, moveMark)
			if !moving {
				continue
			}
			for move := range strings.SplitSeq(all, moveMark) {
				if name, word, _ := strings.Cut(move, " "); !yield(name, word) {
					return
				}
			}
		}
	}
}

// WithDue returns the hash of a session with what the entries of its change log that are due move in packed fields.
func WithDue(hash map[string]string, entries []string) map[string]string {
	hash = maps.Clone(hash)
	for field, word := range moves(entries) {
		if !strings.HasPrefix(field, waitMark) {
			hash[field] += word
		}
	}
	return hash
}

// DueWaits are the components that entries which are due move in the order of waiting, from where they are to where they come to last.
func DueWaits(entries []string) map[string]WaitMove {
	all := map[string]WaitMove{}
	for name, word := range moves(entries) {
		id, waits := strings.CutPrefix(name, waitMark)
		if !waits {
			continue
		}
		to, from, _ := strings.Cut(strings.TrimPrefix(word, waitTo), ":")
		move := WaitMove{id, parseScore(from), parseScore(to)}
		if before, moved := all[id]; moved {
			move.From = before.From
		}
		all[id] = move
	}
	return all
}

// CutDue cuts off what an entry of a change log moves.
func CutDue(entry string) string {
	entry, _, _ = strings.Cut(entry, moveMark)
	return entry
}
