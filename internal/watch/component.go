package watch

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// Component prints a component and its sessions, and returns the status to exit with.
func Component(ctx context.Context, o Options, id string, stdout, stderr io.Writer) int {
	return once(ctx, o, stdout, stderr, func(c *client.Client, report func(error)) (any, string, error) {
		found, err := c.Component(ctx, o.Session.Tenant, id, report)
		if err != nil {
			return nil, "", err
		}
		return found, component(found, time.Now()), nil
	})
}

// component is the answer in lines, with a table of the sessions.
func component(c *client.Inspected, now time.Time) string {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	enabled, since := "enabled", ""
	if !c.Enabled {
		enabled = "disabled"
	}
	if c.Since != nil {
		since = " for " + bos.DurationText(now.Sub(*c.Since).Truncate(time.Second))
	}
	line("%s is %s%s, %s", clean(c.ID), clean(c.Status.Raw), since, enabled)
	if c.Error != "" {
		line("Error: %s", cause(c.Error))
	}
	if len(c.Sessions.Edges) == 0 {
		line("No session of it is known.")
		return strings.TrimSuffix(text.String(), "\n")
	}
	failed := 0
	var sessions strings.Builder
	table := tabwriter.NewWriter(&sessions, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SESSION\tTENANT\tJOINED\tFOR\tOUTCOME\tPHASES\tERROR")
	for _, edge := range c.Sessions.Edges {
		s := edge.Node
		tenant, end := "-", now
		if s.Tenant != nil {
			tenant = clean(*s.Tenant)
		}
		if s.Left != nil {
			end = *s.Left
		}
		if s.Outcome == "FAILED" {
			failed++
		}
		var phases []string
		for _, p := range s.Phases {
			phases = append(phases, strings.ToLower(p.Phase)+" "+bos.DurationText(time.Duration(p.Seconds)*time.Second))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", clean(s.Name), tenant, clock(s.Joined, now), bos.DurationText(end.Sub(s.Joined).Truncate(time.Second)),
			strings.ToLower(strings.ReplaceAll(s.Outcome, "_", " ")), strings.Join(phases, ", "), clean(s.Error))
	}
	_ = table.Flush() // to memory
	line("It failed in %d of %s.", failed, count(len(c.Sessions.Edges), "session"))
	return text.String() + "\n" + strings.TrimSuffix(sessions.String(), "\n")
}

// Troubled prints the components that failed most often, and returns the status to exit with: [Successful] also if there
// are none.
func Troubled(ctx context.Context, o Options, t client.Troubles, stdout, stderr io.Writer) int {
	return once(ctx, o, stdout, stderr, func(c *client.Client, report func(error)) (any, string, error) {
		found, err := c.Troubled(ctx, t, report)
		return found, troubled(found, t, time.Now()), err
	})
}

// troubled is the answer as a table.
func troubled(all []client.TroubledComponent, t client.Troubles, now time.Time) string {
	if len(all) == 0 {
		none := "No component has failed"
		if t.Template != "" {
			none += fmt.Sprintf(" in sessions of the template %q", t.Template)
		}
		if t.Days > 0 {
			none += fmt.Sprintf(" today or in the %s before (UTC)", count(t.Days, "day"))
		}
		return none + "."
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tFAILURES\tSESSIONS\tLAST\tLAST ERROR")
	for _, c := range all {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", clean(c.ID), c.Failures, c.Sessions, clock(c.LastFailure, now), cause(c.LastError))
	}
	_ = table.Flush() // to memory
	return strings.TrimSuffix(text.String(), "\n")
}
