package bos

// Wait is what a component of a session waits for as far as its record shows, as one
// letter: the time that it has waited adds the rest, see [WaitingReason]. Empty for a component that
// does not keep its session from completing.
type Wait string

// The waits.
const (
	WaitOnHold      Wait = "h"
	WaitStart       Wait = "n" // enabled, but BOS has not given it a phase yet
	WaitPowerOn     Wait = "p"
	WaitBoot        Wait = "b" // power on was called
	WaitPowerOff    Wait = "o"
	WaitShutdown    Wait = "d" // power off was called, gracefully
	WaitConfiguring Wait = "c"
	WaitRetry       Wait = "r"
	WaitGivingUp    Wait = "x" // the retries are used up
	WaitApply       Wait = "s" // staged
	WaitUnstage     Wait = "k" // applied, but still staged
	WaitOther       Wait = "z"
	WaitForcedOff   Wait = "f" // power off was called, forcefully
)

// Waits are all of them. Their places are stored: a new one goes to the end.
var Waits = []Wait{
	WaitOnHold, WaitStart, WaitPowerOn, WaitBoot, WaitPowerOff, WaitShutdown, WaitConfiguring, WaitRetry, WaitGivingUp,
	WaitApply, WaitUnstage, WaitOther, WaitForcedOff,
}

// wait is what an enabled component waits for in the session that manages it.
func (c *Component) wait(status ComponentStatus) Wait {
	switch status {
	case StatusOnHold:
		return WaitOnHold
	case StatusStable:
		return WaitStart
	case StatusConfiguring:
		return WaitConfiguring
	case StatusPowerOnPending, StatusPowerOnCalled, StatusPowerOffPending, StatusPowerOffGracefullyCalled, StatusPowerOffForcefullyCalled:
	default:
		return WaitOther
	}
	switch c.Retries(c.Phase) {
	case LastTry:
		return WaitGivingUp
	case TriedAgain:
		return WaitRetry
	}
	switch status {
	case StatusPowerOnPending:
		return WaitPowerOn
	case StatusPowerOnCalled:
		return WaitBoot
	case StatusPowerOffPending:
		return WaitPowerOff
	case StatusPowerOffForcefullyCalled:
		return WaitForcedOff
	}
	return WaitShutdown
}

// Retries is how far BOS is with the attempts that it makes for a phase.
type Retries uint8

// How far it can be.
const (
	FirstTry   Retries = iota // or none yet
	TriedAgain                // more than once
	LastTry                   // as often as the retry policy allows
)

// Retries is how far BOS is with the attempts for a phase: it fails the component when it would need
// another one after the last.
// BOS: operators/base.py, each of whose operators counts its own attempts.
func (c *Component) Retries(p Phase) Retries {
	n, most := 0, defaultRetryPolicy
	if c.RetryPolicy != nil {
		most = *c.RetryPolicy
	}
	switch {
	case c.EventStats == nil:
	case p == PhasePoweringOn:
		n = c.EventStats.PowerOnAttempts
	case p == PhasePoweringOff:
		n = max(c.EventStats.PowerOffGracefulAttempts, c.EventStats.PowerOffForcefulAttempts)
	}
	switch {
	case n >= most && n > 0 && most != unlimitedRetries:
		return LastTry
	case n > 1:
		return TriedAgain
	}
	return FirstTry
}

// Decisive stands for counts of attempts that nobody has read, where only what follows from them is
// known.
func Decisive(on, off Retries) *EventStats {
	attempts := [...]int{FirstTry: 0, TriedAgain: 2, LastTry: defaultRetryPolicy}
	return &EventStats{PowerOnAttempts: attempts[on], PowerOffGracefulAttempts: attempts[off]}
}

// defaultRetryPolicy is that of components that have none.
// BOS: src/bos/common/options.py, DEFAULTS.
const defaultRetryPolicy = 3

// unlimitedRetries is the retry policy of a component that BOS never fails for want of success.
// BOS: operators/base.py, which compares no attempts with it.
const unlimitedRetries = -1
