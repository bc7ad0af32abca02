package webhooks

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestASignatureIsThatOfStandardWebhooks has the vector that its libraries are tested with.
func TestASignatureIsThatOfStandardWebhooks(t *testing.T) {
	secrets, err := parseSecrets(secret + "\n\n" + secret)
	if err != nil {
		t.Fatal(err)
	}
	const one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)); got != one+" "+one {
		t.Errorf("signed as %q", got)
	}
}

func TestABodyIsACloudEventInTheWordsOfTheAPI(t *testing.T) {
	c := &Config{server: "https://boot.example.com"}
	e := example(bos.EventCompleted)
	e.Session.Tenant, e.Session.Details.Limit = "blue", "x1000,x1001"
	text, err := c.body(&Target{}, e, "system")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	at := func(path string) any {
		var v any = got
		for step := range strings.SplitSeq(path, ".") {
			v = v.(map[string]any)[step]
		}
		return v
	}
	for path, want := range map[string]any{
		"specversion": "1.0", "id": "example", "source": "https://boot.example.com", "type": "io.github.bosgraph.session.completed.v1",
		"subject": "blue/example", "time": "2026-11-22T09:30:00Z", "datacontenttype": "application/json",
		"data.event": "session.completed", "data.outcome": "failed", "data.link": "https://boot.example.com/sessions/example?tenant=blue",
		"data.session.operation": "BOOT", "data.session.tenant": "blue", "data.session.limit": "x1000,x1001", "data.session.error": nil,
		"data.status.status": "COMPLETE", "data.status.percentFailed": 1.0, "data.status.counts.complete": 100.0,
		"data.status.timing.duration": "0:30:00", "data.status.timing.endTime": "2026-11-22T09:30:00Z", "data.status.fromSnapshot": true,
	} {
		if have := at(path); have != want {
			t.Errorf("%s is %v, want %v", path, have, want)
		}
	}
	if list := at("data.status.errorSummary").([]any); len(list) != 1 || list[0].(map[string]any)["list"] != "x1000c0s0b0n0" {
		t.Errorf("errors: %v", list)
	}
	e.Session.Details.Error = "no such template"
	if m := c.message(e, ""); m.Data.Outcome != "setup_failed" || *m.Data.Session.Error != "no such template" {
		t.Errorf("of a set-up that failed it says %+v", m.Data)
	}
	e.Session.State = bos.StateRunning // it was deleted, and has not ended
	if m := c.message(e, ""); m.Data.Outcome != "deleted" {
		t.Errorf("of one that was deleted it says %q", m.Data.Outcome)
	}
	if m := (&Config{}).message(example(bos.EventSyncLost), "system"); m.Source != "urn:bosgraph:system" || m.Subject != "" || m.Data.Session != nil || m.Data.Reason == "" {
		t.Errorf("of a lost sync it says %+v", m)
	}
}

// TestTheTemplatesOfTheDocumentationMakeBodies executes each for every kind of event.
func TestTheTemplatesOfTheDocumentationMakeBodies(t *testing.T) {
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```gotemplate\n(.*?)^```").FindAllStringSubmatch(string(page), -1)
	wants := []string{
		`{"text": "BOOT example (compute): session.completed, failed, 99 of 100 nodes successful, 1 failed, 0:30:00: an example https://h/sessions/example"}`,
		`"text": "1 x unable to reach the node's BMC: x1000c0s0b0n0"`,
		`"annotations": {"summary": "BOOT example: session.completed, failed: an example"}`,
	}
	if len(blocks) != len(wants) {
		t.Fatalf("%d templates", len(blocks))
	}
	for i, block := range blocks {
		body, err := parseBody(block[1]) // which tries it
		if err != nil {
			t.Error(err)
			continue
		}
		text, err := (&Config{server: "https://h"}).body(&Target{body: body}, example(bos.EventCompleted), "")
		if err != nil || !strings.Contains(strings.ReplaceAll(string(text), `\u0027`, "'"), wants[i]) {
			t.Errorf("it makes %s, %v", text, err)
		}
	}
}

// TestATargetOfTenantsDoesNotLearnWhyTheSyncIsLost shows who gets the reason, which may name what another tenant owns.
func TestATargetOfTenantsDoesNotLearnWhyTheSyncIsLost(t *testing.T) {
	e := example(bos.EventSyncLost)
	e.Reason = "component x9000c0s0b0n0: it is no object"
	for _, test := range []struct {
		tenants []string
		learns  bool
	}{{nil, true}, {[]string{"", "blue"}, true}, {[]string{"blue"}, false}} {
		body, err := (&Config{}).body(&Target{tenants: test.tenants}, e, "system")
		var m message
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil || m.Data.Reason == "" || (m.Data.Reason == e.Reason) != test.learns {
			t.Errorf("the targets of %q get %q, %v", test.tenants, m.Data.Reason, err)
		}
	}
}

// TestTheDocumentationListsEveryEvent compares the table with the kinds.
func TestTheDocumentationListsEveryEvent(t *testing.T) {
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range bos.EventKinds {
		if !strings.Contains(string(page), "\n| `"+string(kind)+"` |") {
			t.Errorf("docs/webhooks.md has no row for %s", kind)
		}
	}
	if rows := strings.Count(string(page), "\n| `session.") + strings.Count(string(page), "\n| `sync."); rows != len(bos.EventKinds) {
		t.Errorf("docs/webhooks.md has %d rows of events, and there are %d kinds", rows, len(bos.EventKinds))
	}
}
