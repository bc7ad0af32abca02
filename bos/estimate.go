package bos

import (
	"math"
	"time"
)

// How the end of a running session is estimated. What counts is the share of managed
// components that are not active any more, for a session ends when none is.
//
// If an earlier session is there to compare with, the end is taken from it: how long it
// took from the same share to its end, where a session that stands at a share for a while
// is as far behind its beginning as the earlier one was then. That is stretched or
// shortened by how much slower or faster this one came to where it is, at most twofold.
//
// If there is none, the end is taken from the pace of late: the components that are left
// may continue as so many a second, or as so great a part of those left a second, as they do
// when their times scatter. The first ends too early, the second too late; the estimate is
// the geometric mean of both.
//
// "Of late" is the last quarter of the time so far, a minute at least. One sample must
// not throw the estimate about, so it is the mean of those made at several moments of the
// last quarter of that.

const (
	leastLately = time.Minute
	lateShare   = 4   // one part in so many of the time so far is of late
	enough      = 0.2 // of those that were active in the beginning
	farthest    = 4   // times the time so far: an estimate beyond is worth nothing
	mostStretch = 2.0
	moments     = 8
)

// EstimatedEndTime is when the session is likely to end, in whole seconds and never before
// the moment of the status. Nil when that is unknown: it does not run, the status may
// be behind, it is too early, or nothing has moved of late.
func (s *Status) EstimatedEndTime() *time.Time {
	if s.State() != StateRunning || s.Session.Deleted || s.Stale || len(s.Progress) == 0 {
		return nil
	}
	left, ok := s.Progress.calmly(s.Earlier)
	if !ok {
		return nil
	}
	end := wholeSecond(s.AsOf.Add(left))
	return &end
}

// Overdue says whether the session takes half as long again as the earlier one that its end is
// estimated by, and a minute at least, and how long that one took. Both progresses must have been read.
func (s *Status) Overdue() (usual time.Duration, late bool) {
	if !s.Earlier.whole() || len(s.Progress) == 0 {
		return 0, false
	}
	usual = s.Earlier.took()
	return usual, s.Progress.took()-usual > max(usual/2, leastLately)
}

// calmly is the mean of what was left by the estimates of several moments, the last one
// among them.
func (c Progress) calmly(earlier Progress) (time.Duration, bool) {
	now, ok := c.left(earlier)
	if !ok || now == 0 {
		return now, ok
	}
	from := len(c) - 1
	for from > 0 && c.last().Time.Sub(c[from-1].Time) <= c.lately()/4 {
		from--
	}
	sum, known := now, time.Duration(1)
	for n := range moments - 1 {
		until := c[:from+1+n*(len(c)-1-from)/(moments-1)]
		if len(until) == len(c) {
			break
		}
		if left, ok := until.left(earlier); ok {
			sum += max(left-c.last().Time.Sub(until.last().Time), 0)
			known++
		}
	}
	return sum / known, true
}

// left is how much longer the session is likely to take.
func (c Progress) left(earlier Progress) (time.Duration, bool) {
	switch now := c.last().Tally; {
	case now.Managed == 0:
		return 0, false
	case now.Active == 0:
		return 0, true
	case earlier.whole():
		return c.leftAs(earlier)
	default:
		return c.leftAtPace()
	}
}

// whole says whether a progress shows how a session of its kind goes to its end.
func (c Progress) whole() bool {
	return len(c) > 1 && c.took() > 0 && c.last().Tally.Managed > 0 && c.last().Tally.Active == 0
}

// leftAs estimates by an earlier session.
func (c Progress) leftAs(earlier Progress) (time.Duration, bool) {
	share := c.last().idle()
	reached, passed := earlier.reached(share)
	unchangedFor := c.unchangedFor()
	if unchangedFor > mostStretch*(passed-reached)+c.lately() {
		return 0, false
	}
	at := min(reached+unchangedFor, passed)
	stretch := float64(c.took()+leastLately) / float64(at+leastLately)
	stretch = min(max(stretch, 1/mostStretch), mostStretch)
	return time.Duration(stretch * float64(earlier.took()-at)), true
}

// leftAtPace estimates by the pace of late.
func (c Progress) leftAtPace() (time.Duration, bool) {
	share, first, window := c.last().idle(), c[0].idle(), min(c.lately(), c.took())
	moved := share - c.idleAt(c.last().Time.Add(-window))
	if share-first < enough*(1-first) || moved <= 0 || window <= 0 {
		return 0, false
	}
	atSpeed := float64(window) * (1 - share) / moved
	left := atSpeed * math.Sqrt(1+math.Log(float64(c.last().Tally.Active)))
	return time.Duration(left), left <= farthest*float64(c.took())
}

// idle is the share of components that are not active.
func (p Point) idle() float64 {
	if p.Tally.Managed == 0 {
		return 0
	}
	return 1 - float64(p.Tally.Active)/float64(p.Tally.Managed)
}

func (c Progress) last() Point { return c[len(c)-1] }

func (c Progress) took() time.Duration { return c.last().Time.Sub(c[0].Time) }

func (c Progress) lately() time.Duration { return max(c.took()/lateShare, leastLately) }

// unchangedFor is how long the share has been what it is.
func (c Progress) unchangedFor() time.Duration {
	i := len(c) - 1
	for i > 0 && c[i-1].idle() == c.last().idle() {
		i--
	}
	return c.last().Time.Sub(c[i].Time)
}

// idleAt is the share at a moment, which changes evenly between two points.
func (c Progress) idleAt(at time.Time) float64 {
	for i := len(c) - 1; i > 0; i-- {
		if from := c[i-1]; !from.Time.After(at) {
			return between(from.idle(), c[i].idle(), part(at.Sub(from.Time), c[i].Time.Sub(from.Time)))
		}
	}
	return c[0].idle()
}

// reached is how long after its beginning a session first came to a share, and when it
// went beyond it: its end if it never did.
func (c Progress) reached(share float64) (reached, passed time.Duration) {
	reached, passed = c.took(), c.took()
	highest, before := c[0].idle(), time.Duration(0)
	if highest >= share {
		reached = 0
	}
	if highest > share {
		return 0, 0
	}
	for _, p := range c[1:] {
		at := p.Time.Sub(c[0].Time)
		if now := p.idle(); now > highest {
			crossed := before + time.Duration(float64(at-before)*(share-highest)/(now-highest))
			if now >= share {
				reached = min(reached, crossed)
			}
			if now > share {
				return reached, crossed
			}
			highest = now
		}
		before = at
	}
	return reached, passed
}

// part is how much of whole has passed; all of nothing.
func part(of, whole time.Duration) float64 {
	if whole <= 0 {
		return 1
	}
	return min(float64(of)/float64(whole), 1)
}

func between(a, b, part float64) float64 { return a + (b-a)*part }
