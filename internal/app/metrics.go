package app

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/guard"
	"github.com/bosgraph/bosgraph/internal/metrics"
	"github.com/bosgraph/bosgraph/internal/rest"
)

func newMetrics() *metrics.Metrics {
	b := Build()
	return metrics.New(metrics.Build{Version: b.Version, Commit: b.Commit, Go: b.Go})
}

// metricsSources are where the metrics come from that are read when they are scraped.
func (a *App) metricsSources() metrics.Sources {
	s := metrics.Sources{Sessions: a.store, Server: a.measured}
	if a.sync != nil {
		s.Sync = a.sync.State
	}
	if a.webhooks != nil {
		s.Webhooks = func() metrics.Webhooks { return metrics.Webhooks(a.webhooks.Counts()) }
	}
	return s
}

// measured is the state of this server, and what its parts have counted.
func (a *App) measured() metrics.Server {
	var s metrics.Server
	s.Connections, s.SlowClients = a.streams.Clients()
	s.Subscriptions, s.Groups = a.fanout.Subscribers(), a.fanout.Executions()
	s.Delivered, s.Coalesced = a.fanout.Results()
	health := a.hub.Health()
	s.Watched, s.Gaps, s.Stale, s.SourceStale = health.Watched, health.Gaps, health.Stale, health.SourceStale
	traffic := a.store.Traffic()
	s.RedisConnections, s.RedisIdle, s.RedisWaits, s.Conflicts = traffic.Connections, traffic.Idle, traffic.Waits, traffic.Conflicts
	s.RedisMemory, s.RedisMemoryLimit = traffic.Memory, traffic.MemoryLimit
	s.Problems, s.AuditLost = a.store.Problems(), a.audit.Lost()
	if a.cert != nil {
		s.CertificateUntil = a.cert.until()
	}
	if a.private != nil {
		s.RedisRestarts = a.private.Restarts()
	}
	return s
}

// operators lets those through who may see how the server is doing.
func operators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !auth.AccessOf(r.Context()).May(auth.ReadOperations, "") {
			say(w, http.StatusForbidden, auth.Forbid(auth.ReadOperations).Message)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// listenMetrics opens the listener that the metrics have to themselves, if they are to have one.
func (a *App) listenMetrics() error {
	address := a.config.MetricsListen
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return cannotListen("--metrics-listen", address, err)
	}
	a.metricsListener = listener
	if a.tls != nil {
		a.metricsListener = tls.NewListener(listener, a.tls)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	mux.Handle("GET /debug/pprof/", local(http.HandlerFunc(pprof.Index)))
	for name, handler := range map[string]http.HandlerFunc{"cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace} {
		mux.Handle("GET /debug/pprof/"+name, local(handler))
	}
	a.metricsServer = &http.Server{
		Handler: guard.New(mux, guard.Options{
			Listen: address, Hosts: a.config.AllowHosts, Log: a.log,
			Refuse: func(w http.ResponseWriter, _ *http.Request, status int, message string) { say(w, status, message) },
		}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	return nil
}

// local lets those through who are on this machine: a profile has what is in memory, which is not for all who may scrape.
// What a proxy on this machine passes on is from elsewhere, as far as anybody knows.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		far := err != nil || !from.Addr().Unmap().IsLoopback()
		for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
			far = far || len(r.Header[name]) > 0
		}
		if far {
			say(w, http.StatusForbidden, "profiles are for this machine only: use 127.0.0.1, or a port that is forwarded to it")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveMetrics serves on it.
func (a *App) serveMetrics() {
	if a.metricsServer == nil {
		return
	}
	a.tasks.run("metrics server", func(context.Context) {
		if err := a.metricsServer.Serve(a.metricsListener); !errors.Is(err, http.ErrServerClosed) {
			a.fail(err)
		}
	})
}

// closeMetrics closes it. A scrape under way is no reason to wait.
func (a *App) closeMetrics(context.Context) error {
	if a.metricsServer == nil {
		return nil
	}
	if err := errors.Join(a.metricsServer.Close(), a.metricsListener.Close()); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// observedREST counts the requests of BOS's paths. What a client takes to read a long answer is in its time.
func (a *App) observedREST(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, _ := strings.CutPrefix(r.URL.Path, a.config.BasePath); !rest.Has(path) {
			next.ServeHTTP(w, r)
			return
		}
		answer, began := &rest.Answered{ResponseWriter: w}, time.Now()
		next.ServeHTTP(answer, r)
		a.metrics.Answered(metrics.REST, answer.Status(), time.Since(began))
	})
}
