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
	Stays   [TimeBuckets]int // how many, by their bucket; see [TimeBucket]
	Longest int64
}

// TimeBuckets is how many buckets there are for times: what is longer than 100 days is in the last.
const TimeBuckets = 87

// bucketStarts are the first seconds of the buckets: single seconds at first, and then each a fifth longer than
// all before it.
var bucketStarts = func() (starts [TimeBuckets]int64) {
	for i := 1; i < TimeBuckets; i++ {
		starts[i] = max(starts[i-1]+1, starts[i-1]+starts[i-1]/5)
	}
	return starts
}()

// TimeBucket is the bucket that a time in seconds belongs to, from 0. A negative one, of clocks that differ, counts as 0.
func TimeBucket(seconds int64) int {
	i, exact := slices.BinarySearch(bucketStarts[:], seconds)
	if !exact {
		i = max(i-1, 0)
	}
	return i
}

// bucketMiddle is the middle of a bucket, in seconds.
func bucketMiddle(i int) float64 {
	end := bucketStarts[i]
	if i+1 < TimeBuckets {
		end = bucketStarts[i+1] - 1
	}
	return float64(bucketStarts[i]+end) / 2
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
	for i, n := range t.Stays {
		if rank -= n; rank <= 0 {
			return min(bucketMiddle(i), float64(t.Longest))
		}
	}
	return float64(t.Longest)
}

// TimedPhases are those that are timed, in the order in which a boot goes through them.
var TimedPhases = []Phase{PhasePoweringOff, PhasePoweringOn, PhaseConfiguring, PhaseOther}
