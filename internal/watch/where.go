package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// phaseTimes are how long components stayed in each phase, beside those of the session before; empty for none.
func phaseTimes(s *client.Waiting) string {
	if len(s.Status.PhaseDurations) == 0 {
		return ""
	}
	var before []client.PhaseDuration
	title := "Time in each phase (stays that have ended; half within, 95 % within, longest)"
	if len(s.Previous) > 0 && len(s.Previous[0].Status.PhaseDurations) > 0 {
		before = s.Previous[0].Status.PhaseDurations
		title += ", and in " + clean(s.Previous[0].Name)
	}
	lines := []string{title + ":"}
	for _, d := range s.Status.PhaseDurations {
		text := fmt.Sprintf("%7d  %-12s %s", d.Count, d.Phase, spans(d))
		for _, was := range before {
			if was.Phase == d.Phase {
				text += "   before: " + spans(was)
			}
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// spans are the times of a phase.
func spans(d client.PhaseDuration) string {
	of := func(seconds float64) string { return bos.DurationText(time.Duration(seconds * float64(time.Second))) }
	return of(d.Median) + "  " + of(d.P95) + "  " + of(d.Longest)
}

// mostBehind is how many cabinets are named.
const mostBehind = 5

// behind are the cabinets with most active components, if there is more than one cabinet; empty for none.
func behind(all []client.CabinetCounts) string {
	if len(all) < 2 {
		return ""
	}
	active := slices.DeleteFunc(slices.Clone(all), func(c client.CabinetCounts) bool { return c.Counts.Active == 0 })
	if len(active) == 0 {
		return ""
	}
	slices.SortStableFunc(active, func(a, b client.CabinetCounts) int { return cmp.Compare(b.Counts.Active, a.Counts.Active) })
	lines := []string{fmt.Sprintf("Active in %d of %d cabinets, most in:", len(active), len(all))}
	for _, c := range active[:min(len(active), mostBehind)] {
		lines = append(lines, fmt.Sprintf("%7d  %s, of %d; %d failed", c.Counts.Active, clean(c.Cabinet), c.Counts.Managed, c.Counts.Failed))
	}
	return strings.Join(lines, "\n")
}
