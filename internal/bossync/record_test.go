package bossync

import (
	"errors"
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
		c, err := decodeComponent(jsontext.Value(text))
		c.Shape = bos.Shape{} // see TestShape
		if err != nil || !reflect.DeepEqual(c, want) {
			t.Errorf("%s\ngives %+v, %v", text, c, err)
		}
	}
	for _, text := range []string{`{"id":"x1","enabled":"yes"}`, `{"id":"x1","status":"stable"}`, `{"id":"x1","session":1}`} {
		if c, err := decodeComponent(jsontext.Value(text)); err == nil {
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
		c, err := decodeComponent(jsontext.Value(test.text))
		if have := string(c.AppendJSON(nil)); err != nil || have != test.text {
			t.Errorf("%s\nis written as\n%s, %v", test.text, have, err)
		}
		want, err := decodeComponent(jsontext.Value(test.read))
		c.Shape, want.Shape = bos.Shape{}, bos.Shape{}
		if err != nil || !reflect.DeepEqual(c, want) {
			t.Errorf("%s\ngives %+v, want %+v, %v", test.text, c, want, err)
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
