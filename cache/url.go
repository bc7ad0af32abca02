package cache

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// clientOptions reads the URL. Its errors never show the URL: it may hold a
// password.
func clientOptions(o Options) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(o.URL, "://")
	if !ok {
		return nil, errors.New("the Redis URL has no scheme: write it as redis://host:6379")
	}
	base, kind, _ := strings.Cut(scheme, "+")
	u, err := parseURL(base+"://"+rest, kind)
	if err != nil {
		var syntax *url.Error
		if errors.As(err, &syntax) {
			err = syntax.Err
		}
		return nil, fmt.Errorf("the Redis URL can't be used: %w", err)
	}
	if o.User != "" {
		u.Username = o.User
	}
	if o.Password != "" {
		u.Password = o.Password
	}
	if o.TLS != nil && u.TLSConfig != nil {
		o.TLS.ServerName = u.TLSConfig.ServerName
		u.TLSConfig = o.TLS
	}
	u.Dialer = o.Dialer
	// A write that is sent again carries the same write id, so retries are safe.
	u.MaxRetries = 2
	u.MinRetryBackoff, u.MaxRetryBackoff = 10*time.Millisecond, 100*time.Millisecond
	u.DialTimeout, u.WriteTimeout, u.PoolTimeout = o.Timeout, o.Timeout, o.Timeout
	u.ReadTimeout = recountPatience * o.Timeout // every exchange has a deadline of its own
	u.ContextTimeoutEnabled = true
	u.DisableIdentity = true // saves two commands a connection
	u.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return u, nil
}

func parseURL(plain, kind string) (*redis.UniversalOptions, error) {
	switch kind {
	case "":
		c, err := redis.ParseURL(plain)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: []string{c.Addr}, DB: c.DB, Username: c.Username, Password: c.Password, TLSConfig: c.TLSConfig,
		}, nil
	case "cluster":
		c, err := redis.ParseClusterURL(plain)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: c.Addrs, IsClusterMode: true, Username: c.Username, Password: c.Password, TLSConfig: c.TLSConfig,
		}, nil
	case "sentinel":
		c, err := redis.ParseFailoverURL(plain)
		if err != nil {
			return nil, err
		}
		if c.MasterName == "" {
			return nil, errors.New("a sentinel URL needs ?master_name=")
		}
		return &redis.UniversalOptions{
			Addrs: c.SentinelAddrs, MasterName: c.MasterName, DB: c.DB, Username: c.Username, Password: c.Password,
			SentinelUsername: c.SentinelUsername, SentinelPassword: c.SentinelPassword, TLSConfig: c.TLSConfig,
		}, nil
	default:
		return nil, fmt.Errorf("a Redis is plain, +cluster or +sentinel, not +%s", kind)
	}
}
