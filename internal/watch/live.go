package watch

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
)

// live shows the session on a terminal: while it runs, on a screen of its own, which
// stays whole however the window is resized; and then once more, to be kept.
type live struct {
	out       *os.File
	stderr    io.Writer
	interrupt context.CancelFunc
}

// follow shows pictures on the terminal until the last. One that is complete from the start
// gets no screen: it would appear and vanish.
func (d *live) follow(pictures <-chan picture) {
	// Waiting for the first picture: an error before it is shown as a line, on the usual
	// screen.
	p, ok := <-pictures
	if !ok || p.complete() {
		for range pictures { // nothing will change
		}
		return
	}
	// Signals are for the context of Run, which ends the stream and then this. Input is taken
	// only from a terminal: otherwise "bosgraph watch" in a loop would eat what the loop reads.
	options := []tea.ProgramOption{tea.WithOutput(d.out), tea.WithoutSignalHandler(), tea.WithInput(nil)}
	if term.IsTerminal(os.Stdin.Fd()) {
		options = append(options, tea.WithInput(os.Stdin))
	}
	program := tea.NewProgram(model{picture: p, now: time.Now(), look: look{ascii: onlyASCII()}, interrupt: d.interrupt}, options...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := program.Run(); err != nil {
			complain(d.stderr, err)
			d.interrupt() // nobody sees it any more
		}
	}()
	for p := range pictures {
		program.Send(p)
	}
	program.Quit()
	<-done
}

// end leaves the last picture on the terminal, where it can be scrolled back to.
func (d *live) end(p picture, e ending) {
	if p.came.IsZero() {
		return
	}
	// Asked now: the window may have been resized since the program began.
	width, _, err := term.GetSize(d.out.Fd())
	if err != nil || width <= 0 {
		width = 80
	}
	l := look{width: width, ascii: onlyASCII()}
	out := colorprofile.NewWriter(d.out, os.Environ())
	fmt.Fprintln(out, l.summary(p, time.Now()))
	if e.status != Unknown && e.status != Deleted && p.status.Session.Error == nil { // otherwise the reason is shown already, or about to be
		fmt.Fprintln(out, "\n"+l.verdict(p, e))
	}
}

// model is what Bubble Tea runs.
type model struct {
	picture   picture
	now       time.Time
	look      look
	interrupt context.CancelFunc
}

// moment is when the times shown change next.
type moment time.Time

func tick() tea.Cmd {
	// By the clock's seconds, so that all the times shown change together.
	return tea.Every(time.Second, func(now time.Time) tea.Msg { return moment(now) })
}

func (m model) Init() tea.Cmd { return tick() }

func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case picture:
		m.picture, m.now = message, time.Now()
	case moment:
		m.now = time.Time(message)
		return m, tick()
	case tea.WindowSizeMsg:
		m.look.width, m.look.height = message.Width, message.Height
	case tea.KeyPressMsg:
		switch message.String() {
		case "ctrl+c", "q":
			m.interrupt()
		case "ctrl+z":
			return m, tea.Suspend
		}
	}
	return m, nil
}

func (m model) View() tea.View {
	v := tea.NewView(m.look.screen(m.picture, m.now))
	v.AltScreen = true
	return v
}
