package config

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestUnknownVariablesAreRefusedWithTheNearestKnownOne(t *testing.T) {
	for _, c := range []struct{ variable, suggests string }{
		{"BOSGRAPH_REDIS", "BOSGRAPH_REDIS_URL"},
		{"BOSGRAPH_LISTEN_ADDRESS", "BOSGRAPH_LISTEN"},
		{"BOSGRAPH_RETENTON", "BOSGRAPH_RETENTION"},
		{"BOSGRAPH_PORT", ""},
	} {
		t.Run(c.variable, func(t *testing.T) {
			t.Setenv(c.variable, "8080")
			var stderr bytes.Buffer
			_, err := Parse([]string{"serve"}, io.Discard, &stderr)
			if err == nil || !strings.Contains(err.Error(), c.variable) || !strings.Contains(stderr.String(), c.suggests) {
				t.Errorf("%v; printed %q, wanted the names %s and %s", err, stderr.String(), c.variable, c.suggests)
			}
		})
	}
}

// TestVariablesOfCommandsWithinCommandsAreKnown has one that only commands of webhooks have.
func TestVariablesOfCommandsWithinCommandsAreKnown(t *testing.T) {
	t.Setenv("BOSGRAPH_TARGET", "pager")
	if c := parseLine(t, "webhooks retry --redis-url redis://h:1"); c.Hooks.Target != "pager" {
		t.Errorf("the events of the target %q are sent again", c.Hooks.Target)
	}
	parseLine(t, "serve") // has no target, so it does not matter
}

// TestAnEmptyVariableIsNamed has variables as a compose file leaves them that hands on what is not set, of options whose
// values cannot be empty.
func TestAnEmptyVariableIsNamed(t *testing.T) {
	for variable, want := range map[string]string{
		"BOSGRAPH_TICK":       "--tick: the environment variable BOSGRAPH_TICK is empty: unset it for the default, 100ms, or give it a value",
		"BOSGRAPH_RETENTION":  "--retention: the environment variable BOSGRAPH_RETENTION is empty: unset it for the default, 90d, or give it a value",
		"BOSGRAPH_LOG_LEVEL":  "--log-level: the environment variable BOSGRAPH_LOG_LEVEL is empty: unset it for the default, info, or give it a value",
		"BOSGRAPH_REDIS_WAIT": "--redis-wait: the environment variable BOSGRAPH_REDIS_WAIT is empty: unset it for the default, 0, or give it a value",
		"BOSGRAPH_LISTEN":     "--listen: the environment variable BOSGRAPH_LISTEN is empty: unset it for the default, 127.0.0.1:8080, or give it a value",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "")
			if _, err := Parse([]string{"serve"}, io.Discard, io.Discard); err == nil || err.Error() != want {
				t.Errorf("it says %v", err)
			}
		})
	}
	t.Setenv("BOSGRAPH_TICK", "")
	if _, err := Parse([]string{"serve", "--tick=soon"}, io.Discard, io.Discard); err == nil || strings.Contains(err.Error(), "is empty") {
		t.Errorf("of a flag that is wrong it says %v", err)
	}
	t.Setenv("BOSGRAPH_TICK", "soon")
	if _, err := Parse([]string{"serve"}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `(from the environment variable BOSGRAPH_TICK="soon")`) {
		t.Errorf("of a variable that is wrong it says %v", err)
	}
}

// A service that is called bosgraph puts these into every pod of its namespace.
func TestVariablesOfKubernetesServicesAreNoMistake(t *testing.T) {
	for name, value := range map[string]string{
		"BOSGRAPH_SERVICE_HOST":      "10.0.0.1",
		"BOSGRAPH_SERVICE_PORT":      "80",
		"BOSGRAPH_SERVICE_PORT_HTTP": "80",
		"BOSGRAPH_REDIS_PORT":        "tcp://10.0.0.1:6379",
		"BOSGRAPH_PORT":              "tcp://10.0.0.1:80",
		"BOSGRAPH_PORT_80_TCP":       "tcp://10.0.0.1:80",
		"BOSGRAPH_PORT_80_TCP_PROTO": "tcp",
		"BOSGRAPH_PORT_80_TCP_PORT":  "80",
		"BOSGRAPH_PORT_80_TCP_ADDR":  "10.0.0.1",
		"BOSGRAPH_LISTEN":            "127.0.0.1:8080", // an option's own
	} {
		t.Setenv(name, value)
	}
	if _, err := Parse([]string{"serve"}, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
}
