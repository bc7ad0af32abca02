package bos_test

import (
	"math"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

var nine = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// at is a point of a session of 100 components of which some are not active any more.
func at(seconds, ended int) bos.Point {
	return bos.Point{Time: nine.Add(time.Duration(seconds) * time.Second), Tally: bos.Tally{Managed: 100, Active: 100 - ended, Successful: ended}}
}

func TestThinKeepsTheFirstAndTheLastPoint(t *testing.T) {
	for n := 1; n <= 600; n += 7 {
		var progress bos.Progress
		for i := range n {
			progress = append(progress, at(i, 0))
		}
		for _, most := range []int{2, 3, 50, 200, 499, 500} {
			thin := progress.Thin(most)
			if len(thin) != min(n, most) || thin[0] != progress[0] || thin[len(thin)-1] != progress[n-1] {
				t.Fatalf("of %d points, at most %d are %d", n, most, len(thin))
			}
			even := float64(n-1) / float64(max(len(thin)-1, 1)) // a step of one second
			for i := 1; i < len(thin); i++ {
				if step := thin[i].Time.Sub(thin[i-1].Time).Seconds(); math.Abs(step-even) > 1 {
					t.Fatalf("of %d points, at most %d: a step of %vs among such of %vs", n, most, step, even)
				}
			}
		}
	}
}

func TestUntilEndsWithTheStatus(t *testing.T) {
	progress := bos.Progress{at(0, 0), at(10, 3)}
	later, earlier := progress.Until(nine.Add(time.Minute), bos.Tally{Managed: 1}), progress.Until(nine, bos.Tally{Managed: 2})
	if later[2] != (bos.Point{Time: nine.Add(time.Minute), Tally: bos.Tally{Managed: 1}}) {
		t.Errorf("until later it goes %+v", later)
	}
	if earlier[2] != (bos.Point{Time: nine.Add(10 * time.Second), Tally: bos.Tally{Managed: 2}}) || len(progress) != 2 {
		t.Errorf("until a moment before its last it goes %+v", earlier)
	}
}

func TestTheNumberOfPointsIsChecked(t *testing.T) {
	for points, ok := range map[int]bool{-1: false, 1: false, 2: true, 500: true, 501: false} {
		if err := bos.CheckPoints(points); (err == nil) != ok {
			t.Errorf("%d points: %v", points, err)
		}
	}
}
