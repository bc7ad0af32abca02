package config

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"reflect"
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

func TestDefaults(t *testing.T) {
	follow := BOS{BOSInterval: 3 * time.Second, BOSPageSize: 10_000, BOSTimeout: time.Minute}
	want := Config{Command: Serve, BOS: follow, Server: Server{
		Listen: "127.0.0.1:8080", Redis: Redis{Namespace: "bosgraph"}, Retention: 90 * 24 * time.Hour,
		Live: Live{
			Tick: 100 * time.Millisecond, PingInterval: 25 * time.Second, InitTimeout: 10 * time.Second, WriteDeadline: 10 * time.Second,
			MaxMessage: 64 << 10, MaxSubscriptions: 100, MaxConnections: 20_000, MaxConnectionsPerAddress: 10_000,
		},
		Log: Log{LogLevel: slog.LevelInfo, LogFormat: "text"}, ShutdownTimeout: 10 * time.Second,
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
	want = Config{Command: Watch, Client: Client{Session: "s1", URL: "http://127.0.0.1:8080", Patience: time.Minute}}
	if got := parseLine(t, "watch s1"); !reflect.DeepEqual(got, want) {
		t.Errorf("watch gives %+v, not %+v", got, want)
	}
	want.Command, want.Tenant, want.JSON = Failed, "t1", true
	if got := parseLine(t, "failed --tenant t1 --json s1"); !reflect.DeepEqual(got, want) {
		t.Errorf("failed gives %+v, not %+v", got, want)
	}
	if got := parseLine(t, "version"); !reflect.DeepEqual(got, Config{Command: Version}) {
		t.Errorf("version gives %+v", got)
	}
}

func TestFlagOverVariableOverDefault(t *testing.T) {
	t.Setenv("BOSGRAPH_LISTEN", ":1")
	t.Setenv("BOSGRAPH_RETENTION", "36h")
	t.Setenv("BOSGRAPH_LOG_LEVEL", "debug")
	t.Setenv("BOSGRAPH_SPEED", "2.5")
	cfg := parseLine(t, "demo --listen :2 --log-level=warn")
	if cfg.Listen != ":2" || cfg.LogLevel != slog.LevelWarn {
		t.Errorf("the variable won over the flag: %+v", cfg)
	}
	if cfg.Retention != 36*time.Hour || cfg.Speed != 2.5 {
		t.Errorf("the default won over the variable: %+v", cfg)
	}
	if cfg := parseLine(t, ""); cfg.Listen != ":1" || cfg.Command != Serve {
		t.Errorf("serve without its name did not read the variables: %+v", cfg)
	}
}

func TestGoodValues(t *testing.T) {
	for line, same := range map[string]func(Config) bool{
		"--base-path=/":                                               func(c Config) bool { return c.BasePath == "" },
		"--base-path=bos/graph/":                                      func(c Config) bool { return c.BasePath == "/bos/graph" },
		"--listen=[::1]:80":                                           func(c Config) bool { return c.Listen == "[::1]:80" },
		"--retention=1d12h":                                           func(c Config) bool { return c.Retention == 36*time.Hour },
		"--retention=1h":                                              func(c Config) bool { return c.Retention == time.Hour },
		"--log-format=json":                                           func(c Config) bool { return c.LogFormat == "json" },
		"--redis-url=unix:///run/redis.sock":                          func(c Config) bool { return c.RedisURL == "unix:///run/redis.sock" },
		"--redis-url=redis://u:p@h:1/2":                               func(c Config) bool { return c.RedisURL == "redis://u:p@h:1/2" },
		"--redis-url=redis+cluster://h:1?addr=i:1":                    func(c Config) bool { return c.RedisURL != "" },
		"--redis-url=redis+sentinel://h:1?master_name=m&addr=i:1":     func(c Config) bool { return c.RedisURL != "" },
		"--redis-url=rediss://h --redis-ca-file=ca --redis-user=u":    func(c Config) bool { return c.RedisCA == "ca" && c.RedisUser == "u" },
		"--redis-url=rediss+cluster://h:1 --redis-password-file=p":    func(c Config) bool { return c.RedisPassword == "p" },
		"--bos-url=https://h/apis/bos/ --bos-ca-file=ca":              func(c Config) bool { return c.BOSURL == "https://h/apis/bos" && c.BOSCA == "ca" },
		"--bos-url=http://h:1 --tapms-url=http://h/t/":                func(c Config) bool { return c.TAPMSURL == "http://h/t" },
		"--bos-url=http://h --tenants-file=t --bos-token-file=f":      func(c Config) bool { return c.TenantsFile == "t" && c.BOSToken == "f" },
		"--bos-url=http://h --bos-interval=100ms --bos-page-size=100": func(c Config) bool { return c.BOSPageSize == 100 },
		"watch s --server=https://h/base/path --ca-file=ca":           func(c Config) bool { return c.URL == "https://h/base/path" && c.CA == "ca" },
		"failed s --patience=0s --token-file=t":                       func(c Config) bool { return c.Patience == 0 && c.TokenFile == "t" },
		"demo --components=10000 --seed=0":                            func(c Config) bool { return c.Components == 10_000 && c.Seed == 0 },
		"demo --components=100000 --redis-url=redis://h --speed=1000": func(c Config) bool { return c.Components == 100_000 && c.Speed == 1000 },
	} {
		if cfg := parseLine(t, line); !same(cfg) {
			t.Errorf("bosgraph %s gives %+v", line, cfg)
		}
	}
}

func TestBadValues(t *testing.T) {
	for line, want := range map[string]string{
		"frobnicate":                             "unexpected argument frobnicate",
		"--frobnicate":                           "unknown flag --frobnicate",
		"serve --speed=2":                        "unknown flag --speed",
		"--listen=8080":                          "write it like 127.0.0.1:8080",
		"--listen=:99999":                        "write it like 127.0.0.1:8080",
		"--base-path=/a/../b":                    "not a path to serve under",
		"--base-path=/a//b":                      "not a path to serve under",
		"--base-path=/a?b":                       "not a path to serve under",
		"--base-path=http://host/a":              "not a path to serve under",
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
		"demo --bos-url=http://h":                                  "unknown flag --bos-url",
		"watch":                                                    "expected \"<session>\"",
		"watch a b":                                                "unexpected argument b",
		"watch s --redis-url=redis://h":                            "unknown flag",
		"watch s --server=127.0.0.1:8080":                          "not the URL of a server",
		"watch s --server=http://u:secret@h":                       "not the URL of a server",
		"watch s --server=http://u:secret@h:x":                     "not the URL of a server",
		"watch s --server=http:///x":                               "not the URL of a server",
		"failed s --server=http://h?a=b":                           "not the URL of a server",
		"watch s --server=http://h --ca-file=f":                    "use https://",
		"watch s --patience=-1s":                                   "not a time to wait",
		"demo --components=0":                                      "can't be simulated",
		"demo --components=10001":                                  "give a --redis-url",
		"demo --components=100001 --redis-url=redis://h":           "up to 100000 with --redis-url",
		"demo --speed=0":                                           "use more than 0",
		"demo --speed=NaN":                                         "use more than 0",
		"demo --speed=1001":                                        "at most 1000",
		"demo --seed=-1":                                           "expected a valid 64 bit uint",
		"--redis-url=ftp://u:secret@h":                             "is not known",
		"--redis-url=redis://u:secret@h:port":                      "not a URL",
		"--redis-url=redis+cluster://u:secret@h:1 --redis-user=x":  "names a user already",
	} {
		var stdout, stderr bytes.Buffer
		_, err := Parse(strings.Fields(line), &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("bosgraph %s: %v, not %q", line, err, want)
			continue
		}
		if ExitCode(err) != 2 || stdout.Len() != 0 || !strings.Contains(stderr.String(), err.Error()) {
			t.Errorf("bosgraph %s exits with %d and says %q, and %q as its result", line, ExitCode(err), stderr.String(), stdout.String())
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("bosgraph %s shows a password: %v", line, err)
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

func TestHelp(t *testing.T) {
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
	for _, option := range []string{"`BOSGRAPH_REDIS_URL`", "`90d`", "`--speed=X`", "`--redis-password-file=FILE`", "`BOSGRAPH_PATIENCE`", "`watch <session>`"} {
		if strings.Count(want.String(), option) != 1 {
			t.Errorf("the document does not name %s once", option)
		}
	}
}
