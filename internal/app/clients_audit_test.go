package app_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// argued are the audits in which the edition of September 2026 and graphql-http 1.23.1, which
// follows the draft of before it, want different answers, and why the edition is followed. The
// code that the edition wants is in the table of TestStatusCodesAreThoseOfTheEdition, in
// internal/transport.
//
// A fifth, 74FF, wants 400 for a document that does not pass validation, where the edition wants
// 422: a request that is understood, and not to be executed. It passes all the same, because a
// name in the audit's document begins with a digit: that can't be parsed, which is 400 by both.
var argued = map[string]string{
	"86EE": "variables that can't be coerced are of a request that is understood, and not to be executed: 422 says that, " +
		"and 400 is left for what can't be parsed, so that logs and monitors can distinguish a broken client from a wrong request",
	"572B": "a client that accepts only application/json gets the same codes as any other, so a document that can't be parsed is 400: " +
		"the draft kept 200 for it because such a client could not distinguish a server's 4xx from a proxy's, but our errors have a code by which it can",
	"FDE2": "the same of a document that is not valid, 422 (400 here: see 74FF): with 200, every failed request looks like a success to proxies, logs and monitors",
	"7B9B": "the same of variables that can't be coerced, 422",
}

// TestTheAuditOfGraphQLOverHTTPPasses runs the audit of npm's graphql-http: everything that it says a server
// MUST or SHOULD do, but what is argued above.
func TestTheAuditOfGraphQLOverHTTPPasses(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	audit := exec.CommandContext(ctx, "node", "audit.mjs", s.Base+"/graphql")
	audit.Dir = filepath.Join("testdata", "clients")
	out, err := audit.Output()
	var results []struct{ ID, Name, Status, Reason string }
	if err != nil || json.Unmarshal(out, &results) != nil {
		t.Fatalf("the audit did not run; scripts/need.sh installs it: %v: %s", err, out)
	}
	count := map[string]int{}
	for _, r := range results {
		why, differs := argued[r.ID]
		switch {
		case differs && r.Status == "ok":
			t.Errorf("%s %s: passes, so there is nothing to argue", r.ID, r.Name)
		case differs && why != "":
			count["argued"]++
		case r.Status == "error", r.Status == "warn":
			t.Errorf("%s %s: %s", r.ID, r.Name, r.Reason)
		case r.Status == "notice":
			t.Logf("optional, and not so here: %s %s: %s", r.ID, r.Name, r.Reason)
			count["optional"]++
		default:
			count["ok"]++
		}
	}
	t.Logf("%d audits: %v", len(results), count)
	if count["argued"] != len(argued) || count["ok"] < 37 {
		t.Errorf("%d audits: %v", len(results), count)
	}
}
