package sim

import (
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// How long things take, in simulated time: medians of what is drawn by
// [world.around] unless noted.
const (
	powerOnTime    = 150 * time.Second // from the call to a booted system
	configureTime  = 240 * time.Second
	powerOffTime   = 50 * time.Second
	forcedOffTime  = 15 * time.Second
	powerOnWait    = 120 * time.Second // fixed. BOS: max_power_on_wait_time
	powerOffWait   = 120 * time.Second // fixed; BOS's max_power_off_wait_time is 300 s
	operatorPeriod = 15 * time.Second  // fixed. BOS: polling_frequency
	longHold       = 2 * time.Minute
	spread         = 0.30 // of the times above
)

// held is the share of components that stay on hold for long.
const held = 0.03

// setUp makes a session responsible for a component and gives it its desired state.
func (w *world) setUp(c *component, s *session) {
	w.takeOver(c, s, bos.ActionSessionSetup)
	w.await(c)
}

// takeOver makes s responsible for c in place of whatever session was. The new
// desired state puts the component on hold until BOS's status operator has
// looked at it.
func (w *world) takeOver(c *component, s *session, action string) {
	// What was planned for the component's earlier session is void from here on.
	c.life++
	previous := c.session
	if c.enabled {
		previous.active--
	}
	c.session, c.enabled, c.phase, c.attempts, c.token = s, true, bos.PhaseNone, bos.EventStats{}, ""
	s.active++
	c.fate, c.failures = w.draw(c, s.operation)

	p := w.change(c)
	p.Session, p.Enabled, p.Error = &s.key.Name, new(true), new("")
	p.DesiredState = &bos.DesiredStatePatch{
		BootArtifacts: s.image.artifacts, Configuration: s.image.configuration, BssToken: new(""), LastUpdated: w.stamp,
	}
	w.setStatus(c, bos.PhaseNone, bos.OverrideOnHold)
	w.act(c, action)
	if previous != nil {
		w.settle(previous)
	}
}

// await plans the first look of BOS's status operator.
func (w *world) await(c *component) {
	wait := w.between(operatorPeriod/3, 2*operatorPeriod)
	if w.chance(held) {
		wait = w.around(longHold)
	}
	w.then(c, wait, w.assess)
}

// assess decides where a component has to go first.
func (w *world) assess(c *component) {
	switch {
	case c.powered:
		w.setStatus(c, bos.PhasePoweringOff, "")
		w.then(c, w.between(operatorPeriod/3, operatorPeriod), w.powerOff)
	case c.session.operation == bos.OperationShutdown:
		w.finish(c)
	default:
		w.powerOnNext(c)
	}
}

// powerOnNext leaves a component waiting to be powered on.
func (w *world) powerOnNext(c *component) {
	w.setStatus(c, bos.PhasePoweringOn, "")
	w.then(c, w.between(operatorPeriod/3, 2*operatorPeriod), w.powerOn)
}

func (w *world) powerOn(c *component) {
	c.attempts.PowerOnAttempts++
	c.token = w.uuid()
	desired(w.change(c)).BssToken = new(c.token)
	w.act(c, bos.ActionPoweringOn)
	if c.attempts.PowerOnAttempts <= c.failures {
		w.then(c, powerOnWait, w.powerOnFailed)
		return
	}
	w.then(c, w.around(powerOnTime), w.booted)
}

// powerOnFailed ends an attempt: BOS notices that the component is still off.
func (w *world) powerOnFailed(c *component) {
	p := w.change(c)
	p.LastAction = &bos.LastActionPatch{Action: new(bos.ActionPoweringOn), Failed: new(true), LastUpdated: w.stamp}
	p.Error = new(c.attemptError())
	// Tried again by the operator's next look, as BOS does, with a new token.
	if c.attempts.PowerOnAttempts < retryPolicy {
		w.then(c, w.between(operatorPeriod/3, operatorPeriod), w.powerOn)
		return
	}
	w.then(c, w.between(operatorPeriod/3, operatorPeriod), func(c *component) {
		w.fail(c, c.attemptError())
	})
}

func (w *world) booted(c *component) {
	c.powered = true
	p := w.change(c)
	p.Error = new("")
	p.ActualState = &bos.ActualStatePatch{BootArtifacts: c.session.image.artifacts, BssToken: new(c.token), LastUpdated: w.stamp}
	w.setStatus(c, bos.PhaseConfiguring, "")
	if took := w.around(configureTime); c.fate == misconfigured {
		w.then(c, took, func(c *component) { w.fail(c, errConfiguration) })
	} else {
		w.then(c, took, w.finish)
	}
}

// powerOff asks a component to shut down by itself, which a few don't do in time.
func (w *world) powerOff(c *component) {
	c.attempts.PowerOffGracefulAttempts++
	w.act(c, bos.ActionPoweringOffGracefully)
	if c.fate == stubborn || c.fate == stuck {
		w.then(c, powerOffWait, w.forceOff)
		return
	}
	w.then(c, w.around(powerOffTime), w.off)
}

func (w *world) forceOff(c *component) {
	c.attempts.PowerOffForcefulAttempts++
	w.act(c, bos.ActionPoweringOffForcefully)
	switch {
	case c.fate != stuck:
		w.then(c, w.around(forcedOffTime), w.off)
	case c.attempts.PowerOffForcefulAttempts < retryPolicy:
		w.then(c, powerOffWait, w.forceOff)
	default:
		w.then(c, powerOffWait, func(c *component) { w.fail(c, "") })
	}
}

func (w *world) off(c *component) {
	c.powered = false
	w.change(c).ActualState = &bos.ActualStatePatch{BootArtifacts: noArtifacts(), BssToken: new(""), LastUpdated: w.stamp}
	if c.session.operation == bos.OperationShutdown {
		w.finish(c)
		return
	}
	w.powerOnNext(c)
}

// finish ends a component's part in its session: stable, and disabled, as BOS
// does with a component that is done.
func (w *world) finish(c *component) {
	if w.waits(c, w.finish) {
		return
	}
	c.attempts = bos.EventStats{}
	w.change(c).EventStats = c.eventStats()
	w.setStatus(c, bos.PhaseNone, "")
	w.disable(c)
}

// fail gives a component up in the phase it is in.
func (w *world) fail(c *component, reason string) {
	if w.waits(c, func(c *component) { w.fail(c, reason) }) {
		return
	}
	if reason == "" {
		reason = errRetryLimit
	}
	w.change(c).Error = new(reason)
	w.setStatus(c, c.phase, bos.OverrideFailed)
	w.disable(c)
}

func (w *world) disable(c *component) {
	c.enabled = false
	w.change(c).Enabled = new(false)
	c.session.active--
	w.passOn(c.session)
	w.settle(c.session)
}

func (w *world) setStatus(c *component, phase bos.Phase, override string) {
	c.phase = phase
	w.change(c).Status = &bos.StatusPatch{Phase: new(string(phase)), StatusOverride: new(override)}
}

// act records an action that was taken, and the attempts so far.
func (w *world) act(c *component, action string) {
	p := w.change(c)
	p.LastAction = &bos.LastActionPatch{Action: &action, Failed: new(false), LastUpdated: w.stamp}
	p.EventStats = c.eventStats()
}

func (c *component) eventStats() *bos.EventStatsPatch {
	a := c.attempts
	return &bos.EventStatsPatch{
		PowerOnAttempts: &a.PowerOnAttempts, PowerOffGracefulAttempts: &a.PowerOffGracefulAttempts,
		PowerOffForcefulAttempts: &a.PowerOffForcefulAttempts,
	}
}

// desired returns the part of a patch that changes the desired state; another
// change in the same tick may already have begun it.
func desired(p *bos.ComponentPatch) *bos.DesiredStatePatch {
	if p.DesiredState == nil {
		p.DesiredState = &bos.DesiredStatePatch{}
	}
	return p.DesiredState
}
