package bos_test

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// estimate is how many seconds after the status the session ends, -1 if that is unknown.
func estimate(s *bos.Status) int {
	end := s.EstimatedEndTime()
	if end == nil {
		return -1
	}
	return int(end.Sub(s.AsOf).Seconds())
}

// running is the status at the end of a progress.
func running(progress, earlier bos.Progress) *bos.Status {
	last := progress[len(progress)-1]
	return &bos.Status{
		Session: &bos.Session{State: bos.StateRunning}, AsOf: last.Time, Tally: last.Tally, Progress: progress, Earlier: earlier,
	}
}

// line goes from one number of ended components to another, a point a second.
func line(from, to, begin, end int) bos.Progress {
	var progress bos.Progress
	for s := from; s <= to; s++ {
		progress = append(progress, at(s, begin+(end-begin)*(s-from)/max(to-from, 1)))
	}
	return progress
}

func join(progress ...bos.Progress) bos.Progress {
	var all bos.Progress
	for _, c := range progress {
		all = append(all, c...)
	}
	return all
}

func TestTheEndIsEstimatedFromEarlierProgressOrPace(t *testing.T) {
	// 5 minutes until the first component ends, then 90 in 100 seconds, one by one the rest.
	earlier := join(line(0, 300, 0, 0), line(301, 400, 1, 90), line(401, 1000, 90, 100))
	none := bos.Progress(nil)
	tests := []struct {
		name              string
		progress, earlier bos.Progress
		least, most       int // seconds after the status; -1: unknown
	}{
		{"nothing yet", line(0, 100, 0, 0), none, -1, -1},
		{"less than a fifth", line(0, 100, 0, 19), none, -1, -1},
		{"nobody has anything to do", line(0, 100, 100, 100), none, 0, 0},
		{"the last has ended", line(0, 100, 0, 100), none, 0, 0},
		{"half at an even pace", line(0, 100, 0, 50), none, 100, 240},
		{"too slow to know", join(line(0, 100, 0, 20), line(101, 200, 20, 22)), none, -1, -1},
		{"the last at an even pace", line(0, 99, 0, 99), none, 1, 10},
		{"half, the last of them long ago", join(line(0, 100, 0, 50), line(101, 200, 50, 50)), none, -1, -1},
		{"half, the last a while ago", join(line(0, 100, 0, 50), line(101, 120, 50, 50)), none, 200, 480},
		{"one point", bos.Progress{at(0, 50)}, none, -1, -1},
		{"none are managed", bos.Progress{{Time: nine}, {Time: nine.Add(time.Minute)}}, none, -1, -1},

		{"as before, at once", bos.Progress{at(0, 0)}, earlier, 1000, 1000},
		{"as before, early", line(0, 100, 0, 0), earlier, 900, 900},
		{"as before, just before the first ends", line(0, 300, 0, 0), earlier, 700, 701},
		{"as before, half", earlier[:356], earlier, 640, 650},
		{"as before, in the tail", earlier[:800], earlier, 200, 201},
		{"later than before, still waiting", line(0, 330, 0, 0), earlier, 700, 800},
		{"much later than before", line(0, 900, 0, 0), earlier, -1, -1},
		{"half as fast", slower(earlier[:356], 2), earlier, 1150, 1290},
		{"ten times as slow", slower(earlier[:356], 10), earlier, 1190, 1300},
		{"twice as fast", slower(earlier[:356], 0.5), earlier, 320, 420},
		{"the last has ended, sooner than before", line(0, 100, 0, 100), earlier, 0, 0},

		{"before, it did not come to its end", line(0, 100, 0, 50), earlier[:500], 100, 240},
		{"before, nothing was to be done", line(0, 100, 0, 50), bos.Progress{{Time: nine}, {Time: nine.Add(time.Hour)}}, 100, 240},
		{"before, only the end is known", line(0, 100, 0, 50), bos.Progress{at(0, 100)}, 100, 240},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := estimate(running(test.progress, test.earlier)); got < test.least || got > test.most {
				t.Errorf("it ends after %d seconds, want %d to %d", got, test.least, test.most)
			}
		})
	}
}

// slower takes so many times as long.
func slower(c bos.Progress, factor float64) bos.Progress {
	var slow bos.Progress
	for _, p := range c {
		slow = append(slow, bos.Point{Time: nine.Add(time.Duration(factor * float64(p.Time.Sub(nine)))), Tally: p.Tally})
	}
	return slow
}

// TestWithoutGroundsThereIsNoEstimate lists what has no end to be estimated.
func TestWithoutGroundsThereIsNoEstimate(t *testing.T) {
	progress := line(0, 100, 0, 50)
	for name, change := range map[string]func(*bos.Status){
		"pending":                  func(s *bos.Status) { s.Session.State, s.Progress = bos.StatePending, nil },
		"complete":                 func(s *bos.Status) { s.Session.State = bos.StateComplete },
		"stale":                    func(s *bos.Status) { s.Stale = true },
		"its progress is not read": func(s *bos.Status) { s.Progress = nil },
	} {
		s := running(progress, progress)
		change(s)
		if got := estimate(s); got != -1 {
			t.Errorf("%s: it ends after %d seconds", name, got)
		}
	}
}

// TestOneSampleDoesNotThrowTheEstimateAbout goes through whole progress: with each new point the estimate moves
// by little, it is in whole seconds, and never lies before the status.
func TestOneSampleDoesNotThrowTheEstimateAbout(t *testing.T) {
	earlier := join(line(0, 300, 0, 0), line(301, 400, 1, 90), line(401, 1000, 90, 100))
	for name, test := range map[string]struct{ progress, earlier bos.Progress }{
		"at an even pace":        {line(0, 1000, 0, 100), nil},
		"by one as fast":         {earlier, earlier},
		"by one that was faster": {slower(earlier, 1.5), earlier},
		"by one that was slower": {slower(earlier, 0.6), earlier},
	} {
		var last time.Time
		known := 0
		for n := 2; n <= len(test.progress); n++ {
			s := running(test.progress[:n], test.earlier)
			if s.Tally.Active == 0 {
				break // it is known
			}
			end := s.EstimatedEndTime()
			if end == nil {
				last = time.Time{}
				continue
			}
			known++
			if end.Before(s.AsOf) || end.Nanosecond() != 0 {
				t.Fatalf("%s: at %v it ends at %v", name, s.AsOf, end)
			}
			left, step := end.Sub(s.AsOf), test.progress[n-1].Time.Sub(test.progress[n-2].Time)
			if moved := end.Sub(last).Abs(); !last.IsZero() && moved > left/5+10*step+5*time.Second {
				t.Errorf("%s: at %v, with %v left, the end moved by %v", name, s.AsOf.Sub(nine), left, moved)
			}
			last = *end
		}
		if known < len(test.progress)/2 {
			t.Errorf("%s: only %d of %d were known", name, known, len(test.progress))
		}
	}
}
