package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/bosgraph/bosgraph/cache"
)

// redis says where Redis is, and starts the embedded one if there is no other.
func (a *App) redis() (cache.Options, error) {
	o := cache.Options{URL: a.config.RedisURL, User: a.config.RedisUser, Namespace: a.config.Namespace, Retention: a.config.Retention}
	if o.URL == "" {
		e, err := startEmbedded()
		if err != nil {
			return o, err
		}
		a.embedded = e
		o.URL = "redis://" + e.redis.Addr()
		return o, nil
	}
	if file := a.config.RedisPassword; file != "" {
		password, err := os.ReadFile(file)
		if err != nil {
			return o, fmt.Errorf("the password for Redis can't be read: %w", err)
		}
		o.Password = strings.TrimRight(string(password), "\r\n")
	}
	if file := a.config.RedisCA; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return o, fmt.Errorf("the certificate authorities for Redis can't be read: %w", err)
		}
		if o.TLS, err = cache.TLSFromCA(pem); err != nil {
			return o, fmt.Errorf("%s: %w", file, err)
		}
	}
	return o, nil
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
