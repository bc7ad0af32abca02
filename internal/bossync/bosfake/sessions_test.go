package bosfake_test

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestStatusesAreThoseThatBOSComputed compares every status with what BOS's own code computed.
func TestStatusesAreThoseThatBOSComputed(t *testing.T) {
	raw, err := os.ReadFile("../../../bos/testdata/bos_status_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct {
		Cases []struct {
			Name       string
			Now        bos.Time
			Components []record
			Session    record
			ErrorIDs   map[string][]string `json:"error_ids"`
			Expected   record
		}
	}
	if err := json.Unmarshal(raw, &oracle); err != nil || len(oracle.Cases) != 38 {
		t.Fatalf("%d cases, %v", len(oracle.Cases), err)
	}
	for _, c := range oracle.Cases {
		t.Run(c.Name, func(t *testing.T) {
			now, err := c.Now.UTC()
			if err != nil {
				t.Fatal(err)
			}
			b := bosfake.New(bosfake.Options{Now: func() time.Time { return now }})
			b.AddComponents(3) // that have nothing to do with it
			b.Put(c.Components...)
			text, err := json.Marshal(c.Session)
			if err != nil {
				t.Fatal(err)
			}
			name := c.Session["name"].(string)
			b.PutSessionText(bos.SessionKey{Name: name}, string(text))
			for message, group := range c.Expected["error_summary"].(record) {
				// BOS lists any ten, in any order; the first ten in order are as good.
				ids := slices.Sorted(slices.Values(c.ErrorIDs[message]))
				list := strings.Join(ids[:min(len(ids), 10)], ",")
				if len(ids) > 10 {
					list += "..."
				}
				group.(record)["list"] = list
			}
			if have := object(t, b, "/v2/sessions/"+name+"/status", ""); !reflect.DeepEqual(have, c.Expected) {
				t.Errorf("have %v\nwant %v", have, c.Expected)
			}
		})
	}
}

// TestAStatusHasTheFormOfBOSs shows the form of a status: keys in order, floats as floats.
func TestAStatusHasTheFormOfBOSs(t *testing.T) {
	for tenant, want := range map[string]string{
		"": `{"error_summary":{"it broke: <ä>":{"count":1,"list":"x2"}},"managed_components_count":3,"percent_failed":33.33,"percent_staged":0.0,` +
			`"percent_successful":0.0,"phases":{"percent_complete":33.33,"percent_configuring":0.0,"percent_powering_off":0.0,"percent_powering_on":33.33},` +
			`"status":"running","timing":{"duration":"1:00:00","end_time":null,"start_time":"2026-11-22T09:00:00"}}`,
		"blue": `{"error_summary":{"it broke: <ä>":{"count":1,"list":"x2"}},"managed_components_count":1,"percent_failed":100.0,"percent_staged":0.0,` +
			`"percent_successful":0.0,"phases":{"percent_complete":100.0,"percent_configuring":0.0,"percent_powering_off":0.0,"percent_powering_on":0.0},` +
			`"status":"running","timing":{"duration":"1 day, 1:00:00","end_time":null,"start_time":"2026-11-21T09:00:00"}}`,
	} {
		if have := ask(furnished(), "/v2/sessions/night/status", tenant).Body.String(); have != want {
			t.Errorf("tenant %q:\n%s\nwant\n%s", tenant, have, want)
		}
	}
}

func TestSessionsAreFilteredAsBOSDoes(t *testing.T) {
	b := furnished()
	for query, want := range map[string]string{
		"":                           "new night night old",
		"?status=running":            "night night",
		"?status=complete":           "old",
		"?min_age=0m":                "new night night old",
		"?max_age=1h":                "new night", // exactly an hour passes
		"?max_age=59m":               "new",
		"?min_age=1h":                "night night old",
		"?min_age=1D":                "night old",
		"?min_age=3w":                "old",
		"?min_age=4W":                "",
		"?min_age=1h&status=pending": "",
		"?max_age=2h&min_age=1h":     "night",
	} {
		if have := names(t, b, "/v2/sessions"+query, "", "name"); have != want {
			t.Errorf("%s: %q, want %q", query, have, want)
		}
	}
	if w := ask(b, "/v2/sessions?max_age=99999999999d", ""); w.Code != http.StatusBadRequest {
		t.Errorf("an age that is too large: %d", w.Code)
	}
	for tenant, want := range map[string]string{"blue": "night", "empty": "", "unknown": ""} {
		if have := names(t, b, "/v2/sessions", tenant, "name"); have != want {
			t.Errorf("tenant %s: %q, want %q", tenant, have, want)
		}
	}
}

// TestASessionLivesFromCreationToTheNextOfItsName follows a session from its creation to another one of its name.
func TestASessionLivesFromCreationToTheNextOfItsName(t *testing.T) {
	now := ten
	b := bosfake.New(bosfake.Options{Now: func() time.Time { return now }})
	ids := b.AddComponents(4)
	key := bos.SessionKey{Name: "s"}
	check := func(path string, want any, keys ...string) {
		t.Helper()
		if have := at(object(t, b, path, ""), keys...); have != want {
			t.Errorf("%s: %s is %v, want %v", path, strings.Join(keys, "."), have, want)
		}
	}
	b.CreateSession(key, record{"operation": "boot", "limit": ids[0]})
	check("/v2/sessions/s", "boot", "operation")
	check("/v2/sessions/s", "pending", "status", "status")
	check("/v2/sessions/s", "2026-11-22T10:00:00", "status", "start_time")

	b.Start(key, ids...)
	check("/v2/sessions/s", "running", "status", "status")
	check("/v2/sessions/s", strings.Join(ids, ","), "components")
	check("/v2/components/"+ids[0], "on_hold", "status", "status")
	check("/v2/sessions/s/status", 4., "managed_components_count")
	check("/v2/sessions/s/status", 0., "percent_successful")
	b.Finish(ids[1:]...)
	b.Patch(record{"enabled": false, "error": "no", "status": record{"status_override": "failed"}}, ids[0])

	now = now.Add(90 * time.Second)
	b.Complete(key)
	check("/v2/sessions/s", "2026-11-22T10:01:30", "status", "end_time")
	check("/v2/sessions/s/status", 75., "percent_successful")
	b.Delete(ids[1]) // what is not saved is still computed
	check("/v2/sessions/s/status", 66.67, "percent_successful")
	b.SaveStatus(key)
	b.Delete(ids[2])
	check("/v2/sessions/s/status", 66.67, "percent_successful")
	check("/v2/sessions/s/status", "0:01:30", "timing", "duration")
	b.PatchSession(key, record{"status": record{"status": "running"}})
	check("/v2/sessions/s/status", 50., "percent_successful") // only of a complete one
	b.PatchSession(key, record{"status": record{"status": "complete"}, "limit": "other"})
	check("/v2/sessions/s/status", 66.67, "percent_successful")
	b.CreateSession(key, record{"status": record{"status": "complete"}})
	check("/v2/sessions/s/status", 50., "percent_successful") // nothing of it is saved
	b.SaveStatus(key)

	b.DeleteSession(key)
	if w := ask(b, "/v2/sessions/s/status", ""); w.Code != http.StatusNotFound {
		t.Errorf("a deleted session: %d", w.Code)
	}
	b.CreateSession(key, record{"stage": true})
	check("/v2/sessions/s", "pending", "status", "status")
	check("/v2/sessions/s/status", 2., "managed_components_count") // that still have its name
	b.Start(key, ids[3])
	check("/v2/components/"+ids[3], "s", "staged_state", "session")
	check("/v2/sessions/s/status", 33.33, "percent_staged")
	b.PatchSession(key, record{"status": record{"status": "complete"}})
	check("/v2/sessions/s/status", 33.33, "percent_staged") // nothing of the first one's is left

	b.FailSetup(key, "no template")
	check("/v2/sessions/s", "no template", "status", "error")
	check("/v2/sessions/s", "complete", "status", "status")
}

// TestAStatusIsSavedAMomentAfterTheEnd shows the moment in which BOS says complete, and has not saved
// the status.
func TestAStatusIsSavedAMomentAfterTheEnd(t *testing.T) {
	b := newBOS()
	ids := b.AddComponents(2)
	key := bos.SessionKey{Name: "s"}
	b.CreateSession(key)
	b.Start(key, ids...)
	b.SaveStatusAfter(key, 2)
	b.Inject(bosfake.Fault{Path: "/v2/sessions/s/status", Skip: 3, Times: 1, Status: 500})
	var have []any
	read := func() { have = append(have, object(t, b, "/v2/sessions/s/status", "")["percent_failed"]) }
	fail := func(id string) { b.Patch(record{"status": record{"status_override": "failed"}}, id) }
	read() // of a session that runs: does not count
	b.Complete(key)
	read()
	fail(ids[0])
	read() // this is saved
	fail(ids[1])
	read() // fails
	read()
	if want := []any{0., 0., 50., nil, 50.}; !slices.Equal(have, want) {
		t.Errorf("%v percent have failed, want %v", have, want)
	}
}

// TestStatusesThatBOSBreaksOnAreErrors asks for what BOS's own code breaks on.
func TestStatusesThatBOSBreaksOnAreErrors(t *testing.T) {
	b := furnished()
	b.PutSessionText(bos.SessionKey{Name: "timeless"}, `{"name":"timeless","status":{"start_time":null}}`)
	b.PutSessionText(bos.SessionKey{Name: "none"}, `nothing`)
	b.DeleteTenant("blue")
	for name, tenant := range map[string]string{"timeless": "", "none": "", "night": "blue"} {
		if w := ask(b, "/v2/sessions/"+name+"/status", tenant); w.Code != http.StatusInternalServerError {
			t.Errorf("%s: %d, %s", name, w.Code, w.Body)
		}
	}
	if have := ask(b, "/v2/sessions/none", "").Body.String(); have != "nothing" {
		t.Errorf("the session is answered as %q", have)
	}
}
