package watch

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/bosgraph/bosgraph/internal/client"
)

// How many lines a message and its list of components may take where there is room.
const (
	mostMessage = 3
	mostList    = 3
)

// errors are the largest groups of errors under a headline, in so many lines below it.
// For want of room long texts are cut first, and then the smaller groups left out.
// Nothing if there are none.
func (l look) errors(p picture, room int) []string {
	groups := p.status.ErrorSummary
	if len(groups) == 0 {
		return nil
	}
	lines := l.groups(groups, mostMessage, mostList)
	// Messages are cut before lists: what failed is clear from one line, where it failed is
	// not.
	for _, most := range []struct{ message, list int }{{2, 2}, {1, 2}, {1, 1}} {
		if len(lines) > room {
			lines = l.groups(groups, most.message, most.list)
		}
	}
	if len(lines) > room { // of two lines a group
		groups = groups[:max(room/2, 0)]
		lines = l.groups(groups, 1, 1)
	}
	head := count(p.status.ErrorGroupCount, "error")
	if shown := len(groups); shown < p.status.ErrorGroupCount {
		head += fmt.Sprintf(", the %d most frequent", shown)
	}
	return append([]string{strong.Render(head)}, lines...)
}

// groups are the lines of error groups: how often, what, and where; numbers aligned.
func (l look) groups(groups []client.ErrorGroup, message, list int) []string {
	digits := 0
	for _, g := range groups {
		digits = max(digits, len(fmt.Sprint(g.Count)))
	}
	var lines []string
	for _, g := range groups {
		head := fmt.Sprintf("%*d  ", digits, g.Count)
		indent := strings.Repeat(" ", len(head))
		for i, text := range l.message(cause(g.Message), l.width-len(head), message) {
			if i > 0 {
				head = indent
			}
			lines = append(lines, bad.Render(head)+text)
		}
		for _, text := range l.list(clean(g.List), l.width-len(head), list) {
			lines = append(lines, indent+text)
		}
	}
	return lines
}

const more = "..."

// message breaks a message at spaces into at most so many lines. What does not fit is
// left out of its middle: messages begin with what was tried, and end with the reason.
func (l look) message(text string, width, most int) []string {
	text, width = l.fit(text), max(width, 1)
	// Breaking at spaces leaves gaps, so a text of the right size may take a line too many: it
	// is made shorter until it fits.
	for size := width * most; ; size -= 2 {
		cut := text
		if n := ansi.StringWidth(text); n > size {
			head := max(size-len(more), 0) / 2
			cut = ansi.Truncate(text, head, "") + more + ansi.TruncateLeft(text, n-head, "")
		}
		if lines := strings.Split(ansi.Wrap(cut, width, ""), "\n"); len(lines) <= most || size <= 0 {
			return lines[:min(len(lines), most)]
		}
	}
}

// list breaks a list of ids behind commas into at most so many lines. What does not fit
// is left out from a comma on: half an xname is that of another component.
func (l look) list(text string, width, most int) []string {
	lines := strings.Split(ansi.Wrap(l.fit(text), max(width, 1), ","), "\n")
	if len(lines) > most {
		// Wrapped again, a little narrower, so that there is room for the dots behind a whole
		// id.
		lines = strings.Split(ansi.Wrap(l.fit(text), max(width-len(more), 1), ","), "\n")[:most]
		lines[most-1] += more
	}
	return lines
}
