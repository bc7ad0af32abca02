package app_test

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
)

// testRecountRepairs damages, behind the servers' backs, one by one all that is
// derived from records. What a user sees afterwards is what it was before.
func testRecountRepairs(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t, "--max-cost", "1000000") // what is asked for below is everything, at once
	s.Session("a")
	s.Session("a", "tenant", "blue")
	staged := apptest.Powering("x5", "b")
	staged["stagedState"] = apptest.Vars{"session": "a"}
	broken, worse := apptest.Powering("x1", "a"), apptest.Powering("x2", "a")
	broken["error"], worse["error"] = "broken", strings.Repeat("worse ", 100)
	s.Put(broken, worse, apptest.Powering("x3", "a"), apptest.Powering("x4", "a"), staged)
	s.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x1", "x2", "x5"}})
	s.Update("a", "status", "RUNNING")
	f.NoDrift(t)
	want := everyUpdate(s)

	for _, damage := range []string{
		"HSET s:/a n m30a30",
		"HSET s:/a n2 d1",
		"HDEL s:blue/a n",
		"HSET s:/b n p7",
		"HSET s:/nobody n m1",
		"ZREM m:/a x1",
		"ZREM m:blue/a x2",
		"DEL m:/a",
		"ZREM st:/a x5",
		"ZADD m:/a 0 x5",
		"ZADD m:/a 0 ghost",
		"ZADD m:/nobody 0 x1",
		"ZADD st:/a 0 x3",
		"ZINCRBY g:/a -2 BROKEN",
		"ZREM g:/a WORSE",
		"DEL g:blue/a",
		"ZADD e:/a 0 DIGEST~x3",
		"ZREM e:/a DIGEST~x1",
		"ZREM ids x2",
		"ZADD ids 0 ghost",
		"ZREM ei DIGEST~x1",
		"ZADD ei 0 DIGEST~x4",
		"ZREM tn:blue x1",
		"ZADD tn:blue 0 x3",
	} {
		t.Run(damage, func(t *testing.T) {
			words := strings.Fields(strings.NewReplacer("BROKEN", bos.GroupKey("broken"), "WORSE", strings.ReplaceAll(bos.GroupKey(worse["error"].(string)), " ", "~"),
				"DIGEST", string(bos.DigestOf("broken"))).Replace(damage))
			for i := range words {
				words[i] = strings.ReplaceAll(words[i], "~", " ")
			}
			words[1] = "{" + f.Namespace + "}:" + words[1]
			f.Raw(t, words...)
			drift, output := f.Recount(t)
			key := strings.Fields(damage)[1]
			if drift == 0 || !strings.Contains(output, key) {
				t.Fatalf("%s: the recount says\n%s", damage, output)
			}
			// A repair finds it, too, as the recount has changed nothing, and then verifies everything again.
			left, repair := f.Recount(t, "--repair")
			if left != 0 || !strings.Contains(repair, key) {
				t.Errorf("%s: the recount says\n%s\nand the repair\n%s", damage, output, repair)
			}
			if got := everyUpdate(s.With(t)); got != want {
				t.Errorf("%s: after the repair it is\n%s\nand was\n%s", damage, got, want)
			}
		})
	}
	f.NoDrift(t)
}

// everyUpdate reads all that depends on what was damaged.
func everyUpdate(s *apptest.Site) string {
	s.T.Helper()
	const status = `{ status { status fromSnapshot managedComponentsCount percentStaged errorGroupCount counts { active successful failed }
		phases { percentPoweringOn } errorSummary { message count list components { edges { node { id } } } } }
		components { totalCount edges { node { id } } } }`
	r := s.Must(`{ a: session(name: "a") ` + status + ` blue: session(name: "a", tenant: "blue") ` + status + `
		components { totalCount edges { node { id session error } } }
		broken: components(filter: {error: "broken"}) { totalCount edges { node { id } } } }`)
	return string(r.Body)
}
