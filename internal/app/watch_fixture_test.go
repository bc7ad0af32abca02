package app

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

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

// follow starts watch or failed, with pipes.
func (f *fleet) follow(t *testing.T, s *site, words ...string) *follower {
	t.Helper()
	w := &follower{Cmd: exec.Command(f.binary, append(words, "--server", s.base)...), done: make(chan struct{})}
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

func (w *follower) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stdout.String()
}

func (w *follower) complaints() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stderr.String()
}

// tells waits for a word of what is told.
func (w *follower) tells(t *testing.T, word string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%q is told", word), func() bool { return strings.Contains(w.told(), word) })
}

// exits waits for the end, and wants a status and a complaint; empty for none.
func (w *follower) exits(t *testing.T, status int, complaint string) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(30 * time.Second):
		t.Fatalf("it goes on, and has told\n%s%s", w.told(), w.complaints())
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
	path := filepath.Join("testdata", "watch", name)
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it shows\n%s\nnot, as in %s,\n%s", got, path, want)
	}
}

// watched is how many components the sessions have: of so many a single one is too few
// for an estimate of the end, which would make what is shown depend on the time it takes.
const watched = 20

// boot creates a session and runs it.
func (s *site) boot(name string) {
	s.t.Helper()
	s.session(name)
	s.run(name)
}

// run gives a session components that are being powered on, and runs it.
func (s *site) run(name string) {
	s.t.Helper()
	var components []vars
	for i := range watched {
		components = append(components, powering(fmt.Sprint(name, "-x", i), name))
	}
	s.put(components...)
	s.update(name, "status", "RUNNING")
}

// finish ends components of such a session, and fails that many of them.
func (s *site) finish(name string, from, to, fail int) {
	s.t.Helper()
	var patches []vars
	for i := from; i < to; i++ {
		patch := finished(fmt.Sprint(name, "-x", i))
		if i < from+fail {
			patch["error"], patch["status"] = "no power", vars{"phase": "", "statusOverride": "failed"}
		}
		patches = append(patches, patch)
	}
	s.must(patchComponents, vars{"in": patches})
}
