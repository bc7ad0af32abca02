package cache

import (
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/lua"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestRightsAreTriedBeforeTheFirstWrite checks that write.lua tries the right to each command that
// it runs, itself or for Go.
func TestRightsAreTriedBeforeTheFirstWrite(t *testing.T) {
	_, list, found := strings.Cut(lua.WriteSource(), "local function forbidden()")
	list, _, end := strings.Cut(list, "redis.error_reply")
	if !found || !end {
		t.Fatal("write.lua does not try its rights")
	}
	var tried []string
	for _, m := range regexp.MustCompile(`'([A-Z]+)'`).FindAllStringSubmatch(list, -1) {
		tried = append(tried, m[1])
	}
	run := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bcall\('([A-Z]+)'`).FindAllStringSubmatch(lua.WriteSource(), -1) {
		run[m[1]] = true
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.(?:do|doAll)\("([A-Z]+)"|words := \[\]string\{"([A-Z]+)"`).FindAllStringSubmatch(string(text), -1) {
			run[m[1]+m[2]] = true
		}
	}
	delete(run, "PUBLISH") // its channels are tried
	delete(run, "COUNT")   // made by the script of others, which it calls by their names
	for command := range run {
		if !slices.Contains(tried, command) {
			t.Errorf("the right to %s is not tried", command)
		}
	}
	if len(run) < 15 {
		t.Errorf("only %d commands were found: %v", len(run), run)
	}
}

// TestEachRightIsMissedBeforeTheFirstWrite takes each rule of the documented user away in turn: it is named, and nothing was written.
func TestEachRightIsMissedBeforeTheFirstWrite(t *testing.T) {
	address := redistest.SharedServer(t)
	rules := ACL("rights")
	for i, rule := range rules {
		user := fmt.Sprint("without-", i)
		redistest.Do(t, address, slices.Concat([]string{"ACL", "SETUSER", user, "on", ">secret"}, rules[:i], rules[i+1:])...)
		s, err := Open(Options{URL: "redis://" + address, User: user, Password: "secret", Namespace: "rights", Replicas: 1, Timeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		found := s.Preflight(t.Context())
		_ = s.Close()
		last := found[len(found)-1]
		ofCluster := slices.ContainsFunc(clusterRights, func(command string) bool { return rightOf(command) == rule })
		switch missed := last.Refused && (strings.Contains(last.Text, rule) || rule == "+eval" && strings.Contains(last.Text, "EVAL")); {
		case ofCluster && last.Refused, !ofCluster && !missed:
			t.Errorf("without %s: %+v", rule, last)
		}
	}
	if n := redistest.Do(t, address, "EVAL", "return #redis.call('KEYS', '{rights}*')", "0"); n != "0" {
		t.Errorf("%s keys were written", n)
	}
}

// TestTheDocumentedUserIsEnoughForACluster has that user write, read, list, follow and recount there.
func TestTheDocumentedUserIsEnoughForACluster(t *testing.T) {
	nodes := redistest.SharedCluster(t)
	s := &suite{T: t, ctx: t.Context(), options: Options{
		URL: "redis+cluster://" + nodes[0] + "?addr=" + strings.Join(nodes[1:], "&addr="), Namespace: rand.Text(), User: "documented", Password: "secret", Timeout: 20 * time.Second,
	}}
	for _, node := range nodes {
		redistest.Do(t, node, slices.Concat([]string{"ACL", "SETUSER", "documented", "on", ">secret"}, ACL(s.options.Namespace))...)
	}
	s.store = s.open(nil)
	for _, f := range s.store.Preflight(s.ctx) {
		if f.Level == bos.Failure {
			t.Errorf("%+v", f)
		}
	}
	_, e, _ := s.feed(s.store, rareProbe)
	e.subscribed(0)
	s.create("a")
	s.put(component("x1", "a"), failing("x2", "a", "it burns"))
	e.call(0, reported{what: "changed", scope: "/a", revision: s.status("a").Revision})
	if drift, err := s.store.Recount(s.ctx, RecountOptions{Repair: true}); err != nil || drift != 0 {
		t.Errorf("the recount found %d differences: %v", drift, err)
	}
}

func TestEnginesThatAreRefused(t *testing.T) {
	const server = "run_id:1 master_replid:1 role:master "
	for info, want := range map[string]string{
		server + "redis_version:6.2.14":                                 "this is Redis 6.2.14, and 7.0 is needed",
		server + "redis_version:7.0.0":                                  "",
		server + "redis_version:8.2.1":                                  "",
		server + "redis_version:7.2.4 valkey_version:7.2.0":             "",
		server + "redis_version:7.2.4 valkey_version:9.0.1":             "",
		server + "redis_version:7.2.4 valkey_version:7.1.9":             "this is Valkey 7.1.9, and 7.2 is needed",
		server + "redis_version:7.4.0 dragonfly_version:df-v1.25.0":     "this is Dragonfly",
		server + "redis_version:6.3.4 executable:/usr/bin/keydb-server": "this is KeyDB",
		server + "redis_version:7.0.0 upstash_version:1.18":             "this is Upstash",
		server + "redis_version:7.4.3 garnet_version:1.0.80":            "this is Garnet",
		"redis_version:7.1.0 role:master":                               "serverless",
		"role:master":                                                   "does not say which server it is",
	} {
		fields := map[string]string{}
		parseInfo(fields, strings.ReplaceAll(info, " ", "\r\n"))
		if f := engine(fields); f.Refused != (want != "") || !strings.Contains(f.Text, want) || f.Refused && f.Fix == "" {
			t.Errorf("%s: %+v, not %q", info, f, want)
		}
	}
	if f := checkClock(-time.Minute); f.Level != bos.Warning || f.Text != "differs from that of Redis by 1m0s" {
		t.Errorf("%+v", f)
	}
}
