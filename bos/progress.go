package bos

import "time"

// Point is a session's tally at one moment of its progress.
type Point struct {
	Time  time.Time
	Tally Tally
}

// Progress is how a session went while it ran, oldest point first. Between two points
// the tally may have changed and changed back.
type Progress []Point

// What is kept of a progress: a point at most every ProgressGap, and fewer than MaxProgress
// of them. Whenever there are as many, the gap is doubled and what lies nearer together
// is dropped.
const (
	ProgressGap = time.Second
	MaxProgress = 500
)

// DefaultPoints is how many points of a progress are shown unless it is said otherwise.
const DefaultPoints = 200

// Until is the progress with the tally of a later moment behind it. Clocks differ, so
// that moment may seem to be earlier than the last point: then it is taken for the same.
func (c Progress) Until(at time.Time, t Tally) Progress {
	if n := len(c); n > 0 && at.Before(c[n-1].Time) {
		at = c[n-1].Time
	}
	return append(c[:len(c):len(c)], Point{at, t})
}

// Thin leaves at most so many points, at least 2, evenly taken; the first and the last
// are among them.
func (c Progress) Thin(most int) Progress {
	if len(c) <= most {
		return c
	}
	thin := make(Progress, most)
	for i := range thin {
		thin[i] = c[i*(len(c)-1)/(most-1)]
	}
	return thin
}

// CheckPoints checks how many points of a progress a user asked for.
func CheckPoints(most int) error {
	if most < 2 || most > MaxProgress {
		return Errorf(BadUserInput, "maxPoints is %d: ask for 2 to %d points", most, MaxProgress).At("maxPoints")
	}
	return nil
}
