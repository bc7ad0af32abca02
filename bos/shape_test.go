package bos

import (
	"encoding/json"
	"strings"
	"testing"
)

// complete is a record with all of BOS's fields, in BOS's order.
const complete = `{"actual_state":{"boot_artifacts":{"initrd":"","kernel":"","kernel_parameters":""},"bss_token":"","last_updated":"2026-11-22T09:00:00"},` +
	`"desired_state":{"boot_artifacts":{"initrd":"i","kernel":"k","kernel_parameters":"p=\"ä\""},"bss_token":"t","configuration":"c","last_updated":"2026-11-22T09:00:00"},` +
	`"enabled":true,"error":"","event_stats":{"power_off_forceful_attempts":1,"power_off_graceful_attempts":2,"power_on_attempts":3},"id":"x1",` +
	`"last_action":{"action":"powering_on","failed":false,"last_updated":"2026-11-22T09:00:00"},"retry_policy":3,"session":"s",` +
	`"staged_state":{"boot_artifacts":{"initrd":"","kernel":"","kernel_parameters":""},"configuration":"","last_updated":"2026-11-22T09:00:00","session":""},` +
	`"status":{"phase":"powering_on","status":"power_on_called","status_override":""}}`

func readComponent(t *testing.T, text string) Component {
	t.Helper()
	var c Component
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	c.Shape = ComponentShape([]byte(text), c)
	return c
}

// TestAShapeGivesTheRecordBackAsReceived reads records and writes them: what comes out is what went in, but for the
// status that BOS computes.
func TestAShapeGivesTheRecordBackAsReceived(t *testing.T) {
	var indented strings.Builder
	e := json.NewEncoder(&indented)
	e.SetIndent("", "  ")
	if err := e.Encode(json.RawMessage(complete)); err != nil {
		t.Fatal(err)
	}
	const status = `"status":{"phase":"","status":"stable","status_override":""}`
	for _, test := range []struct {
		name, text, want string // want is text if empty
		whole            bool   // and nothing has to be kept for it
	}{
		{name: "complete", text: complete, whole: true},
		{name: "as BOS writes it", text: indented.String(), want: complete, whole: true},
		{name: "escaped", text: strings.ReplaceAll(complete, "ä", `\u00e4`), want: complete, whole: true},
		{name: "without a retry policy", text: strings.Replace(complete, `"retry_policy":3,`, "", 1), whole: true},
		{name: "bare", text: `{"id":"x1"}`, want: `{"id":"x1",` + status + `}`},
		{name: "newly discovered", text: `{"enabled":false,"error":"","id":"x1","session":"","staged_state":{"last_updated":"2026-11-22T09:00:00"},` + status + `}`},
		{name: "empty objects", text: `{"actual_state":{},"desired_state":{"boot_artifacts":{}},"event_stats":{},"id":"x1","last_action":{},"staged_state":{},"status":{"status":"stable"}}`},
		{name: "status without more", text: `{"id":"x1","status":{"status":"stale"}}`, want: `{"id":"x1","status":{"status":"stable"}}`},
		{name: "null", text: `{"desired_state":null,"enabled":null,"error":null,"event_stats":{"power_on_attempts":null},"id":"x1","retry_policy":null,"session":null,"status":{"phase":null,"status":"stable","status_override":null}}`},
		{name: "unknown", text: `{"a":[1e3,1.0,12345678901234567890,{"b":null}],"desired_state":{"boot_artifacts":{"kernel":"k","new":{"z":1,"a":2}},"rootfs":""},"id":"x1",` + status + `,"zeta":1E400}`,
			want: `{"a":[1e3,1.0,12345678901234567890,{"b":null}],"desired_state":{"boot_artifacts":{"kernel":"k","new":{"z":1,"a":2}},"rootfs":""},"id":"x1",` + status + `,"zeta":1E400}`},
		{name: "empty time", text: `{"id":"x1","last_action":{"last_updated":""},` + status + `}`},
		{name: "twice", text: `{"id":"x1","zeta":1,"zeta":2}`, want: `{"id":"x1",` + status + `,"zeta":2}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := readComponent(t, test.text)
			if test.want == "" {
				test.want = test.text
			}
			if have := string(c.AppendJSON(nil)); have != test.want {
				t.Errorf("written as\n%s\nwant\n%s", have, test.want)
			}
			if whole := c.Shape == (Shape{}); whole != test.whole {
				t.Errorf("its shape is %+v", c.Shape)
			}
		})
	}
}

// TestAPatchMakesItsFieldsPresent changes records that are not whole: known fields are set, unknown
// ones stay, and what is not given stays absent.
func TestAPatchMakesItsFieldsPresent(t *testing.T) {
	const status = `"status":{"phase":"","status":"stable","status_override":""}`
	for _, test := range []struct{ name, text, patch, want string }{
		{"short fields", `{"id":"x1","error":null,"zeta":1}`, `{"id":"x1","error":"e","enabled":true}`,
			`{"enabled":true,"error":"e","id":"x1",` + status + `,"zeta":1}`},
		{"a field of an object", `{"id":"x1","desired_state":{"new":1,"last_updated":""}}`, `{"id":"x1","desiredState":{"configuration":"c"}}`,
			`{"desired_state":{"configuration":"c","last_updated":"","new":1},"id":"x1",` + status + `}`},
		{"an odd value", `{"id":"x1","last_action":{"last_updated":"","new":1}}`, `{"id":"x1","lastAction":{"lastUpdated":"2026-11-22T09:00:00"}}`,
			`{"id":"x1","last_action":{"last_updated":"2026-11-22T09:00:00","new":1},` + status + `}`},
		{"an object that was null", `{"id":"x1","staged_state":null}`, `{"id":"x1","stagedState":{"bootArtifacts":{"kernel":"k"}}}`,
			`{"id":"x1","staged_state":{"boot_artifacts":{"kernel":"k"}},` + status + `}`},
		{"artifacts that were absent", `{"id":"x1","actual_state":{}}`, `{"id":"x1","actualState":{"bootArtifacts":{"initrd":"i"},"bssToken":"t"}}`,
			`{"actual_state":{"boot_artifacts":{"initrd":"i"},"bss_token":"t"},"id":"x1",` + status + `}`},
		{"nulls", `{"id":"x1","retry_policy":null,"event_stats":{"power_on_attempts":null}}`, `{"id":"x1","retryPolicy":2,"eventStats":{"powerOnAttempts":4}}`,
			`{"event_stats":{"power_on_attempts":4},"id":"x1","retry_policy":2,` + status + `}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p ComponentPatch
			if err := json.Unmarshal([]byte(test.patch), &p); err != nil {
				t.Fatal(err)
			}
			c := p.Apply(readComponent(t, test.text))
			if have := string(c.AppendJSON(nil)); have != test.want {
				t.Errorf("becomes\n%s\nwant\n%s", have, test.want)
			}
		})
	}
}

// TestWhatANewComponentIsNotGivenIsAbsent makes records of patches: what they do not give is absent.
func TestWhatANewComponentIsNotGivenIsAbsent(t *testing.T) {
	for patch, want := range map[string]string{
		`{"id":"x1"}`: `{"id":"x1","status":{"phase":"","status":"stable","status_override":""}}`,
		`{"id":"x1","session":"s","status":{"phase":"configuring"},"desiredState":{}}`: `{"desired_state":{},"id":"x1","session":"s","status":{"phase":"configuring","status":"configuring"}}`,
	} {
		var p ComponentPatch
		if err := json.Unmarshal([]byte(patch), &p); err != nil {
			t.Fatal(err)
		}
		c := p.NewComponent()
		if have := string(c.AppendJSON(nil)); have != want {
			t.Errorf("%s makes\n%s\nwant\n%s", patch, have, want)
		}
	}
}

// TestASessionsShapeGivesTheRecordBackAsReceived reads sessions and writes them.
func TestASessionsShapeGivesTheRecordBackAsReceived(t *testing.T) {
	const whole = `{"components":"x1","include_disabled":false,"limit":"","name":"a","operation":"boot","stage":false,` +
		`"status":{"end_time":null,"error":null,"start_time":"2026-11-22T09:00:00","status":"running"},"template_name":"t","tenant":null}`
	r := SourceSession{
		NewSession: NewSession{SessionKey: SessionKey{Name: "a"}, Operation: OperationBoot, TemplateName: "t", StartTime: "2026-11-22T09:00:00"},
		State:      StateRunning, InitialComponents: "x1",
	}
	for _, text := range []string{
		whole,
		strings.Replace(whole, `,"tenant":null`, "", 1),
		strings.Replace(whole, `"include_disabled":false,"limit":"",`, `"future":{"n":1e3},"limit":null,`, 1),
		strings.Replace(whole, `"end_time":null,"error":null,`, `"error":"",`, 1),
	} {
		s := r
		s.Shape = s.ShapeOf([]byte(text))
		made, err := s.Create("i")
		if err != nil {
			t.Fatal(err)
		}
		if have := string(made.AppendJSON(nil)); have != text {
			t.Errorf("written as\n%s\nwant\n%s", have, text)
		}
		if (made.Details.Shape == Shape{}) != (text == whole) {
			t.Errorf("%s has the shape %+v", text, made.Details.Shape)
		}
	}
	r.Shape.Extra = strings.Repeat("x", MaxExtra+1)
	if _, err := r.Create("i"); CodeOf(err) != BadUserInput {
		t.Errorf("too much that is not known gives %v", err)
	}
}

// FuzzShape writes whatever can be read as it was read.
func FuzzShape(f *testing.F) {
	f.Add(complete)
	f.Add(`{"id":"x1","a":{"b":1},"desired_state":{"boot_artifacts":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var c Component
		if json.Unmarshal([]byte(text), &c) != nil || objectOf([]byte(text)) == nil {
			return
		}
		c.Shape = ComponentShape([]byte(text), c)
		var again Component
		written := c.AppendJSON(nil)
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s is written as %s: %v", text, written, err)
		}
		again.Shape = ComponentShape(written, again)
		if twice := again.AppendJSON(nil); string(twice) != string(written) {
			t.Errorf("%s\nis written as\n%s\nand then as\n%s", text, written, twice)
		}
	})
}
