package bos_test

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestCheckAcceptsAnyPhaseActionAndOverride(t *testing.T) {
	long := strings.Repeat("é", bos.MaxText)
	for name, c := range map[string]bos.Component{
		"all parts":    full(),
		"an id only":   {ID: "x1"},
		"empty parts":  {ID: "x1", DesiredState: &bos.DesiredState{}, ActualState: &bos.ActualState{}, StagedState: &bos.StagedState{}, LastAction: &bos.LastAction{}, EventStats: &bos.EventStats{}},
		"unknown":      {ID: "x1", StatusRecord: bos.StatusRecord{Phase: "dancing", Override: "any words"}, LastAction: &bos.LastAction{Action: "jump"}},
		"blank error":  {ID: "x1", Error: " \n\t"},
		"long texts":   {ID: "x1", Error: long, StatusRecord: bos.StatusRecord{Phase: bos.Phase(long), Override: long}},
		"naive micros": {ID: "x1", LastAction: &bos.LastAction{LastUpdated: "2026-11-22T09:00:00.123456"}},
	} {
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckNamesTheFieldAtFault(t *testing.T) {
	long := strings.Repeat("é", bos.MaxText+1)
	tests := []struct {
		field string
		spoil func(*bos.Component)
	}{
		{"id", func(c *bos.Component) { c.ID = "" }},
		{"session", func(c *bos.Component) { c.Session = "a/b" }},
		{"session", func(c *bos.Component) { c.Session = strings.Repeat("s", bos.MaxName+1) }},
		{"error", func(c *bos.Component) { c.Error = long }},
		{"error", func(c *bos.Component) { c.Error = "cut\x00" }},
		{"error", func(c *bos.Component) { c.Error = "cut\xc3" }},
		{"status.phase", func(c *bos.Component) { c.Phase = "\x00" }},
		{"status.statusOverride", func(c *bos.Component) { c.Override = long }},
		{"desiredState.bootArtifacts.kernel", func(c *bos.Component) { c.DesiredState.BootArtifacts.Kernel = long }},
		{"desiredState.bootArtifacts.kernelParameters", func(c *bos.Component) { c.DesiredState.BootArtifacts.KernelParameters = "\xff" }},
		{"desiredState.bootArtifacts.initrd", func(c *bos.Component) { c.DesiredState.BootArtifacts.Initrd = "\x00" }},
		{"desiredState.configuration", func(c *bos.Component) { c.DesiredState.Configuration = long }},
		{"desiredState.bssToken", func(c *bos.Component) { c.DesiredState.BSSToken = long }},
		{"desiredState.lastUpdated", func(c *bos.Component) { c.DesiredState.LastUpdated = "soon" }},
		{"actualState.bootArtifacts.kernel", func(c *bos.Component) { c.ActualState.BootArtifacts.Kernel = long }},
		{"actualState.bssToken", func(c *bos.Component) { c.ActualState.BSSToken = long }},
		{"actualState.lastUpdated", func(c *bos.Component) { c.ActualState.LastUpdated = "2026-02-30T00:00:00" }},
		{"stagedState.bootArtifacts.initrd", func(c *bos.Component) { c.StagedState.BootArtifacts.Initrd = long }},
		{"stagedState.configuration", func(c *bos.Component) { c.StagedState.Configuration = long }},
		{"stagedState.session", func(c *bos.Component) { c.StagedState.Session = "-" }},
		{"stagedState.lastUpdated", func(c *bos.Component) { c.StagedState.LastUpdated = bos.Time(strings.Repeat("x", 1<<16)) }},
		{"lastAction.action", func(c *bos.Component) { c.LastAction.Action = "\x00" }},
		{"lastAction.lastUpdated", func(c *bos.Component) { c.LastAction.LastUpdated = "\xff" }},
	}
	for _, test := range tests {
		t.Run(test.field, func(t *testing.T) {
			c := full()
			test.spoil(&c)
			wantError(t, c.Check(), bos.BadUserInput, test.field)
		})
	}
}

func TestComponentIDsAreCheckedAsBOSDoes(t *testing.T) {
	for id, ok := range map[string]bool{
		"x3000c0s13b0n0": true, "nid000001": true, "x1/é:*{}": true, strings.Repeat("x", 127): true,
		"": false, "x1,x2": false, "x 1": false, "x1\n": false, "x1\x00": false, "x1\u00a0": false, "x1\u0085": false, "x\xff": false,
		strings.Repeat("x", 128): false, strings.Repeat("é", 64): false, strings.Repeat("\xff", 1<<16): false,
	} {
		err := bos.CheckComponentID(id)
		if ok && err != nil {
			t.Errorf("%q: %v", id, err)
		}
		if !ok {
			wantError(t, err, bos.BadUserInput, "")
			wantError(t, (&bos.Component{ID: id}).Check(), bos.BadUserInput, "id")
		}
	}
}

func TestAComponentFilterIsChecked(t *testing.T) {
	ids := strings.Split(strings.Repeat("x1,", bos.MaxBatch)+"x1", ",")
	tests := []struct {
		name   string
		filter bos.ComponentFilter
		field  string // "" if nothing is wrong
	}{
		{"none", bos.ComponentFilter{}, ""},
		{"without a session", bos.ComponentFilter{Session: new(""), StagedSession: new("")}, ""},
		{"5,000 ids", bos.ComponentFilter{IDs: ids[1:]}, ""},
		{"5,001 ids", bos.ComponentFilter{IDs: ids}, "filter.ids"},
		{"a broken id", bos.ComponentFilter{IDs: []string{"x1", "x 2"}}, "filter.ids"},
		{"a broken session", bos.ComponentFilter{Session: new("a/b")}, "filter.session"},
		{"a broken staged session", bos.ComponentFilter{StagedSession: new("a/b")}, "filter.stagedSession"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.filter.Check()
			if test.field != "" {
				wantError(t, err, bos.BadUserInput, test.field)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTextsAreCutBetweenCharacters shows that an error quotes no part of a character, which would be shown as an escape.
func TestTextsAreCutBetweenCharacters(t *testing.T) {
	_, err := bos.ParseTime("x" + strings.Repeat("é", 29))
	if want := `"x` + strings.Repeat("é", 19) + `… (59 bytes)" is not a time: write it as 2026-11-22T09:00:00Z`; err == nil || err.Error() != want {
		t.Errorf("it says %v", err)
	}
	for text, want := range map[string]string{"": "", "abc": "abc", "ab€": "ab…", "€": "€", "a€": "a…", "€uro": "€…"} {
		if got := bos.Clip(text, 3); got != want {
			t.Errorf("%q is cut to %q", text, got)
		}
	}
}
