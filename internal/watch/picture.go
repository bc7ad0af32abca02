package watch

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// picture is all that is known at a moment. The ways to show it make text of it and
// of the time, and of nothing else.
type picture struct {
	server string
	status client.Status
	came   time.Time // when the status came
	since  time.Time // when it was as it is, as far as that is known: when it last changed, or was first seen
	moved  bool      // it has changed since it was first seen
	lost   error     // why there is no connection; nil while there is one
	lostAt time.Time
	waits  []client.WaitingGroup // what the session waits for, as last asked
}

// after is the picture after an event.
func (p picture) after(e client.Event, now time.Time) picture {
	if s := e.Status; s != nil {
		if first := p.came.IsZero(); first || s.Revision != p.status.Revision || s.Epoch != p.status.Epoch {
			p.since, p.moved = s.AsOf, !first
		}
		p.status, p.came = *s, now
	}
	// Only the first loss: each further attempt that fails is the same interruption.
	if e.Lost != nil && p.lost == nil {
		p.lostAt = now
	}
	p.lost = e.Lost
	return p
}

func (p picture) complete() bool { return p.status.Status == client.Complete }

// outcome is how its components have come out so far.
func (p picture) outcome() bos.Result {
	s := p.status
	return s.Counts.Result(s.Managed, s.PercentDone, s.PercentFailed)
}

// failed reports whether anything has failed so far.
func (p picture) failed() bool { return p.status.Session.Error != nil || p.outcome().Failures() }

// successful reports whether a session that is complete has ended well.
func (p picture) successful() bool {
	s := p.status
	return s.Session.Error == nil && s.Managed > 0 && p.outcome().AllSuccessful()
}

// duration is how long the session has been running. It goes by what the server has
// said of it, as the clocks of the two may differ.
func (p picture) duration(now time.Time) time.Duration {
	d := time.Duration(p.status.Timing.DurationSeconds * float64(time.Second))
	if !p.complete() {
		d += now.Sub(p.came)
	}
	return d
}

// estimate says when the session is likely to end; empty if that is unknown, or has
// not come true.
func (p picture) estimate(now time.Time) string {
	end := p.status.EstimatedEnd
	if end == nil || p.complete() {
		return ""
	}
	// From the server's two times and its duration, not from our clock.
	left := end.Sub(p.status.Timing.StartTime) - p.duration(now)
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf("ends about %s (in %s)", clock(now.Add(left), now), bos.DurationText(left))
}

// timing is when the session started and how long it takes.
func (p picture) timing(now time.Time) string {
	start := p.status.Timing.StartTime
	switch {
	case p.complete() && p.status.Timing.EndTime != nil:
		end := p.status.Timing.EndTime.In(now.Location())
		return fmt.Sprintf("Started %s, ended %s, took %s", clock(start, now), clock(end, now), bos.DurationText(p.duration(now)))
	case p.status.Status == client.Pending:
		return fmt.Sprintf("Created %s, %s ago; not running yet", clock(start, now), bos.DurationText(p.duration(now)))
	}
	words := fmt.Sprintf("Started %s, running %s", clock(start, now), bos.DurationText(p.duration(now)))
	if estimate := p.estimate(now); estimate != "" {
		words += ", " + estimate
	}
	return words
}

// state says, in a few words, whether the picture is current; well if it is.
func (p picture) state(now time.Time) (text string, well bool) {
	switch {
	case p.lost != nil:
		return fmt.Sprintf("NO CONNECTION for %s, last seen %s: %s",
			bos.DurationText(now.Sub(p.lostAt)), clock(p.status.AsOf, now), clean(p.lost.Error())), false
	case p.status.Stale:
		return "STALE: changes unknown since " + clock(p.status.AsOf, now), false
	case p.complete():
		return "connected", true
	}
	// A status is as of when it was asked for, also after a change of hours ago.
	if !p.moved {
		return "connected, no change since " + clock(p.since, now), true
	}
	return "connected, last change " + clock(p.since, now), true
}

// title is what the session is.
func (p picture) title() string {
	r := p.status.Session
	words := clean(strings.TrimSpace(r.Operation + " " + r.TemplateName))
	if r.Tenant != nil {
		words += ", tenant " + clean(*r.Tenant)
	}
	return words + ", " + count(p.status.Managed, "component")
}

// part is a part of the components of a session.
type part struct {
	name    string
	count   int
	percent float64
	color   string // of the terminal's sixteen
	within  bool   // of the part before
	counted bool   // otherwise only the percentage is known
}

// number is the count, or the percentage where that alone is known.
func (p part) number() string {
	if !p.counted {
		return fmt.Sprintf("%.2f %%", p.percent)
	}
	return strconv.Itoa(p.count)
}

// parts are those worth showing: what is done, then the phases that the session's
// operation goes through, and what else there is.
func (p picture) parts() []part {
	s, counted := p.status, p.outcome().Counted()
	all := []part{
		{name: "Complete", count: s.Counts.Complete, percent: s.Phases.Complete, color: "6"},
		{name: "Successful", count: s.Counts.Successful, percent: s.PercentDone, color: "2", within: true},
		{name: "Failed", count: s.Counts.Failed, percent: s.PercentFailed, color: "1", within: true},
	}
	off, on := s.Session.Operation != client.Boot, s.Session.Operation != client.Shutdown
	for _, phase := range []struct {
		part
		usual bool
	}{
		{part{name: "Powering off", count: s.Counts.PoweringOff, percent: s.Phases.PoweringOff, color: "5"}, off},
		{part{name: "Powering on", count: s.Counts.PoweringOn, percent: s.Phases.PoweringOn, color: "3"}, on},
		{part{name: "Configuring", count: s.Counts.Configuring, percent: s.Phases.Configuring, color: "4"}, on},
		{part{name: "Staged", count: s.Counts.Staged, percent: s.PercentStaged, color: "7"}, false},
	} {
		if phase.percent > 0 || phase.count > 0 && counted || phase.usual && !p.complete() {
			all = append(all, phase.part)
		}
	}
	for i := range all {
		all[i].counted = counted
	}
	return all
}

// clean makes text of a server's or a session's fit for one line of a terminal:
// nothing in it may move the cursor, colour what follows, or turn it around.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return strings.Join(strings.Fields(text), " ")
}

// cause is an error's text on one line. BOS counts components with a text of blanks, too.
func cause(text string) string {
	if text = clean(text); text != "" {
		return text
	}
	return "(an error without a text)"
}

// clock is a time of day here, with the day if that is another than now's.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("15:04:05")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// result is how many components are successful, and how many have failed: in percent where the counts are not those
// behind the percentages.
func result(managed int, successful, failed float64, c client.Counts) string {
	if !c.Result(managed, successful, failed).Counted() {
		return fmt.Sprintf("%.2f %% of %s successful, %.2f %% failed", successful, count(managed, "component"), failed)
	}
	return fmt.Sprintf("%d of %s successful, %d failed", c.Successful, count(managed, "component"), c.Failed)
}
