package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// trouble is a state of Redis, brought about on a real one.
type trouble struct {
	reason, line string // what answers and the log say
	words        string // Redis' own, which the log has to show
	redis        func(t *testing.T) *redistest.Process
	url          func(p *redistest.Process) string
	begin, end   func(t *testing.T, p *redistest.Process)
	readable     bool // what is stored can be read meanwhile
}

func do(words ...string) func(*testing.T, *redistest.Process) {
	return func(t *testing.T, p *redistest.Process) {
		t.Helper()
		redistest.Do(t, p.Addr(), words...)
	}
}

func plain(t *testing.T) *redistest.Process { return redistest.New(t) }

var troubles = map[string]trouble{
	"out of memory": {
		reason: "REDIS_OUT_OF_MEMORY", line: "Redis is out of memory; writes fail", words: "OOM command not allowed", readable: true,
		begin: do("CONFIG", "SET", "maxmemory", "1"), end: do("CONFIG", "SET", "maxmemory", "0"),
	},
	"read-only": {
		reason: "REDIS_READONLY", line: "Redis is a read-only replica; writes fail", words: "READONLY", readable: true,
		begin: do("REPLICAOF", "127.0.0.1", "1"), end: do("REPLICAOF", "NO", "ONE"),
	},
	"disk": {
		reason: "REDIS_DISK_ERROR", line: "Redis cannot write to its disk; writes fail", words: "MISCONF", readable: true,
		redis: func(t *testing.T) *redistest.Process { return redistest.New(t, "--enable-protected-configs", "yes") },
		begin: func(t *testing.T, p *redistest.Process) {
			redistest.Do(t, p.Addr(), "CONFIG", "SET", "save", "3600 1")
			folder := t.TempDir() + "/gone"
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			redistest.Do(t, p.Addr(), "CONFIG", "SET", "dir", folder)
			if err := os.Remove(folder); err != nil {
				t.Fatal(err)
			}
			redistest.Do(t, p.Addr(), "BGSAVE")
			apptest.Eventually(t, "saving has failed", func() bool {
				return strings.Contains(redistest.Do(t, p.Addr(), "INFO", "persistence"), "rdb_last_bgsave_status:err")
			})
		},
		end: func(t *testing.T, p *redistest.Process) {
			redistest.Do(t, p.Addr(), "CONFIG", "SET", "dir", t.TempDir())
			redistest.Do(t, p.Addr(), "SAVE")
		},
	},
	"loading": {
		reason: "REDIS_LOADING", line: "Redis is loading its data", words: "LOADING",
		redis: func(t *testing.T) *redistest.Process {
			return redistest.New(t, "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
		},
		begin: func(t *testing.T, p *redistest.Process) {
			redistest.Do(t, p.Addr(), "EVAL", "for i = 1, 15000 do redis.call('SET', 'filler' .. i, string.rep('x', 100)) end return 1", "0")
			redistest.Do(t, p.Addr(), "SAVE")
			p.Kill()
			p.Start()
		},
		end: func(t *testing.T, p *redistest.Process) {
			apptest.Eventually(t, "it is loaded", func() bool { return strings.Contains(redistest.Do(t, p.Addr(), "INFO", "persistence"), "\nloading:0") })
		},
	},
	"no permission": {
		reason: "REDIS_NO_PERMISSION", line: "Redis user lacks a permission", words: "this user may not", readable: true,
		redis: func(t *testing.T) *redistest.Process {
			p := redistest.New(t)
			redistest.Do(t, p.Addr(), "ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all")
			return p
		},
		url:   func(p *redistest.Process) string { return "redis://app:secret@" + p.Addr() },
		begin: do("ACL", "SETUSER", "app", "-zincrby"), end: do("ACL", "SETUSER", "app", "+zincrby"),
	},
	"authentication": {
		reason: "REDIS_AUTHENTICATION", line: "Redis rejects the user or password", words: "NOAUTH",
		begin: func(t *testing.T, p *redistest.Process) {
			redistest.Do(t, p.Addr(), "ACL", "SETUSER", "admin", "on", ">secret", "+@all", "~*")
			redistest.Do(t, p.Addr(), "CONFIG", "SET", "requirepass", "secret")
			for _, kind := range []string{"normal", "pubsub"} { // who is connected would stay so
				redistest.DoAs(t, p.Addr(), "admin", "secret", "CLIENT", "KILL", "TYPE", kind)
			}
		},
		end: func(t *testing.T, p *redistest.Process) {
			redistest.DoAs(t, p.Addr(), "admin", "secret", "CONFIG", "SET", "requirepass", "")
		},
	},
	"killed": { // the words are those of a refused connection, or of one that has ended while a command was under way
		reason: "REDIS_UNREACHABLE", line: "Redis unreachable", words: "",
		begin: func(_ *testing.T, p *redistest.Process) { p.Kill() }, end: func(_ *testing.T, p *redistest.Process) { p.Start() },
	},
	"silent": {
		reason: "REDIS_TIMEOUT", line: "Redis does not answer in time", words: "",
		begin: func(_ *testing.T, p *redistest.Process) { p.Pause() }, end: func(_ *testing.T, p *redistest.Process) { p.Resume() },
	},
	"no replicas": {
		reason: "REDIS_NO_REPLICAS", line: "Redis has too few replicas; writes fail", words: "NOREPLICAS", readable: true,
		begin: do("CONFIG", "SET", "min-replicas-to-write", "1"), end: do("CONFIG", "SET", "min-replicas-to-write", "0"),
	},
	"busy": {
		reason: "REDIS_BUSY", line: "Redis is busy", words: "BUSY",
		begin: func(t *testing.T, p *redistest.Process) {
			redistest.Do(t, p.Addr(), "CONFIG", "SET", "busy-reply-threshold", "10")
			go func() { _, _ = redistest.Try(p.Addr(), "EVAL", "while true do end", "0") }()
		},
		end: do("SCRIPT", "KILL"),
	},
}

// TestEachStateOfRedisHasItsReasonInAnswersAndLog brings a real Redis into each state in which it fails, and finds in each the
// same reason in every answer, one line in the log when it begins and one when it is over.
func TestEachStateOfRedisHasItsReasonInAnswersAndLog(t *testing.T) {
	t.Parallel()
	t.Cleanup(func() { // after the states, which are tried in parallel
		if !t.Failed() {
			redistest.Figure(t, "%d states: refused with another code or reason 0, partial writes 0", len(troubles))
		}
	})
	for name, state := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testRedisState(t, state)
		})
	}
}

func testRedisState(t *testing.T, state trouble) {
	if state.redis == nil {
		state.redis = plain
	}
	p := state.redis(t)
	url := "redis://" + p.Addr()
	if state.url != nil {
		url = state.url(p)
	}
	log := &apptest.Journal{}
	s := apptest.ServeLogging(t, apptest.TextLog(log), url)
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"))
	before := apptest.Dump(t, p.Addr(), s.Namespace)
	state.begin(t, p)
	metState(t, s, log, state, p.Addr())
	if state.readable && apptest.Dump(t, p.Addr(), s.Namespace) != before {
		t.Error("a write that was refused has changed something")
	}
	state.end(t, p)
	recovered(t, s, log, state)
}

// metState checks what answers and the log say while Redis is in a state.
func metState(t *testing.T, s *apptest.Site, log *apptest.Journal, state trouble, address string) {
	t.Helper()
	const write = `mutation { putComponents(input: {components: [{id: "x1", session: "s", error: "broken"}]}) { applied } }`
	apptest.Eventually(t, "a write is refused for that reason", func() bool { return s.Ask(write).Reason() == state.reason })
	for range 5 {
		r := s.Ask(write)
		if codes := r.Codes(); r.Reason() != state.reason || len(codes) != 1 || codes[0] != "UNAVAILABLE" {
			t.Fatalf("a write is answered %s", r.Body)
		}
		if strings.Contains(string(r.Body), address) || strings.Contains(string(r.Body), "127.0.0.1") {
			t.Errorf("the answer shows where Redis is: %s", r.Body)
		}
	}
	const read = `{ session(name: "s") { status { counts { active } errorGroupCount } } }`
	if !state.readable {
		apptest.Eventually(t, "a query fails for that reason", func() bool { return s.Ask(read).Reason() == state.reason })
	}
	// The first error gives up what else there is of a request. That is no state of its own.
	several := []string{`mutation { a: putComponents(input: {components: [{id: "x1", error: "a"}]}) { applied }
		b: createSession(input: {operation: BOOT, templateName: "t"}) { session { id } } c: deleteComponents(input: {ids: ["x1"]}) { applied } }`}
	if !state.readable {
		several = append(several, `{ a: session(name: "s") { name } b: components { totalCount } c: sessions { totalCount } d: component(id: "x1") { id } }`)
	}
	for _, request := range several {
		r := s.Ask(request)
		if len(r.Errors) == 0 {
			t.Errorf("%s is answered %s", request, r.Body)
		}
		for _, e := range r.Errors {
			if e.Extensions.Reason != state.reason {
				t.Errorf("%s is answered %s", request, r.Body)
			}
		}
	}
	r := s.Ask(read)
	code, body := s.Get("/readyz")
	problemStatus, problem := s.Get("/v2/sessions")
	if !state.readable {
		if r.Reason() != state.reason {
			t.Errorf("a query is answered %s", r.Body)
		}
		if code != http.StatusServiceUnavailable || !strings.Contains(string(body), state.reason+": ") {
			t.Errorf("/readyz answers %d %s", code, body)
		}
		var details struct{ Reason, Detail string }
		if err := json.Unmarshal([]byte(problem), &details); err != nil || problemStatus != http.StatusServiceUnavailable ||
			details.Reason != state.reason || details.Detail == "" {
			t.Errorf("REST answers %d %s", problemStatus, problem)
		}
	} else {
		if r.At("session.status.counts.active") != 1.0 || r.At("session.status.errorGroupCount") != 0.0 {
			t.Errorf("a write that was refused has done something: %s", r.Body)
		}
		if code != http.StatusOK || !strings.HasPrefix(string(body), "ready\n") || !strings.Contains(string(body), state.reason+": ") {
			t.Errorf("/readyz answers %d %s", code, body)
		}
		if known := string(s.Must(`{ serverInfo { problems { reason message since } } }`).Body); !strings.Contains(known, state.reason) {
			t.Errorf("serverInfo has %s", known)
		}
	}
	if n := apptest.CountLines(log, `level=ERROR msg="`+state.line+`"`, "reason="+state.reason, state.words); n != 1 {
		t.Errorf("the log has the line %d times:\n%s", n, log)
	}
	if page := operations(t); !strings.Contains(page, "`"+state.reason+"`") || !strings.Contains(page, "`"+state.line+"`") {
		t.Errorf("docs/operations.md has no row for %s", state.reason)
	}
}

// recovered checks that all is well after a state, and that the log says so once.
func recovered(t *testing.T, s *apptest.Site, log *apptest.Journal, state trouble) {
	t.Helper()
	write := func(text string) bool {
		r := s.Ask(`mutation { putComponents(input: {components: [{id: "x1", session: "s", error: "` + text + `"}]}) { applied } }`)
		return r.At("putComponents.applied") == 1.0
	}
	apptest.Eventually(t, "writes succeed", func() bool { return write("fine") })
	apptest.Eventually(t, "the log says that it is over", func() bool {
		write(time.Now().String())
		return apptest.CountLines(log, `msg="Redis recovered"`, "reason="+state.reason) == 1
	})
	if n := apptest.CountLines(log, `msg="`+state.line+`"`); n != 1 {
		t.Errorf("the log has the line %d times:\n%s", n, log)
	}
	apptest.Eventually(t, "it is ready without problems", func() bool {
		code, body := s.Get("/readyz")
		return code == http.StatusOK && strings.TrimSpace(string(body)) == "ready"
	})
	noDrift(t, s)
}

// operations is the runbook.
func operations(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestAClusterWithoutSlotsHasItsReason takes the slots of a cluster away.
func TestAClusterWithoutSlotsHasItsReason(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t)
	log := &apptest.Journal{}
	s := apptest.ServeLogging(t, apptest.TextLog(log), apptest.ClusterURL(nodes))
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"))
	state := trouble{reason: "REDIS_CLUSTER_DOWN", line: "Redis Cluster is down", words: "CLUSTERDOWN"}
	parts := [][2]string{{"0", "5460"}, {"5461", "10921"}, {"10922", "16383"}}
	for i, node := range nodes {
		redistest.Do(t, node, "CLUSTER", "DELSLOTSRANGE", parts[i][0], parts[i][1])
	}
	metState(t, s, log, state, nodes[0])
	for i, node := range nodes {
		redistest.Do(t, node, "CLUSTER", "ADDSLOTSRANGE", parts[i][0], parts[i][1])
	}
	recovered(t, s, log, state)
}
