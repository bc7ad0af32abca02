package installtest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestUnitAllowsWhatTheServiceDoes records every system call of bosgraph and of its redis-server,
// from start to end, and compares them with the filter of the unit: systemd does not run where
// the tests do, and would end a service at a call that is missing.
func TestUnitAllowsWhatTheServiceDoes(t *testing.T) {
	text, err := os.ReadFile("../bosgraph.service")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(@[a-z-]+)$`).FindAllStringSubmatch(string(text), -1) {
		for call := range callsOf(t, line[2]) {
			allowed[call] = line[1] == ""
		}
	}
	folder, address := t.TempDir(), freeAddress(t)
	record := filepath.Join(folder, "calls")
	cmd := exec.Command("strace", "-f", "-qq", "-o", record, "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "BOSGRAPH_LISTEN="+address,
		"BOSGRAPH_DATA_DIR="+filepath.Join(folder, "data"), dist+"/work/amd64/bosgraph", "serve")
	// strace passes no signal on: the one that ends the service is for the whole group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := false
	for deadline := time.Now().Add(time.Minute); !ready && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if answer, err := http.Get("http://" + address + "/readyz"); err == nil {
			answer.Body.Close()
			ready = answer.StatusCode == http.StatusOK
		}
	}
	output(t, "redis-cli", "-s", filepath.Join(folder, "data/redis/redis.sock"), "BGREWRITEAOF")
	pids := strings.Fields(output(t, "pgrep", "-P", fmt.Sprint(cmd.Process.Pid)))
	output(t, "kill", append([]string{"-TERM"}, pids...)...)
	if err := cmd.Wait(); err != nil || !ready {
		t.Fatalf("ready: %t, ended with %v", ready, err)
	}
	calls, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, call := range regexp.MustCompile(`(?m)^\d+\s+(\w+)\(`).FindAllStringSubmatch(string(calls), -1) {
		made[call[1]] = true
	}
	if len(made) < 30 {
		t.Fatalf("only %d calls were recorded", len(made))
	}
	for call := range made {
		if !allowed[call] {
			t.Errorf("the unit's filter does not have %s", call)
		}
	}
}

// callsOf are the system calls of a set of systemd.
func callsOf(t *testing.T, set string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for line := range strings.Lines(output(t, "systemd-analyze", "syscall-filter", set)) {
		switch line = strings.TrimSpace(line); {
		case line == set, line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@"):
			for call := range callsOf(t, line) {
				all[call] = true
			}
		default:
			all[line] = true
		}
	}
	return all
}
