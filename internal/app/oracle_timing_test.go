package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
)

// checkTiming compares times and durations. BOS writes a duration as Python does,
// days apart and with fractions ("1 day, 20:55:29"), and it may get wider for it;
// GraphQL's is h:mm:ss whatever the hours, which sorts and parses. Both stand for
// the same span, which is what is compared.
func (c *oracleCase) checkTiming(t *testing.T, timing any, before, after time.Time) {
	t.Helper()
	inBOS, err := c.Now.UTC()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := bos.TimingOf(c.Session.Status.StartTime, c.Session.Status.EndTime, inBOS)
	if text := bos.BOSDurationText(theirs.Duration); err != nil || text != c.Expected.Timing.Duration {
		t.Errorf("the domain computes %q, %v; BOS has %q", text, err, c.Expected.Timing.Duration)
	}

	start, err := c.Session.Status.StartTime.UTC()
	if err != nil {
		t.Fatal(err)
	}
	end, _ := apptest.At(timing, "endTime").(string)
	took := time.Duration(apptest.At(timing, "durationSeconds").(float64) * float64(time.Second)).Round(time.Microsecond)
	switch ended := c.Expected.Status == "complete" || c.Expected.Status == "running" && c.active() == 0; {
	case c.Session.Status.EndTime != "":
		if end != c.Session.Status.EndTime.RFC3339() {
			t.Errorf("the end is %q, BOS has %s", end, c.Session.Status.EndTime)
		}
	case ended && end == "":
		t.Error("a complete session has no end")
	case !ended && end != "":
		t.Errorf("a session that has not ended has the end %s", end)
	}
	if end != "" {
		at, err := bos.Time(end).UTC()
		if err != nil || took != at.Sub(start) {
			t.Errorf("the duration is %v from %v to %v", took, start, at)
		}
	} else if least, most := max(before.Sub(start), 0), max(after.Sub(start), 0); took < least.Truncate(time.Microsecond) || took > most+time.Microsecond {
		t.Errorf("the running duration is %v, want %v to %v", took, least, most)
	}
	seconds := int(took / time.Second)
	if want := fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60); apptest.At(timing, "duration") != want {
		t.Errorf("the duration reads %v, want %s", apptest.At(timing, "duration"), want)
	}
}

// checkComponents compares every component's computed status, page by page.
func (c *oracleCase) checkComponents(t *testing.T, s *apptest.Site) {
	t.Helper()
	statuses := map[string]string{}
	for after := any(nil); ; {
		page := s.Must(`query($after: String) { components(first: 1000, after: $after) {
			edges { node { id status { rawStatus } } } pageInfo { hasNextPage endCursor } } }`, apptest.Vars{"after": after}).At("components")
		for _, edge := range apptest.At(page, "edges").([]any) {
			statuses[apptest.At(edge, "node.id").(string)] = apptest.At(edge, "node.status.rawStatus").(string)
		}
		if after = apptest.At(page, "pageInfo.endCursor"); apptest.At(page, "pageInfo.hasNextPage") == false {
			break
		}
	}
	if len(statuses) != len(c.Components) {
		t.Errorf("%d components, want %d", len(statuses), len(c.Components))
	}
	for id, want := range c.ComponentStatus {
		if statuses[id] != want {
			t.Errorf("the status of %s is %q, BOS has %q", id, statuses[id], want)
		}
	}
}
