package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2/server"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// check runs the command, and returns its status and what it prints. Statuses of a wrong command line are those of the parser.
func check(t *testing.T, options ...string) (status int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c, err := config.Parse(append([]string{"check"}, options...), &stdout, &stderr)
	if err != nil {
		return config.ExitCode(err), stderr.String()
	}
	status = app.Check(t.Context(), c, &stdout)
	return status, stdout.String()
}

// claiming answers INFO as another product does, and nothing else.
func claiming(t *testing.T, info string) string {
	t.Helper()
	s, err := server.NewServer("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	err = s.Register("INFO", func(c *server.Peer, _ string, _ []string) { c.WriteBulk(strings.ReplaceAll(info, " ", "\r\n")) })
	if err != nil {
		t.Fatal(err)
	}
	return "redis://" + s.Addr().String()
}

// as makes a user with these rights on the shared Redis, and returns the options that use it.
func as(t *testing.T, user string, rules []string) []string {
	t.Helper()
	redistest.Do(t, redistest.SharedServer(t), slices.Concat([]string{"ACL", "SETUSER", user, "on", ">secret"}, rules)...)
	return []string{"--redis-url", "redis://" + user + ":secret@" + redistest.SharedServer(t)}
}

// TestWrongSetUpsAreNamed is a table of them, each with what is printed and the status.
func TestWrongSetUpsAreNamed(t *testing.T) {
	t.Parallel()
	const info = "run_id:1 master_replid:1 role:master redis_version:"
	shared := "redis://" + redistest.SharedServer(t)
	down := redistest.New(t)
	down.Kill()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	noName := filepath.Join(dir, "tenants")
	if err := os.WriteFile(noName, []byte(`{"blue": [], "no name!": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("", "") // as a socket's path has to be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	with := func(settings ...string) string {
		p := redistest.New(t, "--appendonly", "yes")
		redistest.Do(t, p.Addr(), append([]string{"CONFIG", "SET"}, settings...)...)
		return "redis://" + p.Addr()
	}
	replica := redistest.New(t, "--replicaof", "127.0.0.1", strings.TrimPrefix(down.Addr(), "127.0.0.1:"))
	other := redistest.Server(t)
	redistest.Do(t, other, "HSET", "{bosgraph}:meta", "schema", "9999")
	acl := cache.ACL("bosgraph")
	without := func(rule string) []string {
		return slices.DeleteFunc(slices.Clone(acl), func(r string) bool { return r == rule })
	}
	answering := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	untrusted := listenUntrusted(t)
	fake := listenBOS(t, bosfake.New(bosfake.Options{}))
	sentinel := redistest.Sentinel(t, redistest.Server(t))
	following := slices.Clip([]string{"--redis-url", shared, "--bos-url"})

	for name, test := range map[string]struct {
		options []string
		status  int
		says    string
	}{
		"nothing keeps the state":     {nil, 3, "lost when the server ends"},
		"Redis is down":               {[]string{"--redis-url", "redis://" + down.Addr()}, 1, "connection refused"},
		"no password":                 {[]string{"--redis-url", with("requirepass", "secret")}, 1, "REDIS_AUTHENTICATION"},
		"a wrong password":            {[]string{"--redis-url", "redis://u:wrong@" + redistest.SharedServer(t)}, 1, "WRONGPASS"},
		"a replica":                   {[]string{"--redis-url", "redis://" + replica.Addr()}, 1, "this is a replica of 127.0.0.1"},
		"an untrusted certificate":    {[]string{"--redis-url", "rediss://" + untrusted}, 1, "--redis-ca-file"},
		"a Sentinel as a server":      {[]string{"--redis-url", "redis://" + sentinel}, 1, "this is a Sentinel"},
		"an unknown master":           {[]string{"--redis-url", "redis+sentinel://" + sentinel + "?master_name=nobody"}, 1, "correct master_name"},
		"a cluster's node":            {[]string{"--redis-url", "redis://" + redistest.SharedCluster(t)[0]}, 1, "a node of a cluster"},
		"a server as a cluster":       {[]string{"--redis-url", strings.Replace(shared, "redis:", "redis+cluster:", 1)}, 1, "this is no cluster"},
		"Redis 6.2":                   {[]string{"--redis-url", claiming(t, info+"6.2.14")}, 1, "this is Redis 6.2.14, and 7.0 is needed"},
		"Dragonfly":                   {[]string{"--redis-url", claiming(t, info+"7.4.0 dragonfly_version:df-v1.25.0")}, 1, "this is Dragonfly"},
		"KeyDB":                       {[]string{"--redis-url", claiming(t, info+"6.3.4 executable:/usr/bin/keydb-server")}, 1, "this is KeyDB"},
		"a serverless offering":       {[]string{"--redis-url", claiming(t, "redis_version:7.1.0 role:master")}, 1, "serverless"},
		"no right to a command":       {as(t, "noz", without("+zincrby")), 1, "the user lacks +zincrby"},
		"no right to channels":        {as(t, "nochannel", without("&{bosgraph}:*")), 1, "&{bosgraph}:*"},
		"no right to keys":            {as(t, "nokeys", without("~{bosgraph}:*")), 1, "~{bosgraph}:*"},
		"a command that is renamed":   {[]string{"--redis-url", "redis://" + redistest.New(t, "--rename-command", "COPY", "DUPLICATE").Addr()}, 1, "does not know COPY"},
		"data of another version":     {[]string{"--redis-url", "redis://" + other}, 1, "another version of bosgraph"},
		"keys are evicted":            {[]string{"--redis-url", with("maxmemory-policy", "allkeys-lru")}, 3, "maxmemory-policy noeviction"},
		"nothing is saved":            {[]string{"--redis-url", shared}, 3, "the append-only file is off"},
		"no memory":                   {[]string{"--redis-url", with("maxmemory", "1")}, 1, "REDIS_OUT_OF_MEMORY"},
		"too few replicas":            {[]string{"--redis-url", with("min-replicas-to-write", "1")}, 1, "REDIS_NO_REPLICAS"},
		"no replica to wait for":      {[]string{"--redis-url", shared, "--redis-wait", "1"}, 1, "waits for 1"},
		"no folder for the audit log": {[]string{"--redis-url", shared, "--audit-log", filepath.Join(dir, "none", "audit")}, 1, "configuration: --audit-log: open " + dir},
		"no file of tenants":          {append(following, fake+"/apis/bos", "--tenants-file", filepath.Join(dir, "none")), 1, "tenants: the file of tenants can't be read (open " + dir + "/none: no such file"},
		"another file as tenants":     {append(following, fake+"/apis/bos", "--tenants-file", file), 1, "is not as it should be: write it like"},
		"no name of a tenant":         {append(following, fake+"/apis/bos", "--tenants-file", noName), 1, "tenants: \"no name!\" is not a name"},
		"no password file":            {[]string{"--redis-url", shared, "--redis-password-file", filepath.Join(dir, "none")}, 1, "no such file"},
		"an empty password file":      {[]string{"--redis-url", shared, "--redis-password-file", empty}, 1, "configuration: --redis-password-file: " + empty + " is empty"},
		"an empty login key":          {[]string{"--redis-url", shared, "--auth", "tokens", "--token-file", empty, "--login-key-file", empty}, 1, "configuration: --login-key-file: " + empty + " is empty"},
		"no certificate":              {[]string{"--redis-url", strings.Replace(shared, "redis:", "rediss:", 1), "--redis-ca-file", file}, 1, "configuration: --redis-ca-file: " + file + " holds no PEM certificate"},
		"no file of authorities":      {append(following, "https://127.0.0.1:1/apis/bos", "--bos-ca-file", filepath.Join(dir, "none")), 1, "BOS: --bos-ca-file: open " + dir},
		"a data directory is a file":  {[]string{"--data-dir", file}, 1, "not a directory"},
		"memory without a limit":      {[]string{"--data-dir", short}, 3, "give a --data-dir-memory"},
		"BOS is down":                 {append(following, "http://127.0.0.1:1/apis/bos"), 1, "connection refused"},
		"BOS refuses the token":       {append(following, answering(401, "application/json", "{}")), 1, "it refuses the token: 401"},
		"a login page":                {append(following, answering(200, "text/html", "<html>")), 1, "is this the right URL?"},
		"BOS has another certificate": {append(following, "https://"+untrusted), 1, "its certificate is not to be trusted"},
		"TAPMS is another service":    {append(following, fake+"/apis/bos", "--tapms-url", answering(404, "text/plain", "")), 1, "TAPMS: TAPMS, GET /v1alpha3/tenants: it does not know this path"},
		"no OpenID Connect provider":  {[]string{"--redis-url", shared, "--auth", "oidc", "--oidc-issuer", "http://127.0.0.1:1", "--oidc-audience", "a"}, 1, "OpenID Connect provider http://127.0.0.1:1"},
		"two places for the state":    {[]string{"--redis-url", shared, "--data-dir", dir}, 64, "give one of them only"},
	} {
		status, out := check(t, test.options...)
		if status != test.status || !strings.Contains(out, test.says) {
			t.Errorf("%s: status %d, not %d with %q\n%s", name, status, test.status, test.says, out)
		}
	}
	audit := filepath.Join(t.TempDir(), "audit")
	if status, out := check(t, "--redis-url", with("appendfsync", "everysec"), "--bos-url", fake+"/apis/bos", "--audit-log", audit); status != 0 {
		t.Errorf("a good set-up: status %d\n%s", status, out)
	}
	if status, out := check(t, "--data-dir", short, "--data-dir-memory", "100000000"); status != 0 || !strings.Contains(out, " MB used of 95 MB") {
		t.Errorf("a data directory whose memory has a limit: status %d\n%s", status, out)
	}
	if left, err := os.ReadDir(filepath.Dir(audit)); err != nil || len(left) > 0 {
		t.Errorf("the check of the audit log has left %v, %v", left, err)
	}
	_, out := check(t, "--json")
	var found []bos.Finding
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) != 2 || found[1].Level != bos.Warning || found[1].Fix == "" {
		t.Errorf("for programs: %v, %s", err, out)
	}
}

// TestAServerRefusesAUserThatLacksARight starts one for each right of the documented user, without that right.
func TestAServerRefusesAUserThatLacksARight(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	acl := cache.ACL("refused")
	for i, rule := range acl {
		redistest.Do(t, p.Addr(), slices.Concat([]string{"ACL", "SETUSER", "user", "reset", "on", ">secret"}, acl[:i], acl[i+1:])...)
		a, err := app.New(apptest.Parse(t, "serve", "redis://user:secret@"+p.Addr(), "--namespace", "refused"), apptest.TextLog(io.Discard))
		if err != nil {
			t.Fatal(err)
		}
		needed := !slices.Contains([]string{"+asking", "+cluster|slots", "+command", "+wait"}, rule)
		if err = a.Start(); needed != (err != nil && strings.Contains(err.Error(), "this Redis cannot be used")) {
			t.Errorf("without %s: Start returned %v", rule, err)
		}
		if err == nil {
			if err := a.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			redistest.Do(t, p.Addr(), "FLUSHALL")
		}
		if n := redistest.Do(t, p.Addr(), "DBSIZE"); n != "0" {
			t.Fatalf("without %s: %s keys were written", rule, n)
		}
	}
}

// listenUntrusted listens with a certificate of an authority that nobody knows.
func listenUntrusted(t *testing.T) string {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// TestARedisWithAnUntrustedCertificateIsUnreachable starts a server with the URL of one.
func TestARedisWithAnUntrustedCertificateIsUnreachable(t *testing.T) {
	t.Parallel()
	log := &apptest.Journal{}
	s := apptest.ServeLogging(t, apptest.TextLog(log), "rediss://"+listenUntrusted(t))
	if r := s.Ask(`{ sessions { totalCount } }`); r.Reason() != "REDIS_UNREACHABLE" {
		t.Errorf("a query is answered %s", r.Body)
	}
	if apptest.CountLines(log, `msg="Redis unreachable"`, `error="tls: failed to verify certificate`) != 1 {
		t.Errorf("the log says %s", log)
	}
}

// TestAServerNamesASentinelForWhatItIs starts one with the URL of a Sentinel as that of a single server.
func TestAServerNamesASentinelForWhatItIs(t *testing.T) {
	t.Parallel()
	sentinel := redistest.Sentinel(t, redistest.Server(t))
	a, err := app.New(apptest.Parse(t, "serve", "redis://"+sentinel), apptest.TextLog(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err == nil || !strings.Contains(err.Error(), "this is a Sentinel") || !strings.Contains(err.Error(), "redis+sentinel://") {
		t.Errorf("Start returned %v", err)
	}
}

// TestARedisThatComesLaterIsLookedAt starts before a Redis that must not be used.
func TestARedisThatComesLaterIsLookedAt(t *testing.T) {
	t.Parallel()
	p := redistest.New(t, "--rename-command", "COPY", "")
	p.Kill()
	a := apptest.Start(t, apptest.Parse(t, "serve", "redis://"+p.Addr()), apptest.TextLog(io.Discard), func(a *app.App) { a.WatchRedisEvery(watchOften) }).App
	p.Start()
	if err := <-a.Failed(); !strings.Contains(fmt.Sprint(err), "does not know COPY") {
		t.Errorf("it failed with %v", err)
	}
}

// TestSettingsThatBecomeWorseAreReported changes settings of a Redis in use, and takes that back.
func TestSettingsThatBecomeWorseAreReported(t *testing.T) {
	t.Parallel()
	p := redistest.New(t, "--appendonly", "yes")
	log := &apptest.Journal{}
	s := serveWatching(t, apptest.TextLog(log), "redis://"+p.Addr())
	reported := func(reason string) float64 {
		return valueOf(t, scrape(t, s, s.Base+"/metrics"), "bosgraph_redis_problem", reason)
	}
	apptest.Eventually(t, "Redis was looked at", func() bool {
		return valueOf(t, scrape(t, s, s.Base+"/metrics"), "bosgraph_redis_memory_bytes") > 0
	})
	for reason, change := range map[string]struct{ setting, worse, good, line string }{
		"REDIS_NOT_SAVING":         {"appendonly", "no", "yes", "Redis no longer saves every change"},
		"REDIS_MAY_EVICT":          {"maxmemory-policy", "allkeys-lru", "noeviction", "Redis may evict keys"},
		"REDIS_MEMORY_NEARLY_FULL": {"maxmemory", "1", "0", "Redis memory is nearly full"},
	} {
		if reported(reason) != 0 {
			t.Errorf("%s at first", reason)
		}
		redistest.Do(t, p.Addr(), "CONFIG", "SET", change.setting, change.worse)
		apptest.Eventually(t, reason, func() bool { return reported(reason) == 1 })
		redistest.Do(t, p.Addr(), "CONFIG", "SET", change.setting, change.good)
		apptest.Eventually(t, "no "+reason, func() bool { return reported(reason) == 0 })
		if n := apptest.CountLines(log, `level=WARN msg="`+change.line+`"`); n != 1 {
			t.Errorf("%q is logged %d times", change.line, n)
		}
	}
}

// TestCommandsSayThatNoServerRunsOnADataDirectory runs those that work beside servers on a directory that is not there, and on one
// whose redis-server was killed.
func TestCommandsSayThatNoServerRunsOnADataDirectory(t *testing.T) {
	missing, killed := filepath.Join(t.TempDir(), "wrong"), t.TempDir()
	if err := os.Mkdir(filepath.Join(killed, "redis"), 0o700); err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(killed, "redis", "redis.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	socket.SetUnlinkOnClose(false)
	socket.Close()
	for _, dir := range []string{missing, killed} {
		for _, command := range besidesServers {
			if _, err := besides(t, slog.New(slog.DiscardHandler), command, "--data-dir", dir); err == nil || err.Error() != "--data-dir: no server runs on "+dir+": check the name, or start it" {
				t.Errorf("%s: it says %v", command, err)
			}
		}
	}
}
