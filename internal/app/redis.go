package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/privateredis"
)

// redisOptions says where Redis is, and how it is used.
func (a *App) redisOptions() (cache.Options, error) {
	o, err := storeOptions(a.config.Redis)
	o.Retention, o.Log, o.Observe = a.config.Retention, a.log, a.metrics.Exchanged
	if a.traces != nil {
		o.Trace = a.traces.Write
	}
	o.Capacity = cache.Capacity{Components: a.config.MaxComponents, Sessions: a.config.MaxSessions, Tenants: a.config.MaxTenants}
	return o, err
}

// sharedOptions are the store's options of a command that works beside servers. With --data-dir one of them has to run: the redis-server
// on that directory is its own.
func sharedOptions(c config.Redis) (cache.Options, error) {
	o, err := storeOptions(c)
	if err != nil || c.DataDir == "" {
		return o, err
	}
	socket, err := url.Parse(o.URL)
	if err != nil {
		return o, err
	}
	conn, err := net.Dial("unix", socket.Path)
	switch {
	case err == nil:
		conn.Close()
	case errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED):
		return o, fmt.Errorf("--data-dir: no server runs on %s: check the name, or start it", c.DataDir)
	}
	return o, nil // whatever else is wrong, the store reports
}

// onStore opens the store that a command works on beside servers. Its log gets the state of Redis in the words of Redis: the
// errors of the store are for users. A namespace that no server has used is an error: of a name that is not spelled right, all would
// be well.
func onStore(ctx context.Context, c config.Config, log *slog.Logger, do func(*cache.Store) (bool, error)) (bool, error) {
	options, err := sharedOptions(c.Redis)
	if err != nil {
		return false, err
	}
	options.Log = log
	cache.LogTo(log)
	store, err := cache.Open(options)
	if err != nil {
		return false, err
	}
	defer store.Close()
	switch used, err := store.Used(ctx); {
	case err != nil:
		return false, err
	case !used:
		return false, fmt.Errorf("--namespace: no server has used %q in this Redis: check the name, and the database in --redis-url", c.Redis.Namespace)
	}
	return do(store)
}

// storeOptions reads the files that the options name.
func storeOptions(c config.Redis) (cache.Options, error) {
	o := cache.Options{URL: c.RedisURL, User: c.RedisUser, Namespace: c.Namespace, Replicas: c.RedisWait}
	if c.DataDir != "" {
		var err error
		if o.URL, err = privateredis.URL(c.DataDir); err != nil {
			return o, err
		}
	}
	if c.RedisPassword != "" {
		var err error
		if o.Password, err = secretOf("--redis-password-file", c.RedisPassword); err != nil {
			return o, err
		}
	}
	if c.RedisCA != "" {
		var err error
		if o.TLS, err = trusting("--redis-ca-file", c.RedisCA); err != nil {
			return o, err
		}
	}
	return o, nil
}

// trusting makes the TLS configuration that trusts the authorities in the PEM file of an option, which its errors name.
func trusting(flag, file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	pool := x509.NewCertPool()
	// Otherwise an empty pool would trust nobody, and each connection fail with a message about
	// an unknown authority that says nothing of the file.
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no PEM certificate of an authority", flag, file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// embedded is the stand-in for a Redis: in memory, within this process.
type embedded struct{ redis *miniredis.Miniredis }

// startEmbedded starts one, unless there is a Redis.
func (a *App) startEmbedded() error {
	if !a.config.Embedded() {
		return nil
	}
	// On a port and not by function calls: the store uses the same client as for any other
	// Redis. The port is free and of the loopback, so that several servers run side by side.
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return fmt.Errorf("the embedded Redis can't be started: %w", err)
	}
	a.embedded = &embedded{m}
	return nil
}

func (a *App) stopEmbedded(context.Context) error {
	if a.embedded != nil {
		a.embedded.redis.Close()
	}
	return nil
}

// startPrivate starts the redis-server of --data-dir, if there is one.
func (a *App) startPrivate() (err error) {
	if a.config.DataDir != "" {
		a.private, err = privateredis.Start(a.config.DataDir, a.config.DataDirMemory, a.log)
	}
	return err
}

func (a *App) stopPrivate(ctx context.Context) error {
	if a.private == nil {
		return nil
	}
	return a.private.Stop(ctx)
}

// age lets keys expire: the stand-in's time passes only as it is advanced here.
func (e *embedded) age(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			e.redis.FastForward(time.Second)
		}
	}
}
