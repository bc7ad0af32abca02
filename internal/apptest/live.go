package apptest

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// Patience is how long a client waits for what has to come.
const Patience = 10 * time.Second

// ServeLive runs a server whose options may be such as the command line refuses, on
// the shared Redis. At the end of the test nothing may be left of what it ran.
func ServeLive(t *testing.T, change ...func(*config.Config)) *Site {
	t.Helper()
	redisURL := "redis://" + redistest.SharedServer(t)
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	c := Parse(t, "serve", redisURL, "--tick", "10ms")
	for _, f := range change {
		f(&c)
	}
	s := Start(t, c, errorLog(t))
	t.Cleanup(func() { s.Stop(2 * time.Second) })
	return s
}

// Deserted waits until nobody follows anything.
func (s *Site) Deserted(t *testing.T) {
	t.Helper()
	Eventually(t, "no subscription is executed", func() bool { return s.App.Executions() == 0 })
}

// The subscriptions that most tests follow a session by.
const (
	FollowRevision = `subscription($name: String!) { sessionStatusUpdated(name: $name) { revision } }`
	FollowSession  = `subscription($name: String!) { sessionStatusUpdated(name: $name) { status session { name } } }`
	FollowActive   = `subscription($name: String!) { sessionStatusUpdated(name: $name) { counts { active } } }`
)

// Running creates a session that is running with the component of that id.
func (s *Site) Running(name, id string) {
	s.T.Helper()
	s.Session(name, "startTime", "2026-11-22T09:00:00Z")
	s.Put(Powering(id, name))
	s.Update(name, "status", "RUNNING")
}

// Complete creates a session that has ended.
func (s *Site) Complete(name string) {
	s.T.Helper()
	s.Session(name, "startTime", "2026-11-22T09:00:00Z")
	s.Update(name, "status", "COMPLETE", "endTime", "2026-11-22T09:30:00Z")
}
