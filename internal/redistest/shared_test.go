package redistest

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestClusterServesEverySlot(t *testing.T) {
	cluster := SharedCluster(t)
	if len(cluster) != 3 {
		t.Fatalf("%d masters", len(cluster))
	}
	for _, addr := range cluster {
		info := must(t, addr, "CLUSTER INFO")
		for _, want := range []string{"cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3"} {
			if !strings.Contains(info, want) {
				t.Errorf("%s: no %s in\n%s", addr, want, info)
			}
		}
	}
	// Each slot has one master: it takes the write, the others say where to go.
	taken, moved := 0, 0
	for _, addr := range cluster {
		switch _, err := ask(addr, "SET {bosgraph}:k v"); {
		case err == nil:
			taken++
		case strings.HasPrefix(err.Error(), "MOVED "):
			moved++
		default:
			t.Errorf("%s: %v", addr, err)
		}
	}
	if taken != 1 || moved != 2 {
		t.Errorf("%d masters took the write, %d sent it on", taken, moved)
	}
}

func TestSharedIsOne(t *testing.T) {
	if a, b := SharedServer(t), SharedServer(t); a != b {
		t.Errorf("two servers, %s and %s", a, b)
	}
	if a, b := SharedCluster(t), SharedCluster(t); strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("two clusters, %v and %v", a, b)
	}
}

func TestSharedNeedsMain(t *testing.T) {
	shared.Lock()
	was := shared.inMain
	shared.inMain = false
	shared.Unlock()
	defer func() {
		shared.Lock()
		shared.inMain = was
		shared.Unlock()
	}()
	defer func() {
		// share fails with its lock held by a deferred unlock: it must be free again.
		if !shared.TryLock() {
			t.Fatal("the lock is still held")
		}
		shared.Unlock()
	}()
	if said := failure(t, func(tb testing.TB) { SharedServer(tb) }); !strings.Contains(said, "redistest.Main") {
		t.Errorf("the message does not help: %s", said)
	}
}

// helper names, in the environment, how TestHelperProcess is to end.
const helper = "REDISTEST_HELPER"

// TestHelperProcess is not a test: it is what TestNoServerOutlivesItsProcess
// runs as a process of its own.
func TestHelperProcess(t *testing.T) {
	end := os.Getenv(helper)
	if end == "" {
		return
	}
	fmt.Printf("\nserver=%s\n", SharedServer(t))
	fmt.Printf("\nserver=%s\n", Server(t))
	switch end {
	case "failed":
		t.Fail()
	case "panic":
		panic("as a test may")
	case "exit":
		os.Exit(1)
	}
}

func TestNoServerOutlivesItsProcess(t *testing.T) {
	for end, wantErr := range map[string]bool{"well": false, "failed": true, "panic": true, "exit": true} {
		t.Run(end, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
			// Some ends leave the servers' directories behind.
			cmd.Env = append(os.Environ(), helper+"="+end, "TMPDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if (err != nil) != wantErr {
				t.Fatalf("the process ended with %v:\n%s", err, out)
			}
			found := regexp.MustCompile(`(?m)^server=(\S+)$`).FindAllStringSubmatch(string(out), -1)
			if len(found) != 2 {
				t.Fatalf("%d servers, want 2:\n%s", len(found), out)
			}
			for _, server := range found {
				if err := until(patience, nil, func() error {
					if _, err := ask(server[1], "PING"); err == nil {
						return fmt.Errorf("%s answers", server[1])
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
