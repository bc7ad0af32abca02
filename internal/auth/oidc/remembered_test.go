package oidc

import (
	"fmt"
	"strings"
	"testing"
)

// TestRememberedIsBounded remembers many tokens, and long ones: those that are used stay.
func TestRememberedIsBounded(t *testing.T) {
	for _, length := range []int{20, 16 << 10} {
		var r remembered
		set := &keySet{}
		used := strings.Repeat("u", length)
		r.add(used, verified{set: set})
		for i := range 4 * generation {
			r.add(fmt.Sprintf("%0*d", length, i), verified{set: set})
			if _, ok := r.find(used); !ok {
				t.Fatalf("the one that is used was forgotten after %d of %d bytes", i, length)
			}
		}
		bytes := 0
		for _, held := range []map[string]verified{r.young, r.old} {
			for token := range held {
				bytes += len(token)
			}
			if len(held) > generation {
				t.Errorf("a generation has %d tokens", len(held))
			}
		}
		if bytes > 2*generationBytes {
			t.Errorf("they have %d bytes", bytes)
		}
	}
}
