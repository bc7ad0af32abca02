package main

import (
	"testing"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestAWrongTokenIsAWrongCommandLine makes tokens that no file could have: the status is that of other wrong options.
func TestAWrongTokenIsAWrongCommandLine(t *testing.T) {
	for name, h := range map[string]config.Holder{
		"a role that does not exist": {Name: "me", Roles: []string{"x"}},
		"a limited role for nobody":  {Name: "me", Roles: []string{"tenant"}},
		"a name with a space":        {Name: "m e", Roles: []string{"admin"}},
	} {
		if status := newToken(h); status != 64 {
			t.Errorf("%s: it exits with %d", name, status)
		}
	}
}
