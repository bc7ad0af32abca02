package watch

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/bosgraph/bosgraph/internal/client"
)

// look is what a terminal can show. Its writer decides about colours.
type look struct {
	width, height int
	ascii         bool // nothing but ASCII
}

// The widths of the columns before the bars, and of the bars.
const (
	nameWidth    = 13
	numbersWidth = 19
	leastBar     = 8
	mostBar      = 100 // a longer one is not more readable
)

var (
	strong = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	good   = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("2"))
	bad    = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("1"))
	alarm  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("3")).Reverse(true)
)

// screen is the picture as it fills a terminal.
func (l look) screen(p picture, now time.Time) string {
	below := []string{l.state(p, now)}
	if l.height > 4 {
		below = append([]string{""}, below...)
	}
	lines := l.above(p, now)
	room := max(l.height-len(below), 0)
	// The numbers may go for want of room, but not whether they are true.
	lines = lines[:min(len(lines), room)]
	if left := room - len(lines) - 2; left > 1 {
		if errors := l.errors(p, left); len(errors) > 0 {
			lines = append(append(lines, ""), errors...)
		}
	}
	// Filled up, so that the state is always in the last line, wherever the rest ends.
	for len(lines) < room {
		lines = append(lines, "")
	}
	return l.join(append(lines, below...))
}

// summary is the picture as it is left behind, with all errors that are known.
func (l look) summary(p picture, now time.Time) string {
	lines := l.above(p, now)
	if groups := l.errors(p, len(p.status.ErrorSummary)*(mostMessage+mostList)+2); len(groups) > 0 {
		lines = append(append(lines, ""), groups...)
	}
	return l.join(lines)
}

// verdict is the line to end with.
func (l look) verdict(p picture, e ending) string {
	style := strong
	switch e.status {
	case Successful:
		style = good
	case Failures:
		style = bad
	}
	text := style.Render(l.fit(clean(e.reason)))
	if next := next(p); next != "" {
		text += "\n" + faint.Render(l.fit(next))
	}
	return text
}

// next is the command to continue with, to be copied: of one that has ended with failures, or that still runs. Empty for none.
func next(p picture) string {
	switch {
	case p.complete() && p.outcome().Failures():
		return "To list them: " + command("failed", p)
	case p.status.Status == client.Running:
		return "To see what it waits for: " + command("why", p)
	}
	return ""
}

// usualServer is the default of --server.
const usualServer = "http://127.0.0.1:8080"

// command is a command about the session that was shown.
func command(name string, p picture) string {
	text := "bosgraph " + name + " " + clean(p.status.Session.Name)
	if tenant := p.status.Session.Tenant; tenant != nil {
		text += " --tenant " + clean(*tenant)
	}
	if p.server != usualServer {
		text += " --server " + clean(p.server)
	}
	return text
}

// above is what the session is and how far.
func (l look) above(p picture, now time.Time) []string {
	state := strong
	switch {
	case p.complete() && p.successful():
		state = good
	case p.complete():
		state = bad
	}
	// The name gives way to the status: which session it is, the user has typed.
	name := ansi.Truncate(clean(p.status.Session.Name), max(l.width-len(p.status.Status)-2, 0), "...")
	gap := max(l.width-ansi.StringWidth(name)-len(p.status.Status), 1)
	lines := []string{strong.Render(name) + strings.Repeat(" ", gap) + state.Render(p.status.Status)}
	lines = append(lines, l.message(p.title(), l.width, 2)...)
	lines = append(lines, l.message(p.timing(now), l.width, 2)...)
	if reason := p.status.Session.Error; reason != nil {
		for _, text := range l.message("Set-up failed: "+clean(*reason), l.width, mostMessage) {
			lines = append(lines, bad.Render(text))
		}
	}
	if p.status.Managed > 0 {
		lines = append(lines, "")
		for _, part := range p.parts() {
			lines = append(lines, l.row(part, p.status.Managed))
		}
		if waiting := p.waiting(); waiting != "" {
			lines = append(lines, faint.Render(l.cut(waiting)))
		}
	}
	return lines
}

// row is a part with its bar, if there is room for one.
func (l look) row(part part, of int) string {
	name := part.name
	if part.within {
		name = "  " + name
	}
	number, done := strconv.Itoa(part.count), part.count
	if !part.counted {
		number, done, of = "", int(part.percent*100), 100*100
	}
	row := fmt.Sprintf("%-*s %7s %7.2f %% ", nameWidth, name, number, part.percent)
	width := min(l.width-nameWidth-numbersWidth, mostBar)
	// A shorter one shows nothing that the numbers do not.
	if width < leastBar {
		return row
	}
	full, empty := '█', '░'
	if l.ascii {
		full, empty = '#', '.'
	}
	bar := progress.New(progress.WithoutPercentage(), progress.WithWidth(width),
		progress.WithFillCharacters(full, empty), progress.WithColors(lipgloss.Color(part.color)))
	bar.EmptyColor = lipgloss.Color("8")
	return row + bar.ViewAs(float64(cells(done, of, width))/float64(width))
}

// cells is how much of a bar is full: something is for a single component, and not
// all as long as one is missing.
func cells(n, of, width int) int {
	switch {
	case n <= 0 || of <= 0:
		return 0
	case n >= of:
		return width
	}
	return min(max((2*n*width+of)/(2*of), 1), width-1)
}

// state is the line that says whether all of this is current.
func (l look) state(p picture, now time.Time) string {
	text, well := p.state(now)
	if !well {
		return alarm.Render(l.cut(text))
	}
	text = clean(p.server) + " " + text
	const hint = "Ctrl-C ends"
	if gap := l.width - ansi.StringWidth(text) - len(hint); gap >= 2 {
		text += strings.Repeat(" ", gap) + hint
	}
	return faint.Render(l.cut(text))
}

// cut cuts a text to the width, and shows that if there is room.
func (l look) cut(text string) string {
	tail := more
	if l.width < 20 {
		tail = ""
	}
	return ansi.Truncate(l.fit(text), l.width, tail)
}

// join makes a text of lines, each cut to the width.
func (l look) join(lines []string) string {
	for i, line := range lines {
		lines[i] = strings.TrimRight(ansi.Truncate(l.fit(line), l.width, ""), " ")
	}
	return strings.Join(lines, "\n")
}

// fit replaces what can't be shown.
func (l look) fit(text string) string {
	if !l.ascii {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, text)
}
