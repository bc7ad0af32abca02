package bos

import (
	"cmp"
	"slices"
	"strings"
)

// MaxPatternGroups is of how many error groups patterns are made: the largest.
const MaxPatternGroups = MaxPage

// ErrorPattern is error groups that are the same but for xnames, addresses and numbers.
type ErrorPattern struct {
	Pattern string       // the message, with <xname> and the like in those places; the message itself where there is one group
	Count   int          // components
	Groups  []ErrorGroup // largest first
}

// Variants is how many different messages it has.
func (p *ErrorPattern) Variants() int { return len(p.Groups) }

// List names its first components, as [ErrorGroup.List] does.
func (p *ErrorPattern) List() string {
	var ids []string
	for i := range p.Groups {
		ids = append(ids, p.Groups[i].ids()...)
	}
	slices.Sort(ids)
	all := ErrorGroup{Count: p.Count, First: ids}
	return all.List()
}

// ids are the first ids of the group, at most ListLength+1.
func (g *ErrorGroup) ids() []string {
	if g.Listed != "" {
		return strings.Split(strings.TrimSuffix(g.Listed, "..."), ",")
	}
	return g.First
}

// Whole says whether the first ids are all that there are.
func (g *ErrorGroup) Whole() bool { return g.Listed == "" && len(g.First) == g.Count }

// Patterns puts error groups together that differ only in what [PatternOf] replaces: the most components first, then
// by pattern. Each group is in one of them, so the counts add up to those of the groups.
func Patterns(groups []ErrorGroup) []ErrorPattern {
	place := map[string]int{}
	var patterns []ErrorPattern
	for _, g := range groups {
		text := PatternOf(g.Message)
		i, known := place[text]
		if !known {
			i = len(patterns)
			place[text] = i
			patterns = append(patterns, ErrorPattern{Pattern: text})
		}
		patterns[i].Count += g.Count
		patterns[i].Groups = append(patterns[i].Groups, g)
	}
	for i := range patterns {
		p := &patterns[i]
		slices.SortFunc(p.Groups, compareGroups)
		if len(p.Groups) == 1 { // nothing to leave out: the number in it may be what matters
			p.Pattern = p.Groups[0].Message
		}
	}
	slices.SortFunc(patterns, func(a, b ErrorPattern) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Pattern, b.Pattern))
	})
	return patterns
}

// patternBytes is how much of a message is looked at; the rest has to be the same. A thousand messages of any length
// take some 20 ms, those with nothing but variables 35.
const patternBytes = 1 << 10

// PatternOf is a message with the kinds of what is particular to one occurrence in its place: <uuid>, <xname>, <mac>, <address> (IP),
// <hex> and <number>.
func PatternOf(message string) string {
	head, rest := message, ""
	if len(message) > patternBytes {
		head, rest = message[:patternBytes], message[patternBytes:]
	}
	if !strings.ContainsAny(head, "0123456789") && !strings.Contains(head, ":") {
		return message
	}
	var b strings.Builder
	copied := 0
	for i := 0; i < len(head); {
		kind, end := variable(head, i)
		if kind == "" {
			i++
			continue
		}
		b.WriteString(head[copied:i])
		b.WriteString("<" + kind + ">")
		copied, i = end, end
	}
	return b.String() + head[copied:] + rest
}

// CabinetErrors is how many components of one cabinet have errors of a pattern.
type CabinetErrors struct {
	Cabinet string // as [CabinetOf] has it
	Count   int
}

// CountCabinets counts ids by cabinet, in the order of the cabinets' numbers; [OtherCabinet] comes last.
func CountCabinets(counts map[string]int) []CabinetErrors {
	all := make([]CabinetErrors, 0, len(counts))
	for cabinet, n := range counts {
		all = append(all, CabinetErrors{cabinet, n})
	}
	slices.SortFunc(all, func(a, b CabinetErrors) int { return compareCabinets(a.Cabinet, b.Cabinet) })
	return all
}
