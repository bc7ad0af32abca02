package metrics

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/bosgraph/bosgraph/bos"
)

// store is a store of sessions, newest first.
type store struct {
	all   []*bos.Session
	extra int // that the counts promise, and the list has not
	err   error
	read  int // sessions that were read
}

func (s *store) CountSessions(context.Context) (stored, frozen int, err error) {
	for _, one := range s.all {
		if one.Over() {
			frozen++
		}
	}
	return len(s.all) + s.extra, frozen, s.err
}

func (s *store) ListSessions(_ context.Context, _ bos.SessionFilter, page bos.Page, _ bos.Want, _ bool) (*bos.List[*bos.Session], error) {
	list := &bos.List[*bos.Session]{}
	for _, one := range s.all {
		position := one.Incarnation
		if page.After != "" && position >= page.After {
			continue
		}
		if len(list.Items) == page.First {
			list.More = true
			break
		}
		s.read++
		list.Items, list.Positions = append(list.Items, one), append(list.Positions, position)
	}
	return list, s.err
}

func (s *store) ReadSessions(_ context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	for i, r := range reads {
		s.read++
		at := slices.IndexFunc(s.all, func(one *bos.Session) bool { return one.Incarnation == r.Incarnation })
		if at >= 0 {
			found[i] = s.all[at]
		}
	}
	return found, s.err
}

// put stores a session in the place of the one with its position, or as a new one.
func (s *store) put(position int, template string, state bos.State, t bos.Tally) *bos.Session {
	one := &bos.Session{
		Incarnation: fmt.Sprintf("%08d", position), SessionKey: bos.SessionKey{Name: fmt.Sprint("s", position)},
		Operation: bos.OperationBoot, TemplateName: template, State: state,
	}
	one.Status = &bos.Status{Session: one, Tally: t, Timing: bos.Timing{Duration: time.Minute}}
	if state == bos.StateComplete {
		one.EndTime = bos.TimeOf(time.Now())
	}
	s.all = slices.DeleteFunc(s.all, func(old *bos.Session) bool { return old.Incarnation == one.Incarnation })
	s.all = append(s.all, one)
	slices.SortFunc(s.all, func(a, b *bos.Session) int { return cmp.Compare(b.Incarnation, a.Incarnation) })
	return one
}

func (s *store) follow() *Metrics {
	m := New(Build{})
	m.Follow(Sources{Sessions: s, Server: func() Server { return Server{} }})
	return m
}

// scrape scrapes a new state: after what was read before has become too old.
func scrape(t *testing.T, m *Metrics) map[string]float64 {
	t.Helper()
	time.Sleep(freshFor) // of the bubble
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]float64{}
	for name, f := range families {
		for _, one := range f.Metric {
			key := name
			for _, l := range one.Label {
				key += " " + l.GetValue()
			}
			series[key] = one.GetCounter().GetValue() + one.GetGauge().GetValue() + float64(one.GetHistogram().GetSampleCount())
		}
	}
	return series
}

func want(t *testing.T, series map[string]float64, values map[string]float64) {
	t.Helper()
	for name, value := range values {
		if have, ok := series[name]; !ok || have != value {
			t.Errorf("%s: have %v (%v), want %v", name, have, ok, value)
		}
	}
}

func TestEverySessionThatEndsIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		s.put(1, "old", bos.StateComplete, bos.Tally{Managed: 1, Successful: 1})
		running := bos.Tally{Managed: 9, Staged: 1, Successful: 1, Failed: 1, PoweringOff: 3, PoweringOn: 2, Configuring: 1}
		for i := 2; i <= 6; i++ {
			s.put(i, "t", bos.StateRunning, running).Status.GroupCount = 2
		}
		s.put(7, "t", bos.StatePending, bos.Tally{})
		m := s.follow()
		want(t, scrape(t, m), map[string]float64{
			"bosgraph_sessions pending": 1, "bosgraph_sessions running": 5, "bosgraph_sessions complete": 1,
			"bosgraph_session_components boot successful": 5, "bosgraph_session_components boot failed": 5, "bosgraph_session_components boot staged": 5,
			"bosgraph_session_components boot in_progress":           30,
			"bosgraph_session_components_in_phase boot powering_off": 15, "bosgraph_session_components_in_phase boot powering_on": 10, "bosgraph_session_components_in_phase boot configuring": 5,
			"bosgraph_session_error_groups boot":              10,
			"bosgraph_sessions_ended_total boot successful t": 0, // there before the first one ends
		})
		s.put(2, "t", bos.StateComplete, bos.Tally{Managed: 2, Successful: 2})
		s.put(3, "t", bos.StateComplete, bos.Tally{Managed: 2, Successful: 1, Failed: 1})
		s.put(4, "t", bos.StateComplete, bos.Tally{Managed: 2, Successful: 1})
		s.put(5, "t", bos.StateComplete, bos.Tally{})
		s.put(6, "t", bos.StateRunning, bos.Tally{}).Deleted = true
		s.all = slices.DeleteFunc(s.all, func(one *bos.Session) bool { return one.Name == "s7" })                         // deleted without rest
		s.put(8, "brief", bos.StateComplete, bos.Tally{Managed: 1, Successful: 1})                                        // has come and gone
		s.put(9, "imported", bos.StateComplete, bos.Tally{}).EndTime = bos.TimeOf(time.Now().Add(-2 * time.Minute).UTC()) // history that BOS has
		ended := map[string]float64{
			"bosgraph_sessions_ended_total boot successful t": 1, "bosgraph_sessions_ended_total boot failed t": 1, "bosgraph_sessions_ended_total boot incomplete t": 1,
			"bosgraph_sessions_ended_total boot empty t": 1, "bosgraph_sessions_ended_total boot deleted t": 2, "bosgraph_sessions_ended_total boot successful brief": 1,
			"bosgraph_session_duration_seconds boot": 5, "bosgraph_sessions running": 0, "bosgraph_redis_up": 1,
		}
		for range 2 { // the second finds nothing new
			series := scrape(t, m)
			want(t, series, ended)
			for name := range series {
				if name == "bosgraph_sessions_ended_total boot empty imported" || name == "bosgraph_sessions_ended_total boot successful old" {
					t.Errorf("%s: it had ended before", name)
				}
			}
		}
	})
}

func TestAnEndIsCountedOnceAlsoIfRedisFailsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		s.put(1, "t", bos.StateRunning, bos.Tally{})
		m := s.follow()
		scrape(t, m)
		s.put(1, "t", bos.StateComplete, bos.Tally{Managed: 1, Successful: 1})
		s.err = errors.New("no Redis")
		series := scrape(t, m)
		want(t, series, map[string]float64{"bosgraph_redis_up": 0, "bosgraph_sessions_ended_total boot successful t": 0})
		if _, ok := series["bosgraph_sessions running"]; ok {
			t.Error("a number from before is shown as that of now")
		}
		s.err = nil
		want(t, scrape(t, m), map[string]float64{"bosgraph_redis_up": 1, "bosgraph_sessions_ended_total boot successful t": 1, "bosgraph_sessions running": 0})
	})
}

// TestScrapesReadWhatIsNew counts the sessions that are read: with 20,000 that are complete and an old one
// that never ends, those are one page, and also if the counts promise a session that no list has.
func TestScrapesReadWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		s.put(0, "t", bos.StateRunning, bos.Tally{})
		done := s.put(1, "t", bos.StateComplete, bos.Tally{})
		for i := 20_000; i > 1; i-- {
			one := *done
			one.Incarnation = fmt.Sprintf("%08d", i)
			s.all = append(s.all, &one)
		}
		slices.SortFunc(s.all, func(a, b *bos.Session) int { return cmp.Compare(b.Incarnation, a.Incarnation) })
		m := s.follow()
		want(t, scrape(t, m), map[string]float64{"bosgraph_sessions running": 1, "bosgraph_sessions complete": 20_000})
		for _, extra := range []int{0, 1, 1} {
			s.read, s.extra = 0, extra
			scrape(t, m)
			t.Logf("%d sessions were read", s.read)
		}
		if s.read > bos.MaxPage+1 {
			t.Errorf("%d sessions were read", s.read)
		}
	})
}

func TestTheNumberOfSeriesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		m := s.follow()
		scrape(t, m)
		for i := 10_000; i > 0; i-- {
			s.all = append(s.all, &bos.Session{Incarnation: fmt.Sprintf("%08d", i), SessionKey: bos.SessionKey{Name: fmt.Sprint(i)}, Operation: bos.Operation(fmt.Sprint(i % 7)),
				TemplateName: fmt.Sprint("template-", i), State: bos.StateRunning, Status: &bos.Status{}})
		}
		for i := range 100_000 {
			m.Answered(fmt.Sprint("operation-", i), 100+i%500, time.Millisecond)
		}
		series := scrape(t, m)
		n := 0
		for name := range series {
			if len(name) > 9 && name[:9] == "bosgraph_" {
				n++
			}
		}
		if n > 700 {
			t.Errorf("there are %d series", n)
		}
		t.Logf("%d series", n)
		want(t, series, map[string]float64{"bosgraph_sessions running": 10_000, "bosgraph_sessions_ended_total other successful other": 0})
		var answered float64
		for _, outcome := range outcomes {
			answered += series["bosgraph_requests_total unknown "+outcome]
		}
		if answered != 100_000 {
			t.Errorf("%v requests are counted", answered)
		}
	})
}

func TestTheTableOfMetricsIsUpToDate(t *testing.T) {
	have, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := Example().WriteDocument(&text, string(have)); err != nil {
		t.Fatal(err)
	}
	if text.String() != string(have) {
		t.Error("docs/metrics.md is out of date: run go generate ./internal/metrics")
	}
	if err := Example().WriteDocument(io.Discard, "no table"); err == nil {
		t.Error("a document without a place for the table is no error")
	}
}

func TestARequestIsCountedWithoutAllocation(t *testing.T) {
	m := New(Build{})
	if n := testing.AllocsPerRun(1000, func() { m.Answered("query", 200, time.Millisecond); m.Exchanged(time.Millisecond, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkAnswered is what metrics add to a request, with the clock read twice.
func BenchmarkAnswered(b *testing.B) {
	m := New(Build{})
	b.ReportAllocs()
	for b.Loop() {
		m.Answered("query", 200, time.Since(time.Now()))
	}
}

// TestASessionThatDoesNotMoveIsSeen lets one session move while another does not.
func TestASessionThatDoesNotMoveIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		s.put(1, "t", bos.StateRunning, bos.Tally{Managed: 4, Failed: 1})
		s.put(2, "t", bos.StateRunning, bos.Tally{Managed: 4})
		s.put(3, "t", bos.StatePending, bos.Tally{})
		m := s.follow()
		const unchanged, failing = "bosgraph_session_unchanged_seconds boot", "bosgraph_session_failed_ratio boot"
		want(t, scrape(t, m), map[string]float64{unchanged: 0, failing: 0.25, "bosgraph_session_unchanged_seconds reboot": 0})
		time.Sleep(time.Minute)
		s.put(2, "t", bos.StateRunning, bos.Tally{Managed: 4, Successful: 1})
		want(t, scrape(t, m), map[string]float64{unchanged: 65})
		time.Sleep(time.Minute)
		s.put(1, "t", bos.StateRunning, bos.Tally{Managed: 4, Failed: 2})
		want(t, scrape(t, m), map[string]float64{unchanged: 65, failing: 0.5})
		s.put(1, "t", bos.StateComplete, bos.Tally{Managed: 4, Failed: 2})
		s.put(2, "t", bos.StateComplete, bos.Tally{Managed: 4, Failed: 2})
		time.Sleep(time.Minute)
		want(t, scrape(t, m), map[string]float64{unchanged: 0, failing: 0})
	})
}
