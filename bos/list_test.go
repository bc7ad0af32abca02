package bos_test

import (
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestAComponentFilterMatches(t *testing.T) {
	c := full()
	c.Override = ""
	dancing := c
	dancing.Phase, dancing.Override = "dancing", "resting"
	bare := bos.Component{ID: "x2"}
	tests := []struct {
		name                string
		filter              bos.ComponentFilter
		full, dancing, bare bool
	}{
		{"all", bos.ComponentFilter{}, true, true, true},
		{"ids", bos.ComponentFilter{IDs: []string{"x0", "x1"}}, true, true, false},
		{"no ids at all", bos.ComponentFilter{IDs: []string{}}, false, false, false},
		{"session", bos.ComponentFilter{Session: new("session")}, true, true, false},
		{"no session", bos.ComponentFilter{Session: new("")}, false, false, true},
		{"staged", bos.ComponentFilter{StagedSession: new("staged")}, true, true, false},
		{"not staged", bos.ComponentFilter{StagedSession: new("")}, false, false, true},
		{"phase", bos.ComponentFilter{Phase: new(bos.PhaseConfiguring)}, true, false, false},
		{"no phase", bos.ComponentFilter{Phase: new(bos.PhaseNone)}, false, false, true},
		{"another phase", bos.ComponentFilter{Phase: new(bos.PhaseOther)}, false, true, false},
		{"status", bos.ComponentFilter{Status: new(bos.StatusConfiguring)}, true, false, false},
		{"stable", bos.ComponentFilter{Status: new(bos.StatusStable)}, false, false, true},
		{"another status", bos.ComponentFilter{Status: new(bos.StatusOther)}, false, true, false},
		{"enabled", bos.ComponentFilter{Enabled: new(true)}, true, true, false},
		{"disabled", bos.ComponentFilter{Enabled: new(false)}, false, false, true},
		{"error", bos.ComponentFilter{Error: new("error")}, true, true, false},
		{"part of an error", bos.ComponentFilter{Error: new("err")}, false, false, false},
		{"no error", bos.ComponentFilter{Error: new("")}, false, false, true},
		{"any error", bos.ComponentFilter{HasError: new(true)}, true, true, false},
		{"without any error", bos.ComponentFilter{HasError: new(false)}, false, false, true},
		{"beginning", bos.ComponentFilter{IDPrefix: new("x1")}, true, true, false},
		{"owner, which no record says", bos.ComponentFilter{Owner: new("blue")}, true, true, true},
		{"all of them hold", bos.ComponentFilter{Session: new("session"), Enabled: new(true), Phase: new(bos.PhaseOther)}, false, true, false},
	}
	for _, test := range tests {
		got := [3]bool{test.filter.Match(&c), test.filter.Match(&dancing), test.filter.Match(&bare)}
		if want := [3]bool{test.full, test.dancing, test.bare}; got != want {
			t.Errorf("%s: got %v, want %v", test.name, got, want)
		}
		if got, want := test.filter.Empty(), test.name == "all"; got != want {
			t.Errorf("%s: Empty is %v", test.name, got)
		}
	}
}

func TestASessionFilterMatches(t *testing.T) {
	s := bos.Session{
		SessionKey: bos.SessionKey{Tenant: "blue", Name: "boot-1"}, State: bos.StateRunning,
		Operation: bos.OperationBoot, TemplateName: "compute", StartTime: "2026-11-22T09:00:00",
	}
	late := bos.Time("2027-01-01T00:00:00")
	tests := []struct {
		name       string
		filter     bos.SessionFilter
		match      bool
		byTimeOnly bool
	}{
		{"all", bos.SessionFilter{}, true, true},
		{"started before", bos.SessionFilter{StartedBefore: &late}, true, true},
		{"started after", bos.SessionFilter{StartedAfter: &late}, false, true},
		{"started at that time", bos.SessionFilter{StartedAfter: &s.StartTime}, false, true},
		{"started a nanosecond later", bos.SessionFilter{StartedAfter: new(bos.Time("2026-11-22T08:59:59.999999999Z"))}, true, true},
		{"name", bos.SessionFilter{Name: new("boot-1")}, true, false},
		{"another name", bos.SessionFilter{Name: new("boot")}, false, false},
		{"status", bos.SessionFilter{Status: new(bos.StateRunning)}, true, false},
		{"another status", bos.SessionFilter{Status: new(bos.StatePending)}, false, false},
		{"tenant", bos.SessionFilter{Tenant: new("blue")}, true, false},
		{"no tenant", bos.SessionFilter{Tenant: new("")}, false, false},
		{"operation", bos.SessionFilter{Operation: new(bos.OperationBoot)}, true, false},
		{"another operation", bos.SessionFilter{Operation: new(bos.OperationReboot)}, false, false},
		{"template", bos.SessionFilter{TemplateName: new("compute")}, true, false},
		{"another template", bos.SessionFilter{TemplateName: new("")}, false, false},
		{"one of two", bos.SessionFilter{Name: new("boot-1"), Tenant: new("red"), StartedAfter: &late}, false, false},
	}
	for _, test := range tests {
		if got := test.filter.Match(&s); got != test.match {
			t.Errorf("%s: Match is %v", test.name, got)
		}
		if got := test.filter.ByTimeOnly(); got != test.byTimeOnly {
			t.Errorf("%s: ByTimeOnly is %v", test.name, got)
		}
	}
	s.Deleted = true // before it was complete: it is listed, in no state
	if all, running := (bos.SessionFilter{}).Match(&s), (bos.SessionFilter{Status: new(bos.StateRunning)}).Match(&s); !all || running {
		t.Errorf("deleted while it ran: in the list %v, among those that run %v", all, running)
	}
}
