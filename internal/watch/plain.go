package watch

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// plain writes lines, for a log or the reader of a pipe.
type plain struct {
	out io.Writer
	reporter
}

// pause is the least time between two lines about nothing but progress.
const pause = 5 * time.Second

// follow writes lines as they become due: with a picture, or some time after one that was held
// back.
func (d *plain) follow(pictures <-chan picture) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var p picture
	for {
		select {
		case next, ok := <-pictures:
			if !ok {
				return
			}
			p = next
		case <-tick.C: // what was held back may be due
		}
		if !p.came.IsZero() {
			d.write(d.lines(p, time.Now()))
		}
	}
}

func (d *plain) end(p picture, e ending) {
	if e.status != Unknown && e.status != Deleted { // otherwise there is a complaint
		d.write(d.last(p, time.Now(), e))
	}
}

func (d *plain) write(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(d.out, line) // output remembers an error
	}
}

// reporter decides which lines to write for a series of pictures.
type reporter struct {
	begun    bool
	reported picture         // as last reported
	at       time.Time       // when
	knows    map[string]bool // the error messages that have been reported
}

// lines are those to write now; none if there is nothing new, or it can wait.
func (t *reporter) lines(p picture, now time.Time) []string {
	switch {
	case !t.begun:
		line := stamp(now) + "session " + clean(p.status.Session.Name) + ": " + p.title()
		t.begun, t.knows = true, map[string]bool{}
		if p.complete() { // the result comes at the end, once
			return []string{line}
		}
		return append([]string{line}, t.report(p, now)...)
	case p.complete(), !t.urgent(p) && (now.Sub(t.at) < pause || tally(p) == tally(t.reported)):
		return nil // what is complete is reported at the end
	}
	return t.report(p, now)
}

// urgent reports whether something has happened that can't wait. The first failure is one;
// further ones come with the next line.
func (t *reporter) urgent(p picture) bool {
	return p.status.Status != t.reported.status.Status ||
		p.status.Stale != t.reported.status.Stale ||
		(p.lost == nil) != (t.reported.lost == nil) ||
		p.failed() && !t.reported.failed()
}

// report describes the state, and errors that are new.
func (t *reporter) report(p picture, now time.Time) []string {
	before := t.reported
	t.reported, t.at = p, now
	// Counts are left out: what they are now is unknown.
	if p.lost != nil {
		return []string{stamp(now) + "no connection, trying again: " + clean(p.lost.Error())}
	}
	line := stamp(now) + p.status.Status + " " + tally(p) + ", " + words(p, now)
	switch state, well := p.state(now); {
	case !well:
		line += "; " + state
	case before.lost != nil:
		line += "; connected again"
	case before.status.Stale:
		line += "; no longer stale"
	}
	lines := []string{line}
	for _, g := range p.status.ErrorSummary {
		// Where every component has a text of its own, the first few say enough.
		if !t.knows[g.Message] && len(t.knows) < client.Groups {
			t.knows[g.Message] = true
			lines = append(lines, stamp(now)+failure(g))
		}
	}
	return lines
}

// last are the lines to end with.
func (t *reporter) last(p picture, now time.Time, e ending) []string {
	if p.came.IsZero() {
		return []string{stamp(now) + e.reason}
	}
	lines := []string{stamp(now) + p.status.Status + " " + tally(p) + ", " + words(p, now)}
	// All of them, also those that were reported before: the last lines are what is looked for
	// in a log, and the groups of a complete session do not change any more.
	if p.complete() {
		for _, g := range p.status.ErrorSummary {
			lines = append(lines, stamp(now)+failure(g))
		}
	}
	lines = append(lines, stamp(now)+clean(e.reason))
	if next := next(p); next != "" {
		lines = append(lines, next) // without a time, to be copied
	}
	return lines
}

// tally is what makes a line worth writing.
func tally(p picture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.2f %% of %d:", p.status.Phases.Complete, p.status.Managed)
	separator := " "
	for _, part := range p.parts()[1:] {
		if part.within || part.count > 0 || !part.counted {
			fmt.Fprintf(&b, "%s%s %s", separator, part.number(), strings.ToLower(part.name))
			separator = ", "
		}
	}
	return b.String()
}

// words are those about time.
func words(p picture, now time.Time) string {
	text := "after " + bos.DurationText(p.duration(now))
	if estimate := p.estimate(now); estimate != "" {
		text += ", " + estimate
	}
	return text
}

func failure(g client.ErrorGroup) string {
	return fmt.Sprintf("error of %s: %s (%s)", count(g.Count, "component"), cause(g.Message), clean(g.List))
}

func stamp(now time.Time) string { return now.Format(time.RFC3339) + " " }
