package bos

import "slices"

// TimedPhase is the phase that a component is in as far as its session's time is concerned, on hold or not: none
// while it is disabled, as BOS does nothing then. PhaseOther stands for any that BOS does not have.
func (c *Component) TimedPhase() Phase {
	if !c.Enabled || c.Session == "" {
		return PhaseNone
	}
	return c.Phase.Kind()
}

// PhaseTimes are how long components of a session stayed in a phase, in seconds: each stay from its begin to
// its end, also where another session took the component over.
type PhaseTimes struct {
	Phase   Phase
	Stays   map[int64]int // how many, by the first second of their bucket; see [TimeBucket]
	Longest int64
}

// bucketStarts are the first seconds of the buckets: single seconds at first, and then each a fifth longer than
// all before it.
var bucketStarts = func() (starts []int64) {
	const most = 100 * 24 * 60 * 60 // longer stays share the last bucket
	for at := int64(0); at < most; at = max(at+1, at+at/5) {
		starts = append(starts, at)
	}
	return starts
}()

// TimeBucket is the first second of the bucket that a time belongs to. A negative one, of clocks that differ, counts as 0.
func TimeBucket(seconds int64) int64 {
	i, exact := slices.BinarySearch(bucketStarts, seconds)
	if !exact {
		i = max(i-1, 0)
	}
	return bucketStarts[i]
}

// bucketEnd is the last second of the bucket that begins with that one.
func bucketEnd(start int64) int64 {
	if i, _ := slices.BinarySearch(bucketStarts, start); i+1 < len(bucketStarts) {
		return bucketStarts[i+1] - 1
	}
	return start
}

// PhaseDuration is how long components of a session stayed in a phase, in seconds. Median and 95th percentile
// are within 10 % of the exact value, the longest is exact.
type PhaseDuration struct {
	Phase          Phase
	Count          int // stays that have ended
	MedianSeconds  float64
	P95Seconds     float64
	LongestSeconds float64
}

// Duration sums up the times.
func (t PhaseTimes) Duration() PhaseDuration {
	d := PhaseDuration{Phase: t.Phase, LongestSeconds: float64(t.Longest)}
	for _, n := range t.Stays {
		d.Count += n
	}
	d.MedianSeconds, d.P95Seconds = t.percentile(d.Count, 50), t.percentile(d.Count, 95)
	return d
}

// percentile is the time that so many in a hundred of the stays did not exceed: the middle of its bucket, from
// which no time of the bucket differs by more than a tenth of itself.
func (t PhaseTimes) percentile(count, percent int) float64 {
	rank := (count*percent + 99) / 100
	if rank >= count { // the longest itself
		return float64(t.Longest)
	}
	for _, start := range bucketStarts {
		if rank -= t.Stays[start]; rank <= 0 {
			return min(float64(start+bucketEnd(start))/2, float64(t.Longest))
		}
	}
	return float64(t.Longest)
}

// TimedPhases are those that are timed, in the order in which a boot goes through them.
var TimedPhases = []Phase{PhasePoweringOff, PhasePoweringOn, PhaseConfiguring, PhaseOther}
