package watch_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// terminal is a command on a pseudo-terminal, whose output an emulator takes.
type terminal struct {
	*exec.Cmd
	keys   *os.File
	screen *vt.SafeEmulator
	done   chan struct{}
}

// onTerminal starts watch on a terminal of that size.
func onTerminal(t *testing.T, f *apptest.Fleet, s *apptest.Site, columns, rows int, env []string, words ...string) *terminal {
	t.Helper()
	w := &terminal{
		Cmd:    exec.Command(f.Binary, append([]string{"watch", "--server", s.Base}, words...)...),
		screen: vt.NewSafeEmulator(columns, rows), done: make(chan struct{}),
	}
	w.Env = append([]string{"TZ=UTC", "TERM=xterm-256color", "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH")}, env...)
	var err error
	if w.keys, err = pty.StartWithSize(w.Cmd, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() { // a terminal answers what it is asked
		defer close(answered)
		_, _ = io.Copy(w.keys, w.screen)
	}()
	go func() {
		defer close(w.done)
		_, _ = io.Copy(w.screen, w.keys) // ends when the command has
		_ = w.Wait()                     // its status is looked at
	}()
	t.Cleanup(func() {
		_ = w.Process.Kill() // fails only if it has ended already
		<-w.done
		_ = w.screen.InputPipe().(io.Closer).Close()
		<-answered
		_ = w.keys.Close()
	})
	return w
}

// text is what the screen shows, without colours.
func (w *terminal) text() string {
	lines := strings.Split(ansi.Strip(w.screen.Render()), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// coloured is how many cells of the screen have a colour.
func (w *terminal) coloured() (n int) {
	for y := range w.screen.Height() {
		for x := range w.screen.Width() {
			if c := w.screen.CellAt(x, y); c != nil && c.Style.Fg != nil {
				n++
			}
		}
	}
	return n
}

func (w *terminal) shows(t *testing.T, words ...string) {
	t.Helper()
	for _, word := range words {
		apptest.Eventually(t, fmt.Sprintf("%q is on the screen", word), func() bool { return strings.Contains(w.text(), word) })
	}
}

func (w *terminal) resize(t *testing.T, columns, rows int) {
	t.Helper()
	w.screen.Resize(columns, rows)
	if err := pty.Setsize(w.keys, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		t.Fatal(err)
	}
}

func (w *terminal) exits(t *testing.T, status int) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not end, and shows\n%s", w.text())
	}
	if got := w.ProcessState.ExitCode(); got != status {
		t.Errorf("it exits with %d, not %d", got, status)
	}
	if w.screen.IsAltScreen() || w.screen.CursorHidden() {
		t.Error("it leaves the terminal with another screen, or without a cursor")
	}
}

// testWatchTerminal goes with a session to its end, over a restart of the server and a
// change of the terminal's size.
func testWatchTerminal(t *testing.T, f *apptest.Fleet) {
	s, kill := f.Serve(t)
	s.Session("s")
	w := onTerminal(t, f, s, 80, 24, nil, "s")
	w.shows(t, "PENDING", "not running yet")
	runSession(s, "s")
	w.shows(t, "RUNNING", "Powering on        20  100.00 %")
	finish(s, "s", 0, 1, 1)
	w.shows(t, "Failed            1    5.00 %", "no power")
	if !w.screen.IsAltScreen() {
		t.Error("it draws on what the user has on the screen")
	}
	w.shows(t, " connected, last change", "Waiting for: 19 power on") // which is asked for every few seconds
	if w.coloured() == 0 {
		t.Error("there is no colour")
	}
	compared(t, "terminal-80x24.txt", w.text())

	w.resize(t, 50, 12)
	// Only what fits is on the screen, and nothing of what was there before.
	apptest.Eventually(t, "it fits the new size", func() bool {
		lines := strings.Split(strings.TrimSuffix(w.text(), "\n"), "\n")
		return len(lines) == 12 && strings.HasPrefix(lines[11], "http") && strings.HasSuffix(lines[0], "RUNNING") &&
			strings.Count(w.text(), "Complete") == 1
	})
	compared(t, "terminal-50x12.txt", w.text())

	w.resize(t, 80, 24)
	kill()
	w.shows(t, "NO CONNECTION for")
	again, _ := f.ServeAt(t, strings.TrimPrefix(s.Base, "http://"))
	w.shows(t, " connected")
	finish(again, "s", 1, watched, 0)
	w.exits(t, 1)
	w.shows(t, "COMPLETE", "19 of 20 components successful, 1 failed", "no power")
	if strings.Contains(w.text(), "NO CONNECTION") || strings.Contains(w.text(), "RUNNING") {
		t.Errorf("something of what was shown is left:\n%s", w.text())
	}
	compared(t, "terminal-end.txt", w.text())
}

// testWatchTerminals shows what is made of terminals that can do less, and how to leave.
func testWatchTerminals(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t)
	boot(s, "s")
	for _, key := range []string{"\x03", "q"} {
		w := onTerminal(t, f, s, 80, 24, []string{"LANG=C", "NO_COLOR=1"}, "s")
		w.shows(t, "RUNNING", "Powering on        20  100.00 % ####")
		if n := w.coloured(); n > 0 {
			t.Errorf("%d cells have a colour", n)
		}
		if strings.ContainsFunc(w.text(), func(r rune) bool { return r > '~' }) {
			t.Errorf("there is more than ASCII:\n%s", w.text())
		}
		if _, err := io.WriteString(w.keys, key); err != nil {
			t.Fatal(err)
		}
		w.exits(t, 130)
		w.shows(t, "interrupted; the session continues")
	}
	dumb := onTerminal(t, f, s, 80, 24, []string{"TERM=dumb"}, "s")
	dumb.shows(t, "RUNNING 0.00 % of 20: 0 successful")
	finish(s, "s", 0, watched, 0)
	dumb.exits(t, 0)
	dumb.shows(t, "all 20 components successful")

	late := onTerminal(t, f, s, 80, 24, nil, "s")
	late.exits(t, 0)
	late.shows(t, "Successful       20  100.00 %", "all 20 components successful")
	onTerminal(t, f, s, 80, 24, nil, "nobody").exits(t, 2)
}
