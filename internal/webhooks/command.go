package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Deliveries is the store, as far as the commands need it.
type Deliveries interface {
	Targets(ctx context.Context) (map[string]string, error)
	QueueLengths(ctx context.Context, targets []string) (outbox int, queued, dead []int, err error)
	GivenUp(ctx context.Context, target string, most int) ([]bos.Delivery, error)
	Retry(ctx context.Context, target string) (n int, err error)
}

// maxListed is how many events that were given up are listed for a target.
const maxListed = 1000

// noTargets is printed where there is nothing to list or to retry.
const noTargets = "No targets: no server of this namespace has sent webhooks yet."

// listing is what List prints.
type listing struct {
	Outbox  int            `json:"outbox"` // events that no target has yet
	Targets []listedTarget `json:"targets"`
}

// States of a target.
const (
	stateOK       = "ok"
	stateFailing  = "failing"
	stateDisabled = "disabled"
	stateRemoved  = "removed" // from the configuration: it gets nothing, and is forgotten in a day
)

type listedTarget struct {
	Name    string        `json:"name"`
	State   string        `json:"state"` // one of those above
	Since   *time.Time    `json:"since,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Pending int           `json:"pending"`
	GivenUp []listedEvent `json:"givenUp"`
}

type listedEvent struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	Session  string    `json:"session,omitempty"`
	Time     time.Time `json:"time"`
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"`
}

// List prints the targets that a sender knows, what waits for each, and what was given up. It says
// whether all is well: nothing was given up, and all targets that are configured accept what is sent.
func List(ctx context.Context, store Deliveries, asJSON bool, out io.Writer) (well bool, err error) {
	l, err := list(ctx, store)
	if err != nil {
		return false, err
	}
	well = true
	for _, t := range l.Targets {
		well = well && (t.State == stateOK || t.State == stateRemoved) && len(t.GivenUp) == 0
	}
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return well, encoder.Encode(l)
	}
	if len(l.Targets) == 0 {
		_, err = fmt.Fprintln(out, noTargets)
		return well, err
	}
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "TARGET\tSTATE\tPENDING\tGIVEN UP\tREASON")
	for _, t := range l.Targets {
		state := t.State
		if t.Since != nil {
			state += " since " + t.Since.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", t.Name, state, t.Pending, len(t.GivenUp), t.Reason)
	}
	if err := table.Flush(); err != nil {
		return false, err
	}
	fmt.Fprintf(out, "Not given to targets yet: %d\n", l.Outbox)
	for _, t := range l.Targets {
		if len(t.GivenUp) == 0 {
			continue
		}
		fmt.Fprintf(out, "\nGiven up for %s:\n", t.Name)
		for _, e := range t.GivenUp {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d attempts\t%s\t%s\n", e.Time.Format(time.RFC3339), e.Event, e.Session, e.Attempts, e.Reason, e.ID)
		}
		if err := table.Flush(); err != nil {
			return false, err
		}
	}
	return well, nil
}

func list(ctx context.Context, store Deliveries) (l listing, err error) {
	notes, err := store.Targets(ctx)
	if err != nil {
		return l, err
	}
	names := slices.Sorted(maps.Keys(notes))
	outbox, queued, _, err := store.QueueLengths(ctx, names)
	if err != nil {
		return l, err
	}
	l.Outbox, l.Targets = outbox, []listedTarget{}
	for i, name := range names {
		var s State
		if err := json.Unmarshal([]byte(notes[name]), &s); err != nil {
			return l, fmt.Errorf("what is stored of the target %q can't be read: %w", name, err)
		}
		t := listedTarget{Name: name, State: stateOK, Reason: s.Reason, Pending: queued[i], GivenUp: []listedEvent{}}
		switch {
		case !s.Removed.IsZero():
			t.State, t.Since = stateRemoved, &s.Removed
		case !s.Disabled.IsZero():
			t.State, t.Since = stateDisabled, &s.Disabled
		case !s.Failing.IsZero():
			t.State, t.Since = stateFailing, &s.Failing
		}
		given, err := store.GivenUp(ctx, name, maxListed)
		if err != nil {
			return l, err
		}
		for _, d := range given {
			t.GivenUp = append(t.GivenUp, listedEvent{
				d.Event.ID, string(d.Event.Kind), strings.TrimPrefix(d.Event.About(), "/"), d.Event.Time, d.Attempts, d.Reason,
			})
		}
		l.Targets = append(l.Targets, t)
	}
	return l, nil
}

// refusal says why nothing may be queued for a target: it would be given up again at once, or nobody would send it. It is "" if
// the target gets what is sent.
func (t listedTarget) refusal() string {
	switch t.State {
	case stateDisabled:
		return fmt.Sprintf("disabled since %s (%s): change its configuration, or a file that it names, to enable it first", t.Since.UTC().Format(time.RFC3339), t.Reason)
	case stateRemoved:
		return fmt.Sprintf("not in the configuration of the servers since %s: add it there first", t.Since.UTC().Format(time.RFC3339))
	default:
		return ""
	}
}

// Retry queues again what was given up for a target, or for all if it is empty. It says whether that
// was anything, and nothing stays given up because its target gets nothing.
func Retry(ctx context.Context, store Deliveries, target string, out io.Writer) (done bool, err error) {
	l, err := list(ctx, store)
	if err != nil {
		return false, err
	}
	if len(l.Targets) == 0 {
		_, err = fmt.Fprintln(out, noTargets)
		return false, err
	}
	some, found, refused := false, false, false
	var names []string
	for _, t := range l.Targets {
		names = append(names, t.Name)
		if target != "" && t.Name != target {
			continue
		}
		found = true
		if why := t.refusal(); why != "" && len(t.GivenUp) > 0 {
			refused = true
			fmt.Fprintf(out, "%s: nothing queued again: %s\n", t.Name, why)
			continue
		}
		n, err := store.Retry(ctx, t.Name)
		if err != nil {
			return false, err
		}
		some = some || n > 0
		fmt.Fprintf(out, "%s: %d events queued again\n", t.Name, n)
	}
	if target != "" && !found {
		return false, fmt.Errorf("there is no target %q: the servers send to %s", target, strings.Join(names, ", "))
	}
	return some && !refused, nil
}

// Test sends an event of its own kind to a target of a configuration, or to all if it is empty, and
// prints what became of it. It says whether all have accepted it.
func Test(ctx context.Context, file, target string, out io.Writer) (accepted bool, err error) {
	c, err := Read(file)
	if err != nil {
		return false, err
	}
	accepted, found := true, false
	for _, t := range c.Targets {
		if target != "" && t.Name != target {
			continue
		}
		found = true
		event := example(testEvent)
		event.ID, event.Time = "test."+rand.Text(), time.Now()
		body, err := c.body(t, event, testEvent)
		if err != nil {
			return false, err
		}
		r := t.send(ctx, event.ID, body)
		if r.accepted {
			r.reason = "accepted"
		}
		accepted = accepted && r.accepted
		fmt.Fprintf(out, "%s: %s\n", t.Name, r.reason)
	}
	if !found {
		return false, &ConfigError{file, target, "there is no such target"}
	}
	return accepted, nil
}
