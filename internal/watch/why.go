package watch

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// firstWaiting is how many components of each group are named.
const firstWaiting = 5

// Why prints what a session waits for, where its time goes and which cabinets are behind, and returns the status to exit with: [Successful] also if
// it waits for nothing.
func Why(ctx context.Context, o Options, stdout, stderr io.Writer) int {
	return once(ctx, o, stdout, stderr, func(c *client.Client, report func(error)) (any, string, error) {
		s, err := c.Waiting(ctx, o.Session, firstWaiting, report)
		if err != nil {
			return nil, "", err
		}
		return s, why(s, time.Now()), nil
	})
}

// why is the answer in lines.
func why(s *client.Waiting, now time.Time) string {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	st := s.Status
	line("%s is %s: %s, %d active", clean(s.Name), st.Status, result(st.Managed, st.PercentDone, st.PercentFailed, st.Counts), st.Counts.Active)
	if st.Stale {
		line("This may not be current: Redis or BOS does not answer the server.")
	}
	switch {
	case s.Error != nil:
		line("Set-up failed: %s", clean(*s.Error))
	case st.Note != nil:
		line("%s", clean(*st.Note))
	case st.Status == client.Complete:
		line("It waits for nothing.")
	case st.Status == client.Pending && len(st.WaitingFor) == 0:
		line("It is not running yet: BOS, or the producer, has yet to set it up.")
	case len(st.WaitingFor) == 0:
		line("No component is active: BOS, or the producer, has yet to complete it.")
	}
	for _, g := range st.WaitingFor {
		since := ""
		if g.Since != nil {
			since = ", the first for " + bos.DurationText(now.Sub(*g.Since).Truncate(time.Second))
		}
		line("")
		line("%7d  %s%s", g.Count, g.Reason, since)
		line("         %s", clean(g.Text))
		for _, edge := range g.Components.Edges {
			named := clean(edge.Node.ID)
			if edge.Node.Error != "" {
				named += ": " + clean(edge.Node.Error)
			}
			line("         %s", named)
		}
		if more := g.Count - len(g.Components.Edges); more > 0 && len(g.Components.Edges) > 0 {
			line("         and %d more", more)
		}
	}
	for _, part := range []string{phaseTimes(s), behind(st.ByCabinet)} {
		if part != "" {
			line("\n%s", part)
		}
	}
	return strings.TrimSuffix(text.String(), "\n")
}
