package bossync

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestWhichLossesAreDoubted goes along the line between what is removed and what is doubted.
func TestWhichLossesAreDoubted(t *testing.T) {
	for _, test := range []struct {
		missing, known int
		much           bool
	}{
		{0, 0, false}, {0, 10, false}, {1, 2, false}, {19, 20, false}, {19, 25, false}, {1, 1, true}, {8, 8, true},
		{20, 100, false}, {20, 99, true}, {21, 100, true}, {1000, 5000, false}, {1001, 5000, true}, {5000, 5000, true},
	} {
		if got := muchOf(test.missing, test.known); got != test.much {
			t.Errorf("%d of %d are much: %v", test.missing, test.known, got)
		}
	}
}

// TestALossIsBelievedAfterSweepsAndTime lets sweeps show a loss, and time pass between them.
func TestALossIsBelievedAfterSweepsAndTime(t *testing.T) {
	now := time.Unix(0, 0)
	accepted := ""
	f := &follower{
		log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }, trust: Trust{Sweeps: 3, Time: time.Minute},
		accepted: func(context.Context) (string, error) { return accepted, nil }, components: map[string]mirrored{},
	}
	for i := range 100 {
		f.components[fmt.Sprint(i)] = mirrored{}
	}
	lost := func(components int, live ...string) absent {
		a := absent{components: make([]string, components)}
		for _, name := range live {
			a.live = append(a.live, bos.SessionKey{Name: name})
		}
		return a
	}
	var first string
	for i, step := range []struct {
		pass     time.Duration
		lost     absent
		believed bool
		text     string // that the error begins with; empty for no doubt
	}{
		{0, lost(20), true, ""},
		{0, lost(21), false, "BOS lists 21 fewer components (79 instead of 100): nothing is removed before 3 whole sweeps and 0:01:00 have shown the same"},
		{time.Hour, lost(21), false, "BOS lists 21"},
		{time.Second, lost(20), true, ""}, // it is back
		{time.Second, lost(30), false, "BOS lists 30"},
		{time.Second, lost(30), false, "BOS lists 30"},
		{57 * time.Second, lost(40), false, "BOS lists 40"},
		{2 * time.Second, lost(40), true, "BOS lists 40"},
		{0, lost(0), true, ""},
		{time.Second, lost(1, "s"), false, `BOS lists 1 fewer component (99 instead of 100) and 1 fewer running session ("s")`},
		{time.Hour, lost(1, "s"), false, "BOS lists 1"},
		{time.Second, lost(1, "s", "t"), false, `BOS lists 1 fewer component (99 instead of 100) and 2 fewer running sessions ("s" among them)`},
		{time.Second, lost(1, "s", "t"), false, "BOS lists 1"},   // it began again with the other session
		{59 * time.Second, lost(70, "s"), false, "BOS lists 70"}, // and again with the components
		{time.Second, lost(70, "s"), false, "BOS lists 70"},
		{time.Minute, lost(1, "s"), true, `BOS lists 1 fewer component (99 instead of 100) and 1 fewer running session ("s")`},
	} {
		now = now.Add(step.pass)
		f.sweeps++
		believed, err := f.believes(t.Context(), step.lost)
		text := ""
		if f.doubt != nil {
			text = f.doubt.text
			if first == "" {
				first = f.doubt.id
			}
		}
		if believed != step.believed || err != nil || (step.text == "") != (text == "") || len(text) < len(step.text) || text[:len(step.text)] != step.text {
			t.Errorf("step %d: %v, %v, %q", i, believed, err, text)
		}
	}

	f.doubt = nil
	accepted = first // of an earlier doubt
	if believed, _ := f.believes(t.Context(), lost(100)); believed {
		t.Error("a later loss was taken for the one that was accepted")
	}
	accepted = f.doubt.id
	if believed, _ := f.believes(t.Context(), lost(100)); !believed {
		t.Error("what was accepted is not believed")
	}
}

func TestSpreadTakesFromAllOverAList(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for most, want := range map[int][]int{2: {0, 10}, 3: {0, 5, 10}, 11: all, 20: all} {
		if got := spread(all, most); !slices.Equal(got, want) {
			t.Errorf("%d of them are %v", most, got)
		}
	}
}
