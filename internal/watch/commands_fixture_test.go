package watch_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/watch"
)

// follower is a command that follows a session of a server.
type follower struct {
	*exec.Cmd
	mu     sync.Mutex
	stdout bytes.Buffer
	stderr bytes.Buffer
	done   chan struct{}
}

// lockedBuffer is written by the command while the test reads.
type lockedBuffer struct {
	f  *follower
	to *bytes.Buffer
}

func (b lockedBuffer) Write(p []byte) (int, error) {
	b.f.mu.Lock()
	defer b.f.mu.Unlock()
	return b.to.Write(p)
}

// startCommand starts watch or failed, with pipes.
func startCommand(t *testing.T, f *apptest.Fleet, s *apptest.Site, words ...string) *follower {
	t.Helper()
	w := &follower{Cmd: exec.Command(f.Binary, append(words, "--server", s.Base)...), done: make(chan struct{})}
	w.Stdout, w.Stderr = lockedBuffer{w, &w.stdout}, lockedBuffer{w, &w.stderr}
	w.Env = append(os.Environ(), "TZ=UTC")
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.done)
		_ = w.Wait() // its status is looked at
	}()
	t.Cleanup(func() {
		_ = w.Process.Kill() // fails only if it has ended already
		<-w.done
	})
	return w
}

func (w *follower) reported() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stdout.String()
}

func (w *follower) complaints() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stderr.String()
}

// reports waits for a word of what is reported.
func (w *follower) reports(t *testing.T, word string) {
	t.Helper()
	apptest.Eventually(t, fmt.Sprintf("%q is reported", word), func() bool { return strings.Contains(w.reported(), word) })
}

// exits waits for the end, and wants a status and a complaint; empty for none.
func (w *follower) exits(t *testing.T, status int, complaint string) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not end, and has reported\n%s%s", w.reported(), w.complaints())
	}
	got := w.complaints()
	if w.ProcessState.ExitCode() != status || !strings.Contains(got, complaint) || complaint == "" && got != "" {
		t.Errorf("it exits with %d and complains %q", w.ProcessState.ExitCode(), got)
	}
}

// compared compares a text with that in a file, but for times and ports.
func compared(t *testing.T, name, got string) {
	t.Helper()
	for _, varying := range []string{`\d{4}-\d\d-\d\dT`, `\d*\d:\d\d:\d\d`, `127\.0\.0\.1:\d+`, `last change \d+`} {
		got = regexp.MustCompile(varying).ReplaceAllStringFunc(got, func(s string) string {
			return regexp.MustCompile(`\d`).ReplaceAllString(s, "0")
		})
	}
	watch.Golden(t, filepath.Join("commands", name), got)
}

// watched is how many components the sessions have: of so many a single one is too few
// for an estimate of the end, which would make what is shown depend on the time it takes.
const watched = 20

// boot creates a session and runs it.
func boot(s *apptest.Site, name string) {
	s.T.Helper()
	s.Session(name)
	runSession(s, name)
}

// runSession gives a session components that are being powered on, and runs it.
func runSession(s *apptest.Site, name string) {
	s.T.Helper()
	var components []apptest.Vars
	for i := range watched {
		components = append(components, apptest.Powering(fmt.Sprint(name, "-x", i), name))
	}
	s.Put(components...)
	s.Update(name, "status", "RUNNING")
}

// finish ends components of such a session, and fails that many of them.
func finish(s *apptest.Site, name string, from, to, fail int) {
	s.T.Helper()
	var patches []apptest.Vars
	for i := from; i < to; i++ {
		patch := apptest.Finished(fmt.Sprint(name, "-x", i))
		if i < from+fail {
			patch["error"], patch["status"] = "no power", apptest.Vars{"phase": "", "statusOverride": "failed"}
		}
		patches = append(patches, patch)
	}
	s.Must(apptest.PatchComponents, apptest.Vars{"in": patches})
}
