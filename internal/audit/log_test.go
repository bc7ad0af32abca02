package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// lockedBuffer is a log that is written while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func logTo(b *lockedBuffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// actions are the actions in lines, and how many are said to be lost.
func actions(t *testing.T, text string) (all []string, lost int) {
	t.Helper()
	for line := range strings.Lines(text) {
		var read struct {
			Action string
			Lost   int
		}
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Errorf("%v in %q", err, line)
		}
		if lost += read.Lost; read.Lost == 0 {
			all = append(all, read.Action)
		}
	}
	return all, lost
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func closed(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestFileIsFollowed moves, removes and truncates the file, as logrotate does, and reports each
// line in the file that was there then.
func TestFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(`{"action":"earlier"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		l, err := Open(path, logTo(&log))
		if err != nil {
			t.Fatal(err)
		}
		record := func(action string) {
			l.Record(t.Context(), Event{Action: action})
			synctest.Wait() // until it is written
		}
		wants := func(path, want string) {
			t.Helper()
			if got, _ := actions(t, contents(t, path)); strings.Join(got, " ") != want {
				t.Errorf("%s has %q, want %q", filepath.Base(path), got, want)
			}
		}
		record("one")
		wants(path, "earlier one")
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		record("two") // it has not been looked at again
		time.Sleep(lookEvery)
		record("three")
		wants(path+".1", "earlier one two")
		wants(path, "three")
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		record("four")
		wants(path, "four")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookEvery)
		record("five")
		wants(path, "five")
		closed(t, l)
		if log.String() != "" {
			t.Errorf("logged: %s", log.String())
		}
	})
}

// TestFileCannotBeOpened is for the start of a server: nobody should rely on a log that is not
// there.
func TestFileCannotBeOpened(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none", "audit.log"), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "--audit-log") {
		t.Errorf("got %v", err)
	}
	l, err := Open(None, nil)
	if err != nil || l != nil {
		t.Errorf("got %v, %v", l, err)
	}
	l.Record(t.Context(), Event{})
	closed(t, l)
}

// TestFullDiskIsLoggedOnce writes to a device that is always full.
func TestFullDiskIsLoggedOnce(t *testing.T) {
	var log lockedBuffer
	l, err := Open("/dev/full", logTo(&log))
	if err != nil {
		t.Skip(err) // only Linux has it
	}
	for range 100 {
		l.Record(t.Context(), Event{Action: "a"})
	}
	closed(t, l)
	if got := log.String(); strings.Count(got, "audit lines are lost") != 1 || !strings.Contains(got, syscall.ENOSPC.Error()) {
		t.Errorf("logged: %s", got)
	}
}

// faulty is a target that fails while full is set, after part of what it is given.
type faulty struct {
	lockedBuffer
	full bool
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.full {
		return 0, errors.New("no space")
	}
	return f.lockedBuffer.Write(p)
}

func (*faulty) Close() error { return nil }

// TestLossIsInTheLogItself lets the space return.
func TestLossIsInTheLogItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		to := &faulty{}
		l := start(to, logTo(&log))
		for i, full := range []bool{false, true, true, false, false} {
			to.full = full
			l.Record(t.Context(), Event{Action: string(rune('a' + i))})
			synctest.Wait()
		}
		closed(t, l)
		all, lost := actions(t, to.String())
		if strings.Join(all, "") != "ade" || lost != 2 {
			t.Errorf("written are %q, lost %d", all, lost)
		}
		if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "can be written again\" lost=2") {
			t.Errorf("logged: %s", got)
		}
	})
}

// TestTornLineHarmsNoOther begins a new line after one of which only a part was written.
func TestTornLineHarmsNoOther(t *testing.T) {
	f := &file{path: filepath.Join(t.TempDir(), "audit.log")}
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"action":"to`, `{"action":"whole"}` + "\n", `{"action":"next"}` + "\n"} {
		if _, err := f.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := contents(t, f.path), "{\"action\":\"to\n{\"action\":\"whole\"}\n{\"action\":\"next\"}\n"; got != want {
		t.Errorf("got %q", got)
	}
}

// TestNobodyWaitsForAReader records into a pipe that nobody reads, many times what it and the
// queue hold, and then reads it.
func TestNobodyWaitsForAReader(t *testing.T) {
	const recorded = 4 * queued
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	l := start(w, logTo(&log))
	begun := time.Now()
	for range recorded {
		l.Record(t.Context(), Event{Action: "a"})
	}
	t.Logf("%v a record", time.Since(begun)/recorded)
	if !strings.Contains(log.String(), "audit lines are lost") {
		t.Errorf("logged: %s", log.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Close(ctx); err == nil || !strings.Contains(err.Error(), "were not written") {
		t.Errorf("closing returns %v", err)
	}
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(bufio.NewReader(r))
		read <- string(text)
	}()
	<-l.done
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	all, lost := actions(t, <-read)
	if len(all)+lost != recorded || lost < queued {
		t.Errorf("%d lines and %d lost of %d", len(all), lost, recorded)
	}
}
