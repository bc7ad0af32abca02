package bossync

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

func TestAListIsReadToItsEndOrFails(t *testing.T) {
	for _, test := range []struct {
		text  string
		items int
		whole bool
	}{
		{`[]`, 0, true},
		{` [ {"a": 1}, 2, null ] ` + "\n", 3, true},
		{`[{"a": 1}, {"a`, 1, false},
		{`[{"a": 1},`, 1, false},
		{`[{"a": 1}`, 1, false},
		{``, 0, false},
		{`{"a": 1}`, 0, false},
		{`[1] [2]`, 1, false},
		{`[1]x`, 1, false},
		{`<html>`, 0, false},
		{"[\"\xff\"]", 1, true},
	} {
		n := 0
		err := readList(strings.NewReader(test.text), func(jsontext.Value) error { n++; return nil })
		if n != test.items || (err == nil) != test.whole {
			t.Errorf("%q: %d items, %v", test.text, n, err)
		}
	}
	stop := errors.New("stop")
	if err := readList(strings.NewReader(`[1,2]`), func(jsontext.Value) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of an item is %v", err)
	}
	if err := readList(strings.NewReader(`[{`), func(jsontext.Value) error { return nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an incomplete list gives %v", err)
	}
}

func TestComponentsAreDecodedAsBOSMeansThem(t *testing.T) {
	three := 3
	for text, want := range map[string]bos.Component{
		`{"id":"x1"}`: {ID: "x1"},
		`{"id":"x1","enabled":null,"error":null,"session":null,"retry_policy":null,"status":null,"last_action":null}`: {ID: "x1"},
		`{"id":"x1","ID":"y","future":{"a":[1]},"enabled":true,"enabled":true}`:                                       {ID: "x1", Enabled: true},
		`{"id":"x1","error":"\ud800","retry_policy":3,"status":{"phase":"melting","status":"stable","status_override":"odd","more":1}}`: {
			ID: "x1", Error: "\ufffd", RetryPolicy: &three, StatusRecord: bos.StatusRecord{Phase: "melting", Override: "odd"}},
		`{"id":"x1","desired_state":{"boot_artifacts":{"kernel":"k"},"last_updated":"2026-11-22T09:00:00"},"staged_state":{"session":"s","last_updated":""}}`: {
			ID: "x1", DesiredState: &bos.DesiredState{BootArtifacts: bos.BootArtifacts{Kernel: "k"}, LastUpdated: "2026-11-22T09:00:00"},
			StagedState: &bos.StagedState{Session: "s"}},
		`{"id":"x1","actual_state":{"last_updated":"2026-11-22T09:00:00+02:00"},"last_action":{"action":"a","failed":true,"last_updated":"some day"}}`: {
			ID: "x1", ActualState: &bos.ActualState{LastUpdated: "2026-11-22T09:00:00+02:00"}, LastAction: &bos.LastAction{Action: "a", Failed: true}},
	} {
		c, misfit, err := decodeComponent(jsontext.Value(text))
		c.Shape = bos.Shape{} // see TestShape
		if err != nil || misfit != nil || !reflect.DeepEqual(c, want) {
			t.Errorf("%s\ngives %+v, %v, %v", text, c, misfit, err)
		}
	}
	for _, text := range []string{`{"id":"x1","enabled":"yes"}`, `{"id":"x1","status":"stable"}`, `{"id":"x1","session":1}`} {
		if c, _, err := decodeComponent(jsontext.Value(text)); err == nil {
			t.Errorf("%s gives %+v", text, c)
		}
		if id, err := idOf(jsontext.Value(text)); id != "x1" || err != nil {
			t.Errorf("%s has the id %q, %v", text, id, err)
		}
	}
	for _, text := range []string{`{}`, `{"id":""}`, `{"id":1}`, `[]`, `null`} {
		if id, err := idOf(jsontext.Value(text)); err == nil {
			t.Errorf("%s has the id %q", text, id)
		}
	}
}

// TestComponentsOfWrongTypesKeepWhatCanBeRead reads values of types that they can't be of, where no number
// depends on them: what can be read is read, and all of it is written as it came.
func TestComponentsOfWrongTypesKeepWhatCanBeRead(t *testing.T) {
	const status = `"status":{"phase":"","status":"stable","status_override":""}`
	for _, test := range []struct{ text, read string }{
		{`{"desired_state":[],"id":"x1",` + status + `}`, `{"id":"x1",` + status + `}`},
		{`{"id":"x1","retry_policy":1e3,` + status + `}`, `{"id":"x1",` + status + `}`},
		{`{"event_stats":{"power_off_forceful_attempts":99999999999999999999,"power_on_attempts":2},"id":"x1","retry_policy":"3",` + status + `}`,
			`{"event_stats":{"power_on_attempts":2},"id":"x1",` + status + `}`},
		{`{"actual_state":{"boot_artifacts":{"initrd":7,"kernel":"k"},"bss_token":{"a":1}},"id":"x1",` + status + `}`,
			`{"actual_state":{"boot_artifacts":{"kernel":"k"}},"id":"x1",` + status + `}`},
	} {
		c, _, err := decodeComponent(jsontext.Value(test.text))
		if have := string(c.AppendJSON(nil)); err != nil || have != test.text {
			t.Errorf("%s\nis written as\n%s, %v", test.text, have, err)
		}
		want, _, err := decodeComponent(jsontext.Value(test.read))
		c.Shape, want.Shape = bos.Shape{}, bos.Shape{}
		if err != nil || !reflect.DeepEqual(c, want) {
			t.Errorf("%s\ngives %+v, want %+v, %v", test.text, c, want, err)
		}
	}
}

// TestComponentsThatDoNotFitAreCountedAllTheSame reads records that can't be kept as they are: what numbers depend on is
// kept, and the rest is made to fit and named.
func TestComponentsThatDoNotFitAreCountedAllTheSame(t *testing.T) {
	long := strings.Repeat("é", bos.MaxText+1)
	cut := strings.Repeat("é", bos.MaxText-1) + "…"
	failed := bos.StatusRecord{Phase: "powering_on", Override: "failed"}
	const status = `,"enabled":true,"status":{"phase":"powering_on","status_override":"failed"}}`
	for _, test := range []struct {
		text, misfit string
		want         bos.Component
	}{
		{`{"id":"x1","session":"s","error":"` + long + `"` + status, "error is longer than 65536 characters",
			bos.Component{ID: "x1", Session: "s", Enabled: true, Error: cut, StatusRecord: failed}},
		{`{"id":"x1","session":"s","error":"a\u0000b"` + status, "error has a NUL character in it",
			bos.Component{ID: "x1", Session: "s", Enabled: true, Error: "a\ufffdb", StatusRecord: failed}},
		{`{"id":"x1","session":"no name!"` + status, `"no name!" is not a name: use 1 to 127 letters, digits, '-', '.' and '_', with a letter or digit at both ends`,
			bos.Component{ID: "x1", Enabled: true, StatusRecord: failed}},
		{`{"id":"x1","session":"s","staged_state":{"session":"/","boot_artifacts":{"kernel_parameters":"` + long + `"}}` + status, "kernelParameters is longer than 65536 characters",
			bos.Component{ID: "x1", Session: "s", Enabled: true, StagedState: &bos.StagedState{BootArtifacts: bos.BootArtifacts{KernelParameters: cut}}, StatusRecord: failed}},
		{`{"id":"x1","session":"s","future":"` + long + `"` + status, "the fields that are not known have more than 65536 bytes",
			bos.Component{ID: "x1", Session: "s", Enabled: true, StatusRecord: failed}},
		{`{"id":"x1","session":"s","enabled":true,"status":{"phase":7}}`, "",
			bos.Component{ID: "x1", Session: "s", Enabled: true, StatusRecord: bos.StatusRecord{Phase: "7"}}},
	} {
		c, misfit, err := decodeComponent(jsontext.Value(test.text))
		says := ""
		if misfit != nil {
			says = misfit.Error()
		}
		if err != nil || says != test.misfit || c.Check() != nil {
			t.Errorf("%.80s: %v, misfit %q, %v", test.text, err, says, c.Check())
		}
		if c.Shape = (bos.Shape{}); !reflect.DeepEqual(c, test.want) {
			t.Errorf("%.80s\ngives %.300s", test.text, fmt.Sprintf("%+v", c))
		}
	}
	odd := `{"id":"x1","status":{"phase":7,"status":"stable","status_override":""}}`
	if c, _, err := decodeComponent(jsontext.Value(odd)); err != nil || string(c.AppendJSON(nil)) != odd {
		t.Errorf("%s\nis written as\n%s, %v", odd, c.AppendJSON(nil), err)
	}
}

// TestWhatCannotBeReadIsNamedInWordsOfTheAPI shows what users see of values that are of no type they can be of.
func TestWhatCannotBeReadIsNamedInWordsOfTheAPI(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":"x1","enabled":"yes"}`:                    "its enabled can't be a text",
		`{"id":"x1","session":1}`:                        "its session can't be a number",
		`{"id":"x1","status":{"status_override":["a"]}}`: "its status.status_override can't be a list",
		`{"id":"x1","status":true}`:                      "its status can't be true",
	} {
		if _, _, err := decodeComponent(jsontext.Value(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := decodeSession(jsontext.Value(`{"name":"a","status":7}`)); err == nil || err.Error() != "its status can't be a number" {
		t.Error(err)
	}
}

// TestUnfitRecordsAreSummedUpAlike asks again and again which records are unfit: another answer would be logged as another
// problem.
func TestUnfitRecordsAreSummedUpAlike(t *testing.T) {
	f := &follower{unfit: map[string]unfit{}, refused: map[bos.SessionKey]string{{Name: "y"}: "r", {Name: "z"}: "q"}}
	for i := range 20 {
		f.unfit[fmt.Sprintf("x%02d", 19-i)] = unfit{why: fmt.Sprint("because of ", 19-i), counted: i%2 == 0}
	}
	for range 100 {
		if s := f.unfitness(); s != `12 records from BOS can't be kept as they are, that of "/y" among them: r` {
			t.Fatal(s)
		}
	}
}

func TestSessionsAreDecodedAsBOSMeansThem(t *testing.T) {
	text := `{"name":"a","tenant":"blue","operation":"reboot","template_name":"t","limit":"x1","stage":true,"include_disabled":true,"components":"x1,x2",
		"status":{"status":"complete","start_time":"2026-11-22T09:00:00","end_time":"2026-11-22T09:30:00Z","error":"e"},"future":1}`
	want := bos.SourceSession{
		NewSession: bos.NewSession{SessionKey: bos.SessionKey{Tenant: "blue", Name: "a"}, Operation: bos.OperationReboot, TemplateName: "t", Limit: "x1",
			Stage: true, IncludeDisabled: true, StartTime: "2026-11-22T09:00:00", Source: bos.SourceBOS},
		State: bos.StateComplete, EndTime: "2026-11-22T09:30:00Z", Error: "e", InitialComponents: "x1,x2",
	}
	want.Shape.Extra = `{"future":1}`
	if s, err := decodeSession(jsontext.Value(text)); err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	bare := bos.SourceSession{NewSession: bos.NewSession{SessionKey: bos.SessionKey{Name: "a"}, Source: bos.SourceBOS}, State: bos.StatePending}
	for _, text := range []string{`{"name":"a"}`, `{"name":"a","tenant":null,"limit":null,"components":null,"status":{"end_time":null,"error":null}}`} {
		s, err := decodeSession(jsontext.Value(text))
		s.Shape = bos.Shape{} // see TestSessionShape
		if err != nil || s != bare {
			t.Errorf("%s: %+v, %v", text, s, err)
		}
	}
	if key, err := keyOf(jsontext.Value(`{"name":"a","tenant":"blue","status":7}`)); err != nil || key != want.SessionKey {
		t.Errorf("%v, %v", key, err)
	}
	if _, err := keyOf(jsontext.Value(`{"tenant":"blue"}`)); err == nil {
		t.Error("a session needs no name")
	}
}

func TestRecordsWithoutAKeyAreErrorsWithoutACause(t *testing.T) {
	for _, text := range []string{`{}`, `{"id":"","name":""}`, `[]`, `{"id":7,"name":7}`} {
		_, idErr := idOf(jsontext.Value(text))
		_, keyErr := keyOf(jsontext.Value(text))
		for _, err := range []error{idErr, keyErr} {
			if err == nil || strings.Contains(err.Error(), "%!") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}
