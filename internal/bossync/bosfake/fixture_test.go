package bosfake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

type record = bosfake.Record

// ten is when it is in these tests, unless said otherwise.
var ten = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func newBOS() *bosfake.BOS {
	return bosfake.New(bosfake.Options{Now: func() time.Time { return ten }})
}

// ask sends a request straight to the handler.
func ask(b http.Handler, path, tenant string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if tenant != "" {
		r.Header.Set("Cray-Tenant-Name", tenant)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// names reads a list and returns one field of its items.
func names(t *testing.T, b http.Handler, path, tenant, field string) string {
	t.Helper()
	w := ask(b, path, tenant)
	var items []record
	if err := json.Unmarshal(w.Body.Bytes(), &items); err != nil || w.Code != http.StatusOK || items == nil {
		t.Fatalf("%s: %d, %v: %s", path, w.Code, err, w.Body)
	}
	var found []string
	for _, item := range items {
		found = append(found, item[field].(string))
	}
	if field == "name" { // sessions have no order
		slices.Sort(found)
	}
	return strings.Join(found, " ")
}

// object reads an answer that is an object.
func object(t *testing.T, b http.Handler, path, tenant string) record {
	t.Helper()
	w := ask(b, path, tenant)
	var found record
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil {
		t.Fatalf("%s: %d, %v: %s", path, w.Code, err, w.Body)
	}
	return found
}

// at is what lies at a path of keys in an object.
func at(r record, path ...string) any {
	var v any = r
	for _, key := range path {
		inner, _ := v.(record)
		v = inner[key]
	}
	return v
}

// fetch sends a request over a connection and returns the answer, its body and what
// went wrong with it.
func fetch(t *testing.T, server *httptest.Server, path string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	// On a connection of its own: else a request that is dropped is sent again.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func serve(t *testing.T, b http.Handler) *httptest.Server {
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return server
}

// furnished has components of all kinds, two tenants and a session of each state.
func furnished() *bosfake.BOS {
	b := newBOS()
	b.Put(
		record{"id": "x1", "enabled": true, "session": "night", "status": record{"phase": "powering_on", "status_override": ""},
			"last_action": record{"action": "powering_on"}},
		record{"id": "x2", "enabled": false, "session": "night", "error": "it broke: <ä>", "status": record{"phase": "", "status_override": "failed"}},
		record{"id": "x3", "enabled": true, "session": "", "staged_state": record{"session": "late"}},
		record{"id": "x4", "enabled": true, "session": "night", "status": record{"phase": "configuring", "status_override": "on_hold"}},
		record{"id": "x5"},
	)
	b.PutTenant("blue", "x2", "x3")
	b.PutTenant("empty")
	b.CreateSession(bos.SessionKey{Name: "new"})
	b.CreateSession(bos.SessionKey{Name: "night"}, record{"status": record{"status": "running", "start_time": "2026-11-22T09:00:00"}})
	b.CreateSession(bos.SessionKey{Tenant: "blue", Name: "night"}, record{"status": record{"status": "running", "start_time": "2026-11-21T09:00:00"}})
	b.CreateSession(bos.SessionKey{Name: "old"}, record{"status": record{"start_time": "2026-11-01T07:00:00"}})
	b.FailSetup(bos.SessionKey{Name: "old"}, "No nodes were found to act upon.")
	return b
}

func keyOf(name string) bos.SessionKey { return bos.SessionKey{Name: name} }
