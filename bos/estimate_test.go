package bos_test

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// estimate is how many seconds after the status the session ends, -1 if that is not told.
func estimate(s *bos.Status) int {
	end := s.EstimatedEndTime()
	if end == nil {
		return -1
	}
	return int(end.Sub(s.AsOf).Seconds())
}

// running is the status at the end of a course.
func running(course, earlier bos.Course) *bos.Status {
	last := course[len(course)-1]
	return &bos.Status{
		Session: &bos.Session{State: bos.StateRunning}, AsOf: last.Time, Tally: last.Tally, Course: course, Earlier: earlier,
	}
}

// line goes from one number of ended components to another, a point a second.
func line(from, to, begin, end int) bos.Course {
	var course bos.Course
	for s := from; s <= to; s++ {
		course = append(course, at(s, begin+(end-begin)*(s-from)/max(to-from, 1)))
	}
	return course
}

func join(courses ...bos.Course) bos.Course {
	var all bos.Course
	for _, c := range courses {
		all = append(all, c...)
	}
	return all
}

func TestEstimatedEndTime(t *testing.T) {
	// 5 minutes until the first component ends, then 90 in 100 seconds, one by one the rest.
	earlier := join(line(0, 300, 0, 0), line(301, 400, 1, 90), line(401, 1000, 90, 100))
	none := bos.Course(nil)
	tests := []struct {
		name            string
		course, earlier bos.Course
		least, most     int // seconds after the status; -1: not told
	}{
		{"nothing yet", line(0, 100, 0, 0), none, -1, -1},
		{"less than a fifth", line(0, 100, 0, 19), none, -1, -1},
		{"nobody has anything to do", line(0, 100, 100, 100), none, 0, 0},
		{"the last has ended", line(0, 100, 0, 100), none, 0, 0},
		{"half at an even pace", line(0, 100, 0, 50), none, 100, 240},
		{"too slow to tell", join(line(0, 100, 0, 20), line(101, 200, 20, 22)), none, -1, -1},
		{"the last at an even pace", line(0, 99, 0, 99), none, 1, 10},
		{"half, the last of them long ago", join(line(0, 100, 0, 50), line(101, 200, 50, 50)), none, -1, -1},
		{"half, the last a while ago", join(line(0, 100, 0, 50), line(101, 120, 50, 50)), none, 200, 480},
		{"one point", bos.Course{at(0, 50)}, none, -1, -1},
		{"none are managed", bos.Course{{Time: nine}, {Time: nine.Add(time.Minute)}}, none, -1, -1},

		{"as before, at once", bos.Course{at(0, 0)}, earlier, 1000, 1000},
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
		{"before, nothing was to be done", line(0, 100, 0, 50), bos.Course{{Time: nine}, {Time: nine.Add(time.Hour)}}, 100, 240},
		{"before, only the end is known", line(0, 100, 0, 50), bos.Course{at(0, 100)}, 100, 240},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := estimate(running(test.course, test.earlier)); got < test.least || got > test.most {
				t.Errorf("it ends after %d seconds, want %d to %d", got, test.least, test.most)
			}
		})
	}
}

// slower takes so many times as long.
func slower(c bos.Course, factor float64) bos.Course {
	var slow bos.Course
	for _, p := range c {
		slow = append(slow, bos.Point{Time: nine.Add(time.Duration(factor * float64(p.Time.Sub(nine)))), Tally: p.Tally})
	}
	return slow
}

// TestNoEstimate lists what has no end to be estimated.
func TestNoEstimate(t *testing.T) {
	course := line(0, 100, 0, 50)
	for name, change := range map[string]func(*bos.Status){
		"pending":                func(s *bos.Status) { s.Session.State, s.Course = bos.StatePending, nil },
		"complete":               func(s *bos.Status) { s.Session.State = bos.StateComplete },
		"stale":                  func(s *bos.Status) { s.Stale = true },
		"its course is not read": func(s *bos.Status) { s.Course = nil },
	} {
		s := running(course, course)
		change(s)
		if got := estimate(s); got != -1 {
			t.Errorf("%s: it ends after %d seconds", name, got)
		}
	}
}

// TestEstimateIsCalm goes through whole courses: with each new point the estimate moves
// by little, it is in whole seconds, and never lies before the status.
func TestEstimateIsCalm(t *testing.T) {
	earlier := join(line(0, 300, 0, 0), line(301, 400, 1, 90), line(401, 1000, 90, 100))
	for name, test := range map[string]struct{ course, earlier bos.Course }{
		"at an even pace":        {line(0, 1000, 0, 100), nil},
		"by one as fast":         {earlier, earlier},
		"by one that was faster": {slower(earlier, 1.5), earlier},
		"by one that was slower": {slower(earlier, 0.6), earlier},
	} {
		var last time.Time
		told := 0
		for n := 2; n <= len(test.course); n++ {
			s := running(test.course[:n], test.earlier)
			if s.Tally.Active == 0 {
				break // it is known
			}
			end := s.EstimatedEndTime()
			if end == nil {
				last = time.Time{}
				continue
			}
			told++
			if end.Before(s.AsOf) || end.Nanosecond() != 0 {
				t.Fatalf("%s: at %v it ends at %v", name, s.AsOf, end)
			}
			left, step := end.Sub(s.AsOf), test.course[n-1].Time.Sub(test.course[n-2].Time)
			if moved := end.Sub(last).Abs(); !last.IsZero() && moved > left/5+10*step+5*time.Second {
				t.Errorf("%s: at %v, with %v left, the end moved by %v", name, s.AsOf.Sub(nine), left, moved)
			}
			last = *end
		}
		if told < len(test.course)/2 {
			t.Errorf("%s: only %d of %d were told", name, told, len(test.course))
		}
	}
}
