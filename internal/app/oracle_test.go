package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
)

// oracleCase is records as BOS had them, and the status that BOS's own code
// computed of them.
type oracleCase struct {
	Name    string
	Now     bos.Time
	Session struct {
		Name            string
		Operation       string
		TemplateName    string `json:"template_name"`
		Limit           string
		Components      string
		Stage           bool
		IncludeDisabled bool `json:"include_disabled"`
		Status          struct {
			Status    string
			StartTime bos.Time `json:"start_time"`
			EndTime   bos.Time `json:"end_time"`
		}
	}
	Components      []map[string]any
	ComponentStatus map[string]string   `json:"component_status"`
	ErrorIDs        map[string][]string `json:"error_ids"` // all components of each error, sorted
	Expected        struct {
		Managed    float64 `json:"managed_components_count"`
		Staged     float64 `json:"percent_staged"`
		Successful float64 `json:"percent_successful"`
		Failed     float64 `json:"percent_failed"`
		Phases     struct {
			Complete    float64 `json:"percent_complete"`
			Configuring float64 `json:"percent_configuring"`
			PoweringOff float64 `json:"percent_powering_off"`
			PoweringOn  float64 `json:"percent_powering_on"`
		}
		Errors map[string]struct {
			Count float64
			List  string
		} `json:"error_summary"`
		Status string
		Timing struct {
			Duration string
			EndTime  bos.Time `json:"end_time"`
		}
	}
}

// TestStatusAgreesWithBOS sends every case's records in through the mutations and compares what
// the query and REST answer with what BOS answered. The mutations can't express three
// things, which are tested here as far as they go:
//
//   - BOS's answers were computed at a given moment. A server has its own clock, so
//     the duration of a session without an end is compared with BOS's in the domain,
//     and the server's with the clock.
//   - A session record without status.status: a session here always has a state. All
//     other parts of its status are compared.
//   - A session that runs with no active component left: here it completes in that
//     very write, where BOS's operator would notice later. Its numbers stay the same.
func TestStatusAgreesWithBOS(t *testing.T) {
	raw, err := os.ReadFile("../../bos/testdata/bos_status_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct{ Cases []oracleCase }
	var answers struct {
		Cases []struct{ Expected json.RawMessage }
	}
	if err := errors.Join(json.Unmarshal(raw, &oracle), json.Unmarshal(raw, &answers)); err != nil {
		t.Fatal(err)
	}
	if len(oracle.Cases) < 30 {
		t.Fatalf("only %d cases", len(oracle.Cases))
	}
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			for i, c := range oracle.Cases {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					s := apptest.Serve(t, b.URL(t))
					c.store(s)
					c.checkSession(t, s)
					c.checkComponents(t, s)
					c.checkREST(t, s, answers.Cases[i].Expected)
				})
			}
		})
	}
}

// store sends the case's records in, components first.
func (c *oracleCase) store(s *apptest.Site) {
	s.T.Helper()
	inputs := make([]apptest.Vars, len(c.Components))
	for i, record := range c.Components {
		inputs[i] = inputOf(record)
	}
	s.Put(inputs...)
	s.Session(c.Session.Name, "operation", strings.ToUpper(c.Session.Operation), "templateName", c.Session.TemplateName,
		"limit", c.Session.Limit, "stage", c.Session.Stage, "includeDisabled", c.Session.IncludeDisabled,
		"startTime", c.Session.Status.StartTime)
	more := []any{"initialComponents", c.Session.Components}
	if state := c.Session.Status.Status; state != "" {
		more = append(more, "status", strings.ToUpper(state))
	}
	if end := c.Session.Status.EndTime; end != "" {
		more = append(more, "endTime", end)
	}
	s.Update(c.Session.Name, more...)
}

// inputOf makes a mutation's input of a record: the same in camelCase. What is
// missing in the record stays missing. status.status is no input, as it is computed.
func inputOf(record map[string]any) apptest.Vars {
	in := apptest.Vars{}
	for name, value := range record {
		if nested, ok := value.(map[string]any); ok {
			value = inputOf(nested)
			if name == "status" {
				delete(value.(apptest.Vars), "status")
			}
		}
		in[camel(name)] = value
	}
	return in
}

func camel(snake string) string {
	parts := strings.Split(snake, "_")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}

// active counts what keeps a session from completing.
func (c *oracleCase) active() int {
	n := 0
	for _, record := range c.Components {
		if enabled, _ := record["enabled"].(bool); enabled && record["session"] == c.Session.Name {
			n++
		}
		if apptest.At(record, "staged_state.session") == c.Session.Name {
			n++
		}
	}
	return n
}

func (c *oracleCase) checkSession(t *testing.T, s *apptest.Site) {
	t.Helper()
	before := time.Now()
	got := s.Must(`query($name: String!) { session(name: $name) {
		operation templateName limit stage includeDisabled initialComponents
		status { status managedComponentsCount percentStaged percentSuccessful percentFailed fromSnapshot
			phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
			counts { active } errorGroupCount errorSummary(first: 1000) { message count list }
			timing { startTime endTime duration durationSeconds } } } }`, apptest.Vars{"name": c.Session.Name}).At("session")
	e := c.Expected
	for path, want := range map[string]any{
		"operation":                        strings.ToUpper(c.Session.Operation),
		"templateName":                     c.Session.TemplateName,
		"limit":                            c.Session.Limit,
		"stage":                            c.Session.Stage,
		"includeDisabled":                  c.Session.IncludeDisabled,
		"initialComponents":                c.Session.Components,
		"status.managedComponentsCount":    e.Managed,
		"status.percentStaged":             e.Staged,
		"status.percentSuccessful":         e.Successful,
		"status.percentFailed":             e.Failed,
		"status.phases.percentComplete":    e.Phases.Complete,
		"status.phases.percentConfiguring": e.Phases.Configuring,
		"status.phases.percentPoweringOff": e.Phases.PoweringOff,
		"status.phases.percentPoweringOn":  e.Phases.PoweringOn,
		"status.errorGroupCount":           float64(len(c.ErrorIDs)),
		"status.counts.active":             float64(c.active()),
		"status.timing.startTime":          c.Session.Status.StartTime.RFC3339(),
	} {
		if have := apptest.At(got, path); have != want {
			t.Errorf("%s is %v, BOS has %v", path, have, want)
		}
	}
	c.checkState(t, apptest.At(got, "status"))
	c.checkErrors(t, apptest.At(got, "status.errorSummary").([]any))
	c.checkTiming(t, apptest.At(got, "status.timing"), before, time.Now())
}

// checkState checks how far the session is, which is as BOS has it but where
// nothing is active any more.
func (c *oracleCase) checkState(t *testing.T, status any) {
	t.Helper()
	want := c.Expected.Status
	switch {
	case want == "":
		want = "pending" // as it was created: see TestStatusAgreesWithBOS
	case want == "running" && c.active() == 0:
		want = "complete"
	}
	if have := apptest.At(status, "status"); have != strings.ToUpper(want) {
		t.Errorf("the state is %v, want %s; BOS has %q", have, want, c.Expected.Status)
	}
	if have := apptest.At(status, "fromSnapshot"); have != (want == "complete") {
		t.Errorf("fromSnapshot is %v in state %s", have, want)
	}
}

// checkErrors compares the groups. BOS's list names any 10 components of a group;
// here they are the first 10 in order, so that the answer is always the same.
func (c *oracleCase) checkErrors(t *testing.T, groups []any) {
	t.Helper()
	if len(groups) != len(c.Expected.Errors) {
		t.Errorf("%d error groups, BOS has %d", len(groups), len(c.Expected.Errors))
	}
	for i, g := range groups {
		message, count := apptest.At(g, "message").(string), apptest.At(g, "count").(float64)
		theirs, ok := c.Expected.Errors[message]
		if !ok || theirs.Count != count {
			t.Errorf("%v components with %q, BOS has %v", count, message, theirs.Count)
		}
		ids := c.ErrorIDs[message]
		want := strings.Join(ids[:min(len(ids), 10)], ",")
		if len(ids) > 10 {
			want += "..."
		}
		if have := apptest.At(g, "list"); have != want {
			t.Errorf("%q lists %v, want %s", message, have, want)
		}
		for id := range strings.SplitSeq(strings.TrimSuffix(theirs.List, "..."), ",") {
			if !slices.Contains(ids, id) {
				t.Errorf("%q: BOS lists %s, which is not of that group", message, id)
			}
		}
		if i > 0 {
			last, lastMessage := apptest.At(groups[i-1], "count").(float64), apptest.At(groups[i-1], "message").(string)
			if last < count || last == count && lastMessage >= message {
				t.Errorf("group %q with %v comes after %q with %v", message, count, lastMessage, last)
			}
		}
	}
}
