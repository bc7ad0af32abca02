package bos

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPercentilesAreWithinATenth compares what buckets say with the times themselves.
func TestPercentilesAreWithinATenth(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.SampledFrom([]int64{3, 60, 3600, 30 * 86400}).Draw(rt, "most")
		times := rapid.SliceOfN(rapid.Int64Range(0, most), 1, 200).Draw(rt, "times")
		all := PhaseTimes{}
		for _, seconds := range times {
			all.Stays[TimeBucket(seconds)]++
			all.Longest = max(all.Longest, seconds)
		}
		slices.Sort(times)
		d := all.Duration()
		if d.Count != len(times) || d.LongestSeconds != float64(times[len(times)-1]) {
			rt.Fatalf("%+v of %v", d, times)
		}
		for percent, got := range map[int]float64{50: d.MedianSeconds, 95: d.P95Seconds} {
			exact := float64(times[(len(times)*percent+99)/100-1])
			if math.Abs(got-exact) > 0.1*exact {
				rt.Fatalf("%d %% of %v take %v, not %v", percent, times, exact, got)
			}
		}
	})
}

func TestBuckets(t *testing.T) {
	for seconds, want := range map[int64]int64{-5: 0, 0: 0, 9: 9, 10: 10, 11: 10, 12: 12, math.MaxInt64: bucketStarts[TimeBuckets-1]} {
		if got := bucketStarts[TimeBucket(seconds)]; got != want {
			t.Errorf("%d s are in the bucket of %d, want %d", seconds, got, want)
		}
	}
	if last, days := bucketStarts[TimeBuckets-1], int64(24*60*60); last < 80*days || last > 100*days {
		t.Errorf("the last bucket begins with %d s", last)
	}
}

func TestADisabledComponentIsInNoTimedPhase(t *testing.T) {
	for _, c := range []struct {
		Component
		want Phase
	}{
		{Component{Enabled: true, Session: "a", StatusRecord: StatusRecord{Phase: PhasePoweringOn}}, PhasePoweringOn},
		{Component{Enabled: true, Session: "a", StatusRecord: StatusRecord{Phase: PhasePoweringOn, Override: OverrideOnHold}}, PhasePoweringOn},
		{Component{Enabled: true, Session: "a", StatusRecord: StatusRecord{Phase: "odd"}}, PhaseOther},
		{Component{Enabled: false, Session: "a", StatusRecord: StatusRecord{Phase: PhasePoweringOn}}, PhaseNone},
		{Component{Enabled: true, StatusRecord: StatusRecord{Phase: PhasePoweringOn}}, PhaseNone},
	} {
		if got := c.TimedPhase(); got != c.want {
			t.Errorf("%+v is in %q, want %q", c.Component, got, c.want)
		}
	}
}
