package bos

import "time"

// Point is a session's tally at one moment of its course.
type Point struct {
	Time  time.Time
	Tally Tally
}

// Course is how a session went while it ran, oldest point first. Between two points
// the tally may have changed and changed back.
type Course []Point

// What is kept of a course: a point at most every CourseGap, and fewer than MaxCourse
// of them. Whenever there are as many, the gap is doubled and what lies nearer together
// is dropped.
const (
	CourseGap = time.Second
	MaxCourse = 500
)

// DefaultPoints is how many points of a course are shown unless it is said otherwise.
const DefaultPoints = 200

// Until is the course with the tally of a later moment behind it. Clocks differ, so
// that moment may seem to be earlier than the last point: then it is taken for the same.
func (c Course) Until(at time.Time, t Tally) Course {
	if n := len(c); n > 0 && at.Before(c[n-1].Time) {
		at = c[n-1].Time
	}
	return append(c[:len(c):len(c)], Point{at, t})
}

// Thin leaves at most so many points, at least 2, evenly taken; the first and the last
// are among them.
func (c Course) Thin(most int) Course {
	if len(c) <= most {
		return c
	}
	thin := make(Course, most)
	for i := range thin {
		thin[i] = c[i*(len(c)-1)/(most-1)]
	}
	return thin
}

// CheckPoints checks how many points of a course a user asked for.
func CheckPoints(most int) error {
	if most < 2 || most > MaxCourse {
		return Errorf(BadUserInput, "maxPoints is %d: ask for 2 to %d points", most, MaxCourse).At("maxPoints")
	}
	return nil
}
