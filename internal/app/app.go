// Package app puts bosgraph together: it alone knows which part meets which.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/auth/login"
	"github.com/bosgraph/bosgraph/internal/auth/oidc"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/cost"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/hub"
	"github.com/bosgraph/bosgraph/internal/metrics"
	"github.com/bosgraph/bosgraph/internal/pages"
	"github.com/bosgraph/bosgraph/internal/privateredis"
	"github.com/bosgraph/bosgraph/internal/sim"
	"github.com/bosgraph/bosgraph/internal/traces"
	"github.com/bosgraph/bosgraph/internal/transport"
	"github.com/bosgraph/bosgraph/internal/webhooks"
	"github.com/bosgraph/bosgraph/web"
)

// App is one server: New, then Start, then Stop. Stop is safe for concurrent use, the
// others are not.
type App struct {
	config   config.Config
	log      *slog.Logger
	site     http.Handler  // the pages
	options  cache.Options // without the embedded Redis' address
	bounds   *cost.Limits
	gate     *auth.Gate
	verify   func(context.Context) // what the gate needs in the background; nil for nothing
	provider *oidc.Verifier        // nil without OpenID Connect
	audit    *audit.Log            // nil for none
	login    *login.Site           // nil while access control is off
	cert     *certificate          // nil without TLS
	tls      *tls.Config           // nil without TLS
	metrics  *metrics.Metrics
	traces   *traces.Traces // nil for none

	parts    []part
	started  []part // of them, in order
	tasks    *tasks
	failed   chan error
	stopping atomic.Bool
	stopOnce func(context.Context) error

	// What the parts make.
	embedded  *embedded           // nil with another Redis
	private   *privateredis.Redis // nil without --data-dir
	store     *cache.Store
	feed      *cache.Feed
	hub       *hub.Hub
	sync      *bossync.Sync    // nil where no BOS is followed
	elsewhere *elsewhere       // nil where one is
	webhooks  *webhooks.Sender // nil for none
	listener  *transport.Listener
	fanout    *fanout.Fanout
	streams   *transport.Streams
	server    *http.Server
	unready   atomic.Value // string: what /readyz logged last
	unseen    bool         // Redis did not answer at the start

	metricsListener net.Listener // nil where metrics are served with everything else
	metricsServer   *http.Server

	watchEvery time.Duration // between two looks at Redis; 0 for the usual
}

// New makes a server of a checked configuration. It reads what the options name, and runs
// nothing: a server that is never started need not be stopped. All that the server has to
// say goes to log.
func New(c config.Config, log *slog.Logger) (*App, error) {
	a := &App{config: c, log: log, failed: make(chan error, 1), bounds: boundsOf(c.Limits), tasks: newTasks(), metrics: newMetrics()}
	var err error
	if a.traces, err = traces.FromEnvironment(Build().Version, log); err != nil {
		return nil, err
	}
	if a.traces != nil {
		a.log = a.traces.Log(log)
	}
	if a.site, err = pages.Handler(web.Pages(), c.BasePath, c.Auth != config.AuthNone); err != nil {
		return nil, err
	}
	// Files are read here, so that a wrong path is reported before anything has started.
	if a.options, err = a.redisOptions(); err != nil {
		return nil, err
	}
	if err = a.openGate(); err != nil {
		return nil, err
	}
	if err = a.openWebhooks(); err != nil {
		return nil, err
	}
	if c.TLSCert != "" {
		if a.cert, err = openCertificate(c.TLSCert, c.TLSKey, log); err != nil {
			return nil, err
		}
		a.tls = a.cert.config()
	}
	a.parts = []part{
		// The order of starting; they are stopped in reverse.
		// Stopped last: until then there are mutations.
		{"traces", func() error { return nil }, a.stopTraces},
		{"audit log", a.openAudit, a.closeAudit},
		{"embedded Redis", a.startEmbedded, a.stopEmbedded},
		{"redis-server", a.startPrivate, a.stopPrivate},
		{"Redis client", a.openStore, a.closeStore},
		// Before anything works in the background: a port that is taken is noticed before
		// the first write.
		{"listener", a.listen, a.closeListener},
		{"metrics listener", a.listenMetrics, a.closeMetrics},
		{"background work", a.startTasks, a.tasks.stop},
		{"subscriptions", a.startStreams, a.stopStreams},
		{"HTTP server", a.serve, a.stopServing},
	}
	var once sync.Once
	var stopped error
	a.stopOnce = func(ctx context.Context) error {
		once.Do(func() { stopped = a.stopAll(ctx) })
		return stopped
	}
	return a, nil
}

// openStore connects to Redis, and makes what follows its changes.
func (a *App) openStore() error {
	o := a.options
	if a.embedded != nil {
		o.URL = "redis://" + a.embedded.redis.Addr()
	}
	cache.LogTo(a.log)
	var err error
	if a.store, err = cache.Open(o); err != nil {
		return err
	}
	if a.webhooks != nil {
		a.webhooks.NoteEvents()
	}
	// A server that starts before its Redis serves as soon as that answers; refusing would make
	// their order of starting matter. One that answers, and is not what it has to be, is no matter of waiting.
	// It is looked at before the first write, which the ping may be.
	if err = a.preflight(context.Background()); !errors.Is(err, errUnfit) {
		if a.unseen = err != nil; !a.unseen {
			err = a.store.Ping(context.Background())
		}
		if !errors.Is(err, cache.ErrSchema) { // any other is that it does not answer
			a.live()
			err = a.following()
		}
	}
	if err != nil {
		return errors.Join(err, a.store.Close())
	}
	return nil
}

// stopTraces sends what is left of them.
func (a *App) stopTraces(ctx context.Context) error {
	if a.traces != nil {
		a.traces.Stop(ctx)
	}
	return nil
}

func (a *App) closeStore(context.Context) error { return a.store.Close() }

// listen takes the port. Connections are counted by address from the first on, before any is
// read.
func (a *App) listen() error {
	var how net.ListenConfig
	how.SetMultipathTCP(false) // the kernel has no filter for such a listener, which Drain needs
	plain, err := how.Listen(context.Background(), "tcp", a.config.Listen)
	if err != nil {
		return cannotListen("--listen", a.config.Listen, err)
	}
	a.listener = a.counted(plain)
	return nil
}

// cannotListen says why an address could not be taken, and what to do about the usual reason.
func cannotListen(flag, address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: can't serve on %s: %w", flag, address, err)
	}
	host, port, _ := net.SplitHostPort(address) // what was listened on can be split
	n, _ := net.LookupPort("tcp", port)         // and looked up
	return fmt.Errorf("%s: %s is in use by another program: stop it, or choose another port, such as %[1]s=%[3]s",
		flag, address, net.JoinHostPort(host, strconv.Itoa(n%65535+1)))
}

// closeListener closes it if the HTTP server, which does so too, was never started.
func (a *App) closeListener(context.Context) error { return a.listener.Close() }

// startTasks starts what works without being asked.
func (a *App) startTasks() error {
	a.follow()
	a.tasks.run("expiry", a.expire)
	if a.verify != nil {
		a.tasks.run("token verifier", a.verify)
	}
	if a.cert != nil {
		a.cert.warn()
		a.tasks.run("certificate", a.cert.follow)
	}
	if a.unseen {
		a.tasks.run("check of Redis", a.preflightLater)
	}
	if a.embedded != nil {
		a.tasks.run("embedded Redis' clock", a.embedded.age)
	} else { // the embedded one has nothing to watch
		a.tasks.run("Redis watch", a.watchRedis)
	}
	if a.sync != nil {
		a.tasks.run("BOS sync", a.sync.Run)
	} else if a.embedded == nil { // the embedded one has no other server
		a.tasks.run("look for another server's BOS sync", a.elsewhere.watch)
	}
	if a.webhooks != nil {
		a.tasks.run("webhooks", func(ctx context.Context) {
			a.webhooks.Run(ctx, senderLease{a.store.NewSenderLease(leaseLife)})
		})
	}
	if a.config.Command == config.Demo {
		simulator := sim.New(a.elsewhere, sim.Options{
			Components: a.config.Components, Seed: a.config.Seed, Speed: a.config.Speed, Logger: a.log,
		})
		a.tasks.run("simulator", func(ctx context.Context) {
			a.elsewhere.look(ctx) // before the first write
			if a.elsewhere.refusal() != nil {
				a.fail(errors.New("--namespace: another server of this namespace follows BOS: give the demo a namespace of its own"))
				return
			}
			if err := simulator.Run(ctx); err != nil {
				a.fail(fmt.Errorf("the simulator has stopped: %w", err))
			}
		})
	}
	return nil
}

// startStreams makes what answers requests, whose open connections are kept alive.
func (a *App) startStreams() error {
	a.server = &http.Server{
		Handler: a.handler(),
		// No WriteTimeout: it would cut off event streams. Answers have deadlines of their own.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	a.metrics.Follow(a.metricsSources())
	return nil
}

// stopStreams ends what is still open: clients that were to be sent elsewhere have been, by
// drain.
func (a *App) stopStreams(context.Context) error {
	a.streams.Close()
	a.fanout.Stop()
	return nil
}

// serve starts answering. It is the last part: whatever a request needs runs by now.
func (a *App) serve() error {
	listener := a.secure(reserving(a.listener, a.config.BasePath+"/healthz", a.tls, a.log))
	a.tasks.run("HTTP server", func(context.Context) {
		if err := a.server.Serve(listener); !a.stopping.Load() {
			a.fail(err)
		}
	})
	a.serveMetrics()
	return nil
}

// stopServing lets clients go elsewhere, then requests end, and cuts off those that do not.
func (a *App) stopServing(ctx context.Context) error {
	// Load balancers learn by and by that this server is not ready, and send connections until then.
	select {
	case <-time.After(a.config.ShutdownDelay):
	case <-ctx.Done():
	}
	// Before Shutdown, which does not know hijacked connections: it would return while they are
	// open. And it does not answer requests that it has not read: there must be none.
	a.drain(ctx)
	defer func() { _ = a.closeMetrics(ctx) }() // its task is waited for before its part is stopped
	if err := a.listener.Drain(ctx); err != nil {
		return err
	}
	if err := a.server.Shutdown(ctx); err != nil {
		return fmt.Errorf("some requests did not end in time: %w", errors.Join(err, a.server.Close()))
	}
	return nil
}

// announce says where to look.
func (a *App) announce() {
	if a.embedded != nil {
		a.log.Warn("no --redis-url or --data-dir: state is kept in memory and lost when this process ends")
	}
	if a.gate.Open() && a.config.Insecure {
		a.log.Warn("access control is off (--insecure): everybody who reaches this server may read and change everything")
	}
	base := a.scheme() + "://" + a.Addr() + a.config.BasePath
	a.log.Info("serving", "dashboard", base+"/", "graphql", base+"/graphql",
		"redis", redisKind(a.config.Redis), "namespace", a.config.Namespace)
}

// scheme is that of the addresses served.
func (a *App) scheme() string {
	if a.tls != nil {
		return "https"
	}
	return "http"
}

// Addr is the address served on, from Start on.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Failed reports why the server cannot continue: the first reason, if there are several.
func (a *App) Failed() <-chan error { return a.failed }

// fail reports a reason. It does not wait: after the first, nobody listens any more.
func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

// expireEvery is how often sessions whose retention has ended are looked for.
const expireEvery = 10 * time.Minute

// expire removes what has been kept long enough. Every replica does: what one has
// removed is removed for the others.
func (a *App) expire(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		n, err := a.store.Expire(ctx, time.Now())
		if n > 0 {
			a.log.Info("removed expired sessions", "sessions", n)
		}
		if err != nil && ctx.Err() == nil {
			a.log.Warn("removing expired sessions failed; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
