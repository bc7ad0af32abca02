// Package metrics has the metrics of a server in the form of Prometheus: those of the boots, which it
// reads from the store when it is scraped, and those of the server itself. It is the only package that
// knows Prometheus: others count for themselves, or call what they were given here.
//
// The labels of all metrics have fixed values, except for the names of templates, of which the
// first [maxTemplates] are kept and the rest is "other": however many sessions, clients and
// operation names there are, the number of series is bounded.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:generate go run ./gendocs ../../docs/metrics.md

// Build says which program this is.
type Build struct{ Version, Commit, Go string }

// Metrics are the metrics of one server. Its methods are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests map[string]*requests // by operation; never changed
	exchange prometheus.Histogram
	failed   prometheus.Counter // exchanges
	sweep    prometheus.Histogram
	unswept  prometheus.Counter
}

// requests are the metrics of requests of one kind. They are looked up by no label: that would
// cost more than all else that a request pays for its metrics.
type requests struct {
	outcomes [len(outcomes)]prometheus.Counter
	took     prometheus.Observer
}

// operations are the kinds of requests: the types of operations of GraphQL; BOS's paths; and what was
// refused before its type was known.
var operations = [...]string{"query", "mutation", "subscription", REST, unknown}

// REST is the kind of requests of BOS's paths.
const REST = "rest"

const unknown = "unknown"

// outcomes are what becomes of requests, in the order of [outcomeOf].
var outcomes = [...]string{"ok", "partial", "refused", "limited", "failed"}

// statusPartial is the status of an answer with data and errors.
const statusPartial = 294

// outcomeOf is the place in outcomes of what an HTTP status says.
func outcomeOf(status int) int {
	switch {
	case status == statusPartial:
		return 1
	case status < http.StatusBadRequest:
		return 0
	case status == http.StatusTooManyRequests:
		return 3
	case status >= http.StatusInternalServerError:
		return 4
	default:
		return 2
	}
}

// New makes the metrics of a server. [Metrics.Follow] adds those that are read when they are scraped.
func New(b Build) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), requests: map[string]*requests{}}
	answered := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bosgraph_requests_total",
		Help: "Requests that were answered, by the type of the operation and what became of it: ok; partial, data with errors of the client; refused, " +
			"the client's fault; limited, over the client's budget; failed, Redis or this server could not.",
	}, []string{"operation", "outcome"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "bosgraph_request_duration_seconds",
		Help:    "How long requests took, from when they had arrived to when their answer was made; for a subscription, until it had begun.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"operation"})
	for _, operation := range operations {
		r := &requests{took: took.WithLabelValues(operation)}
		for i, outcome := range outcomes {
			r.outcomes[i] = answered.WithLabelValues(operation, outcome)
		}
		m.requests[operation] = r
	}
	m.exchange = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "bosgraph_redis_exchange_duration_seconds",
		Help:    "How long exchanges with Redis took, each a command or a pipeline, the wait for a connection included.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2},
	})
	m.failed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "bosgraph_redis_exchanges_failed_total", Help: "Exchanges with Redis that brought no answer.",
	})
	m.sweep = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "bosgraph_sync_sweep_duration_seconds",
		Help:    "How long sweeps of the BOS sync took, at the replica that made them.",
		Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300},
	})
	m.unswept = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "bosgraph_sync_sweeps_failed_total", Help: "Sweeps of the BOS sync that could not read all of BOS, at the replica that made them.",
	})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "bosgraph_build_info", Help: "Always 1; the labels say which program runs.",
	}, []string{"version", "commit", "goversion"})
	build.WithLabelValues(b.Version, b.Commit, b.Go).Set(1)
	m.registry.MustRegister(answered, took, m.exchange, m.failed, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Answered counts a request: what type its operation has, or [REST], and the HTTP status of its answer, or of what was
// at fault if that was this server or Redis.
func (m *Metrics) Answered(operation string, status int, took time.Duration) {
	r := m.requests[operation]
	if r == nil {
		r = m.requests[unknown]
	}
	r.outcomes[outcomeOf(status)].Inc()
	r.took.Observe(took.Seconds())
}

// Exchanged counts an exchange with Redis.
func (m *Metrics) Exchanged(took time.Duration, failed bool) {
	m.exchange.Observe(took.Seconds())
	if failed {
		m.failed.Inc()
	}
}

// Swept counts a sweep of the BOS sync, which was not whole if there is an error.
func (m *Metrics) Swept(took time.Duration, err error) {
	m.sweep.Observe(took.Seconds())
	if err != nil {
		m.unswept.Inc()
	}
}

// scrapes is how many clients may read the metrics at a time: a Prometheus or two, and somebody who looks.
const scrapes = 4

// Handler answers with all metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes})
}
