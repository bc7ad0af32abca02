package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// documentedUser is the command of docs/operations.md that makes the user, as ACL SETUSER takes it, and the section around it.
func documentedUser(t *testing.T) (line, section string) {
	t.Helper()
	_, section, _ = strings.Cut(operations(t), "\n## The ACL user\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, line, found := strings.Cut(section, "\n    ACL SETUSER ")
	line, _, _ = strings.Cut(line, "\n")
	if !found {
		t.Fatal("docs/operations.md shows no user")
	}
	return line, section
}

// TestTheDocumentedRedisUserOutlivesARestart keeps the user by each way that docs/operations.md names. (redis-server takes a line of redis.conf
// as an option, too.)
func TestTheDocumentedRedisUserOutlivesARestart(t *testing.T) {
	t.Parallel()
	line, section := documentedUser(t)
	line = strings.Replace(line, "PASSWORD", "secret", 1)
	file := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	saved := redistest.New(t, "--aclfile", file)
	redistest.Do(t, saved.Addr(), append([]string{"ACL", "SETUSER"}, strings.Fields(line)...)...)
	redistest.Do(t, saved.Addr(), "ACL", "SAVE")
	saved.Kill()
	saved.Start()
	configured := redistest.New(t, append([]string{"--user"}, strings.Fields(line)...)...)
	for words, p := range map[string]*redistest.Process{"`ACL SAVE`": saved, "`user bosgraph on …`": configured} {
		if !strings.Contains(section, words) {
			t.Errorf("docs/operations.md does not name %s", words)
		}
		s := apptest.Serve(t, "redis://bosgraph:secret@"+p.Addr(), "--namespace", "bosgraph")
		if _, body := s.Get("/readyz"); body != "ready\n" {
			t.Errorf("by %s: /readyz answers %s", words, body)
		}
	}
}

// TestTheDocumentedRedisUserMayDoEverything has the ACL user that docs/operations.md shows do everything.
func TestTheDocumentedRedisUserMayDoEverything(t *testing.T) {
	t.Parallel()
	line, _ := documentedUser(t)
	if want := strings.Join(append([]string{"bosgraph", "on", ">PASSWORD"}, cache.ACL("bosgraph")...), " "); line != want {
		t.Errorf("docs/operations.md shows\n%s\nand the store needs\n%s", line, want)
	}
	p := redistest.New(t, "--appendonly", "yes")
	log := &apptest.Journal{}
	redistest.Do(t, p.Addr(), append([]string{"ACL", "SETUSER"},
		strings.Fields(strings.NewReplacer("bosgraph on", "app on", "PASSWORD", "secret", "{bosgraph}", "{documented}").Replace(line))...)...)
	s := serveWatching(t, apptest.TextLog(log), "redis://app:secret@"+p.Addr(), "--namespace", "documented")
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
	s.Update("s", "status", "RUNNING")
	s.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x1"}})
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": false}, {"id": "x2", "enabled": false}}})
	if st := s.Must(`{ session(name: "s") { status { status errorSummary { message } progress { time } } } }`); st.At("session.status.status") != "COMPLETE" {
		t.Errorf("the session is %s", st.Body)
	}
	if _, err := s.App.Store().Recount(t.Context(), cache.RecountOptions{Repair: true}); err != nil {
		t.Error(err)
	}
	if _, body := s.Get("/readyz"); body != "ready\n" {
		t.Errorf("/readyz answers %s", body)
	}
	apptest.Eventually(t, "Redis was looked at", func() bool {
		return strings.Contains(redistest.Do(t, p.Addr(), "INFO", "commandstats"), "cmdstat_info")
	})
	if text := log.String(); strings.Contains(text, "NOPERM") || strings.Contains(text, "may not") {
		t.Errorf("the log has\n%s", text)
	}
}
