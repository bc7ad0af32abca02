package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bosgraph/bosgraph/bos"
)

// Sources are where metrics come from that are read when they are scraped.
type Sources struct {
	Sessions Sessions
	Server   func() Server
	Sync     func() bos.SyncState // nil where no BOS is followed
	Webhooks func() Webhooks      // nil where none are configured
}

// Webhooks is what a server has sent since it started, and what is pending, as far as it knows that:
// the replica that sends does.
type Webhooks struct {
	Delivered, Failed, GivenUp, Dropped int64
	Sending                             bool
	Pending, Dead, Disabled             int
}

// Server is the state of a server, and what it has counted since it started.
type Server struct {
	Connections, Subscriptions, Groups, Watched int
	Delivered, Coalesced, SlowClients           int64
	RedisConnections, RedisIdle                 int
	RedisWaits, Conflicts, Gaps, AuditLost      int64
	RedisRestarts                               int64
	RedisMemory, RedisMemoryLimit               int64 // bytes
	Problems                                    []bos.Problem
	Stale, SourceStale                          bool
	CertificateUntil                            time.Time // zero without TLS
}

// reading is a metric that is read when it is scraped.
type reading[T any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(T) (value float64, known bool)
}

func gauge[T any](name, help string, of func(T) float64) reading[T] {
	return optional(name, help, func(t T) (float64, bool) { return of(t), true })
}

// optional is a gauge that is absent while nothing is known of it.
func optional[T any](name, help string, of func(T) (value float64, known bool)) reading[T] {
	return reading[T]{prometheus.NewDesc("bosgraph_"+name, help, nil, nil), prometheus.GaugeValue, of}
}

func counter[T any](name, help string, of func(T) int64) reading[T] {
	return reading[T]{prometheus.NewDesc("bosgraph_"+name, help, nil, nil), prometheus.CounterValue, func(t T) (float64, bool) { return float64(of(t)), true }}
}

// readings are metrics of one state, which is asked for once a scrape.
type readings[T any] struct {
	state func() T
	all   []reading[T]
}

// Describe implements [prometheus.Collector].
func (r readings[T]) Describe(to chan<- *prometheus.Desc) {
	for _, one := range r.all {
		to <- one.desc
	}
}

// Collect implements [prometheus.Collector].
func (r readings[T]) Collect(to chan<- prometheus.Metric) {
	state := r.state()
	for _, one := range r.all {
		if value, known := one.of(state); known {
			to <- prometheus.MustNewConstMetric(one.desc, one.kind, value)
		}
	}
}

// Follow adds the metrics that are read when they are scraped. It is called once.
func (m *Metrics) Follow(s Sources) {
	m.registry.MustRegister(newBoots(s.Sessions), readings[Server]{s.Server, []reading[Server]{
		gauge("connections", "WebSockets and event streams that are open.", func(s Server) float64 { return float64(s.Connections) }),
		gauge("subscriptions", "Subscriptions that are followed; one connection may have many.", func(s Server) float64 { return float64(s.Subscriptions) }),
		gauge("subscription_groups", "Distinct subscriptions: each is executed once for all who follow it.", func(s Server) float64 { return float64(s.Groups) }),
		gauge("watched_sessions", "Sessions that are read when they change, because somebody follows them.", func(s Server) float64 { return float64(s.Watched) }),
		counter("results_delivered_total", "Results that were sent to subscribers.", func(s Server) int64 { return s.Delivered }),
		counter("results_coalesced_total", "Results that were not sent to a subscriber because a newer one had replaced them before it could take them.",
			func(s Server) int64 { return s.Coalesced }),
		counter("slow_clients_disconnected_total", "Subscribers that were disconnected because they did not take what they were sent (--write-deadline).",
			func(s Server) int64 { return s.SlowClients }),
		gauge("redis_connections", "Connections to Redis, without that of the feed of notices.", func(s Server) float64 { return float64(s.RedisConnections) }),
		gauge("redis_connections_idle", "Those of them that wait for work.", func(s Server) float64 { return float64(s.RedisIdle) }),
		counter("redis_connection_timeouts_total", "Waits for a connection to Redis that ended without one, because all were in use.",
			func(s Server) int64 { return s.RedisWaits }),
		gauge("redis_memory_bytes", "Memory that Redis uses, as of the last look at it; 0 before, and for the embedded one.", func(s Server) float64 { return float64(s.RedisMemory) }),
		gauge("redis_memory_limit_bytes", "Redis' maxmemory; 0 for no limit.", func(s Server) float64 { return float64(s.RedisMemoryLimit) }),
		counter("redis_restarts_total", "Times in which the redis-server of --data-dir had ended by itself and was started again.",
			func(s Server) int64 { return s.RedisRestarts }),
		counter("write_conflicts_total", "Writes that were decided again because others had changed the same records meanwhile.",
			func(s Server) int64 { return s.Conflicts }),
		counter("feed_gaps_total", "Times in which the connection for notices was lost; everything watched was read again after each.",
			func(s Server) int64 { return s.Gaps }),
		gauge("stale", "1 while all that is shown may be behind, because Redis does not answer or has evicted keys.", func(s Server) float64 { return truth(s.Stale) }),
		gauge("stale_source", "1 while what comes from BOS may be behind.", func(s Server) float64 { return truth(s.SourceStale) }),
		gauge("problems", "Problems of Redis that are known: those of /readyz and serverInfo.problems.", func(s Server) float64 { return float64(len(s.Problems)) }),
		counter("audit_lines_lost_total", "Lines of the audit log that could not be written.", func(s Server) int64 { return s.AuditLost }),
		optional("tls_certificate_expiry_timestamp_seconds", "When the certificate of --tls-cert-file expires, in seconds since 1970. Absent without TLS.",
			func(s Server) (float64, bool) {
				return float64(s.CertificateUntil.Unix()), !s.CertificateUntil.IsZero()
			}),
	}})
	m.registry.MustRegister(problems{s.Server})
	m.followWebhooks(s.Webhooks)
	if s.Sync == nil {
		return
	}
	m.registry.MustRegister(m.sweep, m.unswept, readings[bos.SyncState]{s.Sync, []reading[bos.SyncState]{
		optional("sync_lag_seconds", "How far what comes from BOS is behind at most: the age of the last whole sweep, by any replica. Absent until there was one.",
			func(s bos.SyncState) (float64, bool) {
				behind := s.Lag(time.Now())
				if behind == nil {
					return 0, false
				}
				return *behind, true
			}),
		gauge("sync_leader", "1 at the replica that follows BOS for all.", func(s bos.SyncState) float64 { return truth(s.Leader) }),
		gauge("sync_problem", "1 while the BOS sync does not work, or only in part: serverInfo.sync.error says why.", func(s bos.SyncState) float64 { return truth(s.Problem != "") }),
		gauge("sync_unread", "1 while BOS is not read: no whole sweep for longer than usual, by any replica, or one that is not believed yet.",
			func(s bos.SyncState) float64 { return truth(s.Unread(time.Now())) }),
		gauge("sync_interval_seconds", "From one sweep to the next, as it is at present.", func(s bos.SyncState) float64 { return s.Every.Seconds() }),
	}})
}

// problems are the states of Redis, each a series that is there in good times, too: a rule that compares it need not
// distinguish "no problem" from "nobody says".
type problems struct{ state func() Server }

var problemDesc = prometheus.NewDesc("bosgraph_redis_problem", "1 while Redis is in that state, 0 otherwise; docs/operations.md has a row for each.", []string{"reason"}, nil)

// Describe implements [prometheus.Collector].
func (problems) Describe(to chan<- *prometheus.Desc) { to <- problemDesc }

// Collect implements [prometheus.Collector].
func (p problems) Collect(to chan<- prometheus.Metric) {
	now := p.state().Problems
	for _, reason := range bos.RedisReasons {
		is := slices.ContainsFunc(now, func(problem bos.Problem) bool { return problem.Reason == reason })
		to <- prometheus.MustNewConstMetric(problemDesc, prometheus.GaugeValue, truth(is), string(reason))
	}
}

// followWebhooks adds the metrics of webhooks.
func (m *Metrics) followWebhooks(counts func() Webhooks) {
	if counts == nil {
		return
	}
	// What is pending is known to the replica that sends, and the same for all: others have no value.
	ofSender := func(r reading[Webhooks]) reading[Webhooks] {
		of := r.of
		r.of = func(w Webhooks) (float64, bool) {
			value, _ := of(w)
			return value, w.Sending
		}
		return r
	}
	m.registry.MustRegister(readings[Webhooks]{counts, []reading[Webhooks]{
		gauge("webhook_sender", "1 at the replica that sends webhooks for all.", func(w Webhooks) float64 { return truth(w.Sending) }),
		counter("webhook_events_delivered_total", "Events that targets of webhooks have accepted from this replica; one event may go to several.",
			func(w Webhooks) int64 { return w.Delivered }),
		counter("webhook_requests_failed_total", "Requests to targets of webhooks that were not accepted, and were or will be repeated.",
			func(w Webhooks) int64 { return w.Failed }),
		counter("webhook_events_given_up_total", "Events that were given up: not accepted for giveUpAfter, or for a target that was disabled.",
			func(w Webhooks) int64 { return w.GivenUp }),
		ofSender(counter("webhook_events_dropped_total", "Events that there was no room for, since the namespace was made.",
			func(w Webhooks) int64 { return w.Dropped })),
		ofSender(gauge("webhook_events_pending", "Events that wait for targets of webhooks.", func(w Webhooks) float64 { return float64(w.Pending) })),
		ofSender(gauge("webhook_events_dead", "Events that were given up and are kept: bosgraph webhooks list shows them.",
			func(w Webhooks) float64 { return float64(w.Dead) })),
		ofSender(gauge("webhook_targets_disabled", "Targets that have answered 410 and are disabled until their configuration changes.",
			func(w Webhooks) float64 { return float64(w.Disabled) })),
	}})
}

// truth is 1 for true.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
