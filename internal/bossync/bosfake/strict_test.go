package bosfake_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestLimitsAreThoseOfBOSsOpenAPI asks for what BOS's OpenAPI does not allow.
func TestLimitsAreThoseOfBOSsOpenAPI(t *testing.T) {
	b := furnished()
	long := strings.Repeat("x", 128)
	for path, want := range map[string]int{
		"/v2/components?ids=" + long[1:]:             200,
		"/v2/components?ids=" + long:                 400,
		"/v2/components?ids=":                        400,
		"/v2/components?session=":                    400,
		"/v2/components?session=-night":              400,
		"/v2/components?start_after_id=":             400,
		"/v2/components?start_after_id=" + long:      400,
		"/v2/components?phase=bogus":                 400,
		"/v2/components?page_size=1048576":           200,
		"/v2/components?page_size=1048577":           400,
		"/v2/components?page_size=a&page_size=2":     200, // the last one counts
		"/v2/components/" + long:                     400,
		"/v2/sessions?max_age=1days":                 400,
		"/v2/sessions?max_age=":                      400,
		"/v2/sessions?status=":                       400,
		"/v2/sessions?min_age=12345678d":             400,
		"/v2/sessions?min_age=0":                     200,
		"/v2/sessions?min_age=1234567d":              200,
		"/v2/sessions/night-":                        400,
		"/v2/sessions/" + long:                       400,
		"/v2/sessions/night-/status":                 400,
		"/v2/components?session=night&enabled=maybe": 400,
	} {
		if w := ask(b, path, ""); w.Code != want {
			t.Errorf("%.60s: %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
}

// TestRequestsBeyondTheBufferAreDropped shows what becomes of requests that uWSGI's buffer does not hold.
func TestRequestsBeyondTheBufferAreDropped(t *testing.T) {
	b := newBOS()
	ids := b.AddComponents(300)
	server := serve(t, b)
	named := func(n int) string { return "/v2/components?ids=" + strings.Join(ids[:n], "%2C") }
	if response, _, err := fetch(t, server, named(20)); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("20 ids: %v, %v", response, err)
	}
	if response, _, err := fetch(t, server, named(130)); err == nil {
		t.Errorf("130 ids: %v", response)
	}
	response, body, err := fetch(t, server, named(300))
	if err != nil || response.StatusCode != http.StatusOK || strings.Count(string(body), `"id":`) != 300 {
		t.Errorf("300 ids: %v, %v, %d bytes", response, err, len(body))
	}
}

// TestDiscoveredComponentsHaveSparseRecords shows that newly discovered components have sparse records.
func TestDiscoveredComponentsHaveSparseRecords(t *testing.T) {
	b := newBOS()
	b.Discover("x3000c0s1b0n0")
	const want = `{"actual_state":{"boot_artifacts":{"initrd":"","kernel":"","kernel_parameters":""},"configuration":"","last_updated":"2026-11-22T10:00:00"},` +
		`"desired_state":{"boot_artifacts":{"initrd":"","kernel":"","kernel_parameters":""},"configuration":"","last_updated":"2026-11-22T10:00:00"},` +
		`"enabled":false,"error":"","id":"x3000c0s1b0n0","last_action":{"action":"newly_discovered","last_updated":"2026-11-22T10:00:00","num_attempts":1},` +
		`"session":"","staged_state":{"last_updated":"2026-11-22T10:00:00"},"status":{"phase":"","status":"stable","status_override":""}}`
	if have := ask(b, "/v2/components/x3000c0s1b0n0", "").Body.String(); have != want {
		t.Errorf("discovered:\n%s\nwant\n%s", have, want)
	}
}

// TestAFlushedDatabaseCompletesSessionsAndCanBeRestored loses BOS's database, lets its completion operator run meanwhile, and
// restores it.
func TestAFlushedDatabaseCompletesSessionsAndCanBeRestored(t *testing.T) {
	b := bosfake.New(bosfake.Options{Now: func() time.Time { return ten }})
	ids := b.AddComponents(3)
	key := bos.SessionKey{Name: "s"}
	b.CreateSession(key)
	b.Start(key, ids...)
	b.CompleteEmpty()
	state := func() any { return at(object(t, b, "/v2/sessions/s", ""), "status", "status") }
	if state() != "running" {
		t.Errorf("with components it is %v", state())
	}
	restore := b.Backup()
	b.FlushComponents()
	if have := names(t, b, "/v2/components", "", "id"); have != "" {
		t.Errorf("flushed, it has %s", have)
	}
	b.CompleteEmpty()
	if state() != "complete" {
		t.Errorf("without components it is %v", state())
	}
	if have := object(t, b, "/v2/sessions/s/status", "")["managed_components_count"]; have != 0. {
		t.Errorf("the status saved then has %v components", have)
	}
	b.FlushSessions()
	if w := ask(b, "/v2/sessions/s", ""); w.Code != http.StatusNotFound {
		t.Errorf("flushed, the session is %d", w.Code)
	}
	restore()
	if state() != "running" {
		t.Errorf("restored, it is %v", state())
	}
	if have := names(t, b, "/v2/components?session=s", "", "id"); have != strings.Join(ids, " ") {
		t.Errorf("restored, it has %s", have)
	}
}
