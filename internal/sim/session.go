package sim

import (
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// session is one simulated session.
type session struct {
	key        bos.SessionKey
	operation  bos.Operation
	template   string
	limit      string
	image      *image
	staged     bool
	components []*component
	running    bool
	complete   bool
	// active counts the components that keep it from completing, by the
	// producer's own rule: enabled ones of it, and those staged in it.
	active     int
	whenRuns   func() // nil for nothing
	onComplete func()
}

// setupTime is how long a session stays pending: simulated time, even odds between.
const (
	leastSetup = 20 * time.Second
	mostSetup  = 40 * time.Second
)

// start creates a session, pending, and plans its set-up, which works or fails.
func (w *world) start(s *session, works bool) {
	setUp := w.run
	if !works {
		setUp = w.abort
	}
	w.startIn(s, w.between(leastSetup, mostSetup), setUp)
}

// startIn creates a session, pending, and plans its set-up.
func (w *world) startIn(s *session, wait time.Duration, setUp func(*session)) {
	s.key.Name = w.uuid()
	current := &w.rounds[len(w.rounds)-1]
	*current = append(*current, s)
	w.emit(command{create: &bos.NewSession{
		SessionKey: s.key, Operation: s.operation, TemplateName: s.template, Limit: s.limit,
		Stage: s.staged, Source: bos.SourceProducer,
	}})
	w.after(wait, func() { setUp(s) })
}

// run sets a session up. Its components come first: a running session without
// active ones completes at once.
func (w *world) run(s *session) {
	for _, c := range s.components {
		if s.staged {
			w.stage(c, s)
		} else {
			w.setUp(c, s)
		}
	}
	s.running = true
	w.emit(command{key: s.key, update: &bos.SessionUpdate{
		State: new(bos.StateRunning), InitialComponents: new(strings.Join(ids(s.components), ",")),
	}})
	if s.whenRuns != nil {
		s.whenRuns()
	}
	w.settle(s)
}

// abort ends a pending session whose set-up fails.
func (w *world) abort(s *session) {
	s.complete = true
	w.emit(command{key: s.key, update: &bos.SessionUpdate{
		State: new(bos.StateComplete), Error: new(w.setupError()),
	}})
	s.onComplete()
}

// settle notices that a session has completed, as the producer does by itself.
func (w *world) settle(s *session) {
	if s.running && !s.complete && s.active == 0 {
		s.complete = true
		s.onComplete()
	}
}

// stage prepares a component for later.
func (w *world) stage(c *component, s *session) {
	s.active++
	w.change(c).StagedState = &bos.StagedStatePatch{
		BootArtifacts: s.image.artifacts, Configuration: s.image.configuration,
		Session: &s.key.Name, LastUpdated: w.stamp,
	}
}

// applyStaged moves what a session staged to the desired state of its components.
func (w *world) applyStaged(s *session) {
	for _, c := range s.components {
		w.takeOver(c, s, bos.ActionApplyStaged)
		s.active-- // no longer staged, but enabled now
		w.change(c).StagedState = &bos.StagedStatePatch{
			BootArtifacts: noArtifacts(), Configuration: new(""), Session: new(""), LastUpdated: w.stamp,
		}
		w.await(c)
	}
}
