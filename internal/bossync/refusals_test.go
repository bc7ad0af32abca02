package bossync

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestChangesOfBOSsRecordsAreRefused refuses what comes from BOS, and says where to change it instead.
func TestChangesOfBOSsRecordsAreRefused(t *testing.T) {
	ctx := t.Context()
	for what, call := range map[string]func(Refusals) error{
		"change components there": func(r Refusals) error { _, err := r.PatchComponents(ctx, nil); return err },
		"delete components there": func(r Refusals) error { _, err := r.DeleteComponents(ctx, nil); return err },
		"create sessions there":   func(r Refusals) error { _, err := r.CreateSession(ctx, bos.NewSession{}); return err },
		"change it there":         func(Refusals) error { _, err := Refusals{Tenants: true}.PutTenant(ctx, "blue", nil); return err },
		"start it with":           func(r Refusals) error { _, err := r.PutTenant(ctx, "blue", nil); return err },
	} {
		if err := call(Refusals{}); bos.CodeOf(err) != bos.Conflict || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := (Refusals{}).PutComponents(ctx, nil); bos.CodeOf(err) != bos.Conflict {
		t.Errorf("components are stored: %v", err)
	}
}
