package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestWebhooksArriveThroughCrashesAndFaults kills the server that sends, between a write and what it
// has to send, and has targets that fail in every way. It takes as long as a lease lasts and a bit.
func TestWebhooksArriveThroughCrashesAndFaults(t *testing.T) {
	t.Parallel()
	long := os.Getenv("TEST_BOSGRAPH_LONG") != ""
	elsewhere := newReceiver(t, "elsewhere", true, nil)
	good := newReceiver(t, "good", true, nil)
	late := newReceiver(t, "late", false, nil)
	failing := newReceiver(t, "failing", true, func(w http.ResponseWriter, _ *http.Request, n int) bool {
		fails := n <= 2 || long && n%3 == 1
		if fails {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return !fails
	})
	redirecting := newReceiver(t, "redirecting", true, func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 {
			http.Redirect(w, r, elsewhere.url, http.StatusTemporaryRedirect)
		}
		return n > 1
	})
	slow := newReceiver(t, "slow", true, func(_ http.ResponseWriter, r *http.Request, n int) bool {
		if n == 2 { // longer than the timeout: what is answered then comes too late
			<-r.Context().Done()
		}
		return n != 2
	})
	var mu sync.Mutex
	isGone := true
	gone := newReceiver(t, "gone", true, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		mu.Lock()
		defer mu.Unlock()
		if isGone {
			w.WriteHeader(http.StatusGone)
		}
		return !isGone
	})
	targets := []string{good.target(""), late.target(""), failing.target(""), redirecting.target(""), slow.target(""), gone.target("")}
	file := webhooksFile(t, strings.Join(targets, ","))
	f := &apptest.Fleet{Binary: apptest.Command(t), Redis: redistest.Server(t), Namespace: "test-" + rand.Text()}

	// Killed between the write that freezes and sending what that means.
	s, kill := f.Serve(t, "--webhooks", file)
	boot(s, "first")
	apptest.Eventually(t, "the server sends", func() bool { return len(good.events("first")) == len(booted) })
	boot(s, "killed")
	kill()
	if got := good.events("killed"); len(got) == len(booted) {
		t.Fatalf("everything was sent before the server was killed: nothing is shown")
	}

	// Two replicas; in the long form one of them is killed, too.
	a, processA := f.Start(t, "127.0.0.1:0", "--webhooks", file)
	b, _ := f.Start(t, "127.0.0.1:0", "--webhooks", file)
	for i, on := range []*apptest.Site{a, b, a, b} {
		boot(on, fmt.Sprint("replicas", i))
	}
	good.gets(t, "first", "killed", "replicas0", "replicas1", "replicas2", "replicas3")
	boot(b, "last")
	if long {
		processA.Kill()
	}
	late.listen(t)
	all := []string{"first", "killed", "replicas0", "replicas1", "replicas2", "replicas3", "last"}
	for _, c := range []*receiver{good, late, failing, redirecting, slow} {
		c.gets(t, all...)
	}

	// A target that answers 410 is disabled, what it did not get is listed, and sent once it is configured again.
	list := listWebhooks(t, f)
	if one := list["gone"]; one.State != "disabled" || len(one.GivenUp) != len(booted)*len(all) || !strings.Contains(one.GivenUp[0].Reason, "410") {
		t.Errorf("the target that answers 410 is listed as %+v", one)
	}
	if one := list["good"]; one.State != "ok" || one.Pending != 0 || len(one.GivenUp) != 0 {
		t.Errorf("one that gets everything is listed as %+v", one)
	}
	retry := func() (string, int) {
		cmd := exec.Command(f.Binary, "webhooks", "retry", "--target", "gone", "--redis-url", "redis://"+f.Redis, "--namespace", f.Namespace)
		out, _ := cmd.Output()
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, status := retry(); status != 1 || !strings.Contains(out, "gone: nothing queued again: disabled since") {
		t.Errorf("a retry for a target that is disabled ends with %d: %s", status, out)
	}
	asked := gone.count()
	mu.Lock()
	isGone = false
	mu.Unlock()
	changed := strings.Replace(readFile(t, file), gone.target(""), gone.target(`, "giveUpAfter": "1h"`), 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	apptest.Eventually(t, "the target is enabled", func() bool { return listWebhooks(t, f)["gone"].State == "ok" })
	if gone.count() != asked {
		t.Errorf("the target got %d requests while it was disabled", gone.count()-asked)
	}
	if out, status := retry(); status != 0 || out != fmt.Sprintf("gone: %d events queued again\n", len(booted)*len(all)) {
		t.Errorf("the retry ends with %d: %s", status, out)
	}
	gone.gets(t, all...)

	if n := elsewhere.count(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
	every := []*receiver{good, late, failing, redirecting, slow, gone}
	for _, c := range every {
		c.checkIDs(t)
	}
	verify(t, every...)
	f.NoDrift(t)
	redistest.Figure(t, "%d events to each of %d targets: missing 0, with another id 0, drift 0", len(booted)*len(all), len(every))
}

type listedTarget struct {
	Name, State string
	Pending     int
	GivenUp     []struct{ ID, Event, Reason string }
}

// listWebhooks is what the command of that name prints, by target.
func listWebhooks(t *testing.T, f *apptest.Fleet) map[string]listedTarget {
	t.Helper()
	cmd := exec.Command(f.Binary, "webhooks", "list", "--json", "--redis-url", "redis://"+f.Redis, "--namespace", f.Namespace)
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		t.Fatalf("webhooks list: %v", err)
	}
	var l struct{ Targets []listedTarget }
	if err := json.Unmarshal(out, &l); err != nil {
		t.Fatal(err)
	}
	all := map[string]listedTarget{}
	for _, one := range l.Targets {
		all[one.Name] = one
	}
	return all
}

// TestWebhooksReportStallsAndALostSync follows a BOS that fails.
func TestWebhooksReportStallsAndALostSync(t *testing.T) {
	t.Parallel()
	c := newReceiver(t, "ops", true, nil)
	b := bosfake.New(bosfake.Options{})
	ids := b.AddComponents(2)
	file := webhooksFile(t, c.target(""), `, "stalledAfter": "1s", "syncLostAfter": "1s", "server": "https://boot.example.com"`)
	f := followBOS(t, "", b, "--webhooks", file)
	b.CreateSession(untenanted("stalled"))
	b.Start(untenanted("stalled"), ids...)
	sees := func(subject string, want ...string) {
		t.Helper()
		defer func() {
			if t.Failed() {
				t.Errorf("sent were %v", c.events(subject))
			}
		}()
		apptest.Eventually(t, fmt.Sprint(want), func() bool { return slices.Equal(c.events(subject), want) })
	}
	sees("stalled", "session.started", "session.stalled")
	fault := b.Inject(bosfake.Fault{Path: "/v2/sessions", Status: 503})
	sees("", "sync.lost")
	// A file that is wrong changes nothing.
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	apptest.Eventually(t, "the file is read again", func() bool { return strings.Contains(f.log.String(), "webhooks configuration unusable") })
	fault.Lift()
	sees("", "sync.lost", "sync.restored")
	b.Finish(ids...)
	b.Complete(untenanted("stalled"))
	sees("stalled", "session.started", "session.stalled", "session.completed")
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.requests {
		switch data := r.Event.Data; r.Event.Type {
		case "io.github.bosgraph.sync.lost.v1":
			if !strings.Contains(data["reason"].(string), "503") {
				t.Errorf("the sync is lost because %v", data["reason"])
			}
		case "io.github.bosgraph.session.completed.v1":
			if data["outcome"] != "successful" || data["link"] != "https://boot.example.com/sessions/stalled" || apptest.At(data, "status.counts.successful") != 2.0 ||
				apptest.At(data, "session.source") != "BOS" || apptest.At(data, "status.status") != "COMPLETE" {
				t.Errorf("of the end it says %v", data)
			}
		}
	}
	if text := f.log.String(); strings.Count(text, "took the webhooks lease") != 1 {
		t.Errorf("the log says\n%s", text)
	}
}

// TestWebhooksHaveTheNumbersOfWholeSweeps has BOS fail between two pages, of which the first has all failures.
func TestWebhooksHaveTheNumbersOfWholeSweeps(t *testing.T) {
	t.Parallel()
	c := newReceiver(t, "ops", true, nil)
	b := bosfake.New(bosfake.Options{})
	ids := b.AddComponents(200)
	key := untenanted("partly")
	b.CreateSession(key)
	b.Start(key, ids...)
	b.Patch(bosfake.Record{"enabled": false, "error": "broken", "status": bosfake.Record{"status_override": "failed"}}, ids[:100]...)
	fault := b.Inject(bosfake.Fault{Path: "/v2/components", Skip: 1, Status: 503})
	f := startFollowing(t, "", b, "--bos-page-size", "100", "--webhooks", webhooksFile(t, c.target(""), `, "failuresAbove": [50]`))
	counts := func() any {
		return f.Must(`{ session(name: "partly") { status { counts { managed } } } }`).At("session.status.counts.managed")
	}
	f.eventually("the first page is stored", func() bool { return fault.Count() > 0 && counts() == 100.0 })
	fault.Lift()
	f.sweeps(1)
	b.Finish(ids[100:]...)
	b.Complete(key)
	want := []string{"session.started", "session.first_failure", "session.completed"}
	apptest.Eventually(t, "the end is sent", func() bool { return slices.Contains(c.events("partly"), "session.completed") })
	if got := c.events("partly"); !slices.Equal(got, want) {
		t.Errorf("sent were %v, want %v", got, want)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.requests {
		if data := r.Event.Data; apptest.At(data, "status.counts.managed") != 200.0 || apptest.At(data, "status.counts.failed") != 100.0 {
			t.Errorf("%s has %v", r.Event.Type, data["status"])
		}
	}
}

// TestTheReceiverOfTheDocumentationVerifiesEvents runs it as the page says, and sends to it.
func TestTheReceiverOfTheDocumentationVerifiesEvents(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?ms)^```js\n// receiver.mjs\n(.*?)^```").FindStringSubmatch(readFile(t, "../../docs/webhooks.md"))
	if block == nil {
		t.Fatal("docs/webhooks.md has no receiver")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "receiver.mjs"), []byte(block[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	linkPackages(t, folder)
	file := webhooksFile(t, "")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	node := exec.CommandContext(ctx, "node", "receiver.mjs")
	node.Dir, node.Env = folder, append(os.Environ(), "PORT=0", "SECRET_FILE="+filepath.Join(filepath.Dir(file), "secret"))
	var stderr bytes.Buffer
	node.Stderr = &stderr
	stdout, err := node.StdoutPipe()
	if err == nil {
		err = node.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = node.Wait() // it was killed
		if t.Failed() {
			t.Logf("the receiver says %s", stderr.Bytes())
		}
	}()
	lines := bufio.NewScanner(stdout)
	next := func() string {
		if !lines.Scan() {
			t.Fatalf("the receiver has ended: %s", stderr.Bytes())
		}
		return lines.Text()
	}
	url := "http://127.0.0.1:" + strings.TrimPrefix(next(), "listening ") + "/"
	target := fmt.Sprintf(`{"name": "ops", "url": %q, "secretFile": "secret"}`, url)
	file = webhooksFile(t, target)
	out, err := exec.Command(apptest.Command(t), "webhooks", "test", "--webhooks", file).Output()
	if err != nil || string(out) != "ops: accepted\n" {
		t.Errorf("the command says %s, %v", out, err)
	}
	if got := next(); got != "io.github.bosgraph.test.v1 example 97" {
		t.Errorf("the receiver prints %q", got)
	}
	s := apptest.ServeRedis(t, "--webhooks", file)
	boot(s, "monday")
	for _, want := range []string{"session.started.v1 monday 0", "session.first_failure.v1 monday 0", "session.failures_above.v1 monday 0", "session.completed.v1 monday 50"} {
		if got := next(); got != "io.github.bosgraph."+want {
			t.Errorf("the receiver prints %q, want %q", got, want)
		}
	}
	wrong := filepath.Join(filepath.Dir(file), "secret")
	if err := os.WriteFile(wrong, []byte("whsec_"+strings.Repeat("AAAA", 8)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(apptest.Command(t), "webhooks", "test", "--webhooks", file).Output(); err == nil || string(out) != "ops: it answered 401 Unauthorized\n" {
		t.Errorf("with another secret the command says %s, %v", out, err)
	}
}
