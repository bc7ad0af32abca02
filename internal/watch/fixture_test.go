package watch

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/client"
)

var update = flag.Bool("update", false, "write the golden files again")

// Golden is golden for the external tests.
var Golden = golden

// golden compares a text with that in a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it shows\n%s\nnot, as in %s,\n%s", got, path, want)
	}
}

// The moments of the fixtures, in a zone of their own.
var (
	zone  = time.FixedZone("CET", 3600)
	start = time.Date(2026, 11, 22, 14, 49, 21, 0, time.UTC)
	came  = start.Add(56 * time.Second).In(zone)
	now   = came.Add(3 * time.Second)
)

// running is a boot on its way, with as many errors as a status shows.
func running() picture {
	return picture{server: "http://127.0.0.1:8080", came: came, since: start.Add(55 * time.Second), moved: true, status: client.Status{
		Session: client.SessionRecord{Name: "b7043a49-f8e5-492b-9583-b9b4a5b16c1e", Operation: "BOOT", TemplateName: "compute-24.7"},
		Status:  client.Running, Managed: 1000, PercentDone: 73.9, PercentFailed: 4.1,
		Phases: client.Phases{Complete: 78, Configuring: 20.8, PoweringOn: 0.1},
		Counts: client.Counts{Managed: 1000, Successful: 739, Failed: 41, Complete: 780, Configuring: 208, PoweringOn: 1, Active: 209},
		Timing: client.Timing{StartTime: start, Duration: "0:00:56", DurationSeconds: 56.5},
		AsOf:   start.Add(55 * time.Second), EstimatedEnd: ref(start.Add(13 * time.Minute)),
		ErrorGroupCount: 4, ErrorSummary: []client.ErrorGroup{
			{Count: 31, Message: "An error was encountered while calling CAPMC to power on: PowerControlTimeoutException: the transition was not finished in time",
				List: "x1000c0s5b1n0,x1000c2s0b1n0,x1000c2s5b0n1,x1000c4s5b1n1,x1000c7s0b1n1,x1000c7s5b0n1,x1001c0s1b0n1,x1001c1s0b0n1,x1001c3s2b1n1,x1001c3s5b1n1..."},
			{Count: 7, Message: "An error was encountered while calling CAPMC to power on: PowerControlException: unable to reach the Redfish endpoint of the node's BMC",
				List: "x1000c5s5b0n1,x1000c6s3b0n0,x1001c0s3b0n0,x1001c6s3b0n1,x1003c0s1b0n1,x1003c0s1b0n2,x1003c0s1b0n3"},
			{Count: 2, Message: "cfs configuration failed", List: "x1001c0s6b1n1,x1003c2s4b0n1"},
			{Count: 1, Message: "a \x1b[31mred\x1b[0m\nmessage with \u202ewiles and Zürich", List: "x1002c0s0b0n0"},
		},
	}}
}

func ref[T any](v T) *T { return &v }

// with is a picture with a change.
func with(p picture, change func(*client.Status)) picture {
	change(&p.status)
	return p
}

func complete() picture {
	return with(running(), func(s *client.Status) {
		s.Status, s.Timing.EndTime, s.Timing.DurationSeconds = client.Complete, ref(start.Add(723*time.Second)), 723
		s.Counts = client.Counts{Managed: 1000, Successful: 959, Failed: 41, Complete: 1000}
		s.PercentDone, s.Phases, s.EstimatedEnd, s.FromSnapshot = 95.9, client.Phases{Complete: 100}, nil, true
	})
}

func successful() picture {
	return with(complete(), func(s *client.Status) {
		s.Counts.Successful, s.Counts.Failed, s.PercentDone, s.PercentFailed = 1000, 0, 100, 0
		s.ErrorSummary, s.ErrorGroupCount = nil, 0
	})
}

// takenOver is one of which BOS has saved how it ended before others had its components, and the server counted after
// some of them were taken over.
func takenOver(successful, failed float64) picture {
	return with(complete(), func(s *client.Status) {
		s.PercentDone, s.PercentFailed, s.Phases.Complete = successful, failed, successful+failed
		s.Counts = client.Counts{Managed: 500, Successful: 490, Failed: 10, Complete: 500}
	})
}

func setUpFailed() picture {
	return with(successful(), func(s *client.Status) {
		s.Managed, s.Counts, s.PercentDone, s.Phases = 0, client.Counts{}, 0, client.Phases{}
		s.Session.Error = ref("Session template compute-24.7 has no boot set for any of the components of the limit x3000c0s1b0n0")
	})
}

func pending() picture {
	return with(setUpFailed(), func(s *client.Status) {
		s.Status, s.Session.Error, s.Timing.EndTime, s.Timing.DurationSeconds = client.Pending, nil, nil, 4
	})
}

func stale() picture {
	return with(running(), func(s *client.Status) { s.Stale = true })
}

func lost() picture {
	p := running()
	p.lost, p.lostAt = errors.New("connect: connection refused"), came
	return p
}
