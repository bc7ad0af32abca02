package app

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestChangesOfBOSsRecordsAreRefused refuses what comes from BOS, and says where to change it instead.
func TestChangesOfBOSsRecordsAreRefused(t *testing.T) {
	ctx := t.Context()
	followed := ownStore{refuse: atBOS(false)}
	for _, c := range []struct {
		where string
		call  func() error
	}{
		{"change components there", func() error { _, err := followed.PutComponents(ctx, nil); return err }},
		{"change components there", func() error { _, err := followed.PatchComponents(ctx, nil); return err }},
		{"delete components there", func() error { _, err := followed.DeleteComponents(ctx, nil); return err }},
		{"create sessions there", func() error { _, err := followed.CreateSession(ctx, bos.NewSession{}); return err }},
		{"start it with", func() error { _, err := followed.PutTenant(ctx, "blue", nil); return err }},
		{"change it there", func() error { _, err := ownStore{refuse: atBOS(true)}.PutTenant(ctx, "blue", nil); return err }},
	} {
		if err := c.call(); bos.CodeOf(err) != bos.Conflict || !strings.Contains(err.Error(), c.where) {
			t.Errorf("%s: %v", c.where, err)
		}
	}
}
