package bos

import "time"

// EndState is what is kept of a component when a session is frozen.
type EndState struct {
	Member bool // the session managed it: else it was staged in the session
	Failed bool
	Wait   Wait   // what the session, which was not complete, waited for; empty for nothing
	Error  string // of a member
}

// AtEnd is the component as it was when a session was frozen: its session, whether it was enabled, phase, status and error. All
// else is as it is now. A disabled one that had not failed is shown as stable, as nearly all are.
func (c Component) AtEnd(session string, e EndState) Component {
	if !e.Member {
		return c
	}
	c.Session, c.Enabled, c.Error = session, e.Wait != "" && e.Wait != WaitUnstage, e.Error
	c.Phase, c.Override, c.StatusSince = PhaseNone, "", time.Time{}
	switch {
	case e.Failed:
		c.EndStatus, c.Override = StatusFailed, OverrideFailed
	case e.Wait == WaitOnHold:
		c.EndStatus, c.Override = StatusOnHold, OverrideOnHold
	default:
		c.Phase, c.EndStatus = e.Wait.status()
	}
	return c
}

// status is the phase and the status of a component that waits for that, as far as it shows them: which phase is
// tried again, it does not.
func (w Wait) status() (Phase, ComponentStatus) {
	switch w {
	case WaitPowerOn:
		return PhasePoweringOn, StatusPowerOnPending
	case WaitBoot:
		return PhasePoweringOn, StatusPowerOnCalled
	case WaitPowerOff:
		return PhasePoweringOff, StatusPowerOffPending
	case WaitShutdown:
		return PhasePoweringOff, StatusPowerOffGracefullyCalled
	case WaitForcedOff:
		return PhasePoweringOff, StatusPowerOffForcefullyCalled
	case WaitConfiguring:
		return PhaseConfiguring, StatusConfiguring
	case WaitRetry, WaitGivingUp, WaitOther:
		return PhaseNone, StatusOther
	}
	return PhaseNone, StatusStable
}
