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
	head  []string
	rows  [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print() {
	fmt.Printf("\n%s\n\n| %s |\n|%s\n", t.title, strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
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

// ms is a duration in milliseconds.
func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", share*100) }

func megabytes(bytes int) string { return fmt.Sprintf("%.0f", float64(bytes)/(1<<20)) }
