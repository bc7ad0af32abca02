package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestRESTStatusesAreReadInPiecesAndWithoutComponents answers a status with more error groups than one script may read, and
// reads no component for it.
func TestRESTStatusesAreReadInPiecesAndWithoutComponents(t *testing.T) {
	meter := redistest.NewMeter(t, redistest.SharedServer(t))
	s := apptest.Serve(t, "redis://"+meter.Addr())
	s.Session("s")
	const n = 2300
	var all []apptest.Vars
	for i := range 2 * n {
		all = append(all, apptest.Vars{"id": fmt.Sprintf("x%05d", i), "enabled": true, "session": "s", "error": fmt.Sprintf("error %d", i%n)})
	}
	s.Put(all...)
	s.Must(`{ session(name: "s") { status { errorSummary(first: 1) { count } } } }`) // Redis knows the script from now on
	meter.Reset()
	status, body := restOf(s).Read("GET", "/v2/sessions/s/status", "")
	var found struct {
		Errors map[string]struct {
			Count int
			List  string
		} `json:"error_summary"`
	}
	if err := json.Unmarshal(body, &found); err != nil || status != 200 || len(found.Errors) != n {
		t.Fatalf("status %d, %v, %d groups", status, err, len(found.Errors))
	}
	if last := found.Errors["error 2299"]; last.Count != 2 || last.List != "x02299,x04599" {
		t.Errorf("the last group is %+v", last)
	}
	scripts := 0
	for _, c := range meter.Snapshot().Commands {
		switch c.Name() {
		case "EVALSHA_RO": // name, digest, number of keys, keys, ranks of the first and the last group
			keys, _ := strconv.Atoi(c[2])
			from, _ := strconv.Atoi(c[3+keys])
			to, _ := strconv.Atoi(c[4+keys])
			if scripts++; to-from+1 > 1000 {
				t.Errorf("one script reads the groups from %d to %d", from, to)
			}
		case "MGET", "GET":
			t.Errorf("records are read: %s", apptest.Clip(fmt.Sprint(slices.Clone(c))))
		}
	}
	if scripts != 3 {
		t.Errorf("%d scripts", scripts)
	}
}
