package app

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// testRecountRepairs damages, behind the servers' backs, one by one all that is
// derived from records. What a user sees afterwards is what it was before.
func testRecountRepairs(t *testing.T, f *fleet) {
	s, _ := f.serve(t)
	s.session("a")
	s.session("a", "tenant", "blue")
	staged := powering("x5", "b")
	staged["stagedState"] = vars{"session": "a"}
	broken, worse := powering("x1", "a"), powering("x2", "a")
	broken["error"], worse["error"] = "broken", strings.Repeat("worse ", 100)
	s.put(broken, worse, powering("x3", "a"), powering("x4", "a"), staged)
	s.must(putTenant, vars{"name": "blue", "in": []string{"x1", "x2", "x5"}})
	s.update("a", "status", "RUNNING")
	f.noDrift(t)
	want := everySight(s)

	for _, damage := range []string{
		"HINCRBY s:/a m 3",
		"HINCRBY s:/a s -1",
		"HDEL s:blue/a m t",
		"HSET s:/b p 7",
		"HSET s:/nobody m 1",
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
			words[1] = "{" + f.namespace + "}:" + words[1]
			f.raw(t, words...)
			drift, output := f.recount(t)
			if key := strings.Fields(damage)[1]; drift == 0 || !strings.Contains(output, key) {
				t.Fatalf("%s: the recount says\n%s", damage, output)
			}
			if again, _ := f.recount(t); again != drift {
				t.Errorf("%s: the recount says %d and then %d, as if it had mended", damage, drift, again)
			}
			f.recount(t, "--repair")
			f.noDrift(t)
			if got := everySight(s.with(t)); got != want {
				t.Errorf("%s: after the repair it is\n%s\nand was\n%s", damage, got, want)
			}
		})
	}
}

// everySight reads all that depends on what was damaged.
func everySight(s *site) string {
	s.t.Helper()
	const status = `{ status { status fromSnapshot managedComponentsCount percentStaged errorGroupCount counts { active successful failed }
		phases { percentPoweringOn } errorSummary { message count list components { edges { node { id } } } } }
		components { totalCount edges { node { id } } } }`
	r := s.must(`{ a: session(name: "a") ` + status + ` blue: session(name: "a", tenant: "blue") ` + status + `
		components { totalCount edges { node { id session error } } }
		broken: components(filter: {error: "broken"}) { totalCount edges { node { id } } } }`)
	return string(r.body)
}
