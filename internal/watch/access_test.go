package watch_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// keyring has the tokens of a server, in files.
type keyring struct {
	t     *testing.T
	dir   string
	lines []string
}

// issue makes a token, and returns the file that it is in.
func (k *keyring) issue(h config.Holder) string {
	k.t.Helper()
	token, line, err := app.NewToken(h)
	if err != nil {
		k.t.Fatal(err)
	}
	k.lines = append(k.lines, line)
	file := filepath.Join(k.dir, h.Name)
	k.write(file, token)
	return file
}

func (k *keyring) write(file, text string) {
	k.t.Helper()
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// file is that of --token-file.
func (k *keyring) file() string {
	file := filepath.Join(k.dir, "tokens")
	k.write(file, strings.Join(k.lines, "\n"))
	return file
}

// TestCommandsShowWhatTheirTokenMaySee runs watch and failed for those who may see a session, and
// those who may not: to these it looks as if there were none.
func TestCommandsShowWhatTheirTokenMaySee(t *testing.T) {
	t.Parallel()
	f := &apptest.Fleet{Binary: apptest.Command(t), Redis: redistest.Server(t), Namespace: "test-" + rand.Text()}
	k := &keyring{t: t, dir: t.TempDir()}
	viewer := k.issue(config.Holder{Name: "viewer", Roles: []string{"viewer"}})
	red := k.issue(config.Holder{Name: "red", Roles: []string{"tenant"}, Tenants: []string{"red"}})
	none := k.issue(config.Holder{Name: "none", Roles: []string{"tenant"}, Tenants: []string{"white"}})
	both := k.issue(config.Holder{Name: "both", Roles: []string{"tenant"}, Tenants: []string{"red", "blue"}})

	open, _ := f.Serve(t) // fills the namespace
	for _, tenant := range []string{"red", "blue"} {
		open.Must(apptest.PutTenant, apptest.Vars{"name": tenant, "in": []string{"x-" + tenant}})
		open.Session("over", "tenant", tenant)
		open.Session("live", "tenant", tenant)
		open.Put(apptest.Vars{"id": "x-" + tenant, "enabled": false, "session": "over", "error": "broken", "status": apptest.Vars{"statusOverride": "failed"}})
		open.Update("over", "tenant", tenant, "status", "RUNNING")
	}
	// Late, and used first: they count from now.
	brief := k.issue(config.Holder{Name: "brief", Roles: []string{"viewer"}, Valid: 10 * time.Second})
	ended := k.issue(config.Holder{Name: "ended", Roles: []string{"viewer"}, Valid: time.Second})
	s, _ := f.Serve(t, "--auth", "tokens", "--token-file", k.file())
	run := func(words ...string) *follower { return startCommand(t, f, s, words...) }

	// A token that ends while it is used is read again. A new one continues; the same one ends it.
	renewed, refused := run("watch", "live", "--tenant", "red", "--token-file", brief), run("watch", "live", "--tenant", "red", "--token-file", ended)
	renewed.reports(t, "PENDING")
	text, err := os.ReadFile(viewer)
	if err != nil {
		t.Fatal(err)
	}
	k.write(brief, strings.TrimSpace(string(text)))
	refused.exits(t, 2, "the token is not accepted")
	renewed.reports(t, "ended") // the reason for which the connection is lost
	open.Update("live", "tenant", "red", "status", "COMPLETE")
	renewed.exits(t, 1, "")

	run("watch", "over", "--tenant", "red", "--token-file", red).exits(t, 1, "")
	run("watch", "over", "--tenant", "red", "--token-file", viewer).exits(t, 1, "")
	failed := run("failed", "over", "--tenant", "red", "--token-file", red)
	failed.exits(t, 0, "")
	if got := failed.reported(); got != "x-red\n" {
		t.Errorf("failed prints %q", got)
	}
	for _, command := range []string{"watch", "failed"} {
		hidden, missing := run(command, "over", "--tenant", "blue", "--token-file", red), run(command, "nope", "--tenant", "blue", "--token-file", red)
		hidden.exits(t, 2, `tenant "blue" has no session "over"`)
		missing.exits(t, 2, `tenant "blue" has no session "nope"`)
		if hidden.reported() != missing.reported() || strings.Contains(hidden.reported()+hidden.complaints(), "x-blue") {
			t.Errorf("%s prints %q and %q", command, hidden.reported(), missing.reported())
		}
		run(command, "over", "--tenant", "red", "--token-file", none).exits(t, 2, `tenant "red" has no session "over"`)
		run(command, "over", "--tenant", "red").exits(t, 2, "log in first: give --token-file")
		run(command, "over", "--tenant", "red", "--token-file", filepath.Join(k.dir, "nowhere")).exits(t, 2, "nowhere")
	}

	open.Session("next", "tenant", "red")
	open.Session("next", "tenant", "blue")
	for _, words := range [][]string{{"list"}, {"component", "x-red"}, {"troubled"}, {"watch", "--latest"}} {
		words = append(words, "--token-file", both)
		run(words...).exits(t, 2, "say for which of your tenants: give --tenant with one of ")
		one := run(append(words, "--tenant", "red")...)
		if words[0] == "watch" {
			one.reports(t, ", tenant red")
			continue
		}
		one.exits(t, 0, "")
		if got := one.reported(); !strings.Contains(got, "red") || strings.Contains(got, "blue") {
			t.Errorf("%s of the tenant red prints\n%s", words[0], got)
		}
	}
	run("component", "x-blue", "--token-file", both, "--tenant", "red").exits(t, 2, `there is no component "x-blue"`)
	run("watch", "--latest", "--token-file", red).reports(t, ", tenant red")
	// Who may see all follows the last of all.
	run("watch", "--latest", "--token-file", viewer).reports(t, ", tenant blue")
}
