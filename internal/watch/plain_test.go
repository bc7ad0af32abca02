package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// at is a running picture with so many successful components.
func at(successful int) picture {
	return with(running(), func(s *client.Status) {
		s.Counts.Successful, s.Counts.Complete = successful, successful+s.Counts.Failed
		s.PercentDone, s.Phases.Complete = float64(successful)/10, float64(s.Counts.Complete)/10
		s.Counts.Configuring = 1000 - s.Counts.Complete - s.Counts.PoweringOn
		s.ErrorGroupCount, s.ErrorSummary, s.EstimatedEnd = 1, s.ErrorSummary[2:3], nil
	})
}

// TestLinesOfASessionFromCreationToEnd goes with a session from its creation to its end: what is reported, and when.
func TestLinesOfASessionFromCreationToEnd(t *testing.T) {
	none := func(successful int) picture {
		return with(at(successful), func(s *client.Status) {
			s.Counts.Failed, s.PercentFailed, s.ErrorGroupCount, s.ErrorSummary = 0, 0, 0, nil
		})
	}
	var reported reporter
	var got strings.Builder
	for _, step := range []struct {
		says string
		at   time.Duration // since the first
		p    picture
	}{
		{"it is pending", 0, pending()},
		{"nothing happens", 30 * time.Second, pending()},
		{"it runs", 31 * time.Second, none(0)},
		{"progress", 32 * time.Second, none(10)},
		{"more of it", 35 * time.Second, none(20)},
		{"what was held back is due", 36 * time.Second, none(20)},
		{"nothing new", 42 * time.Second, none(20)},
		{"it moves again", 43 * time.Second, none(30)},
		{"something fails", 44 * time.Second, at(40)},
		{"more fails", 45 * time.Second, at(50)},
		{"other errors", 49 * time.Second, with(at(50), func(s *client.Status) {
			s.Counts.Failed, s.PercentFailed, s.ErrorGroupCount, s.ErrorSummary = 43, 4.3, 4, running().status.ErrorSummary
		})},
		{"stale", 50 * time.Second, with(at(50), func(s *client.Status) { s.Stale = true })},
		{"no more", 51 * time.Second, at(50)},
		{"no connection", 52 * time.Second, lost()},
		{"still none", 80 * time.Second, lost()},
		{"connected", 81 * time.Second, at(60)},
		{"an estimate", 86 * time.Second, with(at(70), func(s *client.Status) { s.EstimatedEnd = running().status.EstimatedEnd })},
		{"complete", 90 * time.Second, complete()},
	} {
		when := came.Add(step.at)
		step.p.came = when
		fmt.Fprintf(&got, "-- %v: %s\n", step.at, step.says)
		for _, line := range reported.lines(step.p, when) {
			fmt.Fprintln(&got, line)
		}
	}
	fmt.Fprintln(&got, "-- the end")
	for _, line := range reported.last(complete(), came.Add(90*time.Second), endingOf(complete(), nil)) {
		fmt.Fprintln(&got, line)
	}
	golden(t, "plain.txt", got.String())
}

// TestLinesAreBounded shows that errors which are all different do not flood.
func TestLinesAreBounded(t *testing.T) {
	var reported reporter
	lines := 0
	for i := range 600 { // a minute
		p := with(at(i), func(s *client.Status) {
			s.ErrorSummary = nil
			for g := range client.Groups {
				s.ErrorSummary = append(s.ErrorSummary, client.ErrorGroup{Message: fmt.Sprint("error ", i*10+g), Count: 1, List: "x1"})
			}
		})
		lines += len(reported.lines(p, came.Add(time.Duration(i)*100*time.Millisecond)))
	}
	if lines > 1+12+client.Groups {
		t.Errorf("%d lines in a minute", lines)
	}
}

func TestJSONLinesReportEachChangeOnce(t *testing.T) {
	var out bytes.Buffer
	d := newJSON(&out)
	pictures := make(chan picture, 10)
	p := running()
	pictures <- p
	p = p.after(client.Event{Lost: errors.New("cut")}, now)
	pictures <- p
	p = p.after(client.Event{Lost: errors.New("refused")}, now)
	pictures <- p // still the same loss
	p = p.after(client.Event{}, now)
	pictures <- p
	p = p.after(client.Event{Lost: errors.New("cut")}, now)
	pictures <- p
	status := complete().status
	pictures <- p.after(client.Event{Status: &status}, now)
	close(pictures)
	d.follow(pictures)
	d.end(p, ending{"failures", Failures, "959 of 1000"})

	var got []string
	for line := range strings.Lines(out.String()) {
		var o struct {
			Time      time.Time
			Event     string
			Status    map[string]any
			Connected *bool
			Reason    string
			Outcome   string
			Exit      *int `json:"exitStatus"`
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil || time.Since(o.Time) > time.Minute {
			t.Fatalf("%s: %v", line, err)
		}
		text := o.Event
		switch {
		case o.Status != nil:
			text += fmt.Sprint(" ", o.Status["status"], " ", o.Status["counts"].(map[string]any)["successful"], " ", o.Status["session"].(map[string]any)["templateName"])
		case o.Connected != nil:
			text += fmt.Sprint(" ", *o.Connected, " ", o.Reason)
		case o.Exit != nil:
			text += fmt.Sprint(" ", o.Outcome, " ", *o.Exit, " ", o.Reason)
		}
		got = append(got, text)
	}
	want := "status RUNNING 739 compute-24.7|connection false cut|connection true |connection false cut|status COMPLETE 959 compute-24.7|end failures 1 959 of 1000"
	if all := strings.Join(got, "|"); all != want {
		t.Errorf("it reports %s\nnot %s", all, want)
	}
}

// TestPercentagesOfBOSWin goes through what the commands print of a session that others took over before it was counted: nothing of the
// counts of what was left.
func TestPercentagesOfBOSWin(t *testing.T) {
	p, left := takenOver(75, 25), client.Counts{Managed: 1, Successful: 1, Complete: 1}
	p.status.Managed, p.status.Counts, p.status.ErrorSummary = 4, left, nil
	lines := (&reporter{}).last(p, now, endingOf(p, nil))
	if got := strings.ReplaceAll(strings.Join(lines, "|"), stamp(now), ""); got != "COMPLETE 100.00 % of 4: 75.00 % successful, 25.00 % failed, after 0:12:03|"+
		"75.00 % of 4 components successful, 25.00 % failed|To list them: bosgraph failed "+p.status.Session.Name {
		t.Errorf("watch ends with %s", got)
	}
	table := list([]client.Listed{{SessionRecord: p.status.Session, Status: client.ListedStatus{
		Status: client.Complete, Managed: 4, PercentDone: 75, PercentFailed: 25, Phases: p.status.Phases, Counts: left, Timing: p.status.Timing,
	}}}, client.Which{}, now)
	if !regexp.MustCompile(` COMPLETE +100.00 % +25.00 % +4 +boot `).MatchString(table) {
		t.Errorf("list prints\n%s", table)
	}
	reasons := why(&client.Waiting{Name: "s", Status: client.WaitingStatus{Status: client.Complete, Managed: 4, PercentDone: 75, PercentFailed: 25, Counts: left}}, now)
	if want := "s is COMPLETE: 75.00 % of 4 components successful, 25.00 % failed, 0 active\nIt waits for nothing."; reasons != want {
		t.Errorf("why prints\n%s\nnot\n%s", reasons, want)
	}
}

// TestExitStatusesOfEachEnding goes through the statuses to exit with.
func TestExitStatusesOfEachEnding(t *testing.T) {
	missing := &client.Refusal{Code: bos.NotFound, Message: "there is no session"}
	for _, test := range []struct {
		name    string
		p       picture
		failure error
		outcome string
		status  int
	}{
		{"all well", successful(), nil, "successful", 0},
		{"some failed", complete(), nil, "failures", 1},
		{"set-up failed", setUpFailed(), nil, "failures", 1},
		{"neither failed nor successful", with(successful(), func(s *client.Status) { s.Counts.Successful, s.PercentDone = 999, 99.9 }), nil, "failures", 1},
		{"one of many is not successful", with(successful(), func(s *client.Status) {
			s.Managed, s.Counts = 30000, client.Counts{Managed: 30000, Successful: 29999, Complete: 29999}
		}), nil, "failures", 1},
		{"taken over, all well", takenOver(100, 0), nil, "successful", 0},
		{"taken over, some failed", takenOver(95.9, 4.1), nil, "failures", 1},
		{"taken over, neither failed nor successful", takenOver(95.9, 0), nil, "failures", 1},
		{"nothing to do", with(setUpFailed(), func(s *client.Status) { s.Session.Error = nil }), nil, "failures", 1},
		{"never there", picture{}, missing, "not_found", 2},
		{"deleted", running(), fmt.Errorf("wrapped: %w", missing), "not_found", 2},
		{"deleted while it ran", running(), &client.Deleted{Name: "s", Status: "RUNNING", Managed: 3}, "deleted", 3},
		{"lost", running(), &client.Lost{For: time.Minute, Err: errors.New("refused")}, "lost", 2},
		{"not allowed", picture{}, &client.Refusal{Code: bos.Forbidden, Message: "not you"}, "refused", 2},
		{"interrupted", running(), context.Canceled, "interrupted", 130},
	} {
		if e := endingOf(test.p, test.failure); e.outcome != test.outcome || e.status != test.status || e.reason == "" {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
}
