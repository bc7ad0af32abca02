package bos_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// full is a record with all its parts, each made again.
func full() bos.Component {
	artifacts := bos.BootArtifacts{Kernel: "kernel", KernelParameters: "parameters", Initrd: "initrd"}
	return bos.Component{
		ID: "x1", Enabled: true, Error: "error", Session: "session", RetryPolicy: new(3),
		StatusRecord: bos.StatusRecord{Phase: "configuring", Override: "on_hold"},
		DesiredState: &bos.DesiredState{BootArtifacts: artifacts, Configuration: "configuration", BSSToken: "token", LastUpdated: "2026-11-22T09:00:01"},
		ActualState:  &bos.ActualState{BootArtifacts: artifacts, BSSToken: "token", LastUpdated: "2026-11-22T09:00:02"},
		StagedState:  &bos.StagedState{BootArtifacts: artifacts, Configuration: "configuration", Session: "staged", LastUpdated: "2026-11-22T09:00:03"},
		LastAction:   &bos.LastAction{Action: "powering_on", Failed: true, LastUpdated: "2026-11-22T09:00:04"},
		EventStats:   &bos.EventStats{PowerOnAttempts: 1, PowerOffGracefulAttempts: 2, PowerOffForcefulAttempts: 3},
	}
}

// fullPatch gives every field a value that full does not have.
func fullPatch() bos.ComponentPatch {
	artifacts := func() *bos.BootArtifactsPatch {
		return &bos.BootArtifactsPatch{Kernel: new("K"), KernelParameters: new("P"), Initrd: new("I")}
	}
	at := func() *bos.Time { return new(bos.Time("2026-11-22T10:00:00")) }
	return bos.ComponentPatch{
		ID: "x1", Enabled: new(false), Error: new("E"), Session: new("S"), RetryPolicy: new(7),
		Status:       &bos.StatusPatch{Phase: new("powering_off"), StatusOverride: new("failed")},
		DesiredState: &bos.DesiredStatePatch{BootArtifacts: artifacts(), Configuration: new("C"), BssToken: new("T"), LastUpdated: at()},
		ActualState:  &bos.ActualStatePatch{BootArtifacts: artifacts(), BssToken: new("T"), LastUpdated: at()},
		StagedState:  &bos.StagedStatePatch{BootArtifacts: artifacts(), Configuration: new("C"), Session: new("G"), LastUpdated: at()},
		LastAction:   &bos.LastActionPatch{Action: new("apply_staged"), Failed: new(false), LastUpdated: at()},
		EventStats:   &bos.EventStatsPatch{PowerOnAttempts: new(11), PowerOffGracefulAttempts: new(12), PowerOffForcefulAttempts: new(13)},
	}
}

// patched is full with fullPatch applied, in BOS's words.
const patched = `{
	"id": "x1", "enabled": false, "error": "E", "session": "S", "retry_policy": 7,
	"status": {"phase": "powering_off", "status_override": "failed"},
	"desired_state": {"boot_artifacts": {"kernel": "K", "kernel_parameters": "P", "initrd": "I"},
		"configuration": "C", "bss_token": "T", "last_updated": "2026-11-22T10:00:00"},
	"actual_state": {"boot_artifacts": {"kernel": "K", "kernel_parameters": "P", "initrd": "I"},
		"bss_token": "T", "last_updated": "2026-11-22T10:00:00"},
	"staged_state": {"boot_artifacts": {"kernel": "K", "kernel_parameters": "P", "initrd": "I"},
		"configuration": "C", "session": "G", "last_updated": "2026-11-22T10:00:00"},
	"last_action": {"action": "apply_staged", "failed": false, "last_updated": "2026-11-22T10:00:00"},
	"event_stats": {"power_on_attempts": 11, "power_off_graceful_attempts": 12, "power_off_forceful_attempts": 13}
}`

func TestApplySetsEveryField(t *testing.T) {
	var want bos.Component
	if err := json.Unmarshal([]byte(patched), &want); err != nil {
		t.Fatal(err)
	}
	p := fullPatch()
	for name, old := range map[string]bos.Component{"a full record": full(), "an empty one": {}} {
		if got := p.Apply(old); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s\nwant %s", name, text(t, got), text(t, want))
		}
	}
}

func text(t *testing.T, c bos.Component) string {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestApplyKeepsWhatIsNotGiven(t *testing.T) {
	tests := []struct {
		name   string
		patch  bos.ComponentPatch
		change func(*bos.Component) // what becomes of a full record
	}{
		{"nothing", bos.ComponentPatch{}, func(*bos.Component) {}},
		{"empty parts", bos.ComponentPatch{
			Status: &bos.StatusPatch{}, DesiredState: &bos.DesiredStatePatch{BootArtifacts: &bos.BootArtifactsPatch{}},
			ActualState: &bos.ActualStatePatch{}, StagedState: &bos.StagedStatePatch{}, LastAction: &bos.LastActionPatch{},
			EventStats: &bos.EventStatsPatch{},
		}, func(*bos.Component) {}},
		{"phase", bos.ComponentPatch{Status: &bos.StatusPatch{Phase: new("")}}, func(c *bos.Component) { c.Phase = "" }},
		{"override", bos.ComponentPatch{Status: &bos.StatusPatch{StatusOverride: new("")}}, func(c *bos.Component) { c.Override = "" }},
		{"error taken away", bos.ComponentPatch{Error: new("")}, func(c *bos.Component) { c.Error = "" }},
		{"session taken away", bos.ComponentPatch{Session: new("")}, func(c *bos.Component) { c.Session = "" }},
		{"retries set to none", bos.ComponentPatch{RetryPolicy: new(0)}, func(c *bos.Component) { c.RetryPolicy = new(0) }},
		{"one artifact", bos.ComponentPatch{DesiredState: &bos.DesiredStatePatch{BootArtifacts: &bos.BootArtifactsPatch{Initrd: new("I")}}},
			func(c *bos.Component) { c.DesiredState.BootArtifacts.Initrd = "I" }},
		{"actual token", bos.ComponentPatch{ActualState: &bos.ActualStatePatch{BssToken: new("")}},
			func(c *bos.Component) { c.ActualState.BSSToken = "" }},
		{"no longer staged", bos.ComponentPatch{StagedState: &bos.StagedStatePatch{Session: new("")}},
			func(c *bos.Component) { c.StagedState.Session = "" }},
		{"action did not fail", bos.ComponentPatch{LastAction: &bos.LastActionPatch{Failed: new(false)}},
			func(c *bos.Component) { c.LastAction.Failed = false }},
		{"one attempt", bos.ComponentPatch{EventStats: &bos.EventStatsPatch{PowerOffGracefulAttempts: new(0)}},
			func(c *bos.Component) { c.EventStats.PowerOffGracefulAttempts = 0 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.patch.ID = "x1"
			old, want := full(), full()
			test.change(&want)
			if got := test.patch.Apply(old); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %s\nwant %s", text(t, got), text(t, want))
			}
		})
	}
}

// An empty record becomes one with BOS's empty values, of the parts that are given.
func TestApplyToAnEmptyRecord(t *testing.T) {
	p := bos.ComponentPatch{ID: "x1", StagedState: &bos.StagedStatePatch{Session: new("later")}}
	want := bos.Component{ID: "x1", StagedState: &bos.StagedState{Session: "later"}}
	got := p.NewComponent()
	got.Shape = bos.Shape{} // see TestWhatANewComponentIsNotGivenIsAbsent
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", text(t, got))
	}
}

// Records are shared while a write is decided, perhaps more than once: neither
// applying a patch nor changing its outcome may show in the old record.
func TestApplyLeavesTheOldRecordAlone(t *testing.T) {
	old, p := full(), fullPatch()
	next := p.Apply(old)
	again := p.Apply(next)
	again.DesiredState.Configuration, again.ActualState.BSSToken, again.StagedState.Session = "again", "again", "again"
	again.LastAction.Action, again.EventStats.PowerOnAttempts = "again", 99
	if !reflect.DeepEqual(old, full()) {
		t.Errorf("the old record is %s now", text(t, old))
	}
	empty := bos.ComponentPatch{}
	if want := empty.Apply(old); reflect.DeepEqual(next, want) {
		t.Error("the patch did nothing")
	}
	if want := p.Apply(full()); !reflect.DeepEqual(next, want) {
		t.Errorf("the record in between is %s now", text(t, next))
	}
}

func TestAPatchSaysWhetherItNeedsTheDetails(t *testing.T) {
	p := fullPatch()
	short := bos.ComponentPatch{ID: p.ID, Enabled: p.Enabled, Error: p.Error, Session: p.Session, Status: p.Status}
	if short.Detailed() {
		t.Error("enabled, error, session and status alone need no more than themselves")
	}
	for name, patch := range map[string]bos.ComponentPatch{
		"retry policy":  {RetryPolicy: p.RetryPolicy},
		"desired state": {DesiredState: p.DesiredState},
		"actual state":  {ActualState: p.ActualState},
		"staged state":  {StagedState: p.StagedState},
		"last action":   {LastAction: p.LastAction},
		"event stats":   {EventStats: p.EventStats},
	} {
		if !patch.Detailed() {
			t.Errorf("%s needs the rest of the record", name)
		}
	}
}
