package webhooks

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// written writes files into a folder, webhooks.json among them, and returns its name.
func written(t *testing.T, config string, more ...string) string {
	t.Helper()
	folder := t.TempDir()
	files := append([]string{"webhooks.json", config, "secret", secret}, more...)
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(folder, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "webhooks.json")
}

// target is the configuration of one target, with more keys.
func target(more string) string {
	return `{"targets": [{"name": "ops", "url": "http://127.0.0.1:1/hook", "secretFile": "secret"` + more + `}]}`
}

func TestAConfigurationIsReadWithItsFilesAndDefaults(t *testing.T) {
	c, err := Read(written(t, `{"server": "https://boot.example.com/base/", "failuresAbove": [5, 50], "stalledAfter": "2h", "targets": [
		{"name": "ops", "urlFile": "url", "secretFile": "secret", "events": ["session.completed"], "operations": ["BOOT"]},
		{"name": "chat", "url": "https://chat.example.com/x?y=z", "bodyFile": "body", "timeout": "3s", "giveUpAfter": "1h"}]}`,
		"url", "https://hooks.example.com/secret\n", "body", `{"text": {{json .data.event}}}`))
	if err != nil {
		t.Fatal(err)
	}
	ops, chat := c.Targets[0], c.Targets[1]
	if c.server != "https://boot.example.com/base" || c.StalledAfter != 2*time.Hour || c.SyncLostAfter != time.Minute || len(c.files) != 4 ||
		ops.url != "https://hooks.example.com/secret" || len(ops.secrets) != 1 || ops.timeout != 10*time.Second || ops.giveUp != 24*time.Hour ||
		chat.timeout != 3*time.Second || chat.giveUp != time.Hour || chat.body == nil || len(chat.events) != len(bos.EventKinds) {
		t.Errorf("read %+v, %+v, %+v", c, ops, chat)
	}
	if ops.digest == chat.digest || ops.digest == "" {
		t.Errorf("digests %q and %q", ops.digest, chat.digest)
	}
}

// TestATargetIsAnotherWhenItsConfigurationOrAFileChanges compares digests: by another one a target that is disabled is enabled.
func TestATargetIsAnotherWhenItsConfigurationOrAFileChanges(t *testing.T) {
	digest := func(timeout, url, body string) string {
		config := `{"targets": [{"name": "ops", "urlFile": "url", "bodyFile": "body", "timeout": "` + timeout + `"}]}`
		c, err := Read(written(t, config, "url", url, "body", body))
		if err != nil {
			t.Fatal(err)
		}
		return c.Targets[0].digest
	}
	const url, other = "https://hooks.example.com/1", "https://hooks.example.com/2"
	same := digest("3s", url, `{"a": 1}`)
	if digest("3s", url, `{"a": 1}`) != same {
		t.Error("the same is another")
	}
	for what, changed := range map[string]string{"key": digest("4s", url, `{"a": 1}`), "address": digest("3s", other, `{"a": 1}`), "body": digest("3s", url, `{"a": 2}`)} {
		if changed == same {
			t.Errorf("with another %s it is the same", what)
		}
	}
}

func TestAWrongConfigurationSaysWhatToDo(t *testing.T) {
	for config, want := range map[string]string{
		``:                                                "this is not a configuration",
		`{"targets": []}`:                                 "list at least one",
		`{"targets": [], "x": 1}`:                         `unknown field "x"`,
		target(``) + `{}`:                                 "one JSON object",
		target(`, "event": ["x"]`):                        `unknown field "event"`,
		target(`, "events": ["boot"]`):                    "session.started",
		target(`, "operations": ["BOOT", "X"]`):           "boot, reboot, shutdown",
		target(`, "templates": ["[a"]`):                   "use names, with *",
		target(`, "timeout": "5"`):                        "write it like 90s",
		target(`, "timeout": "1h"`):                       "use 1s to 1m0s",
		target(`, "giveUpAfter": "1000h"`):                "use 1s to 168h0m0s",
		target(`, "urlFile": "url"`):                      "either url or",
		target(`, "bodyFile": "none"`):                    "it can't be read",
		target(`, "bodyFile": "broken"`):                  "it is not a template",
		target(`, "bodyFile": "text"`):                    "it makes no JSON",
		target(`, "caFile": "secret"`):                    "use https://",
		`{"failuresAbove": [0], "targets": [{}]}`:         "use 1 to 99",
		`{"stalledAfter": "0s", "targets": [{}]}`:         "use 1s to 24h0m0s",
		`{"server": "boot", "targets": [{}]}`:             "write it like https://host/path",
		`{"targets": [{"name": "a b"}]}`:                  "letters, digits",
		`{"targets": [{"name": "a", "url": "http://h"}]}`: "secretFile is missing",
		`{"targets": [{"name": "a", "url": "http://u:p@h/", "secretFile": "secret"}]}`:                                                      "has a user in it",
		`{"targets": [{"name": "a", "url": "ftp://h/TOKEN", "secretFile": "secret"}]}`:                                                      "write it like https://host/path",
		`{"targets": [{"name": "a", "url": "http://h", "secretFile": "none"}]}`:                                                             "secretFile: it can't be read",
		`{"targets": [{"name": "a", "url": "http://h", "secretFile": "text"}]}`:                                                             "24 to 64 bytes in base64",
		`{"targets": [{"name": "a", "url": "http://h", "secretFile": "empty"}]}`:                                                            "it holds no secret",
		`{"targets": [{"name": "a", "url": "http://h", "secretFile": "secret"}, {"name": "a", "url": "http://h", "secretFile": "secret"}]}`: "give each its own",
	} {
		_, err := Read(written(t, config, "url", "http://h", "text", "no JSON", "broken", "{{", "empty", "\n"))
		if typed := (*ConfigError)(nil); !errors.As(err, &typed) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--webhooks: ") {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "TOKEN") || strings.Contains(err.Error(), "u:p")) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	if _, err := Read("none"); err == nil {
		t.Error("a file that is missing is read")
	}
}

func TestATargetGetsWhatItsFiltersPass(t *testing.T) {
	for more, want := range map[string]string{
		``:                                   "all",
		`, "events": ["session.started"]`:    "",
		`, "tenants": ["", "blue"]`:          "all",
		`, "tenants": ["red"]`:               "sync",
		`, "operations": ["BOOT", "REBOOT"]`: "all",
		`, "operations": ["SHUTDOWN"]`:       "sync",
		`, "templates": ["x", "comp*"]`:      "all",
		`, "templates": []`:                  "sync",
	} {
		c, err := Read(written(t, target(more)))
		if err != nil {
			t.Fatal(err)
		}
		one, sync := c.Targets[0].wants(example(bos.EventCompleted)), c.Targets[0].wants(example(bos.EventSyncLost))
		if one != (want == "all") || sync != (want != "") {
			t.Errorf("%s: completed %v, lost %v", more, one, sync)
		}
	}
}
