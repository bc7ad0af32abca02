package app_test

import (
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestASocketThatWaitsHasTheSmallestStack shows that what a client has sent, and what was done about it, does not stay with its
// socket: the stacks of many sockets are most of what they take. It asks a server of its own process, which the race detector
// does not watch: it doubles the stacks.
func TestASocketThatWaitsHasTheSmallestStack(t *testing.T) {
	t.Parallel()
	s, _ := newFleet(t).Start(t, "127.0.0.1:0", "--gc-percent", "10")
	s.Running("running", "x1")
	stacks := func() float64 {
		return valueOf(t, scrape(t, s, s.Base+"/metrics"), "go_memstats_stack_inuse_bytes")
	}
	const sockets, smallest = 500, 2 << 10
	before := stacks()
	for range sockets {
		w := s.Begin(t)
		w.Send(apptest.Subscribe("1", apptest.FollowActive, apptest.Vars{"name": "running"}))
		w.Message()
		w.Send(`{"type":"ping"}`)
		w.Expect(`{"type":"pong"}`)
	}
	// A stack that is not used is given back when garbage is collected, which requests bring about: soon, with so little of it.
	apptest.Eventually(t, "the stacks of sockets are small", func() bool { return stacks()-before < sockets*smallest*3/2 })
}
