package bos

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Status is a session's status at one moment: what BOS's status endpoint reports.
type Status struct {
	Session        *Session
	Revision       int64
	Epoch          string // revisions of different epochs do not compare
	Tally          Tally
	Saved          *SavedStatus // BOS's own, in place of what the tally makes; nil for none
	Errors         []ErrorGroup // the largest groups, as many as were asked for
	ErrorsCut      bool         // there are fewer than asked for: all would have been too many bytes
	GroupCount     int          // how many groups there are
	Timing         Timing
	ByCabinet      []CabinetCounts // in their order; empty where they were not asked for
	PhaseDurations []PhaseDuration // of phases that components have been in, in the order of TimedPhases; empty where they were not asked for
	Progress       Progress        // until this moment; empty while pending, or where it was not asked for
	Earlier        Progress        // of the session that the end is estimated by; empty for none
	AsOf           time.Time       // when this was observed at its source
	FromSnapshot   bool            // frozen
	Stale          bool            // may be behind: Redis or the source was silent too long
}

// Timing is when a session ran, and for how long: to its end once it has one,
// until now before that.
type Timing struct {
	StartTime Time
	EndTime   Time // empty until it ends
	Duration  time.Duration
}

// Seconds is the duration in seconds.
func (t Timing) Seconds() float64 { return t.Duration.Seconds() }

// TimingOf computes a session's timing.
func TimingOf(start, end Time, now time.Time) (Timing, error) {
	took, err := Elapsed(start, end, now)
	return Timing{start, end, max(took, 0)}, err
}

// State is the session's overall status.
func (s *Status) State() State { return s.Session.State }

// Percent is count over total in percent, rounded to 2 decimals; 0 of nothing.
// BOS: round(count * 100.0 / total, 2), on the binary double, half to even.
func Percent(count, total int) float64 {
	if total == 0 {
		return 0
	}
	percent := float64(count) * 100 / float64(total)
	// Of the hundredths, only those in the middle between two need to be looked at digit by digit.
	// A whole number of them divided by 100 is the double that its text stands for.
	whole, part := math.Modf(percent * 100)
	if percent >= 0 && whole < 1<<32 && math.Abs(part-0.5) > 1e-6 {
		if part > 0.5 {
			whole++
		}
		return whole / 100
	}
	text := strconv.FormatFloat(percent, 'f', 2, 64)
	p, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic("bos: FormatFloat wrote what ParseFloat can't read: " + text)
	}
	return p
}

// share is a number of a status as it is shown: BOS's own where there is such, else what
// part of the managed components the tally counts.
func (s *Status) share(count int, saved func(*SavedStatus) float64) float64 {
	if s.Saved != nil {
		return saved(s.Saved)
	}
	return Percent(count, s.Tally.Managed)
}

// Managed is the number of components that the session is responsible for.
func (s *Status) Managed() int {
	if s.Saved != nil {
		return s.Saved.Managed
	}
	return s.Tally.Managed
}

// StatusCounts are those of its tally: our own, also where BOS has saved percentages.
func (s *Status) StatusCounts() []StatusCount { return s.Tally.StatusCounts() }

// PercentStaged is the share of managed components that are staged.
func (s *Status) PercentStaged() float64 {
	return s.share(s.Tally.Staged, func(saved *SavedStatus) float64 { return saved.Staged })
}

// PercentSuccessful is the share that is stable.
func (s *Status) PercentSuccessful() float64 {
	return s.share(s.Tally.Successful, func(saved *SavedStatus) float64 { return saved.Successful })
}

// PercentFailed is the share that failed.
func (s *Status) PercentFailed() float64 {
	return s.share(s.Tally.Failed, func(saved *SavedStatus) float64 { return saved.Failed })
}

// Result is what says how a session's components have come out: the percentages decide, and where they are of what was counted, the
// counts are more exact.
func (s *Status) Result() Result {
	return Result{s.Managed(), s.PercentSuccessful(), s.PercentFailed(), s.Tally}
}

// Result are the numbers of a status that say how components have come out.
type Result struct {
	Managed                          int
	PercentSuccessful, PercentFailed float64
	Tally                            Tally // of it managed, successful and failed ones
}

// Counted says whether the percentages are of what the tally counts. BOS's own may not be: it has saved them
// before others took over components, or before they changed otherwise, and the tally was frozen after that.
func (r Result) Counted() bool {
	t := r.Tally
	return r.Managed == t.Managed && r.PercentSuccessful == Percent(t.Successful, t.Managed) && r.PercentFailed == Percent(t.Failed, t.Managed)
}

// Failures says whether components have failed: one of more than 20,000 is 0.00 % of them.
func (r Result) Failures() bool {
	return r.PercentFailed > 0 || r.Counted() && r.Tally.Failed > 0
}

// AllSuccessful says whether all components are.
func (r Result) AllSuccessful() bool {
	return r.PercentSuccessful >= 100 && (!r.Counted() || r.Tally.Successful == r.Tally.Managed)
}

// Phases are the shares of managed components in each phase, in percent.
type Phases struct {
	PercentComplete    float64 // done: stable or failed
	PercentConfiguring float64
	PercentPoweringOff float64
	PercentPoweringOn  float64
}

// Phases are the shares of the phases.
func (s *Status) Phases() Phases {
	if s.Saved != nil {
		return s.Saved.Phases
	}
	t := s.Tally
	of := func(count int) float64 { return Percent(count, t.Managed) }
	return Phases{of(t.Complete()), of(t.Configuring), of(t.PoweringOff), of(t.PoweringOn)}
}

// ListLength is how many ids an error group's list names.
// BOS: MAX_COMPONENTS_IN_ERROR_DETAILS.
const ListLength = 10

// List names the group's first components as BOS does: comma-joined, with "..."
// behind them if there are more. BOS takes any ten; these are the first in order.
func (g *ErrorGroup) List() string {
	if g.Listed != "" {
		return g.Listed
	}
	ids := g.First[:min(len(g.First), ListLength)]
	if list := strings.Join(ids, ","); g.Count <= ListLength {
		return list
	} else {
		return list + "..."
	}
}

// Summarize computes a scope's tally and error groups from the records of all
// components: what every other way of counting has to equal. owns says whether
// the scope's tenant owns a component.
func Summarize(scope SessionKey, components []Component, owns func(id string) bool) (Tally, []ErrorGroup) {
	var t Tally
	groups := map[string]*ErrorGroup{}
	for i := range components {
		c := &components[i]
		if scope.Tenant != "" && !owns(c.ID) {
			continue
		}
		k := c.Contribution()
		t.Add(k, scope.Name, 1)
		if k.Session != scope.Name || k.Group == "" {
			continue
		}
		g := groups[c.Error]
		if g == nil {
			g = &ErrorGroup{Digest: DigestOf(c.Error), Message: c.Error}
			groups[c.Error] = g
		}
		g.Count++
		g.First = append(g.First, c.ID)
	}
	var sorted []ErrorGroup
	for _, g := range groups {
		slices.Sort(g.First)
		g.First = g.First[:min(len(g.First), ListLength+1)]
		sorted = append(sorted, *g)
	}
	slices.SortFunc(sorted, compareGroups)
	return t, sorted
}
