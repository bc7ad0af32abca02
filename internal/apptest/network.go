package apptest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// What a test that runs in a network of its own is given by the process that has started it.
const (
	ownNetwork  = "TEST_BOSGRAPH_OWN_NETWORK" // the name of the test
	commandPath = "TEST_BOSGRAPH_COMMAND"     // what [Command] returns: linking takes seconds
)

// OwnNetwork runs the calling test once more, in a process whose network is its own: a namespace of the kernel with nothing but
// loopback, whose packet filter is not that of the machine, and which leaves nothing behind however the test ends. It says whether
// this is that process; in the other one the test has been run. Where the kernel does not allow it, as in most containers, or the
// trial, a command that the test needs there, does not work, the test is skipped with the reason.
func OwnNetwork(t *testing.T, trial ...string) bool {
	t.Helper()
	if os.Getenv(ownNetwork) == t.Name() {
		return true
	}
	if out, err := inOwnNetwork(trial...).CombinedOutput(); err != nil {
		t.Skipf("no network of its own: %v: %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := inOwnNetwork(self, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), ownNetwork+"="+t.Name(), commandPath+"="+Command(t))
	cmd.Stderr = t.Output()
	cmd.Stdout = &lines{each: func(line []byte) {
		if _, figure, ok := strings.Cut(string(line), t.Name()+" "+redistest.FigureKey+" "); ok {
			redistest.Figure(t, "%s", figure)
			return
		}
		_, _ = t.Output().Write(append(line, '\n'))
	}}
	p := Run(t, cmd)
	<-p.dead
	if !p.Cmd.ProcessState.Success() {
		t.Error("in a network of its own: ", p.Cmd.ProcessState)
	}
	return false
}

// inOwnNetwork is a command in a new namespace, in which it is root.
func inOwnNetwork(words ...string) *exec.Cmd {
	enter := []string{"--net"}
	if os.Getuid() != 0 {
		enter = append(enter, "--map-root-user")
	}
	// A new namespace's loopback is down. The programs of root are not in everybody's PATH.
	const begin = `PATH=$PATH:/usr/sbin:/sbin && ip link set lo up && exec "$0" "$@"`
	return exec.Command("unshare", append(append(enter, "sh", "-c", begin), words...)...)
}
