package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bosgraph/bosgraph/bos"
)

const (
	// maxTemplates is how many names of templates become labels: the first ones whose sessions
	// are seen. A label that comes and goes with a ranking would break every series.
	maxTemplates = 100
	// freshFor is how long what was read is good for all who scrape.
	freshFor = 5 * time.Second
	// readWithin bounds the reading: a scrape has ten seconds by default.
	readWithin = 5 * time.Second
)

const other = "other"

// The values of labels.
var (
	operationLabels = [...]string{string(bos.OperationBoot), string(bos.OperationReboot), string(bos.OperationShutdown), other}
	states          = [...]string{"successful", "failed", "staged", "in_progress"}
	phases          = [...]string{string(bos.PhasePoweringOff), string(bos.PhasePoweringOn), string(bos.PhaseConfiguring)}
	endings         = [...]bos.Outcome{bos.OutcomeSuccessful, bos.OutcomeFailed, bos.OutcomeIncomplete, bos.OutcomeEmpty, bos.OutcomeDeleted}
)

// boots collects the metrics of sessions. Redis has them, so they are the same at every replica.
type boots struct {
	mu      sync.Mutex
	tracker *tracker
	read    time.Time // when that was last tried
	err     error     // of that

	sessions, components, inPhase, groups, up *prometheus.Desc
	unchanged, failing                        *prometheus.Desc
	ended                                     *prometheus.CounterVec
	took                                      *prometheus.HistogramVec
	templates                                 map[string]bool // that have become labels
}

func newBoots(store Sessions) *boots {
	b := &boots{
		sessions: prometheus.NewDesc("bosgraph_sessions",
			"Sessions that are stored, by status; those that were deleted before they were complete count as complete.", []string{"status"}, nil),
		components: prometheus.NewDesc("bosgraph_session_components",
			"Components of the sessions that are not complete, by state.", []string{"operation", "state"}, nil),
		inPhase: prometheus.NewDesc("bosgraph_session_components_in_phase",
			"Components of the sessions that are not complete that are in one of BOS's phases.", []string{"operation", "phase"}, nil),
		groups: prometheus.NewDesc("bosgraph_session_error_groups",
			"Different error messages in the sessions that are not complete, those of each session counted by themselves.", []string{"operation"}, nil),
		unchanged: prometheus.NewDesc("bosgraph_session_unchanged_seconds",
			"For how long nothing has changed in the counts of the running session for which that is longest, as far as this server has seen; 0 if none runs.", []string{"operation"}, nil),
		failing: prometheus.NewDesc("bosgraph_session_failed_ratio",
			"The share of failed components in the running session in which it is largest, 0 to 1.", []string{"operation"}, nil),
		up: prometheus.NewDesc("bosgraph_redis_up",
			"1 if Redis gave what the metrics of sessions are made of; while it is 0, these are absent.", nil, nil),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bosgraph_sessions_ended_total",
			Help: "Sessions that have ended since this server was first scraped, by outcome: successful; failed, at least one component; " +
				"incomplete, none has failed and not all were successful; empty, without any component; deleted before they were complete.",
		}, []string{"operation", "template", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "bosgraph_session_duration_seconds",
			Help:    "How long the sessions took that bosgraph_sessions_ended_total counts, except for deleted ones.",
			Buckets: []float64{30, 60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 7200, 14400},
		}, []string{"operation"}),
		templates: map[string]bool{},
	}
	for _, operation := range operationLabels {
		b.took.WithLabelValues(operation)
	}
	b.tracker = &tracker{store: store, started: b.started, ended: b.count}
	return b
}

// Describe implements [prometheus.Collector].
func (b *boots) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{b.sessions, b.components, b.inPhase, b.groups, b.unchanged, b.failing, b.up} {
		to <- desc
	}
	b.ended.Describe(to)
	b.took.Describe(to)
}

// Collect implements [prometheus.Collector]. Those who scrape at the same time share a read.
func (b *boots) Collect(to chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.Sub(b.read) >= freshFor {
		ctx, cancel := context.WithTimeout(context.Background(), readWithin)
		b.err = b.tracker.refresh(ctx, now)
		cancel()
		b.read = time.Now()
	}
	b.ended.Collect(to)
	b.took.Collect(to)
	to <- prometheus.MustNewConstMetric(b.up, prometheus.GaugeValue, truth(b.err == nil))
	if b.err != nil { // numbers from before would look like those of now
		return
	}
	b.collectRunning(to)
}

// collectRunning collects what is known of the sessions that are not complete.
func (b *boots) collectRunning(to chan<- prometheus.Metric) {
	t := b.tracker
	pending := 0
	tallies, groups := map[string]bos.Tally{}, map[string]int{}
	unchanged, failing := map[string]time.Duration{}, map[string]float64{}
	for key, s := range t.running {
		operation := operationLabel(s)
		if s.State == bos.StatePending {
			pending++
		} else {
			unchanged[operation] = max(unchanged[operation], t.read.Sub(t.still[key].since))
			failing[operation] = max(failing[operation], s.Status.PercentFailed()/100)
		}
		sum, of := tallies[operation], s.Status.Tally
		sum.Managed += of.Managed
		sum.Staged += of.Staged
		sum.Successful += of.Successful
		sum.Failed += of.Failed
		sum.Configuring += of.Configuring
		sum.PoweringOff += of.PoweringOff
		sum.PoweringOn += of.PoweringOn
		tallies[operation] = sum
		groups[operation] += s.Status.GroupCount
	}
	is := func(desc *prometheus.Desc, n int, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels...)
	}
	is(b.sessions, pending, string(bos.StatePending))
	is(b.sessions, len(t.running)-pending, string(bos.StateRunning))
	is(b.sessions, t.frozen, string(bos.StateComplete))
	for _, operation := range operationLabels {
		sum := tallies[operation]
		// A component of a session that is staged in it as well counts as both.
		for i, n := range [...]int{sum.Successful, sum.Failed, sum.Staged, max(sum.Managed-sum.Complete()-sum.Staged, 0)} {
			is(b.components, n, operation, states[i])
		}
		for i, n := range [...]int{sum.PoweringOff, sum.PoweringOn, sum.Configuring} {
			is(b.inPhase, n, operation, phases[i])
		}
		is(b.groups, groups[operation], operation)
		to <- prometheus.MustNewConstMetric(b.unchanged, prometheus.GaugeValue, unchanged[operation].Seconds(), operation)
		to <- prometheus.MustNewConstMetric(b.failing, prometheus.GaugeValue, failing[operation], operation)
	}
}

// started makes the series of a session that runs: a counter that begins at 1 has no increase that
// Prometheus could see.
func (b *boots) started(s *bos.Session) {
	for _, outcome := range endings {
		b.ended.WithLabelValues(operationLabel(s), b.template(s), string(outcome))
	}
}

// count counts a session that has ended.
func (b *boots) count(s *bos.Session) {
	outcome := s.Outcome()
	b.ended.WithLabelValues(operationLabel(s), b.template(s), string(outcome)).Inc()
	if outcome != bos.OutcomeDeleted {
		b.took.WithLabelValues(operationLabel(s)).Observe(s.Status.Timing.Seconds())
	}
}

// template is the label of a session's template.
func (b *boots) template(s *bos.Session) string {
	if b.templates[s.TemplateName] {
		return s.TemplateName
	}
	if len(b.templates) >= maxTemplates {
		return other
	}
	b.templates[s.TemplateName] = true
	return s.TemplateName
}

func operationLabel(s *bos.Session) string {
	switch s.Operation {
	case bos.OperationBoot, bos.OperationReboot, bos.OperationShutdown:
		return string(s.Operation)
	default:
		return other
	}
}
