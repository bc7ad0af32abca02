package bos_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

var morning = time.Date(2026, 11, 22, 9, 0, 0, 123_000_000, time.UTC)

func TestCreateMakesAPendingSession(t *testing.T) {
	n := bos.NewSession{
		SessionKey: bos.SessionKey{Tenant: "vcluster-blue", Name: "boot-1"}, Operation: bos.OperationReboot,
		TemplateName: "compute-24.7", Limit: "x3000c0", Stage: true, IncludeDisabled: true, Source: bos.SourceProducer,
	}
	s, err := n.Create("incarnation-1", morning)
	if err != nil {
		t.Fatal(err)
	}
	want := bos.Session{
		Incarnation: "incarnation-1", SessionKey: n.SessionKey, Operation: n.Operation, TemplateName: n.TemplateName,
		Stage: true, IncludeDisabled: true, Source: bos.SourceProducer,
		State: bos.StatePending, StartTime: "2026-11-22T09:00:00", Details: s.Details,
	}
	if *s != want {
		t.Errorf("got  %+v\nwant %+v", *s, want)
	}
	if s.Details == nil || *s.Details != (bos.SessionDetails{Limit: "x3000c0"}) {
		t.Errorf("details: %+v", s.Details)
	}

	n.StartTime = "2026-11-01T07:00:00.5Z"
	if s, err := n.Create("incarnation-2", morning); err != nil || s.StartTime != n.StartTime {
		t.Errorf("the start that was given is not kept: %+v, %v", s, err)
	}
}

func TestCreateChecks(t *testing.T) {
	const é = "é" // two bytes, one character
	tests := []struct {
		name   string
		change func(*bos.NewSession)
		field  string // "" if nothing is wrong
	}{
		{"as it is", func(*bos.NewSession) {}, ""},
		{"no name", func(n *bos.NewSession) { n.Name = "" }, "name"},
		{"tenant with a slash", func(n *bos.NewSession) { n.Tenant = "a/b" }, "tenant"},
		{"template of 127 characters", func(n *bos.NewSession) { n.TemplateName = strings.Repeat("t", 127) }, ""},
		{"template of 128 characters", func(n *bos.NewSession) { n.TemplateName = strings.Repeat("t", 128) }, "templateName"},
		{"limit of 65,536 characters", func(n *bos.NewSession) { n.Limit = strings.Repeat("x", 65_536) }, ""},
		{"limit of 65,536 long characters", func(n *bos.NewSession) { n.Limit = strings.Repeat(é, 65_536) }, ""},
		{"limit of 65,537 characters", func(n *bos.NewSession) { n.Limit = strings.Repeat("x", 65_537) }, "limit"},
		{"limit of 65,537 long characters", func(n *bos.NewSession) { n.Limit = strings.Repeat(é, 65_537) }, "limit"},
		{"limit with a NUL", func(n *bos.NewSession) { n.Limit = "x\x00" }, "limit"},
		{"limit not UTF-8", func(n *bos.NewSession) { n.Limit = "\xff" }, "limit"},
		{"start is no time", func(n *bos.NewSession) { n.StartTime = "soon" }, "startTime"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := bos.NewSession{SessionKey: bos.SessionKey{Name: "boot-1"}, Operation: bos.OperationBoot}
			test.change(&n)
			s, err := n.Create("i", morning)
			if test.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if s != nil {
				t.Errorf("refused, but made %+v", s)
			}
			wantError(t, err, bos.BadUserInput, test.field)
		})
	}
}

func TestSessionNamesAreCheckedAsBOSDoes(t *testing.T) {
	tests := []struct {
		name string
		ok   bool
	}{
		{"a", true}, {"7", true}, {"Boot-1", true}, {"a-_.b", true}, {"x..y", true},
		{"9b5dd6b6-7d4c-4d6e-8a4e-0f2d6ee3d2f1", true},
		{strings.Repeat("n", 127), true},
		{"", false}, {"-a", false}, {"a-", false}, {".a", false}, {"a.", false}, {"_", false},
		{"a b", false}, {"a/b", false}, {"a,b", false}, {"a:b", false}, {"a{b}", false}, {"a\n", false}, {"\na", false},
		{"a\x00b", false}, {"é", false}, {"a\xff", false},
		{strings.Repeat("n", 128), false}, {strings.Repeat("\x01", 1<<16), false},
	}
	for _, test := range tests {
		_, created := bos.NewSession{SessionKey: bos.SessionKey{Name: test.name}}.Create("i", morning)
		for who, err := range map[string]error{"session": created, "tenant": bos.CheckTenant(test.name)} {
			if test.ok && err != nil {
				t.Errorf("%s %q: %v", who, test.name, err)
			}
			if !test.ok {
				wantError(t, err, bos.BadUserInput, "name")
			}
		}
	}
}

func TestUpdateGoesForwardOnly(t *testing.T) {
	const p, r, c = bos.StatePending, bos.StateRunning, bos.StateComplete
	tests := []struct {
		from, to bos.State
		field    string // of the conflict; "-" for none
	}{
		{p, p, "-"}, {p, r, "-"}, {p, c, "-"},
		{r, p, "status"}, {r, r, "-"}, {r, c, "-"},
		{c, p, ""}, {c, r, ""}, {c, c, "-"},
	}
	for _, test := range tests {
		t.Run(string(test.from+" to "+test.to), func(t *testing.T) {
			s := session(test.from)
			next, err := s.Update(bos.SessionUpdate{State: new(test.to)})
			if s.State != test.from {
				t.Errorf("the old record is %s now", s.State)
			}
			if test.field == "-" {
				if err != nil || next.State != test.to {
					t.Errorf("got %+v, %v", next, err)
				}
				return
			}
			if next != nil {
				t.Errorf("refused, but made %+v", next)
			}
			wantError(t, err, bos.Conflict, test.field)
		})
	}
}

// session is one of that state, begun at nine.
func session(state bos.State) *bos.Session {
	s := &bos.Session{
		Incarnation: "i", SessionKey: bos.SessionKey{Name: "boot-1"}, Source: bos.SourceProducer, State: state,
		StartTime: "2026-11-22T09:00:00", Version: "7",
		Details: &bos.SessionDetails{Limit: "x3000", Error: "none so far", InitialComponents: "x1,x2"},
	}
	if state == bos.StateComplete {
		s.EndTime = "2026-11-22T10:00:00"
	}
	return s
}

func TestAnUpdateIsAppliedOrRefusedAsAWhole(t *testing.T) {
	const running, complete = bos.StateRunning, bos.StateComplete
	long := strings.Repeat("é", 65_536)
	tests := []struct {
		name  string
		from  bos.State
		u     bos.SessionUpdate
		code  bos.Code // "" if it is done
		field string
	}{
		{"nothing", running, bos.SessionUpdate{}, "", ""},
		{"nothing, complete", complete, bos.SessionUpdate{}, "", ""},
		{"the same, complete", complete, bos.SessionUpdate{State: new(complete), EndTime: new(bos.Time("2026-11-22T10:00:00")),
			Error: new("none so far"), InitialComponents: new("x1,x2")}, "", ""},
		{"error, complete", complete, bos.SessionUpdate{Error: new("late")}, bos.Conflict, ""},
		{"end, complete", complete, bos.SessionUpdate{EndTime: new(bos.Time("2026-11-22T11:00:00"))}, bos.Conflict, ""},
		{"components, complete", complete, bos.SessionUpdate{InitialComponents: new("")}, bos.Conflict, ""},
		{"all at once", running, bos.SessionUpdate{State: new(complete), EndTime: new(bos.Time("2026-11-22T09:30:00")),
			Error: new(""), InitialComponents: new("x3")}, "", ""},
		{"end at the start", running, bos.SessionUpdate{EndTime: new(bos.Time("2026-11-22T09:00:00Z"))}, "", ""},
		{"end before the start", running, bos.SessionUpdate{EndTime: new(bos.Time("2026-11-22T08:59:59.999"))}, bos.BadUserInput, "endTime"},
		{"end is no time", running, bos.SessionUpdate{EndTime: new(bos.Time("soon"))}, bos.BadUserInput, "endTime"},
		{"end is long before, and long", running,
			bos.SessionUpdate{EndTime: new(bos.Time("2025-01-01T00:00:00." + strings.Repeat("0", 1<<12)))}, bos.BadUserInput, "endTime"},
		{"error of 65,536 characters", running, bos.SessionUpdate{Error: new(long)}, "", ""},
		{"error of 65,537 characters", running, bos.SessionUpdate{Error: new(long + "x")}, bos.BadUserInput, "error"},
		{"error not UTF-8", running, bos.SessionUpdate{Error: new("\xff")}, bos.BadUserInput, "error"},
		{"more components than a text holds", running, bos.SessionUpdate{InitialComponents: new(long + ",x1")}, "", ""},
		{"too many components", running, bos.SessionUpdate{InitialComponents: new(strings.Repeat("x", bos.MaxComponentList+1))},
			bos.BadUserInput, "initialComponents"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := session(test.from)
			next, err := s.Update(test.u)
			if old := session(test.from); *s.Details != *old.Details || s.EndTime != old.EndTime {
				t.Errorf("the old record changed: %+v, %+v", s, s.Details)
			}
			if test.code != "" {
				wantError(t, err, test.code, test.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want, details := *s, *s.Details
			want.State, want.EndTime = given(test.u.State, s.State), given(test.u.EndTime, s.EndTime)
			details.Error = given(test.u.Error, details.Error)
			details.InitialComponents = given(test.u.InitialComponents, details.InitialComponents)
			want.Details = next.Details
			if *next != want || *next.Details != details {
				t.Errorf("got %+v, %+v", next, next.Details)
			}
		})
	}
}

func given[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func TestOnlyAProducersRunningSessionCompletesByItself(t *testing.T) {
	for _, source := range []bos.Source{bos.SourceProducer, bos.SourceBOS} {
		for _, state := range []bos.State{bos.StatePending, bos.StateRunning, bos.StateComplete} {
			s := bos.Session{Source: source, State: state}
			if want := source == "producer" && state == "running"; s.SelfCompleting() != want {
				t.Errorf("%s from %s: got %v", state, source, !want)
			}
		}
	}
}

func TestASessionKeyIsReadAsItIsWritten(t *testing.T) {
	for text, key := range map[string]bos.SessionKey{
		"/boot-1":     {Name: "boot-1"},
		"blue/boot-1": {Tenant: "blue", Name: "boot-1"},
	} {
		if got := key.String(); got != text {
			t.Errorf("%+v is written as %q", key, got)
		}
		if got := bos.ParseSessionKey(text); got != key {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// TestAReadOfBothBringsAllOfEach goes through all that a read can be asked for. What is left out is left out only if neither needs it.
func TestAReadOfBothBringsAllOfEach(t *testing.T) {
	wants := map[string][2]bos.Want{"Without": {{Without: 2}, {Without: 2 | 4}}} // more of it, and less
	for field := range reflect.TypeFor[bos.Want]().Fields() {
		var more bos.Want
		switch value := reflect.ValueOf(&more).Elem().FieldByIndex(field.Index); field.Type.Kind() {
		case reflect.Bool:
			value.SetBool(true)
		case reflect.Int:
			value.SetInt(1)
		default:
			continue
		}
		wants[field.Name] = [2]bos.Want{more, {}}
	}
	for name, want := range wants {
		more, less := want[0], want[1]
		if more.With(less) != more || less.With(more) != more {
			t.Errorf("%s: both are %+v", name, more.With(less))
		}
		if !more.Covers(less) || less.Covers(more) {
			t.Errorf("%s: more covers less: %v, less covers more: %v", name, more.Covers(less), less.Covers(more))
		}
	}
}
