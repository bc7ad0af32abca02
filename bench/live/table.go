package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// table is printed in Markdown.
type table struct {
	title string
	notes []string // below it: what is shared, and whose garbage is collected how often
	head  []string
	rows  [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print() {
	fmt.Printf("\n%s\n\n", t.title)
	if len(t.notes) > 0 {
		fmt.Printf("%s\n\n", strings.Join(t.notes, " "))
	}
	fmt.Printf("| %s |\n|%s\n", strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
	for _, row := range t.rows {
		fmt.Printf("| %s |\n", strings.Join(row, " | "))
	}
	fmt.Println()
}

// median of any number of values; of an even number, the upper one in the middle.
func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// each takes one value of each of many things.
func each[S any, T any](many []S, one func(*S) T) []T {
	all := make([]T, len(many))
	for i := range many {
		all[i] = one(&many[i])
	}
	return all
}

// ratio is how the text shows x/to; nothing where there is nothing to compare with.
func ratio(x, to float64) string {
	if to == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", x/to)
}

// ratios shows the median of what pairs of readings, one of each round, are to each other; nothing
// where there is nothing to compare with.
func ratios[R any](all, first []R, what func(*R) float64) string {
	var of []float64
	for i := range min(len(all), len(first)) {
		// Pairs first, then the median: the two servers of a round share whatever else the
		// machine did in that minute.
		of = append(of, what(&all[i])/what(&first[i]))
	}
	if of == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", median(of))
}

// ms is a duration in milliseconds.
func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", share*100) }

func megabytes(bytes int) string { return fmt.Sprintf("%.0f", float64(bytes)/(1<<20)) }
