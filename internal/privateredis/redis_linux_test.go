package privateredis

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, dir string) *Redis {
	t.Helper()
	r, err := Start(dir, 0, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop(t.Context()) })
	return r
}

// directory has a short path, which a socket needs.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// says wants the answer of one command, once it is given.
func (r *Redis) says(t *testing.T, command, want string) {
	t.Helper()
	var last string
	err := until(t.Context(), func() (bool, error) {
		last, _ = ask(r.dir, command)
		return strings.TrimSpace(last) == want, nil
	})
	if err != nil {
		t.Fatalf("%s is answered %q, not %q", command, last, want)
	}
}

func TestDataOutlivesAnyEnd(t *testing.T) {
	dir := directory(t)
	r := start(t, dir)
	r.says(t, "SET a 1", "+OK")
	if _, err := Start(dir, 0, slog.Default()); err == nil || !strings.Contains(err.Error(), "in use by another bosgraph") {
		t.Errorf("a second one on the directory: %v", err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}

	r = start(t, dir)
	r.says(t, "STRLEN a", ":1")
	r.says(t, "SET a 12", "+OK")
	first := r.current.Load()
	_ = first.cmd.Process.Signal(syscall.SIGKILL)
	<-first.dead
	r.says(t, "STRLEN a", ":2")
	if err := until(t.Context(), func() (bool, error) { return r.Restarts() == 1, nil }); err != nil {
		t.Errorf("%d restarts are counted", r.Restarts())
	}

	// The program is killed, and redis-server is left.
	r.says(t, "SET a 123", "+OK")
	left := r.current.Load()
	r.stop()
	<-r.done
	if err := r.lock.Close(); err != nil {
		t.Fatal(err)
	}
	r = start(t, dir)
	select {
	case <-left.dead:
	default:
		t.Error("two redis-server run on the directory")
	}
	r.says(t, "STRLEN a", ":3")
	if mode, err := os.Stat(filepath.Join(dir, "redis")); err != nil || mode.Mode().Perm() != 0o700 {
		t.Errorf("the directory has the mode %v, %v", mode.Mode(), err)
	}
}

func TestWhatKeepsItFromStarting(t *testing.T) {
	damaged := directory(t)
	log := filepath.Join(damaged, "redis", "appendonlydir")
	r := start(t, damaged)
	r.says(t, "SET a 1", "+OK")
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(log, "appendonly.aof.manifest"), []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hung := directory(t)
	h := start(t, hung)
	p := h.current.Load()
	_ = p.cmd.Process.Signal(syscall.SIGSTOP)
	t.Cleanup(p.kill)
	h.stop()
	<-h.done
	late, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errLate)
	defer cancel()
	if _, err := claim(late, h.dir); err == nil || !strings.Contains(err.Error(), "does not end: end it") {
		t.Errorf("beside a redis-server that hangs: %v", err)
	}
	for dir, want := range map[string]string{
		damaged: "redis-server has ended (exit status 1)",
		filepath.Join(log, "appendonly.aof.manifest"): "not a directory",
	} {
		if _, err := Start(dir, 0, slog.Default()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := URL("/" + strings.Repeat("x", 100)); err == nil || !strings.Contains(err.Error(), "use a shorter one") {
		t.Errorf("a long path: %v", err)
	}
	t.Setenv("PATH", "")
	if _, err := Start(directory(t), 0, slog.Default()); err == nil || !strings.Contains(err.Error(), "apt-get install redis-server") {
		t.Errorf("without the program: %v", err)
	}
}

// TestRootLeavesNothingInAnotherUsersDirectory starts as root on directories of a user that has no name, before and after
// that user's first start.
func TestRootLeavesNothingInAnotherUsersDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a directory to another user")
	}
	const other = 54321
	used, fresh := directory(t), directory(t)
	if err := os.Mkdir(filepath.Join(used, "redis"), 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, path := range map[string]string{fresh: fresh, used: filepath.Join(used, "redis")} {
		if err := os.Chown(path, other, other); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadDir(path)
		r, err := Start(dir, 0, slog.Default())
		if err == nil {
			_ = r.Stop(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), path+" belongs to the user 54321, not to root: run this as 54321 (runuser -u 54321 -- bosgraph ...)") {
			t.Errorf("%s: %v", path, err)
		}
		if after, err := os.ReadDir(path); err != nil || len(after) != len(before) {
			t.Errorf("root has made %v, %v", after, err)
		}
	}
}

// TestMemoryIsBoundAfterACrashToo gives redis-server less memory than it needs, and kills it.
func TestMemoryIsBoundAfterACrashToo(t *testing.T) {
	r, err := Start(directory(t), 1, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop(t.Context()) })
	const refused = "-OOM command not allowed when used memory > 'maxmemory'."
	r.says(t, "SET a 1", refused)
	first := r.current.Load()
	_ = first.cmd.Process.Signal(syscall.SIGKILL)
	<-first.dead
	r.says(t, "SET a 1", refused)
}
