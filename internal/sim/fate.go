package sim

import (
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// fate is what goes wrong with a component in one session. It is drawn when the
// session takes the component over.
type fate int

const (
	fine            fate = iota
	slow                 // powers on at a later attempt
	dead                 // never powers on, and nobody says why
	unreachable          // never powers on: its controller does not answer
	noBootArtifacts      // never powers on: there is nothing to boot
	misconfigured        // boots, but its configuration fails
	stubborn             // powers off only when forced
	stuck                // never powers off
)

// The shares of the fates when powering on, and when shutting down; the rest is fine.
var (
	onFates  = []odds{{slow, 0.04}, {dead, 0.008}, {unreachable, 0.006}, {noBootArtifacts, 0.004}, {misconfigured, 0.010}}
	offFates = []odds{{stubborn, 0.05}, {stuck, 0.004}}
)

// odds is how likely a fate is.
type odds struct {
	fate  fate
	share float64
}

// The nodes that are bad: one of so many, as far from each other as there are of them, each with one of
// these faults in most boots.
const (
	goodPerBad = 200
	persistent = 0.85
)

var faults = []fate{unreachable, misconfigured, dead}

// spoil makes a few nodes bad, so that some fail again and again.
func (w *world) spoil(nodes []*component) {
	for i := goodPerBad / 20; i < len(nodes); i += goodPerBad {
		nodes[i].fault = faults[i/goodPerBad%len(faults)]
	}
}

// draw draws a component's fate for an operation, and how many attempts to power on fail.
func (w *world) draw(c *component, operation bos.Operation) (drawn fate, failures int) {
	table := onFates
	if operation == bos.OperationShutdown {
		table = offFates
	}
	f := w.rng.Float64()
	for _, o := range table {
		if f -= o.share; f < 0 {
			drawn = o.fate
			break
		}
	}
	if c.fault != fine && operation != bos.OperationShutdown && w.chance(persistent) {
		drawn = c.fault
	}
	switch drawn {
	case slow:
		failures = 1 + w.rng.IntN(retryPolicy-1)
	case dead, unreachable, noBootArtifacts:
		failures = retryPolicy
	}
	return drawn, failures
}

// The errors that BOS itself reports on components. BOS: operators/base.py and
// operators/status.py.
const (
	errRetryLimit    = "The retry limit has been hit for this component, but no services have reported specific errors"
	errConfiguration = "cfs configuration failed"
)

// attemptError is what a component reports after a power-on without success. The
// parts that BOS puts before the cause are its own (operators/power_on.py).
func (c *component) attemptError() string {
	switch c.fate {
	case slow:
		return "An error was encountered while calling CAPMC to power on: " +
			"PowerControlTimeoutException: the transition was not finished in time"
	case unreachable:
		return "An error was encountered while calling CAPMC to power on: " +
			"PowerControlException: unable to reach the Redfish endpoint of the node's BMC"
	case noBootArtifacts:
		return "An error was encountered while setting BSS information: " +
			"HTTPError: 404 Client Error: Not Found for url: http://cray-bss/boot/v1/bootparameters"
	default: // a dead one leaves BOS without any explanation
		return ""
	}
}

// setupError is why a session's set-up fails, another reason in each round. BOS:
// operators/session_setup.py and common/clients/s3.
func (w *world) setupError() string {
	manifest := fmt.Sprintf("s3://boot-images/%s/manifest.json", w.uuid())
	reasons := []string{
		fmt.Sprintf("bos.common.clients.s3.exceptions.ManifestNotFound: Unable to read manifest file '%s'.", manifest),
		"No nodes were found to act upon.",
		fmt.Sprintf("bos.common.clients.s3.exceptions.S3ObjectNotFound: Unable to download object %s.", manifest),
	}
	return reasons[(w.round-1)%len(reasons)]
}
