package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/config"
)

// redis says where Redis is, and starts the embedded one if there is no other.
func (a *App) redis() (cache.Options, error) {
	o, err := storeOptions(a.config.Redis)
	o.Retention = a.config.Retention
	if err == nil && o.URL == "" {
		if a.embedded, err = startEmbedded(); err == nil {
			o.URL = "redis://" + a.embedded.redis.Addr()
		}
	}
	return o, err
}

// storeOptions reads the files that the options name.
func storeOptions(c config.Redis) (cache.Options, error) {
	o := cache.Options{URL: c.RedisURL, User: c.RedisUser, Namespace: c.Namespace}
	if c.RedisPassword != "" {
		password, err := os.ReadFile(c.RedisPassword)
		if err != nil {
			return o, fmt.Errorf("the password for Redis can't be read: %w", err)
		}
		o.Password = strings.TrimRight(string(password), "\r\n")
	}
	if c.RedisCA != "" {
		var err error
		if o.TLS, err = trusting(c.RedisCA); err != nil {
			return o, err
		}
	}
	return o, nil
}

// trusting makes the TLS configuration that trusts the authorities in a PEM file.
func trusting(file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the certificate authorities can't be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate of an authority", file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// embedded is the stand-in for a Redis: in memory, within this process.
type embedded struct{ redis *miniredis.Miniredis }

func startEmbedded() (*embedded, error) {
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("the embedded Redis can't be started: %w", err)
	}
	return &embedded{m}, nil
}

// age lets keys expire: the stand-in's time passes only when it is told so.
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

func (e *embedded) stop() {
	if e != nil {
		e.redis.Close()
	}
}
