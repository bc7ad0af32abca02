package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestRESTLeavesOutWhatAProducerDidNotGive gives a producer's records in parts: what was not given is absent, and
// what is given later is there.
func TestRESTLeavesOutWhatAProducerDidNotGive(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		const status = `"status":{"phase":"","status":"stable","status_override":""}`
		is := func(want string) {
			t.Helper()
			if code, body := restOf(s).Read(http.MethodGet, "/v2/components/x1", ""); code != 200 || string(body) != want+"\n" {
				t.Errorf("status %d: %s\nwant %s", code, body, want)
			}
		}
		s.Put(apptest.Vars{"id": "x1"})
		is(`{"id":"x1",` + status + `}`)
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": "e", "stagedState": apptest.Vars{"configuration": "c"}}}})
		is(`{"error":"e","id":"x1","staged_state":{"configuration":"c"},` + status + `}`)
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": false}}})
		is(`{"enabled":false,"error":"e","id":"x1","staged_state":{"configuration":"c"},` + status + `}`)
		node := s.Must(`{ component(id: "x1") { enabled error session status { phase statusOverride } stagedState { configuration bootArtifacts { kernel } } } }`)
		if node.At("component.stagedState.bootArtifacts.kernel") != "" || node.At("component.enabled") != false {
			t.Errorf("GraphQL shows %v", node.At("component"))
		}
	})
}

// TestRESTEchoesUnknownPartsToTheLetter follows a BOS whose records change in parts that nobody knows: each change
// arrives, to the letter.
func TestRESTEchoesUnknownPartsToTheLetter(t *testing.T) {
	t.Parallel()
	b := bosfake.New(bosfake.Options{})
	f := startFollowing(t, "", b)
	for _, extra := range []string{`"zeta":1e3`, `"zeta":1000.0`, `"zeta":12345678901234567890`, `"staged_state":null`, `"retry_policy":"three"`} {
		b.PutText("x1", `{"id":"x1","enabled":true,`+extra+`}`)
		f.eventually(extra, func() bool {
			code, body := f.Get("/v2/components/x1")
			return code == 200 && strings.Contains(body, extra) && !strings.Contains(body, `"error"`)
		})
	}
	if problem := f.sync(); problem != "" {
		t.Errorf("the sync says %s", problem)
	}
}
