package app_test

import (
	"crypto/rand"
	"syscall"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestServersThatMayEndAtAnyInstant runs the command itself: what these tests show holds
// for servers that share nothing but Redis, and that may end at any instant.
func TestServersThatMayEndAtAnyInstant(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *apptest.Fleet){
		"killed in the middle of an ingest":    testKilled,
		"two servers complete one session":     testCompletionRace,
		"three servers complete one session":   testThreeComplete,
		"recount while others write":           testRecountOnline,
		"recount finds and repairs any damage": testRecountRepairs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newFleet(t))
		})
	}
}

// TestAnotherServerFollowsBOSWhenOneIsLost measures how long that takes, so it is not run beside others of the package.
func TestAnotherServerFollowsBOSWhenOneIsLost(t *testing.T) {
	t.Run("killed", func(t *testing.T) { testLeaderKilled(t, newFleet(t)) })
	t.Run("overtaken", func(t *testing.T) { testLeaderOvertaken(t, newFleet(t)) })
}

func newFleet(t *testing.T) *apptest.Fleet {
	t.Helper()
	return &apptest.Fleet{Binary: apptest.Command(t), Redis: redistest.Server(t), Namespace: "test-" + rand.Text()}
}

// TestAHangUpStopsAServerLikeAnySignalToStop sends SIGHUP, as a terminal that is closed does: the server ends by itself.
func TestAHangUpStopsAServerLikeAnySignalToStop(t *testing.T) {
	t.Parallel()
	_, process := newFleet(t).Start(t, "127.0.0.1:0")
	if err := process.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	process.Wait()
	if state := process.Cmd.ProcessState; !state.Success() {
		t.Errorf("it ended by %v", state)
	}
}
