package bos_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestStatusFollowsFromPhaseAndLastAction goes through every phase, with every last action, failed or
// not, and every kind of override.
func TestStatusFollowsFromPhaseAndLastAction(t *testing.T) {
	// What decides, as a table: a phase, a last action and its failure give a
	// status; "*" is any that has no line of its own.
	statuses := map[string]bos.ComponentStatus{
		"powering_on powering_on false":              "power_on_called",
		"powering_on powering_on true":               "power_on_pending",
		"powering_on * *":                            "power_on_pending",
		"powering_off powering_off_gracefully false": "power_off_gracefully_called",
		"powering_off powering_off_gracefully true":  "power_off_gracefully_called",
		"powering_off powering_off_forcefully false": "power_off_forcefully_called",
		"powering_off powering_off_forcefully true":  "power_off_forcefully_called",
		"powering_off * *":                           "power_off_pending",
		"configuring * *":                            "configuring",
	}
	actions := []string{
		"", "powering_on", "powering_off_gracefully", "powering_off_forcefully", "apply_staged", "session_setup",
		"newly_discovered", "actual_state_cleanup", "dancing",
	}
	for _, phase := range []bos.Phase{"", "powering_on", "powering_off", "configuring", "dancing", "Configuring"} {
		for _, action := range actions {
			for _, failed := range []bool{false, true} {
				want, ok := statuses[fmt.Sprintf("%s %s %v", phase, action, failed)]
				if !ok {
					want, ok = statuses[string(phase)+" * *"]
				}
				if !ok {
					want = "stable"
				}
				last := &bos.LastAction{Action: action, Failed: failed}
				for _, override := range []string{"", "failed", "on_hold", "stable", "dancing", " "} {
					c := bos.Component{StatusRecord: bos.StatusRecord{Phase: phase, Override: override}, LastAction: last}
					if override != "" {
						want = bos.ComponentStatus(override)
					}
					if got := c.Status(); got != want {
						t.Errorf("%q, %+v, override %q: got %q, want %q", phase, *last, override, got, want)
					}
				}
			}
		}
	}
}

func TestStatusWithoutLastAction(t *testing.T) {
	for phase, want := range map[bos.Phase]bos.ComponentStatus{
		"": "stable", "powering_on": "power_on_pending", "powering_off": "power_off_pending", "configuring": "configuring",
	} {
		c := bos.Component{StatusRecord: bos.StatusRecord{Phase: phase}}
		if got := c.Status(); got != want {
			t.Errorf("%q: got %q, want %q", phase, got, want)
		}
	}
}

// TestRecordsWithPartsMissing reads what producers really send: parts are
// missing, empty or null, and a stored status means nothing.
func TestRecordsWithPartsMissing(t *testing.T) {
	tests := []struct {
		text  string
		want  bos.ComponentStatus
		marks bos.Marks
	}{
		{`{"id":"x1","session":"s"}`, "stable", bos.MarkSuccessful},
		{`{"id":"x1","session":"s","status":{}}`, "stable", bos.MarkSuccessful},
		{`{"id":"x1","session":"s","status":null,"enabled":null,"error":null}`, "stable", bos.MarkSuccessful},
		{`{"id":"x1","session":"s","status":{"status":"failed"}}`, "stable", bos.MarkSuccessful},
		{`{"id":"x1","session":"s","status":{"phase":null,"status_override":null,"status":"configuring"}}`, "stable", bos.MarkSuccessful},
		{`{"id":"x1","session":"s","enabled":true,"status":{"phase":"configuring"},"last_action":null,"staged_state":null}`,
			"configuring", bos.MarkActive | bos.MarkConfiguring},
		{`{"id":"x1","session":"s","status":{"phase":"powering_on"},"last_action":{}}`, "power_on_pending", 0},
		{`{"id":"x1","session":null,"status":{"status_override":"failed"},"staged_state":{}}`, "failed", 0},
	}
	for _, test := range tests {
		var c bos.Component
		if err := json.Unmarshal([]byte(test.text), &c); err != nil {
			t.Fatal(err)
		}
		if got := c.Status(); got != test.want {
			t.Errorf("%s\nis %q, want %q", test.text, got, test.want)
		}
		if got := c.Contribution(); got.Marks&^bos.MarkDisabled != test.marks || got.Group != "" || got.Staged != "" {
			t.Errorf("%s\ncounts as %+v, want marks %b", test.text, got, test.marks)
		}
	}
}

func TestAContributionFollowsFromTheRecord(t *testing.T) {
	const (
		successful, failed, active           = bos.MarkSuccessful, bos.MarkFailed, bos.MarkActive
		configuring, poweringOff, poweringOn = bos.MarkConfiguring, bos.MarkPoweringOff, bos.MarkPoweringOn
	)
	tests := []struct {
		name     string
		phase    bos.Phase
		override string
		enabled  bos.Marks // what it counts as while it is enabled
		disabled bos.Marks
		status   bos.ComponentStatus
		wait     bos.Wait
	}{
		{"stable", "", "", successful | active, successful, bos.StatusStable, bos.WaitStart},
		{"configuring", "configuring", "", configuring | active, 0, bos.StatusConfiguring, bos.WaitConfiguring},
		{"powering off", "powering_off", "", poweringOff | active, 0, bos.StatusPowerOffPending, bos.WaitPowerOff},
		{"powering on", "powering_on", "", poweringOn | active, 0, bos.StatusPowerOnPending, bos.WaitPowerOn},
		{"a phase that BOS does not have", "dancing", "", successful | active, successful, bos.StatusStable, bos.WaitStart},
		{"failed", "", "failed", failed | active, failed, bos.StatusFailed, bos.WaitOther},
		{"failed in a phase", "powering_on", "failed", poweringOn | failed | active, failed, bos.StatusFailed, bos.WaitOther},
		{"on hold", "", "on_hold", active, 0, bos.StatusOnHold, bos.WaitOnHold},
		{"on hold in a phase", "configuring", "on_hold", active, 0, bos.StatusOnHold, bos.WaitOnHold},
		{"stable by override, in a phase", "powering_off", "stable", poweringOff | successful | active, successful, bos.StatusStable, bos.WaitStart},
		{"an override that BOS does not have", "", "dancing", active, 0, bos.StatusOther, bos.WaitOther},
		{"the same, in a phase", "configuring", "dancing", configuring | active, 0, bos.StatusOther, bos.WaitOther},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, enabled := range []bool{true, false} {
				c := bos.Component{
					ID: "x1", Enabled: enabled, Session: "s", Error: "e",
					StatusRecord: bos.StatusRecord{Phase: test.phase, Override: test.override},
					StagedState:  &bos.StagedState{Session: "later"},
				}
				want := bos.Contribution{Session: "s", Staged: "later", Group: bos.GroupKey("e"), Status: test.status,
					Marks: test.disabled | bos.MarkDisabled}
				if enabled {
					want.Marks, want.Wait = test.enabled, test.wait
				}
				if got := c.Contribution(); got != want {
					t.Errorf("enabled %v: got %+v, want %+v", enabled, got, want)
				}
				// Without a session only staging is left to count.
				c.Session = ""
				if got := c.Contribution(); got != (bos.Contribution{Staged: "later"}) {
					t.Errorf("of no session, enabled %v: got %+v", enabled, got)
				}
			}
		})
	}
}

func TestUnknownPhasesAndStatusesAreOfTheKindOther(t *testing.T) {
	for _, p := range []bos.Phase{"", "powering_on", "powering_off", "configuring"} {
		if p.Kind() != p {
			t.Errorf("phase %q is of the kind %q", p, p.Kind())
		}
	}
	for _, s := range []bos.ComponentStatus{
		"power_on_pending", "power_on_called", "power_off_pending", "power_off_gracefully_called",
		"power_off_forcefully_called", "configuring", "stable", "failed", "on_hold",
	} {
		if s.Kind() != s {
			t.Errorf("status %q is of the kind %q", s, s.Kind())
		}
	}
	for _, other := range []string{"dancing", "other", " ", "Stable"} {
		if p, s := bos.Phase(other).Kind(), bos.ComponentStatus(other).Kind(); p != bos.PhaseOther || s != bos.StatusOther {
			t.Errorf("%q: got %q and %q", other, p, s)
		}
	}
}
