package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func parseLine(t *testing.T, line string) Config {
	t.Helper()
	cfg, err := Parse(strings.Fields(line), io.Discard, io.Discard)
	if err != nil {
		t.Fatalf("bosgraph %s: %v", line, err)
	}
	return cfg
}

func TestTheDefaultsAreThoseOfTheDocument(t *testing.T) {
	follow := BOS{BOSInterval: 3 * time.Second, BOSPageSize: 10_000, BOSConfirmSweeps: 3, BOSConfirmTime: time.Minute, BOSTimeout: time.Minute}
	want := Config{Command: Serve, BOS: follow, Server: Server{
		Listen: "127.0.0.1:8080", Access: Access{Auth: "none", OIDCClaims: "csm", OIDCLeeway: 30 * time.Second}, Redis: Redis{Namespace: "bosgraph"}, Retention: 90 * 24 * time.Hour,
		Capacity: Capacity{MaxComponents: 2_000_000, MaxSessions: 100_000, MaxTenants: 10_000},
		Live: Live{
			Tick: 100 * time.Millisecond, PingInterval: 25 * time.Second, InitTimeout: 10 * time.Second, WriteDeadline: 10 * time.Second,
			MaxMessage: 64 << 10, MaxSubscriptions: 100, MaxConnections: 20_000, MaxConnectionsPerAddress: 10_000,
		},
		Limits: Limits{
			MaxResponse: 8 << 20, MaxResponseMemory: 128 << 20, MaxScan: 200_000, MaxCost: 100_000, MaxCostPerMinute: 20_000_000, OperationTimeout: 30 * time.Second,
			MaxDistinctSubscriptions: 10_000, MaxDistinctSubscriptionsPerAddress: 5_000,
			MaxHTTPConnections: 8192, MaxHTTPConnectionsPerAddress: 4096,
		},
		Collector: Collector{GCPercent: 400, GCHeap: 60_000_000},
		Log:       Log{LogLevel: slog.LevelInfo, LogFormat: "text"}, AuditLog: "stdout", ShutdownTimeout: 10 * time.Second,
	}}
	if got := parseLine(t, ""); !reflect.DeepEqual(got, want) {
		t.Errorf("no arguments give %+v, not %+v", got, want)
	}
	if got := parseLine(t, "serve"); !reflect.DeepEqual(got, want) {
		t.Errorf("serve gives %+v, not %+v", got, want)
	}
	want.Command, want.BOS, want.Simulation = Demo, BOS{}, Simulation{Components: 1000, Seed: 1, Speed: 10}
	if got := parseLine(t, "demo"); !reflect.DeepEqual(got, want) {
		t.Errorf("demo gives %+v, not %+v", got, want)
	}
	want = Config{Command: Recount, Verification: Verification{Repair: true, Resume: 17}}
	want.Redis, want.Log = Redis{RedisURL: "redis://h:1", Namespace: "bosgraph"}, Log{LogLevel: slog.LevelInfo, LogFormat: "text"}
	if got := parseLine(t, "recount --repair --resume 17 --redis-url redis://h:1"); !reflect.DeepEqual(got, want) {
		t.Errorf("recount gives %+v, not %+v", got, want)
	}
	want = Config{Command: Watch, Client: Client{Session: "s1", Asking: Asking{URL: "http://127.0.0.1:8080", Patience: time.Minute}}}
	if got := parseLine(t, "watch s1"); !reflect.DeepEqual(got, want) {
		t.Errorf("watch gives %+v, not %+v", got, want)
	}
	want.Command, want.Tenant, want.JSON = Failed, "t1", true
	if got := parseLine(t, "failed --tenant t1 --json s1"); !reflect.DeepEqual(got, want) {
		t.Errorf("failed gives %+v, not %+v", got, want)
	}
	if got := parseLine(t, "licenses"); !reflect.DeepEqual(got, Config{Command: Licenses}) {
		t.Errorf("licenses gives %+v", got)
	}
	if !parseLine(t, "version --json").JSON {
		t.Error("version --json is not for programs")
	}
	if got := parseLine(t, "version"); !reflect.DeepEqual(got, Config{Command: Version}) {
		t.Errorf("version gives %+v", got)
	}
}

func TestFlagOverVariableOverDefault(t *testing.T) {
	t.Setenv("BOSGRAPH_LISTEN", "127.0.0.1:1")
	t.Setenv("BOSGRAPH_RETENTION", "36h")
	t.Setenv("BOSGRAPH_LOG_LEVEL", "debug")
	t.Setenv("BOSGRAPH_SPEED", "2.5")
	cfg := parseLine(t, "demo --listen 127.0.0.1:2 --log-level=warn")
	if cfg.Listen != "127.0.0.1:2" || cfg.LogLevel != slog.LevelWarn {
		t.Errorf("the variable won over the flag: %+v", cfg)
	}
	if cfg.Retention != 36*time.Hour || cfg.Speed != 2.5 {
		t.Errorf("the default won over the variable: %+v", cfg)
	}
	if cfg := parseLine(t, ""); cfg.Listen != "127.0.0.1:1" || cfg.Command != Serve {
		t.Errorf("serve without its name did not read the variables: %+v", cfg)
	}
}

func TestGoodValuesAreTaken(t *testing.T) {
	for line, same := range map[string]func(Config) bool{
		"--base-path=/":          func(c Config) bool { return c.BasePath == "" },
		"--base-path=bos/graph/": func(c Config) bool { return c.BasePath == "/bos/graph" },
		"--allow-host=a.example.com,B --allow-host=10.0.0.1,[::1]": func(c Config) bool { return len(c.AllowHosts) == 4 },
		"--allow-host=*": func(c Config) bool { return c.AllowHosts[0] == "*" },
		"--allow-origin=https://ops.example.com:8443":                               func(c Config) bool { return len(c.AllowOrigins) == 1 },
		"--listen=:1 --insecure":                                                    func(c Config) bool { return c.Insecure },
		"--listen=:1 --auth=tokens --token-file=f":                                  func(c Config) bool { return c.Access.TokenFile == "f" },
		"--auth=oidc --oidc-issuer=https://a=https://k,https://b --oidc-audience=x": func(c Config) bool { return len(c.OIDCIssuers) == 2 },
		"token ci --roles=viewer,tenant --tenants=a --valid=90d":                    func(c Config) bool { return c.Name == "ci" && len(c.Roles) == 2 && c.Valid > 0 },
		"--data-dir=/d --data-dir-memory=2000000000":                                func(c Config) bool { return c.DataDirMemory == 2_000_000_000 },
		"--listen=[::1]:80":                                                         func(c Config) bool { return c.Listen == "[::1]:80" },
		"--retention=1d12h":                                                         func(c Config) bool { return c.Retention == 36*time.Hour },
		"--retention=1h":                                                            func(c Config) bool { return c.Retention == time.Hour },
		"--log-format=json":                                                         func(c Config) bool { return c.LogFormat == "json" },
		"--redis-url=unix:///run/redis.sock":                                        func(c Config) bool { return c.RedisURL == "unix:///run/redis.sock" },
		"--redis-url=redis://u:p@h:1/2":                                             func(c Config) bool { return c.RedisURL == "redis://u:p@h:1/2" },
		"--redis-url=redis+cluster://h:1?addr=i:1":                                  func(c Config) bool { return c.RedisURL != "" },
		"--redis-url=redis+sentinel://h:1?master_name=m&addr=i:1":                   func(c Config) bool { return c.RedisURL != "" },
		"--redis-url=rediss://h --redis-ca-file=ca --redis-user=u":                  func(c Config) bool { return c.RedisCA == "ca" && c.RedisUser == "u" },
		"--redis-url=rediss+cluster://h:1 --redis-password-file=p":                  func(c Config) bool { return c.RedisPassword == "p" },
		"--redis-url=redis://h --redis-wait=2":                                      func(c Config) bool { return c.RedisWait == 2 },
		"--bos-url=https://h/apis/bos/ --bos-ca-file=ca":                            func(c Config) bool { return c.BOSURL == "https://h/apis/bos" && c.BOSCA == "ca" },
		"--bos-url=http://h:1 --tapms-url=http://h/t/":                              func(c Config) bool { return c.TAPMSURL == "http://h/t" },
		"--bos-url=http://h --tenants-file=t --bos-token-file=f":                    func(c Config) bool { return c.TenantsFile == "t" && c.BOSToken == "f" },
		"--bos-url=http://h --bos-interval=100ms --bos-page-size=100":               func(c Config) bool { return c.BOSPageSize == 100 },
		"watch s --server=https://h/base/path --ca-file=ca":                         func(c Config) bool { return c.URL == "https://h/base/path" && c.CA == "ca" },
		"failed s --patience=0s --token-file=t":                                     func(c Config) bool { return c.Patience == 0 && c.Asking.TokenFile == "t" },
		"demo --components=10000 --seed=0":                                          func(c Config) bool { return c.Components == 10_000 && c.Seed == 0 },
		"demo --components=100000 --redis-url=redis://h --speed=1000":               func(c Config) bool { return c.Components == 100_000 && c.Speed == 1000 },
		"--bos-url=http://h --bos-confirm-sweeps=5 --bos-confirm-time=1h":           func(c Config) bool { return c.BOSConfirmSweeps == 5 && c.BOSConfirmTime == time.Hour },
		"compare --bos-url=http://h/apis/bos/ --bos-token-file=f":                   func(c Config) bool { return c.BOSURL == "http://h/apis/bos" && c.BOSToken == "f" },
		"compare --bos-url=http://h --server=http://i --tenant=t --json":            func(c Config) bool { return c.URL == "http://i" && c.Tenant == "t" && c.JSON },
		"compare --bos-url=https://h --bos-ca-file=a --token-file=t":                func(c Config) bool { return c.BOSCA == "a" && c.Asking.TokenFile == "t" },
		"webhooks list --redis-url=redis://h --json":                                func(c Config) bool { return c.Command == ListWebhooks && c.Hooks.JSON },
		"webhooks test --webhooks=f --target=ops": func(c Config) bool {
			return c.Command == TestWebhooks && c.Hooks.File == "f" && c.Hooks.Target == "ops"
		},
		"webhooks retry --redis-url=redis://h --target=t": func(c Config) bool { return c.Command == RetryWebhooks && c.Hooks.Target == "t" },
		"list --status=RUNNING":                           func(c Config) bool { return c.Listing.Status == "running" },
		"sync accept --redis-url=redis://h --namespace=n": func(c Config) bool { return c.Command == Accept && c.Namespace == "n" },
	} {
		if cfg := parseLine(t, line); !same(cfg) {
			t.Errorf("bosgraph %s gives %+v", line, cfg)
		}
	}
}

func TestBadValuesAreRefusedWithAnExample(t *testing.T) {
	for line, want := range map[string]string{
		"compare":                                "compare needs the BOS to compare with",
		"compare --bos-url=http://h/v2":          "leave out /v2",
		"compare --bos-url=http://u:secret@h":    "--bos-token-file",
		"compare --bos-url=http://h --server=h":  "not the URL of a server",
		"compare --bos-url=http://h --ca-file=f": "use https://",

		"troubled --days -1":                        "--days: -1 is not a number of days: use 0 to 36500",
		"list --first -1":                           "--first: -1 is not a number of sessions to list: use 1 to 1000",
		"token a --roles=viewer --valid -1h":        `--valid: "-1h" is not a duration: write it like 90d, 36h or 1d12h`,
		"watch s --patience -.5s":                   "--patience: -500ms is not a time to wait: use 0 or more",
		"recount --redis-url=redis://h --resume -3": "--resume: expected a whole number of at least 0",

		"frobnicate":                              "there is no command",
		"--frobnicate":                            "unknown flag --frobnicate",
		"serve --speed=2":                         "unknown flag --speed",
		"--tls-cert-file=f":                       "TLS needs both",
		"--login-key-file=f":                      "nobody logs in",
		"--oidc-client-id=b":                      "are for --auth=oidc",
		"--listen=:8080":                          "accept it with --insecure",
		"--listen=0.0.0.0:1":                      "accept it with --insecure",
		"--listen=node.example:1":                 "accept it with --insecure",
		"--auth=basic":                            "use none, tokens or oidc",
		"--auth=tokens":                           "needs a --token-file",
		"--token-file=f":                          "for --auth=tokens",
		"--auth=oidc":                             "needs an --oidc-issuer",
		"--auth=oidc --oidc-issuer=https://a":     "needs an --oidc-audience",
		"--oidc-audience=a":                       "for --auth=oidc",
		"--auth=tokens --token-file=f --insecure": "leave one of them out",
		"--auth=oidc --oidc-issuer=https://a --oidc-audience=x --oidc-claims=x": "use csm or generic",
		"--oidc-leeway=6m":                       "use 0s to 5m0s",
		"token ci --roles=viewer --valid=-1h":    "is not a duration",
		"token ci --roles=viewer --valid=0d":     "is not a duration",
		"--listen=8080":                          "write it like 127.0.0.1:8080",
		"--listen=:99999":                        "write it like 127.0.0.1:8080",
		"--metrics-listen=9090":                  "--metrics-listen: \"9090\" is not an address",
		"--base-path=/a/../b":                    "not a path to serve under",
		"--base-path=/a//b":                      "not a path to serve under",
		"--base-path=/a?b":                       "not a path to serve under",
		"--base-path=http://host/a":              "not a path to serve under",
		"--max-components=0":                     "use at least 1",
		"--max-sessions=-1":                      "use at least 1",
		"--max-tenants=0":                        "use at least 1",
		"--allow-host=http://h":                  "without scheme, port or path",
		"--allow-host=h:80":                      "without scheme, port or path",
		"--allow-host=h/path":                    "without scheme, port or path",
		"--allow-host=*.example.com":             "or * alone, for every name",
		"--allow-host=a..b":                      "is not a host name",
		"--allow-host=a,,b":                      "is not a host name",
		"--allow-host=[a]":                       "is not a host name",
		"--allow-host=bücher.example":            "as xn--",
		"--allow-origin=h":                       "is no origin",
		"--allow-origin=null":                    "is no origin",
		"--allow-origin=https://h/":              "is no origin",
		"--allow-origin=https://h?a":             "is no origin",
		"--allow-origin=https://u@h":             "is no origin",
		"--allow-origin=*":                       "is no origin",
		"--namespace=a{b}":                       "not a namespace",
		"--namespace=":                           "not a namespace",
		"--namespace=" + strings.Repeat("x", 65): "not a namespace",
		"--retention=59m":                        "at least 1h",
		"--retention=90":                         "write it like 90d, 36h or 1d12h",
		"--retention=-1d":                        "write it like 90d, 36h or 1d12h",
		"--retention=1d-5h":                      "write it like 90d, 36h or 1d12h",
		"--retention=200000d":                    "write it like 90d, 36h or 1d12h",
		"--log-level=INFO":                       "use debug, info, warn or error",
		"--log-format=xml":                       "use text or json",
		"--shutdown-delay=-1s":                   "from 0s to 5m",
		"--shutdown-delay=6m":                    "from 0s to 5m",
		"--shutdown-timeout=0s":                  "use more than 0",
		"--shutdown-timeout=ten":                 "expected duration",
		"--redis-url=localhost:6379":             "is not known: use redis, rediss",
		"--redis-url=http://h":                   `the scheme "http" is not known`,
		"--redis-url=redis://":                   "names no host",
		"--redis-url=redis://h:x":                "not a URL",
		"--redis-url=unix://":                    "names no socket",
		"--redis-url=redis+sentinel://h:1":       "add ?master_name=NAME",
		"--redis-user=u":                         "give its --redis-url, too",
		"--redis-url=redis://a@h --redis-user=b": "names a user already",
		"--redis-url=redis://a:secret@h --redis-password-file=f": "has a password already",
		"--redis-url=redis://h --redis-ca-file=f":                "use rediss://",
		"--redis-wait=1":                                           "has replicas",
		"--data-dir=/d --redis-wait=1":                             "has replicas",
		"--data-dir-memory=20000000":                               "give that, too",
		"--data-dir=/d --data-dir-memory=2":                        "at least 10000000",
		"--data-dir=/d --data-dir-memory=-1":                       "at least 10000000",
		"--data-dir=/d --redis-user=u":                             "a Redis of your own",
		"--data-dir=/d --redis-url=redis://h":                      "give one of them only",
		"--redis-url=redis://h --redis-wait=-1":                    "use 0 to 10",
		"--redis-url=redis://h --redis-wait=11":                    "use 0 to 10",
		"--bos-url=api-gw":                                         "write it like https://api-gw-service-nmn.local/apis/bos",
		"--bos-url=ftp://u:secret@h":                               "is not the address of a service",
		"--bos-url=http://u:secret@h":                              "give a token with --bos-token-file",
		"--bos-url=http://h?a=b":                                   "is not the address of a service",
		"--bos-url=http://h/apis/bos/v2":                           "leave out /v2",
		"--bos-token-file=f":                                       "give its --bos-url, too",
		"--tapms-url=http://h":                                     "give its --bos-url, too",
		"--bos-url=http://h --tapms-url=h":                         "write it like https://api-gw-service-nmn.local/apis/tapms",
		"--bos-url=http://h --tapms-url=http://h --tenants-file=f": "give one of them only",
		"--bos-url=http://h --bos-interval=99ms":                   "use 100ms to 1h",
		"--bos-url=http://h --bos-page-size=99":                    "use 100 to 50000",
		"--bos-url=http://h --bos-timeout=1ms":                     "use at least 1s",
		"--bos-url=http://h --bos-confirm-sweeps=1":                "use 2 to 100",
		"--bos-url=http://h --bos-confirm-time=999ms":              "use 1s to 24h",
		"sync":                                           "expected \"accept",
		"sync accept":                                    "accept needs the Redis that the servers use",
		"demo --bos-url=http://h":                        "unknown flag --bos-url",
		"watch a b":                                      "unexpected argument b",
		"watch s --redis-url=redis://h":                  "unknown flag",
		"watch s --server=127.0.0.1:8080":                "not the URL of a server",
		"watch s --server=http://u:secret@h":             "not the URL of a server",
		"watch s --server=http://u:secret@h:x":           "not the URL of a server",
		"watch s --server=http:///x":                     "not the URL of a server",
		"failed s --server=http://h?a=b":                 "not the URL of a server",
		"watch s --server=http://h --ca-file=f":          "use https://",
		"watch s --patience=-1s":                         "not a time to wait",
		"demo --components=0":                            "can't be simulated",
		"demo --components=10001":                        "give a --redis-url",
		"demo --components=100001 --redis-url=redis://h": "up to 100000 with --redis-url",
		"wacth s":                             `there is no command "wacth": did you mean "watch"?`,
		"dance":                               `there is no command "dance"`,
		"watch":                               "give its name, or --latest",
		"watch s --latest":                    "not both",
		"list --first=0":                      "use 1 to 1000",
		"list --status=gone":                  "pending",
		"demo --components=abc":               "expected a whole number but got \"abc\"",
		"demo --speed=0":                      "use more than 0",
		"demo --speed=NaN":                    "use more than 0",
		"demo --speed=1001":                   "at most 1000",
		"demo --seed=-1":                      "expected a whole number of at least 0 but got \"-1\"",
		"--redis-url=ftp://u:secret@h":        "is not known",
		"--redis-url=redis://u:secret@h:port": "not a URL",
		"--redis-url=redis+cluster://u:secret@h:1 --redis-user=x": "names a user already",
	} {
		var stdout, stderr bytes.Buffer
		_, err := Parse(strings.Fields(line), &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("bosgraph %s: %v, not %q", line, err, want)
			continue
		}
		if ExitCode(err) != 64 || stdout.Len() != 0 || !strings.Contains(stderr.String(), err.Error()) {
			t.Errorf("bosgraph %s exits with %d and says %q, and %q as its result", line, ExitCode(err), stderr.String(), stdout.String())
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("bosgraph %s shows a password: %v", line, err)
		}
	}
}

// TestTheHintNamesTheCommand shows whose options the line below an error is about.
func TestTheHintNamesTheCommand(t *testing.T) {
	for line, want := range map[string]string{
		"list --first=0": "list", "list --frobnicate": "list", "token": "token", "sync accept": "sync accept", "--tick=0s": "serve", "dance": "serve",
	} {
		var stderr bytes.Buffer
		_, err := Parse(strings.Fields(line), io.Discard, &stderr)
		if err == nil || !strings.HasSuffix(stderr.String(), fmt.Sprintf("\"bosgraph %s --help\" for the options of %[1]s.\n", want)) {
			t.Errorf("bosgraph %s: %s", line, stderr.String())
		}
	}
}

func TestBadVariableIsNamed(t *testing.T) {
	t.Setenv("BOSGRAPH_RETENTION", "soon")
	_, err := Parse(nil, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "BOSGRAPH_RETENTION") {
		t.Errorf("a bad variable gives %v", err)
	}
	t.Setenv("BOSGRAPH_RETENTION", "2d")
	t.Setenv("BOSGRAPH_SPEED", "fast")
	parseLine(t, "serve") // has no speed, so it does not matter
}

func TestEmptyListOfHosts(t *testing.T) {
	t.Setenv("BOSGRAPH_ALLOW_HOST", "") // as a manifest with a placeholder has it
	if c := parseLine(t, ""); len(c.AllowHosts) != 0 {
		t.Errorf("an empty variable allows %q", c.AllowHosts)
	}
	t.Setenv("BOSGRAPH_ALLOW_HOST", "a.example.com,b.example.com")
	if c := parseLine(t, ""); !reflect.DeepEqual(c.AllowHosts, []string{"a.example.com", "b.example.com"}) {
		t.Errorf("two names allow %q", c.AllowHosts)
	}
}

// TestAnEmptySwitchIsOff has variables as a compose file leaves them that hands on what is not set.
func TestAnEmptySwitchIsOff(t *testing.T) {
	t.Setenv("BOSGRAPH_INSECURE", "")
	t.Setenv("BOSGRAPH_JSON", "")
	if c := parseLine(t, "serve"); c.Insecure {
		t.Error("an empty variable gives everybody access")
	}
	if c := parseLine(t, "version --json"); !c.JSON {
		t.Error("an empty variable takes precedence over its flag")
	}
	if _, err := Parse([]string{"serve", "--listen=:8080"}, io.Discard, io.Discard); err == nil {
		t.Error("an empty variable lets a server without access control start")
	}
}

func TestHelpNamesCommandsAndOptions(t *testing.T) {
	for _, line := range []string{"--help", "demo --help", "demo --components=0 --help", "-h"} {
		var stdout, stderr bytes.Buffer
		_, err := Parse(strings.Fields(line), &stdout, &stderr)
		if !errors.Is(err, ErrHelp) || ExitCode(err) != 0 || stderr.Len() != 0 {
			t.Errorf("bosgraph %s: %v, with %q as its error", line, err, stderr.String())
		}
		if !strings.HasPrefix(stdout.String(), "Usage: bosgraph") {
			t.Errorf("bosgraph %s prints %q", line, stdout.String())
		}
	}
	var stdout bytes.Buffer
	if _, err := Parse([]string{"demo", "--help"}, &stdout, io.Discard); !errors.Is(err, ErrHelp) {
		t.Fatal(err)
	}
	for _, want := range []string{"--retention=DURATION", "$BOSGRAPH_RETENTION", "90d", "--speed=X"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the help of demo lacks %s:\n%s", want, stdout.String())
		}
	}
}

// TestHelpThatCannotBePrintedIsAnError shows that a full disk is not taken for a wrong command line.
func TestHelpThatCannotBePrintedIsAnError(t *testing.T) {
	r, full := io.Pipe()
	if err := r.CloseWithError(errors.New("no space left on device")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"--help", "serve --help"} {
		var stderr bytes.Buffer
		_, err := Parse(strings.Fields(line), full, &stderr)
		if err == nil || ExitCode(err) != 2 || stderr.String() != "bosgraph: no space left on device\n" {
			t.Errorf("bosgraph %s: %v, exits with %d and prints %q", line, err, ExitCode(err), stderr.String())
		}
	}
}

func TestVariablesOfTheChartAreFresh(t *testing.T) {
	have, err := os.ReadFile("../../packaging/chart/bosgraph/variables.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := WriteVariables(&want); err != nil {
		t.Fatal(err)
	}
	if string(have) != want.String() {
		t.Error("the chart's list of variables is out of date: run go generate ./internal/config")
	}
	names := strings.Fields(want.String())
	if !slices.Contains(names, "BOSGRAPH_BOS_PAGE_SIZE") || slices.Contains(names, "BOSGRAPH_PATIENCE") {
		t.Errorf("%q are not those of serve", names)
	}
}

func TestOptionsDocumentIsFresh(t *testing.T) {
	have, err := os.ReadFile("../../docs/options.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := WriteOptions(&want); err != nil {
		t.Fatal(err)
	}
	if string(have) != want.String() {
		t.Error("docs/options.md is out of date: run go generate ./internal/config")
	}
	for _, option := range []string{"`BOSGRAPH_REDIS_URL`", "`90d`", "`--speed=X`", "`--redis-password-file=FILE`", "`BOSGRAPH_PATIENCE`", "`watch [<session>]`"} {
		if strings.Count(want.String(), option) != 1 {
			t.Errorf("the document does not name %s once", option)
		}
	}
}
