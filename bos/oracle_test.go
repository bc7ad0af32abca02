package bos_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// oracle is testdata/bos_status_cases.json; see the README beside it.
type oracle struct {
	Cases    []oracleCase `json:"cases"`
	Rounding [][3]float64 `json:"rounding"`
}

type oracleCase struct {
	Name       string          `json:"name"`
	Now        bos.Time        `json:"now"`
	SessionID  string          `json:"session_id"`
	Components []bos.Component `json:"components"`
	Session    struct {
		Status struct {
			Status    bos.State `json:"status"`
			StartTime bos.Time  `json:"start_time"`
			EndTime   bos.Time  `json:"end_time"`
		} `json:"status"`
	} `json:"session"`
	Labels   map[string]bos.ComponentStatus `json:"component_status"`
	ErrorIDs map[string][]string            `json:"error_ids"`
	Expected extendedStatus                 `json:"expected"`
}

// extendedStatus is BOS's own answer to a question for a session's status.
type extendedStatus struct {
	Status     bos.State             `json:"status"`
	Managed    int                   `json:"managed_components_count"`
	Successful float64               `json:"percent_successful"`
	Failed     float64               `json:"percent_failed"`
	Staged     float64               `json:"percent_staged"`
	Phases     phases                `json:"phases"`
	Errors     map[string]errorGroup `json:"error_summary"`
	Timing     struct {
		StartTime bos.Time `json:"start_time"`
		EndTime   bos.Time `json:"end_time"`
		Duration  string   `json:"duration"`
	} `json:"timing"`
}

type phases struct {
	Complete    float64 `json:"percent_complete"`
	Configuring float64 `json:"percent_configuring"`
	PoweringOff float64 `json:"percent_powering_off"`
	PoweringOn  float64 `json:"percent_powering_on"`
}

type errorGroup struct {
	Count int    `json:"count"`
	List  string `json:"list"`
}

func readOracle(t testing.TB) oracle {
	t.Helper()
	text, err := os.ReadFile("testdata/bos_status_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var o oracle
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	// The whole file must have been understood, or the tests pass on nothing.
	if len(o.Cases) != 38 || len(o.Rounding) != 282 {
		t.Fatalf("read %d cases and %d rows of rounding, want 38 and 282", len(o.Cases), len(o.Rounding))
	}
	return o
}

func TestStatusAsBOSComputesIt(t *testing.T) {
	for _, c := range readOracle(t).Cases {
		t.Run(c.Name, func(t *testing.T) {
			tally, groups := bos.Summarize(bos.SessionKey{Name: c.SessionID}, c.Components, func(id string) bool {
				t.Errorf("asked who owns %s, though the session has no tenant", id)
				return false
			})
			now, err := c.Now.UTC()
			if err != nil {
				t.Fatal(err)
			}
			record := c.Session.Status
			timing, err := bos.TimingOf(record.StartTime, record.EndTime, now)
			if err != nil {
				t.Fatal(err)
			}
			s := &bos.Status{
				Session: &bos.Session{State: record.Status},
				Tally:   tally, Errors: groups, GroupCount: len(groups), Timing: timing,
			}
			got, want := extended(s), c.Expected
			compareErrors(t, c, got.Errors)
			got.Errors, want.Errors = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			checkCounts(t, c, tally)
			checkOrder(t, groups)
		})
	}
}

// extended writes a status in BOS's form.
func extended(s *bos.Status) extendedStatus {
	p := s.Phases()
	e := extendedStatus{
		Status: s.State(), Managed: s.Managed(),
		Successful: s.PercentSuccessful(), Failed: s.PercentFailed(), Staged: s.PercentStaged(),
		Phases: phases{p.PercentComplete, p.PercentConfiguring, p.PercentPoweringOff, p.PercentPoweringOn},
		Errors: map[string]errorGroup{},
	}
	for _, g := range s.Errors {
		e.Errors[g.Message] = errorGroup{g.Count, g.List()}
	}
	e.Timing.StartTime, e.Timing.EndTime = s.Timing.StartTime, s.Timing.EndTime
	e.Timing.Duration = bos.BOSDurationText(s.Timing.Duration)
	return e
}

func compareErrors(t *testing.T, c oracleCase, got map[string]errorGroup) {
	t.Helper()
	want := map[string]errorGroup{}
	for message, g := range c.Expected.Errors {
		ids := slices.Sorted(slices.Values(c.ErrorIDs[message]))
		g.List = strings.Join(ids[:min(len(ids), 10)], ",")
		if len(ids) > 10 {
			g.List += "..."
		}
		want[message] = g
	}
	if !maps.Equal(got, want) {
		t.Errorf("errors:\ngot  %v\nwant %v", got, want)
	}
}

// checkCounts checks the integers that BOS does not show, by its component
// statuses and the records.
func checkCounts(t *testing.T, c oracleCase, got bos.Tally) {
	t.Helper()
	var successful, failed, staged, active, both int
	for i := range c.Components {
		r := &c.Components[i]
		in, inStaged := r.Session == c.SessionID, r.StagedSession() == c.SessionID
		if in {
			want, ok := c.Labels[r.ID]
			if status := r.Status(); !ok || status != want {
				t.Errorf("%s is %q, want %q", r.ID, status, want)
			}
			if want == bos.StatusStable {
				successful++
			}
			if want == bos.StatusFailed {
				failed++
			}
			if r.Enabled {
				active++
			}
		}
		if inStaged {
			staged++
			active++
		}
		if in && inStaged {
			both++
		}
	}
	for _, n := range []struct {
		name      string
		got, want int
	}{
		{"managed", got.Managed, len(c.Labels) + staged},
		{"staged", got.Staged, staged},
		{"successful", got.Successful, successful},
		{"failed", got.Failed, failed},
		{"complete", got.Complete(), successful + failed},
		{"active", got.Active, active},
		{"distinct components", got.Components(), len(c.Labels) + staged - both},
	} {
		if n.got != n.want {
			t.Errorf("%s: got %d, want %d", n.name, n.got, n.want)
		}
	}
}

// checkOrder checks that groups come largest first, and by message where they are
// of one size.
func checkOrder(t *testing.T, groups []bos.ErrorGroup) {
	t.Helper()
	for i := 1; i < len(groups); i++ {
		a, b := groups[i-1], groups[i]
		if a.Count < b.Count || a.Count == b.Count && a.Message >= b.Message {
			t.Errorf("%q with %d comes before %q with %d", a.Message, a.Count, b.Message, b.Count)
		}
	}
}

func TestPercentRoundsAsBOSDoes(t *testing.T) {
	for _, row := range readOracle(t).Rounding {
		count, total := int(row[0]), int(row[1])
		if float64(count) != row[0] || float64(total) != row[1] {
			t.Fatalf("%v: not integers", row)
		}
		if got := bos.Percent(count, total); got != row[2] {
			t.Errorf("Percent(%d, %d) = %v, want %v", count, total, got, row[2])
		}
	}
}

func TestPercentAtItsLimits(t *testing.T) {
	const million = 1_000_000
	tests := []struct {
		count, total int
		want         float64
	}{
		{0, 0, 0},
		{5, 0, 0}, // of nothing
		{0, million, 0},
		{million, million, 100},
		{1, 20_000, 0.01}, // 0.005 as a double lies above the tie
		{1, 20_001, 0},
		{million - 1, million, 100}, // rounded up, though not complete
		{1<<53 - 1, 1<<53 - 1, 100},
		{1 << 62, 1 << 62, 100}, // count times 100 would overflow an integer
		{1 << 61, 1 << 62, 50},
	}
	for _, test := range tests {
		if got := bos.Percent(test.count, test.total); got != test.want {
			t.Errorf("Percent(%d, %d) = %v, want %v", test.count, test.total, got, test.want)
		}
	}
}

// TestPercentIsWhatItsTextSays compares with the digits of the double, for all counts of up to 800.
func TestPercentIsWhatItsTextSays(t *testing.T) {
	for total := 1; total <= 800; total++ {
		for count := range total + 1 {
			text := strconv.FormatFloat(float64(count)*100/float64(total), 'f', 2, 64)
			if want, _ := strconv.ParseFloat(text, 64); bos.Percent(count, total) != want {
				t.Fatalf("Percent(%d, %d) = %v, want %v", count, total, bos.Percent(count, total), want)
			}
		}
	}
}
