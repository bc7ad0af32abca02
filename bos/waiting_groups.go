package bos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// WaitingReason is why a session is not complete yet, as it is shown.
type WaitingReason string

// The reasons, in the order of the schema.
const (
	WaitingOnHold           WaitingReason = "ON_HOLD"
	WaitingNotStarted       WaitingReason = "NOT_STARTED"
	WaitingPowerOn          WaitingReason = "POWER_ON"
	WaitingPowerOnOverdue   WaitingReason = "POWER_ON_OVERDUE"
	WaitingPowerOff         WaitingReason = "POWER_OFF"
	WaitingPowerOffOverdue  WaitingReason = "POWER_OFF_OVERDUE"
	WaitingConfiguring      WaitingReason = "CONFIGURING"
	WaitingRetrying         WaitingReason = "RETRYING"
	WaitingRetriesExhausted WaitingReason = "RETRIES_EXHAUSTED"
	WaitingStaged           WaitingReason = "STAGED"
	WaitingAppliedButStaged WaitingReason = "APPLIED_BUT_STAGED"
	WaitingOther            WaitingReason = "OTHER"
)

// Waiting are the active components of a session that wait for the same.
type Waiting struct {
	Session *Session
	Reason  WaitingReason
	Text    string // the reason in words
	Count   int
	Since   time.Time  // since when the first of them has had its status; zero if unknown
	Limits  WaitLimits // by which it was decided who waits for too long
	At      time.Time  // the moment of that: lists of the groups are of the same one
}

// WaitLimits are how long BOS waits for what it has called before it does more.
type WaitLimits struct {
	Boot     time.Duration // then it powers off and on again. BOS: max_boot_wait_time
	PowerOff time.Duration // then it powers off forcefully. BOS: max_power_off_wait_time
}

// WaitLimitsOf are those of a BOS's options, and its defaults where there are none.
// BOS: src/bos/common/options.py, DEFAULTS.
func WaitLimitsOf(o *Options) WaitLimits {
	limits := WaitLimits{Boot: 1200 * time.Second, PowerOff: 300 * time.Second}
	if o != nil && o.MaxBootWaitTime != nil {
		limits.Boot = time.Duration(*o.MaxBootWaitTime) * time.Second
	}
	if o != nil && o.MaxPowerOffWaitTime != nil {
		limits.PowerOff = time.Duration(*o.MaxPowerOffWaitTime) * time.Second
	}
	return limits
}

// Of is the limit for a wait, 0 for none.
func (l WaitLimits) Of(w Wait) time.Duration {
	switch w {
	case WaitBoot:
		return l.Boot
	case WaitShutdown, WaitForcedOff:
		return l.PowerOff
	}
	return 0
}

// reason is what is shown of a wait; late is whether it has been longer than BOS waits.
func (w Wait) reason(late bool) WaitingReason {
	switch w {
	case WaitOnHold:
		return WaitingOnHold
	case WaitStart:
		return WaitingNotStarted
	case WaitPowerOn:
		return WaitingPowerOn
	case WaitBoot:
		if late {
			return WaitingPowerOnOverdue
		}
		return WaitingPowerOn
	case WaitPowerOff:
		return WaitingPowerOff
	case WaitShutdown, WaitForcedOff:
		if late {
			return WaitingPowerOffOverdue
		}
		return WaitingPowerOff
	case WaitConfiguring:
		return WaitingConfiguring
	case WaitRetry:
		return WaitingRetrying
	case WaitGivingUp:
		return WaitingRetriesExhausted
	case WaitApply:
		return WaitingStaged
	case WaitUnstage:
		return WaitingAppliedButStaged
	}
	return WaitingOther
}

// Waited are the components of a session that wait for the same, and have or have not for too long.
type Waited struct {
	Wait  Wait
	Late  bool
	Count int
	Since time.Time // of the first of them whose time is known; zero for none
}

// Parts are what a reason is made of, without counts.
func (r WaitingReason) Parts() []Waited {
	var parts []Waited
	for _, w := range Waits {
		for _, late := range []bool{true, false} {
			if w.reason(late) == r && !(late && w.reason(false) == r) {
				parts = append(parts, Waited{Wait: w, Late: late})
			}
		}
	}
	return parts
}

// WaitingOf groups what a session waits for at a moment by its reason, most components first.
func WaitingOf(s *Session, all []Waited, limits WaitLimits, at time.Time) []Waiting {
	var groups []Waiting
	for _, w := range all {
		if w.Count == 0 {
			continue
		}
		reason := w.Wait.reason(w.Late)
		i := slices.IndexFunc(groups, func(g Waiting) bool { return g.Reason == reason })
		if i < 0 {
			i = len(groups)
			groups = append(groups, Waiting{Session: s, Reason: reason, Text: reason.text(limits), Limits: limits, At: at})
		}
		g := &groups[i]
		g.Count += w.Count
		// Since when a component is staged, no record says.
		if reason != WaitingStaged && !w.Since.IsZero() && (g.Since.IsZero() || w.Since.Before(g.Since)) {
			g.Since = w.Since
		}
	}
	slices.SortStableFunc(groups, func(a, b Waiting) int { return cmp.Compare(b.Count, a.Count) })
	return groups
}

// text is a reason in words.
func (r WaitingReason) text(l WaitLimits) string {
	switch r {
	case WaitingOnHold:
		return "on hold: BOS lacks their power state or configuration, which their errors explain, and continues once it has them"
	case WaitingNotStarted:
		return "enabled, but BOS has not begun with them"
	case WaitingPowerOn:
		return "powering on and booting: BOS waits " + words(l.Boot) + " for a node to boot (max_boot_wait_time)"
	case WaitingPowerOnOverdue:
		return "powered on, but not booted within " + words(l.Boot) + " (max_boot_wait_time): BOS powers them off and on again"
	case WaitingPowerOff:
		return "powering off: BOS waits " + words(l.PowerOff) + " before it does so forcefully (max_power_off_wait_time)"
	case WaitingPowerOffOverdue:
		return "not powered off within " + words(l.PowerOff) + " (max_power_off_wait_time): BOS powers them off forcefully"
	case WaitingConfiguring:
		return "booted, and being configured by CFS"
	case WaitingRetrying:
		return "being tried again: an earlier attempt failed"
	case WaitingRetriesExhausted:
		return "on the last attempt that retry_policy allows: BOS fails them if it does not succeed"
	case WaitingStaged:
		return "staged: they wait until somebody applies the staged session"
	case WaitingAppliedButStaged:
		return "applied, but still staged (clear_stage is off): the session does not complete until their staged state is cleared"
	}
	return "enabled in the session with a status that says nothing of what comes next"
}

// words are a duration as people say it: "20 min".
func words(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
