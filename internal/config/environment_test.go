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
