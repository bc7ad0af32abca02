package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// TestStandInIsAsStrictAsBOS sends every request of the list that only reads to the stand-in
// itself, and compares status, content type, and what problems say: a stand-in that is kinder
// than BOS hides what BOS refuses.
func TestStandInIsAsStrictAsBOS(t *testing.T) {
	t.Parallel()
	requests, err := compat.Requests()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	var world compatWorld
	if err := json.Unmarshal(compatFile(t, "world.json", now), &world); err != nil {
		t.Fatal(err)
	}
	stand := world.build(t)
	answers := compatAnswers(t, now)
	compared := 0
	for _, r := range requests {
		// Its buffer is BOS's, which the list leaves out; and it is at the address of the service,
		// where the list is below the gateway's.
		if !r.Reads() || r.Differs == "long-request" || strings.HasPrefix(r.Path, "/apis/") {
			continue
		}
		compared++
		r = r.Fill(world.Names)
		request := httptest.NewRequest(r.Method, r.Path, nil)
		for key, value := range r.Headers {
			request.Header.Set(key, value)
		}
		w := httptest.NewRecorder()
		stand.ServeHTTP(w, request)
		want := answers[r.ID]
		if kind := w.Header().Get("Content-Type"); w.Code != want.Status || kind != want.Type && want.Location == "" { // its page is left out
			t.Errorf("%s %s %.100s: status %d, %q; BOS: %d, %q", r.ID, r.Method, r.Path, w.Code, kind, want.Status, want.Type)
			continue
		}
		if location := w.Header().Get("Location"); location != want.Location {
			t.Errorf("%s %s: leads to %q, BOS: %q", r.ID, r.Path, location, want.Location)
		}
		// Of a value that is refused BOS's text continues with a schema, which differs marks.
		if want.Status >= http.StatusBadRequest && r.Method == http.MethodGet && want.Body != nil && r.Differs == "" {
			if have, want := settle(numbered(t, w.Body.Bytes()), r), settle(want.Body, r); have != want {
				t.Errorf("%s %s: answered\n%s\nBOS\n%s", r.ID, r.Path, have, want)
			}
		}
	}
	t.Logf("%d requests", compared)
}
