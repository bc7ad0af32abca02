package watch

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bosgraph/bosgraph/internal/client"
)

// List prints sessions, newest first, and returns the status to exit with: [Successful] also if
// there are none.
func List(ctx context.Context, o Options, which client.Which, stdout, stderr io.Writer) int {
	return once(ctx, o, stdout, stderr, func(c *client.Client, report func(error)) (any, string, error) {
		sessions, err := c.List(ctx, which, report)
		return sessions, list(sessions, which, time.Now()), err
	})
}

// list is the answer as a table.
func list(sessions []client.Listed, which client.Which, now time.Time) string {
	switch {
	case len(sessions) == 0 && which.Status == "" && which.Tenant == "":
		return "There are no sessions."
	case len(sessions) == 0:
		return "There are no such sessions."
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SESSION\tTENANT\tSTATE\tDONE\tFAILED\tCOMPONENTS\tOPERATION\tTEMPLATE\tSTARTED\tFOR")
	for _, s := range sessions {
		tenant, st := "-", s.Status
		if s.Tenant != nil {
			tenant = clean(*s.Tenant)
		}
		state := st.Status
		switch {
		case s.Error != nil:
			state += ", set-up failed"
		case s.Deleted && st.Status != client.Complete:
			state += ", deleted"
		}
		failed := fmt.Sprint(st.Counts.Failed)
		if !st.Counts.Result(st.Managed, st.PercentDone, st.PercentFailed).Counted() {
			failed = fmt.Sprintf("%.2f %%", st.PercentFailed)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f %%\t%s\t%d\t%s\t%s\t%s\t%s\n", clean(s.Name), tenant, state, st.Phases.Complete, failed,
			st.Managed, strings.ToLower(s.Operation), clean(s.TemplateName), clock(st.Timing.StartTime, now), st.Timing.Duration)
	}
	_ = table.Flush() // to memory
	return strings.TrimSuffix(text.String(), "\n")
}
