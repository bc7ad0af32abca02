package apptest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// Reads is what a query has asked Redis for.
type Reads struct {
	Trips    int
	Commands []redistest.Command
	Prefix   string // of the namespace's keys
}

// Keyed says whether a command names a key that begins so.
func (r Reads) Keyed(beginning string) bool {
	return slices.ContainsFunc(r.Commands, func(c redistest.Command) bool {
		return slices.ContainsFunc(c, func(word string) bool { return strings.HasPrefix(word, r.Prefix+beginning) })
	})
}

// Fields says whether a hash of a session is asked for one of those fields.
func (r Reads) Fields(names ...string) bool {
	return slices.ContainsFunc(r.Commands, func(c redistest.Command) bool {
		return slices.ContainsFunc(c[1:], func(word string) bool { return slices.Contains(names, word) })
	})
}

// Named says whether a command of such a name was sent.
func (r Reads) Named(part string) bool {
	return slices.ContainsFunc(r.Commands, func(c redistest.Command) bool { return strings.Contains(c.Name(), part) })
}

// String shows the first commands.
func (r Reads) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d round trips:", r.Trips)
	for _, c := range r.Commands[:min(len(r.Commands), 10)] {
		fmt.Fprintf(&b, "\n  %s", Clip(strings.Join(c, " ")))
	}
	return b.String()
}

// Metered is a server whose Redis is behind a meter.
type Metered struct {
	*Site
	Meter *redistest.Meter
}

// ServeMetered runs such a server on the shared Redis.
func ServeMetered(t *testing.T) Metered {
	t.Helper()
	meter := redistest.NewMeter(t, redistest.SharedServer(t))
	return Metered{Serve(t, "redis://"+meter.Addr()), meter}
}

// Measure runs a query that has been run before: connections are made, and Redis
// knows the scripts.
func (m Metered) Measure(t *testing.T, query string) Reads {
	t.Helper()
	s := m.With(t)
	return m.MeasureAll(t, func() string { return string(s.Must(query).Body) })
}

// MeasureAll does so for anything that is asked.
func (m Metered) MeasureAll(t *testing.T, ask func() string) Reads {
	t.Helper()
	warm := ask()
	for {
		m.Meter.Reset()
		if again := ask(); again != warm {
			t.Fatalf("the second answer differs:\n%s\n%s", warm, again)
		}
		traffic := m.Meter.Snapshot()
		if !slices.ContainsFunc(traffic.Commands, probing) {
			return Reads{traffic.RoundTrips, traffic.Commands, "{" + m.Namespace + "}:"}
		}
	}
}

// probing says whether a command is one of those that the server sends once a second on its
// own, not for a query: to prove that notices come, and that Redis is the instance it was.
func probing(c redistest.Command) bool {
	if c.Name() == "PUBLISH" {
		return true
	}
	if !strings.HasSuffix(c.Key(), ":meta") {
		return false
	}
	return c.Name() == "EVALSHA" || c.Name() == "HMGET" && slices.Contains(c, "schema")
}
