// Package app puts bosgraph together: it alone knows which part meets which.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/hub"
	"github.com/bosgraph/bosgraph/internal/pages"
	"github.com/bosgraph/bosgraph/internal/sim"
	"github.com/bosgraph/bosgraph/internal/transport"
	"github.com/bosgraph/bosgraph/web"
)

// App is one server: New, then Start, then Stop.
type App struct {
	config   config.Config
	log      *slog.Logger
	store    *cache.Store
	feed     *cache.Feed
	hub      *hub.Hub
	fanout   *fanout.Fanout
	streams  *transport.Streams
	sync     *bossync.Sync // nil where no BOS is followed
	embedded *embedded     // nil with a Redis of its own
	server   *http.Server
	listener net.Listener
	stopping atomic.Bool
	cancel   context.CancelFunc // ends what runs in the background
	running  sync.WaitGroup
	failed   chan error
}

// New makes a server of a checked configuration. Nothing runs yet but the embedded
// Redis, if there is one.
func New(c config.Config, log *slog.Logger) (*App, error) {
	a := &App{config: c, log: log, failed: make(chan error, 1)}
	cache.LogTo(log)
	site, err := pages.Handler(web.Pages(), c.BasePath)
	if err != nil {
		return nil, err
	}
	options, err := a.redis()
	if err != nil {
		return nil, err
	}
	if a.store, err = cache.Open(options); err != nil {
		a.embedded.stop()
		return nil, err
	}
	a.live()
	if err := a.following(); err != nil {
		a.embedded.stop()
		return nil, errors.Join(err, a.store.Close())
	}
	a.server = &http.Server{
		Handler:           a.handler(site),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return a, nil
}

// Start serves until Stop. A Redis that is not there yet does not keep it from
// starting: /readyz says so. A namespace of another version does.
func (a *App) Start() error {
	err := a.store.Ping(context.Background())
	if errors.Is(err, cache.ErrSchema) {
		return err
	}
	if a.listener, err = net.Listen("tcp", a.config.Listen); err != nil {
		return fmt.Errorf("can't serve on %s: %w", a.config.Listen, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.running.Go(func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- err
		}
	})
	a.follow(ctx)
	a.running.Go(func() { a.expire(ctx) })
	if a.sync != nil {
		a.running.Go(func() { a.sync.Run(ctx) })
	}
	if a.embedded != nil {
		a.running.Go(func() { a.embedded.age(ctx) })
	}
	if a.config.Command == config.Demo {
		simulator := sim.New(a.store, sim.Options{
			Components: a.config.Components, Seed: a.config.Seed, Speed: a.config.Speed, Logger: a.log,
		})
		a.running.Go(func() {
			if err := simulator.Run(ctx); err != nil {
				a.failed <- fmt.Errorf("the simulator has stopped: %w", err)
			}
		})
	}
	a.announce()
	return nil
}

// announce says where to look.
func (a *App) announce() {
	if a.embedded != nil {
		a.log.Warn("no --redis-url: the state is kept in memory and lost when this process ends")
	}
	base := "http://" + a.Addr() + a.config.BasePath
	a.log.Info("serving", "dashboard", base+"/", "graphql", base+"/graphql",
		"redis", redisKind(a.config.RedisURL), "namespace", a.config.Namespace)
}

// Addr is the address served on.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Failed tells why the server can't go on.
func (a *App) Failed() <-chan error { return a.failed }

// Stop ends the server: it says that it is not ready, sends those who watch
// elsewhere over half of the time that ctx leaves, lets requests under way end, then
// the rest, and Redis last, for they all need it.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	a.drain(ctx)
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("some requests did not end in time: %w", errors.Join(err, a.server.Close()))
	}
	a.streams.Close()
	a.fanout.Stop()
	a.cancel()
	a.running.Wait()
	err = errors.Join(err, a.store.Close())
	a.embedded.stop()
	return err
}

// expireEvery is how often sessions whose retention has ended are looked for.
const expireEvery = 10 * time.Minute

// expire removes what has been kept long enough. Every replica does: what one has
// removed is gone for the others.
func (a *App) expire(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		n, err := a.store.Expire(ctx, time.Now())
		switch {
		case err != nil && ctx.Err() == nil:
			a.log.Warn("expired sessions were not removed; trying again later", "error", err)
		case n > 0:
			a.log.Info("removed sessions whose retention has ended", "sessions", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
