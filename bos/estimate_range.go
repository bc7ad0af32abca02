package bos

import "time"

// How the range around an estimated end is made. It was measured in the simulator (internal/sim, TestEndsLieInTheRangesShown), over 168 sessions of
// systems of 200 nodes: in 156 of them, every range that was shown from a fifth of the progress on
// had the real end in it.
//
// An end comes late because of the last components: one that does not boot is tried again until its retries are used up, which takes as long as all
// others took, however few they are. So the range reaches behind the estimate by a part of the time so far. An end
// comes early because they succeed at last, at any moment: while few are left, it may be now.
const (
	latestOfLeft  = 1.1 // times what is left
	latestOfSoFar = 0.7 // and times the time so far
	earliestLeft  = 0.2 // times what is left
	fewLeft       = 10  // components, or
	fewShare      = 10  // one in so many of those managed
)

// EndEstimate is when a session is likely to end, in whole seconds, and between which moments it nearly always does.
// Earliest <= Likely <= Latest, none of them before the moment of the status.
type EndEstimate struct {
	Earliest, Likely, Latest time.Time
	Remaining                int // components that are still active
}

// EstimatedEnd is [Status.EstimatedEndTime] with a range around it. Nil where that is.
func (s *Status) EstimatedEnd() *EndEstimate {
	likely := s.EstimatedEndTime()
	if likely == nil {
		return nil
	}
	left, soFar := float64(likely.Sub(s.AsOf)), float64(s.Progress.took())
	earliest := s.AsOf.Add(time.Duration(earliestLeft * left))
	if s.Tally.Active <= max(fewLeft, s.Tally.Managed/fewShare) {
		earliest = s.AsOf
	}
	latest := s.AsOf.Add(time.Duration(latestOfLeft*left + latestOfSoFar*soFar))
	return &EndEstimate{wholeSecond(earliest), *likely, wholeSecond(latest), s.Tally.Active}
}

// wholeSecond is a moment or, within a second, the end of that.
func wholeSecond(at time.Time) time.Time {
	if whole := at.Truncate(time.Second); whole.Before(at) {
		return whole.Add(time.Second)
	}
	return at
}
