package watch

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// plain tells a log, or whoever reads a pipe, in lines.
type plain struct {
	out io.Writer
	teller
}

// pause is the least time between two lines that tell of nothing but progress.
const pause = 5 * time.Second

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
	if e.status != Unknown { // otherwise there is a complaint
		d.write(d.last(p, time.Now(), e))
	}
}

func (d *plain) write(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(d.out, line) // a reader that has gone ends the process
	}
}

// teller decides which lines to tell of the pictures it is shown, one after the other.
type teller struct {
	begun bool
	told  picture         // as last told
	at    time.Time       // when
	knows map[string]bool // the error messages that have been told
}

// lines are those to tell now; none if there is nothing new, or it can wait.
func (t *teller) lines(p picture, now time.Time) []string {
	switch {
	case !t.begun:
		line := stamp(now) + "session " + clean(p.status.Session.Name) + ": " + p.title()
		t.begun, t.knows = true, map[string]bool{}
		return append([]string{line}, t.tell(p, now)...)
	case p.complete(), !t.urgent(p) && (now.Sub(t.at) < pause || tally(p) == tally(t.told)):
		return nil // what is complete is told at the end
	}
	return t.tell(p, now)
}

// urgent tells whether something has happened that can't wait.
func (t *teller) urgent(p picture) bool {
	return p.status.Status != t.told.status.Status ||
		p.status.Stale != t.told.status.Stale ||
		(p.lost == nil) != (t.told.lost == nil) ||
		p.failed() && !t.told.failed()
}

// tell tells how things are, and of errors that are new.
func (t *teller) tell(p picture, now time.Time) []string {
	before := t.told
	t.told, t.at = p, now
	if p.lost != nil {
		return []string{stamp(now) + "no connection, trying again: " + clean(p.lost.Error())}
	}
	line := stamp(now) + p.status.Status + " " + tally(p) + ", " + words(p, now)
	switch standing, well := p.standing(now); {
	case !well:
		line += "; " + standing
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
func (t *teller) last(p picture, now time.Time, e ending) []string {
	if p.came.IsZero() {
		return []string{stamp(now) + e.reason}
	}
	lines := []string{stamp(now) + p.status.Status + " " + tally(p) + ", " + words(p, now)}
	if p.complete() {
		for _, g := range p.status.ErrorSummary {
			lines = append(lines, stamp(now)+failure(g))
		}
	}
	return append(lines, stamp(now)+clean(e.reason))
}

// tally is what makes a line worth telling.
func tally(p picture) string {
	c := p.status.Counts
	var b strings.Builder
	fmt.Fprintf(&b, "%.2f %% of %d: %d successful, %d failed", p.status.Phases.Complete, p.status.Managed, c.Successful, c.Failed)
	for _, part := range p.parts()[1:] {
		if !part.within && part.count > 0 {
			fmt.Fprintf(&b, ", %d %s", part.count, strings.ToLower(part.name))
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
	return fmt.Sprintf("error of %s: %s (%s)", count(g.Count, "component"), clean(g.Message), clean(g.List))
}

func stamp(now time.Time) string { return now.Format(time.RFC3339) + " " }
