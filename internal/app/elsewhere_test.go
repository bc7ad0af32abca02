package app_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestAServerBesideAFollowerRefusesWhatComesFromBOS runs a server without --bos-url beside one that follows BOS: it refuses the
// same mutations, and says why.
func TestAServerBesideAFollowerRefusesWhatComesFromBOS(t *testing.T) {
	t.Parallel()
	fake, ids, _ := runningAtBOS(t)
	redis := "redis://" + redistest.SharedServer(t)
	f := followBOS(t, redis, fake)
	beside := apptest.Serve(t, redis, "--namespace", f.Namespace)
	apptest.Eventually(t, "it says that BOS is followed", func() bool {
		return strings.Contains(string(beside.Must(`{ serverInfo { problems { reason } } }`).Body), "BOS_FOLLOWED_ELSEWHERE")
	})
	for query, variables := range map[string]apptest.Vars{
		apptest.PutComponents: {"in": []apptest.Vars{apptest.Powering(ids[0], "s")}}, apptest.PatchComponents: {"in": []apptest.Vars{{"id": ids[0], "error": "e"}}},
		apptest.DeleteComponents: {"in": ids[:1]}, apptest.PutTenant: {"name": "blue", "in": ids[:1]},
		apptest.CreateSession: {"in": apptest.Vars{"name": "mine", "operation": "BOOT", "templateName": "t"}},
	} {
		if codes := beside.Ask(query, variables).Codes(); !slices.Equal(codes, []string{"CONFLICT"}) {
			t.Errorf("%s: %v", apptest.Clip(query), codes)
		}
	}
	// Nor does a demo, which ends for it.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	demo := exec.CommandContext(ctx, apptest.Command(t), "demo", "--redis-url", redis, "--namespace", f.Namespace, "--listen", "127.0.0.1:0")
	if said, err := demo.CombinedOutput(); err == nil || ctx.Err() != nil || !strings.Contains(string(said), "give the demo a namespace of its own") {
		t.Errorf("the demo ends with %v: %s", err, apptest.Clip(string(said)))
	}
	f.likeBOS("/v2/components", "")
}
