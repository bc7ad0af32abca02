package charttest

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"
)

// TestPodsStart gives the variables of each set's pods to the program of `make release`. It refuses
// values that make no sense together with status 64, before it looks for Redis or for any file;
// what it cannot find here does not count.
func TestPodsStart(t *testing.T) {
	for name, values := range sets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := render(values)
			if err != nil {
				t.Fatal(err)
			}
			env := []string{}
			for _, o := range objects {
				if o["kind"] != "Deployment" {
					continue
				}
				for _, e := range at(o, "spec", "template", "spec", "containers").([]any)[0].(object)["env"].([]any) {
					value, ok := e.(object)["value"].(string)
					if !ok {
						value = "rediss+sentinel://a:26379?master_name=b" // in a Secret
					}
					env = append(env, e.(object)["name"].(string)+"="+value)
				}
			}
			if log, status := start(t, env); status == 64 {
				t.Errorf("bosgraph refuses %q:\n%s", env, log)
			}
		})
	}
	if log, status := start(t, []string{"BOSGRAPH_LISTEN=:8080"}); status != 64 {
		t.Errorf("without access control it ended with %d: %s", status, log)
	}
}

// start runs the server for a moment; the status is -1 if it did not end by itself.
func start(t *testing.T, env []string) (string, int) {
	t.Helper()
	enough, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	cmd := exec.CommandContext(enough, "../../dist/work/amd64/bosgraph", "serve")
	cmd.Env = append(env, "BOSGRAPH_SHUTDOWN_TIMEOUT=1s")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("make release makes the program: %v", err)
	}
	return log.String(), cmd.ProcessState.ExitCode()
}
