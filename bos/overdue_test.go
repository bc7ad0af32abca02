package bos

import (
	"testing"
	"time"
)

// line is a progress of ten nodes that end evenly over that time.
func line(from time.Time, took time.Duration, ended int) Progress {
	var c Progress
	for i := range ended + 1 {
		c = append(c, Point{from.Add(took * time.Duration(i) / 10), Tally{Managed: 10, Successful: i, Active: 10 - i}})
	}
	return c
}

func TestASessionIsOverdueAfterHalfAsLongAgain(t *testing.T) {
	began := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	usual := line(began.Add(-time.Hour), 20*time.Minute, 10)
	for ran, want := range map[time.Duration]bool{25 * time.Minute: false, 30 * time.Minute: false, 31 * time.Minute: true} {
		s := Status{Progress: line(began, 20*time.Minute, 5).Until(began.Add(ran), Tally{Managed: 10, Active: 5}), Earlier: usual}
		if took, late := s.Overdue(); late != want || took != 20*time.Minute {
			t.Errorf("after %v, with an earlier one that took %v: %v", ran, took, late)
		}
	}
	short := Status{Progress: line(began, time.Minute, 5).Until(began.Add(50*time.Second), Tally{Managed: 10, Active: 5}), Earlier: line(began, 10*time.Second, 10)}
	if _, late := short.Overdue(); late {
		t.Error("40 seconds more than 10 are late")
	}
	for name, s := range map[string]Status{
		"none to compare with": {Progress: line(began, time.Hour, 5)}, "one that did not end": {Progress: line(began, time.Hour, 5), Earlier: line(began, time.Minute, 5)},
		"one that did not begin": {Earlier: usual},
	} {
		if _, late := s.Overdue(); late {
			t.Errorf("%s: it is late", name)
		}
	}
}
