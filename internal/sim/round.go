package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// A round is a day in the life of a system, without its idle hours: everything is
// booted, some of it again and some of it later, and in the end all is shut down.
// Times are simulated, from the start of the round unless noted.
const (
	failingAt  = 1 * time.Minute  // a session whose set-up fails
	tenantAt   = 90 * time.Second // the tenant boots what it owns
	rebootAt   = 5 * time.Minute  // takes components over from the boot under way
	stagedAt   = 8 * time.Minute  // a reboot is staged
	applyDelay = 2 * time.Minute  // from the end of the boot to the staged state's application
	shutDelay  = 2 * time.Minute  // from the end of all these to the shutdown
	idle       = 1 * time.Minute  // between two rounds
)

// maxRounds is how many rounds' sessions exist at most, the present one's included.
const maxRounds = 3

const tenantName = "vcluster-blue"

// begin sets the system up and begins the first round.
func (w *world) begin() {
	records := make([]bos.ComponentPatch, 0, len(w.computes)+len(w.access))
	old := w.newImage("compute", "24.3.1")
	for _, c := range slices.Concat(w.lanes[0].components, w.lanes[1].components, w.computes) {
		records = append(records, w.initial(c, old))
	}
	old = w.newImage("uan", "24.3.1")
	for _, c := range w.access {
		records = append(records, w.initial(c, old))
	}
	for whole := range slices.Chunk(records, batch) {
		w.emit(command{put: whole})
	}
	if owned := ids(w.ownedByTenant()); len(owned) > 0 {
		w.emit(command{tenant: &tenant{tenantName, owned}})
	}
	w.beginRound()
	if len(w.lanes[0].components) > 0 {
		w.turn(0, 0)
	}
}

// beginRound plans a round's sessions, and forgets those of a round long past.
func (w *world) beginRound() {
	w.round++
	w.rounds = append(w.rounds, nil)
	if len(w.rounds) > maxRounds {
		for _, s := range w.rounds[0] {
			w.emit(command{remove: new(s.key)})
		}
		w.rounds = w.rounds[1:]
	}

	release := fmt.Sprintf("24.7.%d", w.round-1)
	compute, uan, next := w.newImage("compute", release), w.newImage("uan", release), w.newImage("compute", release+"-rc1")
	free := w.computes[:len(w.computes)-w.tenanted]
	rebooted := free[:share(len(free), 15)]
	later := free[len(rebooted):][:share(len(free), 10)]

	sessions := []struct {
		at time.Duration
		*session
	}{
		{0, &session{operation: bos.OperationBoot, template: "compute-24.7", image: compute, components: free}},
		{0, &session{operation: bos.OperationBoot, template: "uan-24.7", image: uan, components: w.access}},
		{failingAt, &session{operation: bos.OperationBoot, template: "compute-24.7-test"}},
		{tenantAt, &session{
			key: bos.SessionKey{Tenant: tenantName}, operation: bos.OperationBoot,
			template: "compute-24.7", image: compute, components: w.ownedByTenant(),
		}},
		{rebootAt, &session{
			operation: bos.OperationReboot, template: "compute-24.7-debug", limit: "canary",
			image: w.newImage("compute", release+"-debug"), components: rebooted,
		}},
		{stagedAt, &session{
			operation: bos.OperationReboot, template: "compute-24.7-rc1", limit: "rolling",
			image: next, staged: true, components: later,
		}},
	}
	boot, failing, staged := sessions[0].session, sessions[2].session, sessions[5].session

	// The staged state is applied once the boot is over and the staging done.
	waiting := 2
	ready := func() {
		if waiting--; waiting == 0 {
			w.after(applyDelay, func() { w.applyStaged(staged) })
		}
	}
	staged.whenRuns = ready

	open := 0
	closeOne := func() {
		if open--; open == 0 {
			w.after(shutDelay, w.shutDown)
		}
	}
	for _, s := range sessions {
		s.onComplete = closeOne
		if s.session == boot {
			s.onComplete = func() { ready(); closeOne() }
		}
		if s.session != failing && len(s.components) == 0 { // the system is too small for it
			continue
		}
		open++
		w.after(s.at, func() { w.start(s.session, s.session != failing) })
	}
}

// shutDown ends a round.
func (w *world) shutDown() {
	w.start(&session{
		operation: bos.OperationShutdown, template: "all-off", image: noImage(), components: w.all(),
		onComplete: func() { w.after(idle, w.beginRound) },
	}, true)
}

func (w *world) all() []*component {
	return append(w.computes[:len(w.computes):len(w.computes)], w.access...)
}

func (w *world) ownedByTenant() []*component { return w.computes[len(w.computes)-w.tenanted:] }

func ids(components []*component) []string {
	ids := make([]string, len(components))
	for i, c := range components {
		ids[i] = c.id
	}
	return ids
}
