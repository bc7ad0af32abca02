package watch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/bosgraph/bosgraph/internal/client"
)

var pictures = map[string]func() picture{
	"running": running, "complete": complete, "successful": successful, "set-up-failed": setUpFailed,
	"pending": pending, "stale": stale, "lost": lost,
	"taken-over": func() picture { return takenOver(95.9, 4.1) },
	"waiting": func() picture {
		p := running()
		p.waits = []client.WaitingGroup{{Reason: "CONFIGURING", Count: 198}, {Reason: "POWER_ON_OVERDUE", Count: 10}, {Reason: "ON_HOLD", Count: 8},
			{Reason: "RETRIES_EXHAUSTED", Count: 5}, {Reason: "OTHER", Count: 1}}
		return p
	},
	"shutdown": func() picture {
		return with(running(), func(s *client.Status) {
			s.Session.Operation, s.Session.Tenant, s.ErrorSummary, s.ErrorGroupCount = "SHUTDOWN", ref("vcluster-blue"), nil, 0
			s.Counts.PoweringOff, s.Counts.PoweringOn, s.Counts.Configuring, s.Counts.Staged = 159, 0, 0, 50
			s.Phases, s.PercentStaged, s.EstimatedEnd = client.Phases{Complete: 78, PoweringOff: 15.9}, 5, nil
		})
	},
}

// TestPicturesOnTerminals shows all pictures on a usual terminal, and one on terminals of all kinds.
func TestPicturesOnTerminals(t *testing.T) {
	type view struct {
		picture string
		look
	}
	views := []view{
		{"running", look{width: 200, height: 50}}, {"running", look{width: 80, height: 24, ascii: true}},
		{"running", look{width: 40, height: 20}}, {"running", look{width: 80, height: 12}}, {"lost", look{width: 60, height: 5}},
	}
	for name := range pictures {
		views = append(views, view{name, look{width: 80, height: 24}})
	}
	for _, v := range views {
		name := fmt.Sprintf("%s-%dx%d", v.picture, v.width, v.height)
		if v.ascii {
			name += "-ascii"
		}
		t.Run(name, func(t *testing.T) {
			got := ansi.Strip(v.screen(pictures[v.picture](), now))
			fits(t, got, v.look)
			golden(t, name+".txt", got+"\n")
		})
	}
}

// fits checks that a screen can be shown as it is.
func fits(t *testing.T, screen string, l look) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	if len(lines) > l.height {
		t.Errorf("%d lines on a screen of %d", len(lines), l.height)
	}
	for _, line := range lines {
		if width := ansi.StringWidth(line); width > l.width {
			t.Errorf("%d columns on a screen of %d: %q", width, l.width, line)
		}
		for _, r := range line {
			if r < ' ' || l.ascii && r > '~' || r == '\u202e' {
				t.Errorf("the line has a %q: %q", r, line)
			}
		}
	}
	last := lines[len(lines)-1]
	if !slices.ContainsFunc([]string{"http", "STALE", "NO CONNECTION"}, func(word string) bool {
		return strings.HasPrefix(last, word[:min(len(word), l.width)])
	}) {
		t.Errorf("the last line does not say whether it is current: %q", last)
	}
}

// TestPicturesFitAnySize shows everything on screens of every size down to the smallest.
func TestPicturesFitAnySize(t *testing.T) {
	for name, p := range pictures {
		for _, width := range []int{1, 2, 7, 12, 20, 33, 41, 60, 79, 119} {
			for _, height := range []int{1, 2, 3, 4, 5, 9, 11, 12, 13, 15, 18, 24} {
				for _, ascii := range []bool{true, false} {
					l := look{width: width, height: height, ascii: ascii}
					fits(t, ansi.Strip(l.screen(p(), now)), l)
					if t.Failed() {
						t.Fatalf("this was %s on %+v", name, l)
					}
				}
			}
		}
	}
}

// TestTheSummaryStaysOnTheTerminal shows what is left on the terminal, down to the reason.
func TestTheSummaryStaysOnTheTerminal(t *testing.T) {
	for name, p := range map[string]picture{"complete": complete(), "successful": successful(), "set-up-failed": setUpFailed()} {
		t.Run(name, func(t *testing.T) {
			l := look{width: 100}
			got := l.summary(p, now.Add(time.Hour)) + "\n\n" + l.verdict(p, endingOf(p, nil))
			golden(t, "summary-"+name+".txt", ansi.Strip(got)+"\n")
		})
	}
}

func TestABarOfPartIsNeitherEmptyNorFull(t *testing.T) {
	for _, test := range []struct{ n, of, width, want int }{
		{0, 100, 10, 0}, {1, 100_000, 10, 1}, {99_999, 100_000, 10, 9}, {100_000, 100_000, 10, 10},
		{50, 100, 10, 5}, {44, 100, 10, 4}, {45, 100, 10, 5}, {0, 0, 10, 0}, {3, 0, 10, 0}, {3, 2, 10, 10},
	} {
		if got := cells(test.n, test.of, test.width); got != test.want {
			t.Errorf("%d of %d are %d of %d cells, not %d", test.n, test.of, got, test.width, test.want)
		}
	}
}

// TestLongTextsAreShortened cuts messages in their middle and lists between ids.
func TestLongTextsAreShortened(t *testing.T) {
	l := look{}
	for _, test := range []struct {
		got  []string
		want string
	}{
		{l.message("short", 20, 1), "short"},
		{l.message("begins so and ends like that", 20, 1), "begins s...ike that"},
		{l.message("begins so and ends like that", 20, 2), "begins so and ends|like that"},
		{l.message("begins so and lasts and lasts and ends like that", 20, 2), "begins so and la...d|ends like that"},
		{l.list("x1000,x1001,x1002", 20, 1), "x1000,x1001,x1002"},
		{l.list("x1000,x1001,x1002,x1003", 20, 1), "x1000,x1001,..."},
		{l.list("x1000,x1001,x1002,x1003", 20, 2), "x1000,x1001,x1002,|x1003"},
	} {
		if got := strings.Join(test.got, "|"); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
}

// TestTheLastChangeIsOneThatWasSeen shows the same state again, as a server does that a watcher connects to again: nothing has changed
// by that.
func TestTheLastChangeIsOneThatWasSeen(t *testing.T) {
	moment := func(revision int64, after time.Duration) client.Event {
		s := running().status
		s.Revision, s.AsOf = revision, start.Add(after)
		return client.Event{Status: &s}
	}
	var p picture
	for _, step := range []struct {
		event client.Event
		want  string
	}{
		{moment(7, time.Minute), "connected, no change since 15:50:21"},
		{moment(7, time.Hour), "connected, no change since 15:50:21"},
		{moment(8, 2*time.Hour), "connected, last change 17:49:21"},
		{moment(8, 3*time.Hour), "connected, last change 17:49:21"},
	} {
		p = p.after(step.event, now)
		if got, well := p.state(now); got != step.want || !well {
			t.Errorf("it says %q, want %q", got, step.want)
		}
	}
}
